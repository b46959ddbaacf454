// The associations of mof/associations.mof, followed from object to object.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmi/source_testing.h"
#include "wmi/wql.h"

namespace qm::wmi::wql {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kAdapter = "ROOT\\ISCSI_TCP\\one_0";

class WqlAssociations : public ::testing::Test {
 protected:
  WqlAssociations() {
    publish("Quickmode_Adapter", kAdapter, {});
    publish("MSiSCSI_QMIPSECStats", kAdapter, {});
    publish("Quickmode_Session", "session", {{"Adapter", kAdapter}});
    publish("Quickmode_SA", "sa", {{"Adapter", kAdapter}});
    publish("Quickmode_SA", "nobodys", {{"Adapter", ""}});
    publish("Quickmode_SessionSA", "carried", {{"Session", "session"}, {"SA", "sa"}});
    publish("Quickmode_SessionDisk", "disk", {{"Session", "SESSION"}});
  }

  void publish(std::string_view of, std::string name,
               const std::vector<std::pair<std::string, std::string>>& texts) {
    const ClassEntry& one = *repository_->find(of);
    BlockBuilder block(one);
    for (const auto& [property, text] : texts) block.text(property, text);
    source_.publish(source_.add(one, "collect", 1), {1, 2},
                    {{std::move(name), "", true, block.block(), block.qualities()}});
  }

  // "Class name" of what is found, or the complaint.
  std::vector<std::string> ask(std::string_view text) {
    Diagnostics diagnostics;
    const auto plan = prepare(text, repository_, {"HOST", "root/wmi"}, diagnostics);
    if (!plan) return {diagnostics.text()};
    Snapshots snapshots(repository_, source_, {});
    const auto sources = plan->sources();
    const Found found = run(*plan, snapshots.take(sources, {}));
    std::vector<std::string> out;
    for (const Row& row : found.rows) {
      out.push_back(row.the_class->name());
      if (row.instance != nullptr) out.back() += " " + row.instance->name;
    }
    std::ranges::sort(out);
    return out;
  }

  static std::shared_ptr<const Repository> built_in() {
    static const auto made = Repository::built_in().value();
    return made;
  }

  std::shared_ptr<const Repository> repository_ = built_in();
  FakeSource source_;
};

TEST_F(WqlAssociations, lead_from_an_adapter_to_all_that_is_its_own) {
  const std::string of = R"(OF {Quickmode_Adapter.InstanceName="root\\iscsi_tcp\\ONE_0"})";
  EXPECT_THAT(ask("ASSOCIATORS " + of),
              ElementsAre("MSiSCSI_QMIPSECStats ROOT\\ISCSI_TCP\\one_0", "Quickmode_SA sa",
                          "Quickmode_Session session"));
  EXPECT_THAT(ask("ASSOCIATORS " + of + " WHERE ResultClass = Win32_PerfRawData"),
              ElementsAre("MSiSCSI_QMIPSECStats ROOT\\ISCSI_TCP\\one_0", "Quickmode_SA sa"));
  EXPECT_THAT(ask("REFERENCES " + of),
              ElementsAre("Quickmode_AdapterSA", "Quickmode_AdapterSession",
                          "Quickmode_AdapterStatistics"));
}

TEST_F(WqlAssociations, lead_from_a_session_to_its_disks_and_sas_and_back) {
  EXPECT_THAT(ask("ASSOCIATORS OF {Quickmode_Session='session'}"),
              ElementsAre("Quickmode_Adapter ROOT\\ISCSI_TCP\\one_0", "Quickmode_SA sa",
                          "Quickmode_SessionDisk disk"));
  EXPECT_THAT(ask("ASSOCIATORS OF {Quickmode_SA='sa'} WHERE AssocClass = Quickmode_SessionCarrier"),
              ElementsAre("Quickmode_Session session"));
  EXPECT_THAT(ask("ASSOCIATORS OF {Quickmode_SA='nobodys'}"), IsEmpty());
}

TEST_F(WqlAssociations, are_instances_that_can_be_asked_for) {
  EXPECT_THAT(ask("SELECT * FROM Quickmode_AdapterSA WHERE SA LIKE '%\"sa\"'"),
              ElementsAre("Quickmode_AdapterSA"));
  EXPECT_THAT(ask("SELECT * FROM Quickmode_AdapterSA WHERE SA LIKE '%nobody%'"), IsEmpty());
}

}  // namespace
}  // namespace qm::wmi::wql

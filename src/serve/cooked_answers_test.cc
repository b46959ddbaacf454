// Cooked twins, as the JSON API shows them.
#include <gmock/gmock.h>

#include "serve/answers.h"
#include "wmi/source_testing.h"

namespace qm::serve {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kTwin = "Win32_PerfFormattedData_MSiSCSI_QMIPSECStats";

class CookedAnswers : public testing::Test {
 protected:
  void publish(std::uint64_t second) {
    const wmi::ClassEntry& raw = *repository_->find("MSiSCSI_QMIPSECStats");
    wmi::BlockBuilder block(raw);
    block.set("ConfidentialBytesSent", 10 * second).set("ActiveSA", std::uint64_t{3});
    source_.publish(id_, {second * 1'000'000'000, 0},
                    {{"one_0", "first", true, block.block(), block.qualities()},
                     {"two_0", "", false, block.block(), block.qualities()}});
  }
  std::string answer(const std::string& raw) {
    const auto query = parse_query(*parse_target(raw), *repository_);
    if (!query) return query.error().message;
    const auto snapshot =
        snapshots_.take(sources_of(query->classes, *repository_), {9'000'000'000, 0});
    if (query->what == Query::What::classes) {
      return classes_answer(*repository_, *snapshot, query->cooked).body;
    }
    if (query->what == Query::What::one_class) return class_answer(*query->classes.front()).body;
    return instances_answer(*query, *snapshot, true, malformed_)->body;
  }

  std::shared_ptr<const wmi::Repository> repository_ = wmi::Repository::built_in().value();
  wmi::FakeSource source_;
  wmi::Snapshots snapshots_{repository_, source_, {}};
  std::uint64_t id_ = source_.add(*repository_->find("MSiSCSI_QMIPSECStats"), "driver", 1);
  std::uint64_t malformed_ = 0;
};

TEST_F(CookedAnswers, are_rates_of_two_samples) {
  const std::string instances = "/api/v1/instances/" + std::string(kTwin);
  publish(1);
  EXPECT_THAT(answer(instances),
              AllOf(HasSubstr("\"name\":\"one_0\""), HasSubstr("\"caption\":\"first\""),
                    HasSubstr("\"ConfidentialBytesSent\":null")));
  publish(3);
  EXPECT_THAT(answer(instances), AllOf(HasSubstr("\"ConfidentialBytesSent\":10,"),
                                       HasSubstr("\"ActiveSA\":3,"), HasSubstr("two_0")));
  EXPECT_THAT(answer(instances + "?instance=two*"),
              AllOf(HasSubstr("\"ConfidentialBytesSent\":null"), Not(HasSubstr("one_0"))));
  EXPECT_THAT(answer("/api/v1/snapshot?class=MSiSCSI_QMIPSECStats&class=" + std::string(kTwin)),
              AllOf(HasSubstr("\"ConfidentialBytesSent\":30,"),
                    HasSubstr("\"ConfidentialBytesSent\":10,")));
}

TEST_F(CookedAnswers, are_listed_when_asked_for) {
  publish(1);
  EXPECT_THAT(answer("/api/v1/classes"), Not(HasSubstr(kTwin)));
  EXPECT_THAT(answer("/api/v1/classes?cooked=1"),
              AllOf(HasSubstr("\"name\":\"" + std::string(kTwin) + "\""),
                    Not(HasSubstr("\"name\":\"Win32_PerfFormattedData\""))));
  EXPECT_THAT(answer("/api/v1/classes/" + std::string(kTwin)), HasSubstr("CookingType"));
  EXPECT_THAT(answer("/api/v1/classes/Win32_PerfFormattedData"), HasSubstr("no class"));
}

}  // namespace
}  // namespace qm::serve

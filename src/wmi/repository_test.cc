#include "wmi/repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/guid.h"
#include "wmi/repository_testing.h"

namespace qm::wmi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const Repository> built_in() {
  static const auto made = Repository::built_in();
  if (!made) {
    ADD_FAILURE() << made.error().message;
    std::abort();
  }
  return *made;
}

provider::ClassInfo info_of(const ClassEntry& entry) {
  provider::ClassInfo info;
  info.guid = *entry.guid;
  info.block_bytes = entry.layout.bytes;
  info.data_items = entry.data_items();
  info.most_instances = 8;
  return info;
}

TEST(Repository, knows_the_seeds_class_as_the_tool_suite_lays_it_out) {
  const ClassEntry* entry = built_in()->find("msiscsi_qmipsecstats");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->name(), "MSiSCSI_QMIPSECStats");
  EXPECT_EQ(guid_text(*entry->guid), "b4d1c606-8682-4b7a-ac6b-d883d91555fb");
  EXPECT_EQ(built_in()->find(*entry->guid), entry);
  EXPECT_EQ(entry->layout.bytes, 144U);
  EXPECT_EQ(entry->data_items(), 18U);
  EXPECT_TRUE(entry->performance);
  EXPECT_FALSE(entry->abstract);
  EXPECT_THAT(entry->derivation,
              ElementsAre("Win32_PerfRawData", "Win32_Perf", "CIM_StatisticalInformation"));
}

TEST(Repository, lists_a_classs_own_properties_first) {
  const ClassEntry& entry = *built_in()->find("MSiSCSI_QMIPSECStats");
  bool inherited = false;
  for (const PropertyEntry& property : entry.properties) {
    EXPECT_GE(property.inherited, inherited) << property.property->name;
    inherited = property.inherited;
  }
  EXPECT_TRUE(inherited);
  EXPECT_TRUE(entry.property("INSTANCENAME")->key);
  EXPECT_EQ(entry.property("InstanceName")->origin, Origin::instance_name);
  EXPECT_EQ(entry.property("Active")->origin, Origin::active);
  EXPECT_EQ(entry.property("TunnelBytesReceived")->field->offset, 136U);
  EXPECT_EQ(entry.property("Caption")->origin, Origin::caption);
  EXPECT_EQ(entry.property("Timestamp_Object")->origin, Origin::timestamp_100ns);
  EXPECT_EQ(entry.property("Frequency_PerfTime")->origin, Origin::frequency_perf_time);
}

TEST(Repository, every_counter_of_the_seeds_class_has_semantics) {
  for (const PropertyEntry& property : built_in()->find("MSiSCSI_QMIPSECStats")->properties) {
    if (property.origin != Origin::data) continue;
    ASSERT_TRUE(property.semantics) << property.property->name;
    EXPECT_TRUE(property.semantics->kind == "gauge" || property.semantics->kind == "counter");
    EXPECT_FALSE(property.semantics->definition.empty()) << property.property->name;
  }
}

TEST(Repository, a_counter_that_is_a_sum_says_over_what) {
  const auto& semantics = built_in()->find("MSiSCSI_QMIPSECStats")->property("ActiveSA")->semantics;
  ASSERT_TRUE(semantics && semantics->source);
  EXPECT_EQ(semantics->source->class_name, "Quickmode_SA");
  EXPECT_EQ(semantics->source->where, "Direction = 2");
  EXPECT_EQ(semantics->source->owner, "Adapter");
}

TEST(Repository, admits_a_provider_built_with_the_classs_header) {
  for (const ClassEntry& entry : built_in()->classes()) {
    if (!entry.guid || entry.data_items() == 0) continue;
    const auto fine = built_in()->check(info_of(entry));
    EXPECT_TRUE(fine) << entry.name() << ": " << fine.error().message;
  }
}

TEST(Repository, a_block_may_be_as_long_as_x_size_or_as_sizeof_and_nothing_between) {
  const auto repository = compiled(R"(
    [guid("{00000000-0000-0000-0000-000000000001}")] class Odd
    { [key] string InstanceName; boolean Active;
      [WmiDataId(1)] uint64 A; [WmiDataId(2)] uint16 B; };)");
  ASSERT_TRUE(repository) << repository.error().message;
  provider::ClassInfo info = info_of(*(*repository)->find("Odd"));
  for (std::uint32_t bytes = 8; bytes <= 17; ++bytes) {
    info.block_bytes = bytes;
    EXPECT_EQ((*repository)->check(info).has_value(), bytes == 10 || bytes == 16) << bytes;
  }
}

TEST(Repository, refusals_tell_the_provider_what_would_be_right) {
  const ClassEntry& entry = *built_in()->find("MSiSCSI_QMIPSECStats");
  const auto why = [](const provider::ClassInfo& info) {
    const auto fine = built_in()->check(info);
    return fine ? std::string("admitted") : fine.error().message;
  };
  provider::ClassInfo info = info_of(entry);
  info.block_bytes = 136;
  EXPECT_EQ(why(info),
            "MSiSCSI_QMIPSECStats has blocks of 144 bytes, not 136: build the provider with the "
            "header of this class");
  info = info_of(entry);
  info.data_items = 19;
  EXPECT_EQ(why(info), "MSiSCSI_QMIPSECStats has 18 data items, not 19");
  info = info_of(entry);
  info.guid.Data1 ^= 1U;
  EXPECT_EQ(why(info), "no class with GUID b4d1c607-8682-4b7a-ac6b-d883d91555fb is known here");
}

TEST(Repository, a_registrations_memory_is_limited_at_its_edge) {
  const auto repository = compiled(R"(
    [guid("{00000000-0000-0000-0000-000000000001}")] class Wide
    { [key] string InstanceName; boolean Active; [WmiDataId(1)] uint8 A[4094]; };)");
  ASSERT_TRUE(repository) << repository.error().message;
  provider::ClassInfo info = info_of(*(*repository)->find("Wide"));
  info.most_instances = static_cast<std::uint32_t>(kMostRegistrationBytes / 4096);
  EXPECT_TRUE((*repository)->check(info));
  ++info.most_instances;
  EXPECT_EQ((*repository)->check(info).error().code, ErrorCode::limit);
}

TEST(Repository, items_of_variable_length_cannot_be_registered) {
  const auto repository = compiled(R"(
    [guid("{00000000-0000-0000-0000-000000000001}")] class Loose
    { [key] string InstanceName; boolean Active;
      [WmiDataId(1)] uint32 Count; [WmiDataId(2), WmiSizeIs("Count")] uint32 Items[]; };)");
  ASSERT_TRUE(repository) << repository.error().message;
  EXPECT_EQ((*repository)->check(info_of(*(*repository)->find("Loose"))).error().code,
            ErrorCode::unsupported);
}

TEST(Repository, two_classes_with_one_guid_are_an_error) {
  mof::Model model;
  for (const char* name : {"A", "B"}) {
    mof::Class one;
    one.name = name;
    one.qualifiers.push_back(
        {"guid", {std::string("{00000000-0000-0000-0000-000000000001}"), {}}, 0, {}});
    model.classes.push_back(one);
  }
  const auto made = Repository::of(std::move(model));
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("classes A and B have one GUID"));
}

TEST(Repository, the_number_of_classes_is_limited_at_its_edge) {
  mof::Model model;
  model.classes.resize(kMostClasses);
  for (std::size_t i = 0; i < kMostClasses; ++i) model.classes[i].name = "C" + std::to_string(i);
  EXPECT_TRUE(Repository::of(model));
  model.classes.emplace_back().name = "One";
  EXPECT_EQ(Repository::of(model).error().code, ErrorCode::limit);
}

TEST(Repository, a_broken_text_is_reported_whole) {
  const auto made = compiled("class Broken : ;");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("test.mof:1"));
}

TEST(OneLine, folds_white_space_and_shows_what_is_invisible) {
  EXPECT_EQ(one_line("  a\n\t b\r\n"), "a b");
  EXPECT_EQ(one_line("a\x1b[0m"), "a\\x1b[0m");
  EXPECT_EQ(one_line(""), "");
}

}  // namespace
}  // namespace qm::wmi

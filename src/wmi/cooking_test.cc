#include "wmi/cooking.h"

#include <gmock/gmock.h>

#include "wmi/source_testing.h"
#include "wmi/wql.h"

namespace qm::wmi {
namespace {

constexpr std::string_view kRaw = "MSiSCSI_QMIPSECStats";
constexpr std::string_view kTwin = "Win32_PerfFormattedData_MSiSCSI_QMIPSECStats";
constexpr std::uint64_t kSecond = 1'000'000'000;

class Cooking : public testing::Test {
 protected:
  Cooking()
      : repository_(Repository::built_in().value()),
        raw_(*repository_->find(kRaw)),
        snapshots_(repository_, source_, {}),
        id_(source_.add(raw_, "driver", 1)) {}

  void publish(std::uint64_t boot_ns, std::uint64_t sent_bytes, std::uint64_t live,
               qm_quality quality = QM_EXACT) {
    BlockBuilder block(raw_);
    block.set("ConfidentialBytesSent", sent_bytes).set("ActiveSA", live);
    block.quality("ConfidentialBytesSent", quality, QM_REASON_NONE);
    qm_times times{};
    times.boot_ns = boot_ns;
    source_.publish(id_, times, {{"one", "friendly", true, block.block(), block.qualities()}});
  }

  // What a property of the only instance is now; "none" without an instance.
  std::string value(std::string_view property, std::string_view name_space = "root/wmi") {
    Diagnostics diagnostics;
    const auto plan = wql::prepare("SELECT * FROM " + std::string(kTwin), repository_,
                                   {"HOST", std::string(name_space)}, diagnostics);
    if (!plan) return diagnostics.text();
    const auto sources = plan->sources();
    const wql::Found found = wql::run(*plan, snapshots_.take(sources, {}));
    if (found.rows.size() != 1) return "none";
    const wql::Row& row = found.rows.front();
    const Value got = item_of(row, *row.the_class->property(property)).value;
    if (got.is_null()) return "NULL";
    if (const auto* text = std::get_if<std::string>(&got.data)) return *text;
    return std::to_string(std::get<std::uint64_t>(got.data));
  }

  std::shared_ptr<const Repository> repository_;
  const ClassEntry& raw_;
  FakeSource source_;
  Snapshots snapshots_;
  std::uint64_t id_;
};

TEST_F(Cooking, ATwinSaysWhatItIsMadeOf) {
  const ClassEntry* twin = repository_->cooked().find(kTwin);
  ASSERT_NE(twin, nullptr);
  const mof::Class& definition = *twin->definition;
  EXPECT_EQ(mof::text_of(definition.qualifiers, "AutoCook_RawClass"), kRaw);
  EXPECT_EQ(mof::uint_of(definition.qualifiers, "AutoCook"), 1U);
  EXPECT_TRUE(mof::flag_of(definition.qualifiers, "Cooked"));
  EXPECT_EQ(mof::text_of(definition.qualifiers, "PerfSysTimeFreq"), "Frequency_PerfTime");
  const mof::Property* sent = definition.property("ConfidentialBytesSent");
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(mof::text_of(sent->qualifiers, "CookingType"), "PERF_COUNTER_BULK_COUNT");
  EXPECT_EQ(mof::text_of(sent->qualifiers, "Counter"), "ConfidentialBytesSent");
  EXPECT_THAT(twin->derivation, testing::ElementsAre("Win32_PerfFormattedData", "Win32_Perf",
                                                     "CIM_StatisticalInformation"));
  EXPECT_EQ(raw_class_of(*twin, *repository_), &raw_);
  EXPECT_EQ(raw_class_of(raw_, *repository_), nullptr);
}

TEST_F(Cooking, ThereIsNoValueBeforeASecondSampleASecondLater) {
  EXPECT_EQ(value("ConfidentialBytesSent"), "none");
  publish(10 * kSecond, 1'000, 3);
  EXPECT_EQ(value("ConfidentialBytesSent"), "NULL");
  EXPECT_EQ(value("ActiveSA"), "NULL");
  EXPECT_EQ(value("InstanceName"), "one");
  publish(11 * kSecond - 1, 2'000, 4);
  EXPECT_EQ(value("ConfidentialBytesSent"), "NULL");
  publish(12 * kSecond, 6'001, 5);
  EXPECT_EQ(value("ConfidentialBytesSent"), "2500");
  EXPECT_EQ(value("ActiveSA"), "5");
  EXPECT_EQ(value("Timestamp_PerfTime"), std::to_string(12 * kSecond));
}

TEST_F(Cooking, TheSampleBeforeIsTheLastThatIsASecondOlder) {
  publish(10 * kSecond, 0, 1);
  value("ActiveSA");
  publish(11 * kSecond, 100, 1);
  value("ActiveSA");
  publish(12 * kSecond, 400, 1);
  EXPECT_EQ(value("ConfidentialBytesSent"), "300");
  // Half a second later it is still that of 11 s.
  publish(12 * kSecond + kSecond / 2, 1'600, 1);
  EXPECT_EQ(value("ConfidentialBytesSent"), "1000");
}

TEST_F(Cooking, WhatFellOrIsNotKnownHasNoRate) {
  publish(10 * kSecond, 1'000, 1);
  value("ActiveSA");
  publish(12 * kSecond, 900, 1);
  EXPECT_EQ(value("ConfidentialBytesSent"), "NULL");
  publish(14 * kSecond, 2'000, 1, QM_UNAVAILABLE);
  EXPECT_EQ(value("ConfidentialBytesSent"), "NULL");
}

TEST_F(Cooking, AClockThatBeganAnewGivesNoRate) {
  publish(10 * kSecond, 1'000, 1);
  value("ActiveSA");
  publish(12 * kSecond, 2'000, 1);
  EXPECT_EQ(value("ConfidentialBytesSent"), "500");
  publish(5 * kSecond, 3'000, 1);
  EXPECT_EQ(value("ConfidentialBytesSent"), "NULL");
}

TEST_F(Cooking, TheTwinIsInBothNamespacesOfWmi) {
  publish(10 * kSecond, 1'000, 1);
  value("ActiveSA", "root/cimv2");
  publish(12 * kSecond, 1'000 + std::uint64_t{2} * 0xffffffffU, 1);
  EXPECT_EQ(value("ConfidentialBytesSent", "root/cimv2"), "4294967295");
}

}  // namespace
}  // namespace qm::wmi

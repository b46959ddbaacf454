#include "wmi/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmi/source_testing.h"

namespace qm::wmi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SnapshotTest : public ::testing::Test {
 protected:
  SnapshotTest() : repository_(Repository::built_in().value()) {}

  const ClassEntry& the(std::string_view name) const { return *repository_->find(name); }
  const ClassEntry& stats() const { return the("MSiSCSI_QMIPSECStats"); }
  const ClassEntry& host() const { return the("Quickmode_HostIPSECStats"); }

  static MadeInstance instance(const ClassEntry& of, std::string name, std::uint64_t active_sa) {
    BlockBuilder block(of);
    block.set("ActiveSA", active_sa);
    return {std::move(name), "friendly", true, block.block(), block.qualities()};
  }
  Snapshots snapshots(std::uint64_t most_bytes = kMostSnapshotBytes) {
    return {repository_, source_, [this](const std::string& text) { reports_.push_back(text); },
            most_bytes};
  }
  static std::uint64_t active_sa(const Snapshot& snapshot, const ClassEntry& of) {
    const Part& part = *snapshot.parts_of(of).front();
    const Item item = item_of(part, part.generation.instances.at(0), *of.property("ActiveSA"));
    return std::get<std::uint64_t>(item.value.data);
  }

  std::shared_ptr<const Repository> repository_;
  FakeSource source_;
  std::vector<std::string> reports_;
};

TEST_F(SnapshotTest, stays_as_it_was_when_the_provider_goes_on_and_goes) {
  const auto id = source_.add(stats(), "collect", 7);
  source_.publish(id, {1, 2}, {instance(stats(), "a_0", 5)});
  Snapshots snapshots = this->snapshots();
  const auto before = snapshots.take({}, {});
  source_.publish(id, {3, 4}, {instance(stats(), "a_0", 6)});
  const auto after = snapshots.take({}, {});
  source_.remove(id);
  const auto gone = snapshots.take({}, {});
  EXPECT_EQ(active_sa(*before, stats()), 5U);
  EXPECT_EQ(active_sa(*after, stats()), 6U);
  EXPECT_EQ(gone->instances_of(stats()), 0U);
  EXPECT_TRUE(gone->parts_of(stats()).empty());
}

TEST_F(SnapshotTest, copies_only_what_has_changed) {
  const auto id = source_.add(stats(), "collect", 7);
  source_.publish(id, {1, 2}, {instance(stats(), "a_0", 5)});
  Snapshots snapshots = this->snapshots();
  snapshots.take({}, {});
  snapshots.take({}, {});
  EXPECT_EQ(source_.reads, 1U);
}

TEST_F(SnapshotTest, takes_only_the_classes_that_were_asked_for) {
  source_.publish(source_.add(stats(), "collect", 7), {1, 2}, {instance(stats(), "a_0", 5)});
  source_.publish(source_.add(host(), "collect", 7), {1, 2}, {instance(host(), "host", 9)});
  Snapshots snapshots = this->snapshots();
  const ClassEntry* wanted = &host();
  const auto snapshot = snapshots.take({&wanted, 1}, {});
  EXPECT_TRUE(snapshot->parts_of(stats()).empty());
  EXPECT_EQ(active_sa(*snapshot, host()), 9U);
}

TEST_F(SnapshotTest, orders_by_class_then_driver_then_registration) {
  source_.add(host(), "b", 1);
  source_.add(stats(), "b", 1);
  source_.add(stats(), "a", 2);
  source_.add(stats(), "a", 3);
  Snapshots snapshots = this->snapshots();
  const auto snapshot = snapshots.take({}, {});
  std::vector<std::string> seen;
  for (const auto& part : snapshot->parts) {
    seen.push_back(part->the_class->name() + " " + part->driver + " " + std::to_string(part->pid));
  }
  EXPECT_THAT(seen, ElementsAre("MSiSCSI_QMIPSECStats a 2", "MSiSCSI_QMIPSECStats a 3",
                                "MSiSCSI_QMIPSECStats b 1", "Quickmode_HostIPSECStats b 1"));
}

TEST_F(SnapshotTest, a_provider_that_has_published_nothing_yet_counts_without_instances) {
  source_.add(stats(), "collect", 7);
  Snapshots snapshots = this->snapshots();
  const auto snapshot = snapshots.take({}, {});
  EXPECT_EQ(snapshot->parts_of(stats()).size(), 1U);
  EXPECT_EQ(snapshot->instances_of(stats()), 0U);
  EXPECT_EQ(source_.reads, 0U);
}

TEST_F(SnapshotTest, classes_of_one_provider_with_different_stamps_are_mixed) {
  const auto a = source_.add(stats(), "collect", 7);
  const auto b = source_.add(host(), "collect", 7);
  const auto other = source_.add(host(), "vendor", 8);
  source_.publish(a, {1, 2}, {});
  source_.publish(b, {1, 2}, {});
  source_.publish(other, {9, 9}, {});
  Snapshots snapshots = this->snapshots();
  EXPECT_FALSE(snapshots.take({}, {})->mixed);
  source_.publish(a, {3, 4}, {});
  EXPECT_TRUE(snapshots.take({}, {})->mixed);
}

TEST_F(SnapshotTest, a_writer_that_keeps_overtaking_leaves_the_last_good_one) {
  const auto id = source_.add(stats(), "collect", 7);
  source_.publish(id, {1, 2}, {instance(stats(), "a_0", 5)});
  Snapshots snapshots = this->snapshots();
  snapshots.take({}, {});
  source_.publish(id, {3, 4}, {instance(stats(), "a_0", 6)});
  source_.fail_reads(id, Error{ErrorCode::timeout, "overtaken"});
  EXPECT_EQ(active_sa(*snapshots.take({}, {}), stats()), 5U);
  source_.fail_reads(id, std::nullopt);
  EXPECT_EQ(active_sa(*snapshots.take({}, {}), stats()), 6U);
}

TEST_F(SnapshotTest, a_page_that_breaks_the_rules_shows_nothing_and_is_reported_once) {
  const auto id = source_.add(stats(), "evil", 7);
  source_.publish(id, {1, 2}, {instance(stats(), "a_0", 5)});
  Snapshots snapshots = this->snapshots();
  snapshots.take({}, {});
  source_.publish(id, {3, 4}, {});
  source_.fail_reads(id, Error{ErrorCode::invalid, "two instances of one name"});
  EXPECT_EQ(snapshots.take({}, {})->instances_of(stats()), 0U);
  snapshots.take({}, {});
  EXPECT_EQ(snapshots.unreadable(), 2U);
  EXPECT_THAT(reports_,
              ElementsAre("evil (pid 7), MSiSCSI_QMIPSECStats: two instances of one name"));
}

TEST_F(SnapshotTest, what_would_take_it_past_its_bytes_is_left_out_and_said) {
  const auto a = source_.add(stats(), "a", 1);
  const auto b = source_.add(stats(), "b", 2);
  source_.publish(a, {1, 2}, {instance(stats(), "a_0", 5)});
  source_.publish(b, {1, 2}, {instance(stats(), "b_0", 6)});
  const std::string brief;  // as long as its capacity is without allocating
  const std::uint64_t one_bytes =
      144 + kBlockPadding + 18 * 2 + sizeof(provider::InstanceData) + 2 * brief.capacity();
  EXPECT_EQ(snapshots(2 * one_bytes).take({}, {})->instances_of(stats()), 2U);
  EXPECT_THAT(reports_, ElementsAre());
  Snapshots snapshots = this->snapshots(2 * one_bytes - 1);
  EXPECT_EQ(snapshots.take({}, {})->instances_of(stats()), 1U);
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("b (pid 2)")));
  source_.remove(a);
  EXPECT_EQ(snapshots.take({}, {})->parts_of(stats()).front()->driver, "b");
}

TEST_F(SnapshotTest, earlier_samples_make_way_before_it_grows_past_its_bytes) {
  const ClassEntry* asked[] = {
      &stats(), repository_->cooked().find("Win32_PerfFormattedData_MSiSCSI_QMIPSECStats")};
  const auto id = source_.add(stats(), "collect", 7);
  // What is held at most, and whether the last snapshot had an earlier sample.
  const auto take_five = [&](std::uint64_t most_bytes) {
    Snapshots snapshots = this->snapshots(most_bytes);
    std::uint64_t most = 0;
    bool sampled = false;
    for (std::uint64_t half = 1; half <= 5; ++half) {
      source_.publish(id, {half * 500'000'000, half}, {instance(stats(), "a_0", half)});
      const auto snapshot = snapshots.take(asked, {});
      EXPECT_EQ(active_sa(*snapshot, stats()), half);
      most = std::max(most, snapshots.held_bytes());
      sampled = !snapshot->earlier.empty();
    }
    return std::pair(most, sampled);
  };
  Snapshots alone = this->snapshots();
  source_.publish(id, {1, 1}, {instance(stats(), "a_0", 1)});
  alone.take({}, {});
  const std::uint64_t one = alone.held_bytes();
  EXPECT_EQ(take_five(3 * one), std::pair(3 * one, true));
  EXPECT_TRUE(reports_.empty());
  EXPECT_EQ(take_five(3 * one - 1).first, 2 * one);
  EXPECT_EQ(take_five(one), std::pair(one, false));
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("no earlier samples are kept"),
                                    HasSubstr("no earlier samples are kept")));
}

TEST_F(SnapshotTest, unavailable_and_inactive_are_null_not_zero) {
  BlockBuilder block(stats());
  block.set("ActiveSA", std::uint64_t{5}).set("ReKeys", std::uint64_t{6});
  block.quality("ReKeys", QM_UNAVAILABLE, QM_REASON_NO_IKE);
  const auto id = source_.add(stats(), "collect", 7);
  source_.publish(id, {1, 2},
                  {{"a_0", "", true, block.block(), block.qualities()},
                   {"b_0", "", false, block.block(), block.qualities()}});
  Snapshots snapshots = this->snapshots();
  const auto snapshot = snapshots.take({}, {});
  const Part& part = *snapshot->parts_of(stats()).front();
  const auto value = [&](std::size_t which, std::string_view name) {
    return item_of(part, part.generation.instances.at(which), *stats().property(name)).value;
  };
  EXPECT_EQ(value(0, "ActiveSA"), Value{std::uint64_t{5}});
  EXPECT_TRUE(value(0, "ReKeys").is_null());
  EXPECT_EQ(value(0, "Active"), Value{true});
  EXPECT_EQ(value(1, "Active"), Value{false});
  EXPECT_TRUE(value(1, "ActiveSA").is_null());
  EXPECT_EQ(value(1, "InstanceName"), Value{std::string("b_0")});
}

TEST_F(SnapshotTest, performance_classes_carry_wmis_own_properties) {
  const auto id = source_.add(stats(), "collect", 7);
  source_.publish(id, {123, 456}, {instance(stats(), "a_0", 5)});
  Snapshots snapshots = this->snapshots();
  const auto snapshot = snapshots.take({}, {});
  const Part& part = *snapshot->parts_of(stats()).front();
  const auto value = [&](std::string_view name) {
    return item_of(part, part.generation.instances.at(0), *stats().property(name)).value;
  };
  EXPECT_EQ(value("Caption"), Value{std::string("friendly")});
  EXPECT_EQ(value("Name"), Value{std::string("friendly")});
  EXPECT_EQ(value("Description"), Value{stats().description});
  EXPECT_EQ(value("Frequency_PerfTime"), Value{std::uint64_t{1'000'000'000}});
  EXPECT_EQ(value("Timestamp_PerfTime"), Value{std::uint64_t{123}});
  EXPECT_EQ(value("Frequency_Sys100NS"), Value{std::uint64_t{10'000'000}});
  EXPECT_EQ(value("Timestamp_Sys100NS"), Value{std::uint64_t{456}});
  EXPECT_EQ(value("Frequency_Object"), Value{std::uint64_t{10'000'000}});
  EXPECT_EQ(value("Timestamp_Object"), Value{std::uint64_t{456}});
}

}  // namespace
}  // namespace qm::wmi

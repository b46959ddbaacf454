#include "wmi/wql_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmi/wql_testing.h"

namespace qm::wmi::wql {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WqlEvents : public ::testing::Test {
 protected:
  WqlEvents() : id_(world_.source.add(world_.the("Test_Small"), "one", 1)) {}

  using Values = std::vector<std::pair<std::string, std::uint64_t>>;
  std::shared_ptr<const Snapshot> publish(const Values& values) {
    std::vector<MadeInstance> instances;
    for (const auto& [name, value] : values) {
      BlockBuilder block(world_.the("Test_Small"));
      block.set("U64", value);
      instances.push_back({name, "", true, block.block(), block.qualities()});
    }
    world_.source.publish(id_, {++stamp_, stamp_}, std::move(instances));
    return world_.snapshot();
  }

  void prepare_events(std::string_view text) {
    Diagnostics diagnostics;
    plan_ = prepare(text, world_.repository, {"HOST", "root/wmi"}, diagnostics);
    EXPECT_TRUE(plan_) << diagnostics.text();
  }

  std::vector<std::string> told(const Values& before, const Values& after) {
    const auto first = publish(before);
    const Events events = events_between(*plan_, first, publish(after));
    std::vector<std::string> out;
    out.reserve(events.events.size());
    for (const Event& event : events.events) {
      out.push_back(event.the_class->name().substr(10) + " " + event.target.instance->name);
    }
    return out;
  }

  World world_;
  std::uint64_t id_;
  std::uint64_t stamp_ = 10;
  std::optional<Plan> plan_;
};

TEST_F(WqlEvents, tell_what_came_went_and_changed) {
  prepare_events(
      "SELECT * FROM __InstanceOperationEvent WITHIN 5 WHERE TargetInstance ISA 'Test_Base'");
  EXPECT_THAT(told({{"a", 1}, {"b", 2}, {"c", 3}}, {{"d", 4}, {"C", 3}, {"b", 9}}),
              ElementsAre("CreationEvent d", "ModificationEvent b", "DeletionEvent a"));
  EXPECT_THAT(told({{"a", 1}}, {{"a", 1}}), IsEmpty());  // a new stamp changes nothing
  EXPECT_EQ(plan_->within_ms, 5'000U);
}

TEST_F(WqlEvents, are_judged_by_both_instances) {
  prepare_events(
      "SELECT TargetInstance.U64, PreviousInstance.U64, TargetInstance.__CLASS FROM "
      "__InstanceModificationEvent WITHIN 0.5 WHERE TargetInstance ISA 'Test_Small' AND "
      "TargetInstance.U64 > PreviousInstance.U64");
  EXPECT_THAT(told({{"a", 1}, {"b", 2}}, {{"a", 3}, {"b", 1}, {"new", 7}}),
              ElementsAre("ModificationEvent a"));
  const auto before = publish({{"a", 1}});
  const Events events = events_between(*plan_, before, publish({{"a", 5}}));
  ASSERT_EQ(events.events.size(), 1U);
  const ValueObject object = event_object(*plan_, events.events.front());
  ASSERT_EQ(object.size(), 3U);
  EXPECT_EQ(object[0], (NamedValue{"TargetInstance.U64", {std::uint64_t{5}}}));
  EXPECT_EQ(object[1], (NamedValue{"PreviousInstance.U64", {std::uint64_t{1}}}));
  EXPECT_EQ(object[2], (NamedValue{"TargetInstance.__CLASS", {std::string("Test_Small")}}));
}

TEST_F(WqlEvents, carry_whole_instances) {
  prepare_events(
      "SELECT * FROM __InstanceDeletionEvent WITHIN 1 WHERE TargetInstance ISA 'Test_Small'");
  const auto before = publish({{"a", 1}});
  const Events events = events_between(*plan_, before, publish({}));
  ASSERT_EQ(events.events.size(), 1U);
  const ValueObject object = event_object(*plan_, events.events.front());
  ASSERT_EQ(object.size(), 2U);
  EXPECT_EQ(object[0].name, "TargetInstance");
  EXPECT_EQ(std::get<ValueObject>(object[0].value.data)[0],
            (NamedValue{"InstanceName", {std::string("a")}}));
  EXPECT_EQ(object[1].name, "TIME_CREATED");
}

TEST_F(WqlEvents, that_are_alike_become_one_when_there_are_enough) {
  prepare_events(
      "SELECT * FROM __InstanceModificationEvent WITHIN 1 WHERE TargetInstance ISA 'Test_Small' "
      "GROUP WITHIN 60 BY TargetInstance.InstanceName HAVING NumberOfEvents > 1");
  Groups groups;
  const auto one = publish({{"a", 1}, {"b", 1}});
  const auto two = publish({{"a", 2}, {"b", 2}});
  const auto three = publish({{"a", 3}, {"b", 2}});
  groups.add(*plan_, events_between(*plan_, one, two), 1'000);
  groups.add(*plan_, events_between(*plan_, two, three), 2'000);
  EXPECT_THAT(groups.take(*plan_, 60'999), IsEmpty());
  const auto taken = groups.take(*plan_, 61'000);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].events, 2U);
  EXPECT_THAT(groups.take(*plan_, 200'000), IsEmpty());
}

TEST_F(WqlEvents, open_so_many_groups_and_no_more) {
  prepare_events(
      "SELECT * FROM __InstanceCreationEvent WITHIN 1 WHERE TargetInstance ISA 'Test_Small' "
      "GROUP WITHIN 60 BY TargetInstance.U64");
  for (const std::size_t most : {2U, 3U}) {
    Groups groups(most);
    const auto none = publish({});
    groups.add(*plan_, events_between(*plan_, none, publish({{"a", 1}, {"b", 2}, {"c", 3}})), 0);
    EXPECT_EQ(groups.take(*plan_, 60'000).size(), most);
  }
}

TEST_F(WqlEvents, are_cut_at_the_limit) {
  prepare_events(
      "SELECT * FROM __InstanceCreationEvent WITHIN 1 WHERE TargetInstance ISA 'Test_Small'");
  const auto none = publish({});
  EXPECT_FALSE(events_between(*plan_, none, publish({{"a", 1}, {"b", 2}}), 2).cut);
  const Events events = events_between(*plan_, none, publish({{"a", 1}, {"b", 2}, {"c", 3}}), 2);
  EXPECT_TRUE(events.cut);
  EXPECT_EQ(events.events.size(), 2U);
}

}  // namespace
}  // namespace qm::wmi::wql

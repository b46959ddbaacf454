#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <string>

#include "support/xfrm_messages.h"
#include "support/xfrm_telling_sink.h"
#include "xfrm/tables.h"

namespace qm::xfrm {
namespace {

Address address(std::string_view text) {
  return Address::parse(text).value();
}

Policy out_policy(std::uint32_t index = 9) {
  return test::esp_policy(PolicyDirection::out, "10.9.0.1", "10.9.0.2", index);
}

Flow out_flow() {
  Flow flow;
  flow.saddr = address("10.9.0.1");
  flow.daddr = address("10.9.0.2");
  flow.sport = 41'000;
  flow.dport = 3260;
  return flow;
}

bool meets(const Policy& policy, const Flow& flow) {
  PolicyTable table;
  table.upsert(policy);
  return table.match(policy.direction, flow).policy != nullptr;
}

TEST(Selector, each_part_must_fit) {
  const Selector fits = out_policy().selector;
  EXPECT_TRUE(matches(fits, out_flow()));
  const auto fits_with = [&](auto change) {
    Selector selector = fits;
    change(selector);
    return matches(selector, out_flow());
  };
  EXPECT_FALSE(fits_with([](Selector& s) { s.daddr = address("10.9.0.3"); }));
  EXPECT_FALSE(fits_with([](Selector& s) { s.saddr = address("10.9.0.3"); }));
  EXPECT_TRUE(
      fits_with([](Selector& s) { s.daddr = address("10.9.0.0"), s.daddr_prefix_bits = 24; }));
  EXPECT_TRUE(fits_with([](Selector& s) { s.daddr = {Family::v4, {}}, s.daddr_prefix_bits = 0; }));
  EXPECT_FALSE(fits_with([](Selector& s) { s.proto = 17; }));
  EXPECT_TRUE(fits_with([](Selector& s) { s.proto = 0; }));
  EXPECT_FALSE(fits_with([](Selector& s) { s.dport = 3261; }));
  EXPECT_TRUE(fits_with([](Selector& s) { s.dport = 3261, s.dport_mask = 0xfffe; }));
  EXPECT_TRUE(fits_with([](Selector& s) { s.dport = 1, s.dport_mask = 0; }));
  EXPECT_FALSE(fits_with([](Selector& s) { s.sport = 1, s.sport_mask = 0xffff; }));
  EXPECT_FALSE(fits_with([](Selector& s) { s.family = Family::none; }));
  EXPECT_FALSE(fits_with([](Selector& s) {
    s.family = Family::v6, s.saddr = s.daddr = address("::");
    s.saddr_prefix_bits = s.daddr_prefix_bits = 0;
  }));
}

TEST(Selector, an_interface_that_is_not_known_does_not_match_one_that_is_asked_for) {
  Selector selector = out_policy().selector;
  selector.ifindex = 3;
  Flow flow = out_flow();
  EXPECT_FALSE(matches(selector, flow));
  flow.ifindex = 3;
  EXPECT_TRUE(matches(selector, flow));
  flow.ifindex = 4;
  EXPECT_FALSE(matches(selector, flow));
}

TEST(PolicyTable, a_marked_policy_meets_marked_flows_only) {
  Policy policy = out_policy();
  policy.mark = {0x10, 0xf0};
  Flow flow = out_flow();
  EXPECT_FALSE(meets(policy, flow));
  flow.mark = 0x1f;
  EXPECT_TRUE(meets(policy, flow));
  flow.mark = 0x2f;
  EXPECT_FALSE(meets(policy, flow));
  EXPECT_TRUE(meets(out_policy(), flow));
}

TEST(PolicyTable, of_marked_policies_the_lowest_priority_number_is_named) {
  PolicyTable table;
  for (const std::uint32_t priority : {7U, 5U, 6U}) {
    Policy policy = out_policy(priority * 8 + 1);
    policy.mark = {priority, 0xff};
    policy.priority = priority;
    table.upsert(policy);
  }
  EXPECT_EQ(table.match_marked(PolicyDirection::out, out_flow())->priority, 5);
  Flow elsewhere = out_flow();
  elsewhere.daddr = address("10.9.0.3");
  EXPECT_EQ(table.match_marked(PolicyDirection::out, elsewhere), nullptr);
}

TEST(PolicyTable, if_ids_must_be_equal) {
  Policy policy = out_policy();
  policy.if_id = 7;
  Flow flow = out_flow();
  EXPECT_FALSE(meets(policy, flow));
  flow.if_id = 7;
  EXPECT_TRUE(meets(policy, flow));
  EXPECT_FALSE(meets(out_policy(), flow));
}

TEST(PolicyTable, directions_are_apart) {
  PolicyTable table;
  table.upsert(out_policy());
  EXPECT_EQ(table.match(PolicyDirection::in, out_flow()).policy, nullptr);
  EXPECT_NE(table.match(PolicyDirection::out, out_flow()).policy, nullptr);
}

TEST(PolicyTable, the_lowest_priority_number_wins) {
  PolicyTable table;
  Policy low = out_policy(9);
  low.priority = 10;
  Policy lower = out_policy(17);
  lower.priority = 5;
  table.upsert(low);
  table.upsert(lower);
  EXPECT_EQ(table.match(PolicyDirection::out, out_flow()).policy->index, 17);
  EXPECT_FALSE(table.match(PolicyDirection::out, out_flow()).ambiguous);
}

TEST(PolicyTable, equal_priorities_are_ambiguous_when_they_say_different_things) {
  PolicyTable table;
  table.upsert(out_policy(9));
  table.upsert(out_policy(17));
  EXPECT_FALSE(table.match(PolicyDirection::out, out_flow()).ambiguous);
  Policy block = out_policy(25);
  block.action = PolicyAction::block;
  table.upsert(block);
  EXPECT_TRUE(table.match(PolicyDirection::out, out_flow()).ambiguous);
  Policy winner = out_policy(33);
  winner.priority = 1;
  table.upsert(winner);
  EXPECT_FALSE(table.match(PolicyDirection::out, out_flow()).ambiguous);
}

TEST(PolicyTable, sub_policies_are_kept_but_decide_nothing) {
  PolicyTable table;
  Policy sub = out_policy();
  sub.type = 1;
  table.upsert(sub);
  EXPECT_EQ(table.size(), 1);
  EXPECT_EQ(table.match(PolicyDirection::out, out_flow()).policy, nullptr);
}

TEST(PolicyTable, policies_of_sockets_are_left_out) {
  PolicyTable table;
  for (const std::uint32_t direction : {3U, 4U, 5U, 6U, 7U})
    table.upsert(out_policy(8 + direction));
  EXPECT_EQ(table.size(), 0);
  for (const std::uint32_t direction : {0U, 1U, 2U}) table.upsert(out_policy(8 + direction));
  EXPECT_EQ(table.size(), 3);
}

TEST(PolicyTable, an_update_may_be_the_first_word_of_a_policy) {
  PolicyTable table;
  table.upsert(out_policy());
  Policy updated = out_policy();
  updated.templates[0].spi = 5;
  table.upsert(updated);
  EXPECT_EQ(table.size(), 1);
  EXPECT_EQ(table.match(PolicyDirection::out, out_flow()).policy->templates[0].spi, 5);
}

TEST(PolicyTable, erased_by_index_or_by_selector) {
  PolicyTable table;
  for (const std::uint32_t index : {9U, 17U, 25U}) {
    Policy policy = out_policy(index);
    policy.selector.dport = static_cast<std::uint16_t>(index);
    table.upsert(policy);
  }
  Policy by_index;
  by_index.index = 9;
  EXPECT_TRUE(table.erase(by_index));
  EXPECT_FALSE(table.erase(by_index));
  Policy by_selector = out_policy(0);
  by_selector.selector.dport = 17;
  Policy elsewhere = by_selector;
  elsewhere.if_id = 1;
  EXPECT_FALSE(table.erase(elsewhere));
  elsewhere = by_selector;
  elsewhere.mark = {1, 1};
  EXPECT_FALSE(table.erase(elsewhere));
  elsewhere = by_selector;
  elsewhere.type = 1;
  EXPECT_FALSE(table.erase(elsewhere));
  elsewhere = by_selector;
  elsewhere.direction = PolicyDirection::in;
  EXPECT_FALSE(table.erase(elsewhere));
  EXPECT_TRUE(table.erase(by_selector));
  EXPECT_FALSE(table.erase(by_selector));
  ASSERT_EQ(table.size(), 1);
  EXPECT_EQ(table.policies()[0].index, 25);
  by_index.index = 25;
  EXPECT_TRUE(table.erase(by_index));
}

TEST(PolicyTable, a_flush_clears_its_type) {
  PolicyTable table;
  Policy sub = out_policy(17);
  sub.type = 1;
  table.upsert(out_policy(9));
  table.upsert(sub);
  table.clear(0);
  ASSERT_EQ(table.size(), 1);
  EXPECT_EQ(table.policies()[0].type, 1);
  table.upsert(out_policy(9));
  table.clear(255);
  EXPECT_EQ(table.size(), 0);
}

TEST(PolicyTable, a_dump_drops_what_it_does_not_show) {
  PolicyTable table;
  for (const std::uint32_t index : {9U, 17U, 25U, 33U}) table.upsert(out_policy(index));
  table.begin_dump();
  table.upsert(out_policy(17));
  table.upsert(out_policy(41));
  table.end_dump();
  std::vector<std::uint32_t> left;
  for (const Policy& policy : table.policies()) left.push_back(policy.index);
  EXPECT_THAT(left, testing::UnorderedElementsAre(17, 41));
}

TEST(PolicyTable, changes_are_counted_and_repetitions_are_not) {
  PolicyTable table;
  table.upsert(out_policy());
  const std::uint64_t before = table.changes();
  table.upsert(out_policy());
  table.set_default({});
  table.begin_dump();
  table.upsert(out_policy());
  table.end_dump();
  EXPECT_EQ(table.changes(), before);
  table.set_default({.block_out = true});
  EXPECT_EQ(table.changes(), before + 1);
  EXPECT_TRUE(table.default_policy().block_out);
}

TEST(PolicyTable, at_most_so_many_policies) {
  PolicyTable table;
  Policy policy;  // small: a million of them
  for (std::uint32_t n = 1; n <= kMostPolicies; ++n) {
    policy.index = n * 8;
    table.upsert(policy);
  }
  EXPECT_EQ(table.size(), kMostPolicies);
  EXPECT_EQ(table.refused(), 0);
  policy.index += 8;
  table.upsert(policy);
  EXPECT_EQ(table.size(), kMostPolicies);
  EXPECT_EQ(table.refused(), 1);
}

// Bit by bit, as a textbook says it.
bool naively_in_prefix(const Address& a, const Address& prefix, unsigned bits) {
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    if (((a.bytes.at(bit / 8) ^ prefix.bytes.at(bit / 8)) & mask) != 0) return false;
  }
  return true;
}

bool naively_applies(const Policy& policy, PolicyDirection direction, const Flow& flow) {
  const Selector& s = policy.selector;
  if (policy.type != 0 || policy.direction != direction) return false;
  if (s.family != flow.daddr.family || policy.if_id != flow.if_id) return false;
  if ((flow.mark & policy.mark.mask) != policy.mark.value) return false;
  if (!naively_in_prefix(flow.daddr, s.daddr, s.daddr_prefix_bits)) return false;
  if (!naively_in_prefix(flow.saddr, s.saddr, s.saddr_prefix_bits)) return false;
  if ((flow.sport & s.sport_mask) != (s.sport & s.sport_mask)) return false;
  if ((flow.dport & s.dport_mask) != (s.dport & s.dport_mask)) return false;
  if (s.proto != 0 && s.proto != flow.proto) return false;
  return s.ifindex == 0 || s.ifindex == flow.ifindex;
}

Address arbitrary_address(Family family) {
  Address out{family, {}};
  out.bytes[0] = 10;
  out.bytes[3] = *rc::gen::inRange<std::uint8_t>(0, 4);
  if (family == Family::v6) out.bytes[15] = *rc::gen::inRange<std::uint8_t>(0, 4);
  return out;
}

Policy arbitrary_policy(std::uint32_t number) {
  Policy policy;
  policy.direction = static_cast<PolicyDirection>(*rc::gen::inRange(0, 3));
  policy.index = number * 8 + static_cast<std::uint32_t>(policy.direction);
  policy.priority = *rc::gen::inRange(0U, 4U);
  policy.action = static_cast<PolicyAction>(*rc::gen::inRange(0, 2));
  policy.if_id = *rc::gen::inRange(0U, 2U);
  policy.type = *rc::gen::weightedElement<std::uint8_t>({{9, 0}, {1, 1}});
  policy.mark = *rc::gen::element(Mark{}, Mark{1, 1}, Mark{0, 1});
  Selector& s = policy.selector;
  s.family = *rc::gen::element(Family::v4, Family::v6, Family::none);
  s.saddr = arbitrary_address(s.family);
  s.daddr = arbitrary_address(s.family);
  const int most_bits = s.family == Family::none ? 0 : static_cast<int>(s.daddr.bits());
  s.saddr_prefix_bits = static_cast<std::uint8_t>(*rc::gen::inRange(0, most_bits + 1));
  s.daddr_prefix_bits = static_cast<std::uint8_t>(*rc::gen::inRange(0, most_bits + 1));
  s.proto = *rc::gen::element<std::uint8_t>(0, 6, 17);
  s.dport = *rc::gen::inRange<std::uint16_t>(0, 4);
  s.dport_mask = *rc::gen::element<std::uint16_t>(0, 0xffff, 2);
  s.ifindex = *rc::gen::inRange(0, 2);
  return policy;
}

Flow arbitrary_flow() {
  const Family family = *rc::gen::element(Family::v4, Family::v6);
  Flow flow;
  flow.saddr = arbitrary_address(family);
  flow.daddr = arbitrary_address(family);
  flow.dport = *rc::gen::inRange<std::uint16_t>(0, 4);
  flow.mark = *rc::gen::inRange(0U, 2U);
  flow.if_id = *rc::gen::inRange(0U, 2U);
  flow.ifindex = *rc::gen::inRange(0, 3);
  return flow;
}

TEST(PolicyTable, answers_as_a_naive_reading_of_all_policies_would) {
  rc::check([] {
    PolicyTable table;
    std::vector<Policy> all;
    const auto count = *rc::gen::inRange(0U, 20U);
    for (std::uint32_t number = 1; number <= count; ++number) {
      all.push_back(arbitrary_policy(number));
      table.upsert(all.back());
    }
    const auto direction = static_cast<PolicyDirection>(*rc::gen::inRange(0, 3));
    const Flow flow = arbitrary_flow();
    std::vector<const Policy*> best;
    for (const Policy& policy : all) {
      if (!naively_applies(policy, direction, flow)) continue;
      if (!best.empty() && policy.priority < best[0]->priority) best.clear();
      if (best.empty() || policy.priority == best[0]->priority) best.push_back(&policy);
    }
    bool differ = false;
    for (const Policy* policy : best) differ = differ || policy->action != best[0]->action;
    const PolicyMatch match = table.match(direction, flow);
    RC_ASSERT((match.policy == nullptr) == best.empty());
    RC_ASSERT(match.ambiguous == differ);
    if (match.policy != nullptr) RC_ASSERT(match.policy->priority == best[0]->priority);
  });
}

}  // namespace
}  // namespace qm::xfrm

#include <algorithm>

#include "xfrm/tables.h"

namespace qm::xfrm {
namespace {

constexpr std::uint8_t kMainType = 0;
constexpr std::uint8_t kAnyType = 255;  // XFRM_POLICY_TYPE_ANY

bool port_matches(std::uint16_t port, std::uint16_t wanted, std::uint16_t mask) {
  return ((port ^ wanted) & mask) == 0;
}

// index & 7 is the direction; 3 and above belong to one socket (xfrm_gen_index).
bool is_of_a_socket(const Policy& policy) {
  return (policy.index & 7U) > 2;
}

bool same_place(const Policy& a, const Policy& b) {
  return a.direction == b.direction && a.type == b.type && a.mark == b.mark && a.if_id == b.if_id &&
         a.selector == b.selector;
}

bool says_the_same(const Policy& a, const Policy& b) {
  return a.action == b.action && a.templates == b.templates;
}

// As xfrm_policy_match.
bool applies(const Policy& policy, PolicyDirection direction, const Flow& flow) {
  return policy.type == kMainType && policy.direction == direction && policy.if_id == flow.if_id &&
         (flow.mark & policy.mark.mask) == policy.mark.value && matches(policy.selector, flow);
}

}  // namespace

bool matches(const Selector& selector, const Flow& flow) {
  if (selector.family == Family::none) return false;
  return flow.daddr.in_prefix(selector.daddr, selector.daddr_prefix_bits) &&
         flow.saddr.in_prefix(selector.saddr, selector.saddr_prefix_bits) &&
         port_matches(flow.dport, selector.dport, selector.dport_mask) &&
         port_matches(flow.sport, selector.sport, selector.sport_mask) &&
         (selector.proto == 0 || selector.proto == flow.proto) &&
         (selector.ifindex == 0 || selector.ifindex == flow.ifindex);
}

void PolicyTable::upsert(const Policy& policy) {
  if (is_of_a_socket(policy)) return;
  const auto known = positions_.find(policy.index);
  if (known != positions_.end()) {
    seen_[known->second] = true;
    if (policies_[known->second] == policy) return;
    policies_[known->second] = policy;
    ++changes_;
    return;
  }
  if (policies_.size() >= kMostPolicies) {
    ++refused_;
    return;
  }
  positions_.emplace(policy.index, static_cast<std::uint32_t>(policies_.size()));
  policies_.push_back(policy);
  seen_.push_back(true);
  ++changes_;
}

const Policy* PolicyTable::find(std::uint32_t index) const {
  const auto known = positions_.find(index);
  return known == positions_.end() ? nullptr : &policies_[known->second];
}

bool PolicyTable::erase(const Policy& policy) {
  if (policy.index != 0) {
    const auto known = positions_.find(policy.index);
    if (known == positions_.end()) return false;
    remove_at(known->second);
    return true;
  }
  const auto found = std::ranges::find_if(
      policies_, [&](const Policy& other) { return same_place(other, policy); });
  if (found == policies_.end()) return false;
  remove_at(static_cast<std::size_t>(found - policies_.begin()));
  return true;
}

// The last one takes the empty place.
void PolicyTable::remove_at(std::size_t position) {
  positions_.erase(policies_[position].index);
  if (position + 1 != policies_.size()) {
    policies_[position] = std::move(policies_.back());
    seen_[position] = seen_.back();
    positions_[policies_[position].index] = static_cast<std::uint32_t>(position);
  }
  policies_.pop_back();
  seen_.pop_back();
  ++changes_;
}

void PolicyTable::clear(std::uint8_t type) {
  for (std::size_t position = policies_.size(); position-- > 0;) {
    if (type == kAnyType || policies_[position].type == type) remove_at(position);
  }
}

PolicyMatch PolicyTable::match(PolicyDirection direction, const Flow& flow) const {
  PolicyMatch best;
  for (const Policy& policy : policies_) {
    if (best.policy != nullptr && policy.priority > best.policy->priority) continue;
    if (!applies(policy, direction, flow)) continue;
    if (best.policy == nullptr || policy.priority < best.policy->priority) {
      best = {&policy, false};
    } else if (!says_the_same(*best.policy, policy)) {
      best.ambiguous = true;
    }
  }
  return best;
}

const Policy* PolicyTable::match_marked(PolicyDirection direction, const Flow& flow) const {
  const Policy* best = nullptr;
  for (const Policy& policy : policies_) {
    Flow marked = flow;
    marked.mark = policy.mark.value;
    if (applies(policy, direction, flow) || !applies(policy, direction, marked)) continue;
    if (best == nullptr || policy.priority < best->priority) best = &policy;
  }
  return best;
}

void PolicyTable::begin_dump() {
  seen_.assign(policies_.size(), false);
}

void PolicyTable::end_dump() {
  for (std::size_t position = policies_.size(); position-- > 0;) {
    if (!seen_[position]) remove_at(position);
  }
}

}  // namespace qm::xfrm

#include "hba/attribution.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace qm::hba {
namespace {

using xfrm::Direction;
using xfrm::PolicyDirection;

constexpr std::uint8_t kTcp = 6;
constexpr std::string_view kAsItShouldBe = "policy and live SAs, both ways";
constexpr std::string_view kAddPolicy =
    "give both hosts a policy for this portal (a child SA with start_action = trap), then log the "
    "session out and in";

FlowVerdict verdict(Protection protection, std::string reason, std::string_view advice = {}) {
  return {protection, std::move(reason), std::string(advice), {}};
}

std::string way(Direction direction) {
  return direction == Direction::out ? "outbound" : "inbound";
}

// The associations that a policy's templates name for this flow.
std::vector<Use> uses_of(const xfrm::Policy& policy, const xfrm::Flow& flow, Direction direction) {
  std::vector<Use> uses;
  bool plain = true;
  bool compressed = false;
  for (const xfrm::Template& wanted : policy.templates) {
    if (wanted.proto != xfrm::kEsp && wanted.proto != xfrm::kAh) {  // IPComp: not IPsec's
      plain = false;
      compressed = true;
      continue;
    }
    // In transport mode the template leaves the addresses open (facts §5); the flow's are meant.
    const bool open = wanted.mode == xfrm::Mode::transport || wanted.daddr.any();
    AssociationKey key{.saddr = open ? flow.saddr : wanted.saddr,
                       .daddr = open ? flow.daddr : wanted.daddr,
                       .reqid = wanted.reqid,
                       .if_id = flow.if_id,
                       .proto = wanted.proto,
                       .mode = wanted.mode};
    plain = plain && uses.empty() && !wanted.optional;
    uses.push_back({key, direction, !uses.empty(), wanted.optional, compressed, plain});
  }
  return uses;
}

FlowVerdict judge_strength(const std::vector<Use>& uses, Direction direction, const SaView& sas) {
  bool encrypts = false;
  bool authenticates = false;
  bool live = true;
  bool known = true;
  for (const Use& use : uses) {
    const Strength strength = sas.strength(use.association);
    if (!strength.live && use.optional) {
      return verdict(Protection::unprotected,
                     fmt::format("the {} policy makes IPsec optional (level use) and no SA is live",
                                 way(direction)),
                     "make the policy's template required (level required, not use)");
    }
    live = live && strength.live;
    known = known && (!strength.live || strength.known);
    encrypts = encrypts || (strength.live && strength.encrypts);
    authenticates = authenticates || (strength.live && strength.authenticates);
  }
  if (!live) {
    return verdict(Protection::protected_,
                   fmt::format("the {} policy requires IPsec; no SA is live, so traffic waits for "
                               "a negotiation",
                               way(direction)),
                   "see the IKE daemon's log if this lasts");
  }
  if (!known) {
    return verdict(
        Protection::unknown,
        fmt::format("the algorithms of the {} SA have not been read yet", way(direction)));
  }
  if (encrypts) return verdict(Protection::protected_, std::string(kAsItShouldBe));
  if (authenticates) {
    return verdict(Protection::integrity_only,
                   fmt::format("the {} SAs authenticate but do not encrypt", way(direction)),
                   "use an ESP proposal that encrypts if the data is confidential");
  }
  return verdict(Protection::unprotected,
                 fmt::format("the {} SA neither encrypts nor authenticates (NULL, no integrity)",
                             way(direction)),
                 "use an ESP proposal with a cipher and integrity");
}

// What connections moved of it and their SAs; of a bundle, the innermost's.
Evidence::Says evidence_of(const std::vector<Use>& uses, const SaView& sas) {
  const auto inner = std::ranges::find_if(uses, [](const Use& use) { return !use.outer; });
  if (inner == uses.end() || inner->compressed) return Evidence::Says::nothing;
  return sas.evidence(inner->association);
}

// The policies' word, unless the evidence is against it.
FlowVerdict judge_evidence(FlowVerdict by_policy, const std::vector<Use>& uses, Direction direction,
                           const SaView& sas) {
  const bool said_safe = by_policy.protection == Protection::protected_ ||
                         by_policy.protection == Protection::integrity_only;
  if (!said_safe || evidence_of(uses, sas) != Evidence::Says::missing) return by_policy;
  return verdict(Protection::unknown,
                 fmt::format("the {} policy requires IPsec, but not all that it {} was on its SAs",
                             way(direction), direction == Direction::out ? "sent" : "received"),
                 "look for what passes XFRM by: a mark with a policy of its own (ip xfrm policy, "
                 "nft list ruleset), tc, an offloading adapter");
}

// No policy speaks of this flow: what the default says.
FlowVerdict judge_default(Direction direction, const xfrm::DefaultPolicy& fallback) {
  const bool blocked = direction == Direction::out ? fallback.block_out : fallback.block_in;
  if (blocked) {
    return verdict(Protection::unknown,
                   fmt::format("no {} policy matches, and the default policy blocks what has none",
                               way(direction)),
                   kAddPolicy);
  }
  return verdict(Protection::unprotected,
                 fmt::format("no {} IPsec policy matches it", way(direction)), kAddPolicy);
}

// The switches of the interface that let this direction pass XFRM by; false: none does.
bool passes_by(const InterfaceSwitches& interface, Direction direction, FlowVerdict& result) {
  if (!interface.disable_xfrm && (direction == Direction::out || !interface.disable_policy)) {
    return false;
  }
  const std::string_view what = interface.disable_xfrm ? "disable_xfrm" : "disable_policy";
  const std::string name = plain_text(interface.name);
  result = verdict(Protection::unprotected, fmt::format("{} is set on {}", what, name),
                   fmt::format("sysctl -w net.ipv4.conf.{}.{}=0", name, what));
  return true;
}

// Which policy speaks of this flow. What leaves by an xfrm interface is looked up twice: routing
// asks without an id, and its answer stands if it transforms or blocks; then the device asks with
// its own. What comes in by it is asked for with that id alone. (xfrm_lookup_route, xfrmi_xmit,
// __xfrm_policy_check)
xfrm::PolicyMatch policy_of(xfrm::Flow& flow, Direction direction,
                            const xfrm::PolicyTable& policies, std::uint32_t if_id) {
  if (direction == Direction::in) {
    flow.if_id = if_id;
    return policies.match(PolicyDirection::in, flow);
  }
  const xfrm::PolicyMatch match = policies.match(PolicyDirection::out, flow);
  const bool decides =
      match.policy != nullptr && (match.ambiguous || !match.policy->templates.empty() ||
                                  match.policy->action == xfrm::PolicyAction::block);
  if (if_id == 0 || decides) return match;
  flow.if_id = if_id;
  return policies.match(PolicyDirection::out, flow);
}

// A policy for marked packets only: netfilter may mark these, and nobody tells, but for the
// evidence. What its SAs carry is this session's all the same: other packets of the flow have none.
FlowVerdict judge_marked(const xfrm::Policy& policy, const xfrm::Flow& flow, Direction direction,
                         const SaView& sas) {
  std::vector<Use> uses = uses_of(policy, flow, direction);
  const Evidence::Says says = evidence_of(uses, sas);
  FlowVerdict result;
  if (says == Evidence::Says::agrees) {
    result = judge_strength(uses, direction, sas);
    if (result.protection == Protection::protected_) {
      result.reason = fmt::format(
          "the {} policy is for packets with mark 0x{:x}, and all that moved was on its SAs",
          way(direction), policy.mark.value);
    }
  } else if (says == Evidence::Says::missing) {
    result = verdict(
        Protection::unprotected,
        fmt::format("the {} policy is for packets with mark 0x{:x}, and not all of these had it",
                    way(direction), policy.mark.value),
        "see who marks them (nft list ruleset), or use a policy without a mark");
  } else {
    result = verdict(
        Protection::unknown,
        fmt::format("the {} policy is for packets with mark 0x{:x} only, and nothing has moved "
                    "that shows whether these have it",
                    way(direction), policy.mark.value),
        "move some data and look again, or use a policy without a mark");
  }
  result.uses = std::move(uses);
  for (Use& use : result.uses) use.plain = false;
  return result;
}

FlowVerdict judge_flow(xfrm::Flow flow, Direction direction, const xfrm::PolicyTable& policies,
                       const Interfaces& interfaces, const SaView& sas) {
  const bool out = direction == Direction::out;
  const auto found =
      interfaces.find(out ? std::pair(flow.saddr, flow.daddr) : std::pair(flow.daddr, flow.saddr));
  const InterfaceSwitches interface =
      found == interfaces.end() ? InterfaceSwitches{} : found->second;
  flow.ifindex = interface.ifindex;
  FlowVerdict result;
  if (passes_by(interface, direction, result)) return result;
  const xfrm::PolicyMatch match = policy_of(flow, direction, policies, interface.if_id);
  const bool clear =
      match.policy == nullptr || (match.policy->action == xfrm::PolicyAction::allow &&
                                  match.policy->templates.empty() && !match.ambiguous);
  if (clear) {
    const xfrm::Policy* marked =
        policies.match_marked(out ? PolicyDirection::out : PolicyDirection::in, flow);
    if (marked != nullptr && !marked->templates.empty()) {
      return judge_marked(*marked, flow, direction, sas);
    }
  }
  if (match.policy == nullptr && interface.if_id != 0) {
    return verdict(Protection::unknown,
                   fmt::format("no {} policy of {} (if_id {}) matches, so that it lets nothing "
                               "through",
                               way(direction), plain_text(interface.name), interface.if_id),
                   kAddPolicy);
  }
  if (match.policy == nullptr) return judge_default(direction, policies.default_policy());
  if (match.ambiguous) {
    return verdict(Protection::unknown,
                   fmt::format("two {} policies of equal priority ({}) disagree", way(direction),
                               match.policy->priority),
                   "give the policies different priorities");
  }
  if (match.policy->action == xfrm::PolicyAction::block) {
    return verdict(Protection::unknown,
                   fmt::format("the {} policy blocks its traffic", way(direction)),
                   "remove the block policy, or log the session out");
  }
  std::vector<Use> uses = uses_of(*match.policy, flow, direction);
  if (uses.empty()) {
    return verdict(Protection::unprotected,
                   fmt::format("an {} bypass policy (priority {}) lets it pass without IPsec",
                               way(direction), match.policy->priority),
                   "remove the bypass policy, or give it a lower precedence (a higher number)");
  }
  result = judge_evidence(judge_strength(uses, direction, sas), uses, direction, sas);
  result.uses = std::move(uses);
  return result;
}

int badness(Protection protection) {
  switch (protection) {
    case Protection::unprotected:
      return 3;
    case Protection::unknown:
      return 2;
    case Protection::integrity_only:
      return 1;
    case Protection::protected_:
      return 0;
  }
  return 2;
}

void add_uses(std::vector<Use>& all, const std::vector<Use>& more) {
  for (const Use& use : more) {
    if (std::ranges::find(all, use) == all.end()) all.push_back(use);
  }
}

// The verdict of two parts is the worse one's; a reason that says less is replaced.
void worsen(FlowVerdict& all, const FlowVerdict& part) {
  const bool says_less =
      all.advice.empty() && (all.reason == kAsItShouldBe || !part.advice.empty());
  const bool worse = badness(part.protection) > badness(all.protection) ||
                     (part.protection == all.protection && says_less);
  if (worse) {
    all.protection = part.protection;
    all.reason = part.reason;
    all.advice = part.advice;
  }
  add_uses(all.uses, part.uses);
}

bool names_port(std::uint16_t port, std::uint16_t mask, const std::vector<std::uint16_t>& ports) {
  return mask == 0xffff && std::ranges::find(ports, port) != ports.end();
}

Address whole(const Address& address, unsigned prefix_bits) {
  return prefix_bits == address.bits() ? address : Address{};
}

}  // namespace

FlowVerdict judge_connection(const Endpoint& local, const Endpoint& remote,
                             const xfrm::PolicyTable& policies, const Interfaces& interfaces,
                             const SaView& sas) {
  const xfrm::Flow out{.saddr = local.address,
                       .daddr = remote.address,
                       .sport = local.port,
                       .dport = remote.port,
                       .proto = kTcp};
  const xfrm::Flow in{.saddr = remote.address,
                      .daddr = local.address,
                      .sport = remote.port,
                      .dport = local.port,
                      .proto = kTcp};
  FlowVerdict all = judge_flow(out, Direction::out, policies, interfaces, sas);
  const FlowVerdict back = judge_flow(in, Direction::in, policies, interfaces, sas);
  if (all.protection == Protection::unprotected && back.protection == Protection::unprotected &&
      all.uses.empty() && back.uses.empty() && all.reason.starts_with("no outbound")) {
    all.reason = "no IPsec policy matches it, in either direction";
    return all;
  }
  worsen(all, back);
  return all;
}

SessionVerdict judge_session(const iscsi::Session& session, const iscsi::Adapter* adapter,
                             const xfrm::PolicyTable& policies, const Interfaces& interfaces,
                             const SaView& sas) {
  if (adapter != nullptr && adapter->bypasses_kernel) {
    return {Protection::unknown,
            "its adapter bypasses the kernel's IPsec",
            "ask the adapter's own tools; its vendor's provider can publish here",
            {}};
  }
  bool first = true;
  FlowVerdict all;
  for (const iscsi::Connection& connection : session.connections) {
    if (connection.local.address.any() || connection.remote.address.any()) continue;
    const FlowVerdict one =
        judge_connection(connection.local, connection.remote, policies, interfaces, sas);
    if (first) {
      all = one;
    } else {
      worsen(all, one);
    }
    first = false;
  }
  if (first) {
    return {Protection::unknown,
            "it has no connection whose addresses are known",
            "see iscsiadm -m session -P 1; a failed session comes back or times out",
            {}};
  }
  return {all.protection, std::move(all.reason), std::move(all.advice), std::move(all.uses)};
}

bool Candidate::matches(const AssociationKey& key) const {
  return key.reqid == pattern.reqid && key.proto == pattern.proto && key.mode == pattern.mode &&
         key.if_id == pattern.if_id && (pattern.saddr.any() || pattern.saddr == key.saddr) &&
         (pattern.daddr.any() || pattern.daddr == key.daddr);
}

std::vector<Candidate> candidates_of(const xfrm::PolicyTable& policies,
                                     const std::vector<std::uint16_t>& ports) {
  std::vector<Candidate> candidates;
  for (const xfrm::Policy& policy : policies.policies()) {
    const xfrm::Selector& selector = policy.selector;
    if (policy.direction == PolicyDirection::forward || selector.proto != kTcp) continue;
    if (!names_port(selector.sport, selector.sport_mask, ports) &&
        !names_port(selector.dport, selector.dport_mask, ports)) {
      continue;
    }
    const Direction direction =
        policy.direction == PolicyDirection::out ? Direction::out : Direction::in;
    const xfrm::Flow flow{.saddr = whole(selector.saddr, selector.saddr_prefix_bits),
                          .daddr = whole(selector.daddr, selector.daddr_prefix_bits),
                          .if_id = policy.if_id};
    for (const Use& use : uses_of(policy, flow, direction)) {
      candidates.push_back({use.association, direction, use.outer});
    }
  }
  return candidates;
}

}  // namespace qm::hba

// SAs that several adapters use at once: their growth is told apart by the connections' own
// counters (split.h).
#include <algorithm>
#include <array>

#include "hba/engine.h"

namespace qm::hba {
namespace {

constexpr Quality kShared{QM_AT_LEAST, QM_REASON_SHARED_SA};
// A negotiation of a shared SA is no single adapter's, nor is a packet that failed.
constexpr std::array kKeyCounters{kKeyAdditions, kKeyDeletions, kReKeys};
constexpr std::array kErrorCounters{kPacketsNotDecrypted, kPacketsNotAuthenticated};

// As far as a connection's packets can meet it, whatever their mark.
bool speaks_of(const xfrm::Selector& selector, xfrm::PolicyDirection direction,
               const Endpoint& local, const Endpoint& remote) {
  const bool out = direction == xfrm::PolicyDirection::out;
  const Endpoint& source = out ? local : remote;
  const Endpoint& destination = out ? remote : local;
  xfrm::Flow flow{.saddr = source.address,
                  .daddr = destination.address,
                  .sport = source.port,
                  .dport = destination.port};
  flow.ifindex = selector.ifindex;
  return xfrm::matches(selector, flow);
}

}  // namespace

// ---- what is shared

void Engine::begin_sharing(const Use& use, const std::set<OwnerId>& users) {
  const AssociationKey& key = use.association;
  const std::vector<Ledger::EntryId> entries = ledger_.live_of(key);
  const auto is_pending = [](const Entry& entry) { return entry.owner == kNobody; };
  const bool pending =
      std::ranges::any_of(entries,
                          [&](Ledger::EntryId id) { return is_pending(ledger_.at(id)); }) ||
      std::ranges::any_of(ledger_.recent(), [&](const Recent& recent) {
        return is_pending(recent.entry) && recent.entry.association == key;
      });
  const SharedTerms terms{.direction = use.direction,
                          .tunnel = key.mode == xfrm::Mode::tunnel,
                          .outer = use.outer,
                          .told = use.plain};
  Split::Before before;
  if (const Claim* claim = ledger_.associations().claim(key)) {
    before.owner = claim->owner;
    before.others = claim->changed;
    if (!claim->shared) before.users.insert(before.owner);
  }
  if (const auto last = sharings_.find(key); last != sharings_.end()) {
    before.users.insert(last->second.lately.begin(), last->second.lately.end());
  }
  const bool is_new = !split_.shares(key);
  if (is_new) watch_shared();
  // An SA that nobody has claimed is shared with its whole life.
  before.read_boot_ns = pending ? 0 : read_boot_ns_;
  if (!split_.share(key, terms, users, before)) {
    for (const OwnerId user : users) {
      ledger_.lose_shared(key, use.direction, use.outer, user, kShared);
    }
    return;
  }
  parting_.erase(key);
  for (const OwnerId user : users) ledger_.lose_shared(kKeyCounters, user, kShared);
  if (is_new) {
    judged_.clear();
    end_sharing(key);  // of which nobody was left
    ledger_.begin_sharing(key, entries);
    sharings_[key] = {
        .users = {}, .lately = {}, .direction = use.direction, .outer = use.outer, .last = {}};
  }
  sharings_[key].users = users;
  sharings_[key].lately.insert(users.begin(), users.end());
}

void Engine::end_sharing(const AssociationKey& key) {
  ledger_.end_sharing(key);
  sharings_.erase(key);
}

// What it grew by until now is still to be settled; then it is the one's that is left.
void Engine::stop_sharing(const Use& use, OwnerId left) {
  split_.part(use.association, {left}, now_);
  parting_[use.association] = {left, use.direction, use.outer, false, true};
  join(use, left);
}

// Alone now; until it has been handed over it shares it with those who are gone, even if it came
// after them. After a restart nobody knows what it has grown by.
void Engine::join(const Use& use, OwnerId user) {
  ledger_.lose_shared(kKeyCounters, user, kShared);
  const auto sharing = sharings_.find(use.association);
  if (sharing == sharings_.end()) {
    ledger_.lose_shared(use.association, use.direction, use.outer, user, kShared);
    return;
  }
  sharing->second.users.insert(user);
  sharing->second.lately.insert(user);
}

// A reading broke off: until the next one its SAs stay nobody's, and their owner lacks what they do
// meanwhile.
void Engine::lose_waiting(const AssociationKey& key) {
  const Claim& claim = *ledger_.associations().claim(key);
  ledger_.lose_shared(key, claim.direction, claim.outer, claim.owner, kShared);
  if (claim.direction != xfrm::Direction::in) return;
  ledger_.lose_shared(kErrorCounters, claim.owner, kShared);
}

void Engine::note_policy_change(const xfrm::Policy& policy) {
  if (first_sync_) return;  // it was there before
  while (!policy_changes_.empty() &&
         now_.boot_ns - policy_changes_.front().boot_ns > kPolicyChangeNs) {
    policy_changes_.pop_front();
  }
  if (policy_changes_.size() >= kMostPolicyChanges) {
    any_policy_changed_ns_ = now_.boot_ns;
    return;
  }
  policy_changes_.push_back({policy.selector, policy.direction, now_.boot_ns});
}

bool Engine::policy_changed(const Endpoint& local, const Endpoint& remote,
                            std::uint64_t since_boot_ns) const {
  if (any_policy_changed_ns_ >= since_boot_ns && any_policy_changed_ns_ != 0) return true;
  return std::ranges::any_of(policy_changes_, [&](const PolicyChange& change) {
    return change.boot_ns >= since_boot_ns &&
           speaks_of(change.selector, change.direction, local, remote);
  });
}

// ---- readings of connections

std::optional<std::vector<Address>> Engine::peers_to_ask() const {
  std::set<Address> peers;
  for (const AssociationKey& key : split_.keys()) {
    const SharedTerms& terms = split_.terms(key);
    if (terms.tunnel || key.mode == xfrm::Mode::beet) return std::nullopt;
    peers.insert(terms.direction == xfrm::Direction::out ? key.daddr : key.saddr);
  }
  return std::vector<Address>(peers.begin(), peers.end());
}

std::vector<AssociationKey> Engine::shared_uses(const xfrm::TcpConnection& connection) {
  if (judged_changes_ != policies_.changes()) {
    judged_.clear();
    judged_changes_ = policies_.changes();
  }
  const auto [found, is_new] = judged_.try_emplace(connection.cookie);
  if (!is_new) return found->second;
  const FlowVerdict verdict =
      judge_connection(connection.local, connection.remote, policies_, interfaces_, *this);
  for (const Use& use : verdict.uses) {
    if (split_.shares(use.association)) found->second.push_back(use.association);
  }
  return found->second;
}

Split::Seen Engine::see(const xfrm::TcpConnection& connection) {
  Split::Seen seen;
  seen.connection = connection;
  seen.uses = shared_uses(connection);
  seen.young = true;
  if (const auto owner = owners_.find({connection.local, connection.remote});
      owner != owners_.end()) {
    seen.owner = owner->second.first;
    seen.young = owner->second.second;
  }
  // What is new was not there the last time, or had hardly begun.
  const std::uint64_t since_ns = attributed_before_ns_ - std::min(attributed_before_ns_, kLoginNs);
  // Before the first sync it may have been on an SA that nobody has heard of.
  seen.unclear =
      since_ns <= watched_boot_ns_ || policy_changed(connection.local, connection.remote, since_ns);
  return seen;
}

void Engine::take_connections(std::span<const xfrm::TcpConnection> all) {
  std::vector<Split::Seen> seen;
  std::set<std::pair<Endpoint, Endpoint>> there;
  for (const xfrm::TcpConnection& each : all) {
    seen.push_back(see(each));
    if (each.counted) there.emplace(each.local, each.remote);
  }
  split_.take_reading(seen, now_);
  find_unmatched(there);
}

// Sessions' connections of which no socket is known: a stranger's may be theirs.
void Engine::find_unmatched(const std::set<std::pair<Endpoint, Endpoint>>& seen) {
  std::map<AssociationKey, std::set<OwnerId>> unmatched;
  const auto look_into = [&](const auto& owners, const auto& concerns) {
    for (const auto& [ends, owner] : owners) {
      if (seen.contains(ends)) continue;
      const FlowVerdict verdict =
          judge_connection(ends.first, ends.second, policies_, interfaces_, *this);
      for (const Use& use : verdict.uses) {
        if (concerns(use.association)) unmatched[use.association].insert(owner.first);
      }
    }
  };
  look_into(owners_, [this](const AssociationKey& key) { return split_.shares(key); });
  // No reading has shown those that ended since the refresh before.
  look_into(owners_before_, [this](const AssociationKey& key) { return split_.is_new(key); });
  split_.set_unmatched(std::move(unmatched));
}

void Engine::take_closed(const xfrm::ProbeReading& reading) {
  if (reading.totals.closed_lost > closed_lost_) split_.finals_were_lost();
  closed_lost_ = std::max(closed_lost_, reading.totals.closed_lost);
  if (!split_.any()) return;
  for (const xfrm::ClosedConnection& each : reading.closed) {
    const bool destroyed = each.cause == xfrm::ClosedConnection::Cause::destroyed;
    split_.take_final(see(each.connection), destroyed, now_);
  }
}

// ---- settling

SharedGrowth Engine::growth_of(const AssociationKey& key) const {
  return ledger_.growth_of(key, ledger_.live_of(key));
}

bool Engine::split_balances() const {
  return split_.balanced([this](const AssociationKey& key) { return growth_of(key); });
}

std::vector<xfrm::SaId> Engine::shared_sas_to_read() const {
  std::vector<xfrm::SaId> ids;
  for (const AssociationKey& key : split_.keys()) {
    for (const Ledger::EntryId id : ledger_.live_of(key)) ids.push_back(ledger_.at(id).id);
  }
  return ids;
}

// What goes to nobody for good: failed packets, what ended SAs may lack, and the growth of those
// that nobody uses at the moment.
void Engine::watch_shared() {
  for (auto& [key, sharing] : sharings_) {
    const SharedGrowth growth = growth_of(key);
    Quality loss = ledger_.take_shared_loss(key);
    if (!split_.shares(key) && growth.all != sharing.last.all) loss = kShared;
    for (const OwnerId user : sharing.lately) {
      if (growth.errors != sharing.last.errors) ledger_.lose_shared(kErrorCounters, user, kShared);
      ledger_.lose_shared(key, sharing.direction, sharing.outer, user, loss);
    }
    sharing.last = growth;
  }
}

Qualities Engine::shared_quality(OwnerId owner) const {
  Qualities qualities = ledger_.owners()[owner].shared;
  split_.for_each_open([&](OwnerId open, const AssociationKey& key, const SharedTerms& terms) {
    if (open != owner) return;
    const Totals touched = counted_on(key, terms.direction, terms.outer, 1, 1);
    for (std::size_t i = 0; i < kCounters; ++i) {
      if (touched.at(i) != 0) qualities[i].worsen(kShared.quality, kShared.reason);
    }
  });
  return qualities;
}

void Engine::settle_shared() {
  watch_shared();
  for (auto& [key, sharing] : sharings_) sharing.lately = sharing.users;
  if (!split_.any()) {
    settled_boot_ns_ = now_.boot_ns;
    return;
  }
  if (behind_) split_.disturb_all();
  split_.disturb([this](const Endpoint& local, const Endpoint& remote) {
    return policy_changed(local, remote, settled_boot_ns_);
  });
  const bool trusted = !behind_ && !reading_failed_ && !syncing_;
  const auto growth = [this](const AssociationKey& key) { return growth_of(key); };
  take_outcome(split_.settle(growth, trusted, read_boot_ns_, now_));
  settled_boot_ns_ = now_.boot_ns;
}

void Engine::take_outcome(const Split::Outcome& outcome) {
  for (const Split::Grant& each : outcome.grants) {
    ledger_.grant(each.key, each.terms.direction, each.owner, each.bytes, each.replay_packets);
  }
  for (const Split::Loss& each : outcome.losses) {
    if (each.replay_only) {
      ledger_.lose_shared(std::array{kPacketsWithReplayDetection}, each.owner, kShared);
    } else {
      ledger_.lose_shared(each.key, each.terms.direction, each.terms.outer, each.owner, kShared);
    }
  }
  for (const AssociationKey& key : outcome.ended) {
    const auto parting = parting_.extract(key);
    if (parting.empty()) continue;  // nobody uses it: it stays as it is
    ledger_.associations().set_claim(key, parting.mapped());
    hand_over(key);
  }
}

}  // namespace qm::hba

// The account of shared associations: grants, settlements, closings. What the readings of
// connections tell is taken in split_readings.cc.
#include "hba/split.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace qm::hba {
namespace {

xfrm::Counters minus(const xfrm::Counters& a, const xfrm::Counters& b) {
  return {a.bytes > b.bytes ? a.bytes - b.bytes : 0,
          a.packets > b.packets ? a.packets - b.packets : 0};
}

xfrm::Counters& operator+=(xfrm::Counters& a, const xfrm::Counters& b) {
  a.bytes += b.bytes;
  a.packets += b.packets;
  return a;
}

std::uint64_t overhead_of(const SharedTerms& terms, const Endpoint& end) {
  if (!terms.tunnel) return 0;
  return end.address.family == Family::v6 ? kIpv6HeaderBytes : kIpv4HeaderBytes;
}

bool is_inbound(const SharedTerms& terms) {
  return terms.direction == xfrm::Direction::in;
}

}  // namespace

std::vector<AssociationKey> Split::keys() const {
  const auto all = shared_ | std::views::keys;
  return {all.begin(), all.end()};
}

bool Split::share(const AssociationKey& key, const SharedTerms& terms,
                  const std::set<OwnerId>& users, const Before& before) {
  auto found = shared_.find(key);
  if (found == shared_.end()) {
    if (shared_.size() >= kMostShared) return false;
    found = shared_.emplace(key, Shared{}).first;
    found->second.before = before;
  } else if (found->second.terms.told != terms.told) {
    // From now on nobody can tell, or could not until now.
    found->second.disturbed = true;
  }
  Shared& shared = found->second;
  shared.users = users;
  shared.lately.insert(users.begin(), users.end());
  shared.parting_ns = 0;
  shared.terms = terms;
  return true;
}

void Split::part(const AssociationKey& key, const std::set<OwnerId>& left, Time now) {
  const auto found = shared_.find(key);
  if (found == shared_.end()) return;
  Shared& shared = found->second;
  shared.users.insert(left.begin(), left.end());
  shared.lately.insert(left.begin(), left.end());
  if (shared.parting_ns == 0) shared.parting_ns = now.boot_ns;
}

// ---- what a connection had

// All that TCP counts of it: inbound no more than there was, outbound no less than there was.
xfrm::Counters Split::bound(const SharedTerms& terms, const Connection& connection,
                            const Counts& now, const Part& part) {
  const Counts& since = part.since;
  const xfrm::TcpConnection& last = connection.last;
  const bool connecting = last.state == xfrm::TcpState::syn_sent;
  const std::uint64_t overhead = overhead_of(terms, connection.remote);
  const std::uint64_t header = overhead + kTcpHeaderBytes + (last.timestamps ? kTimestampBytes : 0);
  // What both have agreed on stood in the SYNs. Above the default the peer must have named its MSS.
  const std::uint64_t agreed = (last.window_scale ? kSynOptionBytes : 0) +
                               (last.sack && !last.timestamps ? kSynOptionBytes : 0);
  if (is_inbound(terms)) {
    const std::uint64_t segments = now.in_segments - since.in_segments;
    std::uint64_t bytes = now.received_bytes - since.received_bytes + segments * header;
    if (since.in_segments == 0 && segments > 0 && !connecting) {
      bytes += agreed + (last.send_mss > kDefaultMss ? kSynOptionBytes : 0);
    }
    if (connection.ended_by_peer && last.timestamps && segments > 0) bytes -= kTimestampBytes;
    return {bytes, segments};
  }
  const std::uint64_t segments = now.out_segments - since.out_segments;
  if (connecting) return {segments * (kSynBytes + overhead), segments};
  std::uint64_t bytes = now.sent_bytes - since.sent_bytes + segments * header;
  if (since.out_segments == 0 && segments > 0) bytes += agreed + kSynOptionBytes;
  return {bytes, segments};
}

// What it had for sure. Outbound that is the payload that the peer acknowledged, but for what was
// on its way already when the epoch began.
xfrm::Counters Split::surely(const SharedTerms& terms, const Connection& connection,
                             const Part& part) const {
  const Counts& sure = connection.sure;
  if (is_inbound(terms)) {
    const bool known = sure.in_segments > part.since.in_segments ||
                       sure.received_bytes > part.since.received_bytes;
    return known ? bound(terms, connection, sure, part) : xfrm::Counters{};
  }
  const std::uint64_t acked = sure.acked_bytes;
  return {acked > part.since.next_byte ? acked - part.since.next_byte : 0, 0};
}

// ---- what can be said of the growth

// Two readings, before the SAs' and after it, showed the same.
bool Split::steady(const Shared& shared) const {
  if (readings_ < 2 || shared.changed >= reading_ || newer_ >= reading_ || unread_) return false;
  return std::ranges::none_of(shared.parts, [this](const auto& part) {
    return connections_.at(part.first).changed >= reading_;
  });
}

bool Split::adds_up(const Shared& shared, const SharedGrowth& growth) const {
  xfrm::Counters sum;
  for (const auto& [cookie, part] : shared.parts) {
    sum += all_of(shared.terms, connections_.at(cookie), part);
  }
  return sum == minus(growth.all, shared.begun.all);
}

// Of each connection that sent, all that was received since then is told apart exactly.
bool Split::inbound_settled(const Shared& outbound) const {
  return std::ranges::all_of(outbound.parts, [&](const auto& part) {
    bool found = false;
    for (const AssociationKey& key : connections_.at(part.first).uses) {
      const auto shared = shared_.find(key);
      if (shared == shared_.end() || !is_inbound(shared->second.terms)) continue;
      if (!shared->second.terms.told) continue;
      if (!shared->second.settled || shared->second.exact_since_ns > outbound.epoch_ns)
        return false;
      found = true;
    }
    return found;
  });
}

// Something that no reading shows may be in the growth, and stand in the place of what TCP counted
// and the growth has not.
bool Split::may_have_unseen(const Shared& shared) {
  if (shared.lost || (shared.first && !shared.unmatched.empty())) return true;
  return is_inbound(shared.terms) ? shared.others_ragged : shared.ragged;
}

bool Split::may_settle(const Shared& shared, const SharedGrowth& growth) const {
  if (!shared.terms.told || shared.disturbed || !steady(shared)) return false;
  const bool from_below = is_inbound(shared.terms) && !shared.early;
  if (!from_below && may_have_unseen(shared)) return false;
  return adds_up(shared, growth);
}

bool Split::balanced(const GrowthOf& growth_of) const {
  return std::ranges::all_of(shared_, [&](const auto& each) {
    const auto& [key, shared] = each;
    const bool hopeless = !shared.terms.told || shared.disturbed || shared.readings == 0;
    return hopeless || may_settle(shared, growth_of(key));
  });
}

// ---- settling

void Split::grant(const AssociationKey& key, Shared& shared, const SharedGrowth& growth,
                  Connection& connection, Part& part, const xfrm::Counters& up_to,
                  Outcome& outcome) {
  const xfrm::Counters grown = minus(growth.all, shared.begun.all);
  const xfrm::Counters left = minus(grown, shared.granted);
  const xfrm::Counters wanted = minus(up_to, part.granted);
  const xfrm::Counters given{std::min(wanted.bytes, left.bytes),
                             std::min(wanted.packets, left.packets)};
  if (given == xfrm::Counters{}) return;
  part.granted += given;
  shared.granted += given;
  // With a replay window on all of its SAs, or on none.
  const bool replay = growth.replay_packets - shared.begun.replay_packets == grown.packets;
  const std::uint64_t replay_packets = replay ? given.packets : 0;
  if (connection.owner != kUnattributed) {
    outcome.grants.push_back({key, shared.terms, connection.owner, given.bytes, replay_packets});
    return;
  }
  auto same = std::ranges::find(connection.unowned, key, &Unowned::key);
  if (same == connection.unowned.end()) {
    connection.unowned.push_back({key, shared.terms, 0, 0});
    same = std::prev(connection.unowned.end());
  }
  same->bytes += given.bytes;
  same->replay_packets += replay_packets;
}

// Whose totals may lack a part of the growth. Outbound, a connection of which TCP counted nothing
// had nothing; inbound, its packets may have been lost on their way to it.
std::set<OwnerId> Split::lacking(const Shared& shared, const SharedGrowth& growth) const {
  // Where the growth was too little for what is sure, it is not known in full. What moved between
  // two readings may have got a part that was another's.
  const bool short_of = std::ranges::any_of(shared.parts, [&](const auto& each) {
    const xfrm::Counters sure = surely(shared.terms, connections_.at(each.first), each.second);
    return minus(sure, each.second.granted) != xfrm::Counters{};
  });
  const xfrm::Counters left = minus(minus(growth.all, shared.begun.all), shared.granted);
  const bool unseen = shared.early && may_have_unseen(shared);
  if (!short_of && !unseen && left == xfrm::Counters{} && steady(shared)) return {};
  std::set<OwnerId> owners;
  if (shared.disturbed) owners = shared.lately;
  // In the first epoch a connection of whose it was may have ended before it was read.
  if (shared.first) {
    owners.insert(shared.before.users.begin(), shared.before.users.end());
    owners.insert(shared.lately.begin(), shared.lately.end());
  }
  for (const auto& [cookie, part] : shared.parts) {
    const Connection& connection = connections_.at(cookie);
    const bool moved = all_of(shared.terms, connection, part) != xfrm::Counters{};
    // Its counts are of before the SAs were read.
    const bool unread = !connection.final && (connection.seen <= sas_ || connection.gone());
    const bool unsure = part.ragged || unread;
    const bool owned = connection.owner != kUnattributed;
    if (owned && (is_inbound(shared.terms) || moved || unsure)) owners.insert(connection.owner);
  }
  // A stranger's connection, or one that was missed, may be theirs.
  owners.insert(shared.unmatched.begin(), shared.unmatched.end());
  return owners;
}

std::set<OwnerId> Split::unmatched_of(const AssociationKey& key) const {
  const auto found = unmatched_.find(key);
  return found == unmatched_.end() ? std::set<OwnerId>{} : found->second;
}

void Split::begin_epoch(const AssociationKey& key, Shared& shared, const SharedGrowth& begun,
                        bool ragged, Time now) {
  std::erase_if(shared.parts, [&](const auto& part) {
    const Connection& connection = connections_.at(part.first);
    return connection.gone() || !uses(connection, key);
  });
  for (auto& [cookie, part] : shared.parts) {
    part = Part{};
    part.since = connections_.at(cookie).counts;
    part.ragged = ragged;
  }
  shared.begun = begun;
  shared.granted = {};
  shared.epoch_ns = now.boot_ns;
  shared.ragged = ragged;
  shared.disturbed = shared.lost = shared.first = false;
  shared.others_ragged = shared.early = false;
  shared.unmatched = unmatched_of(key);
}

// What remains is nobody's. In the midst of traffic the new epoch begins with the growth that was
// known before this round, so that nothing that TCP counts from now on was on the SAs before.
void Split::close(const AssociationKey& key, Shared& shared, const SharedGrowth& growth,
                  bool at_rest, Time now, Outcome& outcome) {
  for (const OwnerId owner : lacking(shared, growth)) {
    outcome.losses.push_back({key, shared.terms, owner, false});
  }
  SharedGrowth begun = growth;
  if (!at_rest) {
    xfrm::Counters taken = shared.begun.all;
    taken += shared.granted;
    begun = shared.last;
    begun.all = {std::max(begun.all.bytes, taken.bytes),
                 std::max(begun.all.packets, taken.packets)};
  }
  begin_epoch(key, shared, begun, !at_rest, now);
  shared.exact_since_ns = now.boot_ns;
}

void Split::settle_untold(const AssociationKey& key, Shared& shared, const SharedGrowth& growth,
                          Outcome& outcome) {
  std::set<OwnerId> users = shared.lately;
  if (shared.first) users.insert(shared.before.users.begin(), shared.before.users.end());
  if (growth.awaiting) shared.open = users;
  shared.before.read_boot_ns = read_boot_ns_;
  shared.before.users = shared.lately;
  if (growth.all == shared.begun.all) return;
  for (const OwnerId owner : users) outcome.losses.push_back({key, shared.terms, owner, false});
  shared.begun = growth;
}

void Split::settle_one(const AssociationKey& key, Shared& shared, const SharedGrowth& growth,
                       bool trusted, Time now, Outcome& outcome) {
  shared.open.clear();
  if (!shared.terms.told || shared.readings == 0) {
    return settle_untold(key, shared, growth, outcome);
  }
  const std::set<OwnerId> unmatched = unmatched_of(key);
  shared.unmatched.insert(unmatched.begin(), unmatched.end());
  const bool still = trusted && steady(shared) && growth == shared.last &&
                     std::ranges::none_of(shared.parts, [&](const auto& part) {
                       return connections_.at(part.first).changed > shared.settle_reading;
                     });
  if (!still || shared.rest_since_ns == 0) shared.rest_since_ns = now.boot_ns;
  for (const auto& [cookie, part] : shared.parts) {
    const Connection& connection = connections_.at(cookie);
    shared.lost = shared.lost || (connection.gone() && !connection.final);
  }
  const auto grant_all = [&](auto&& amount) {
    for (auto& [cookie, part] : shared.parts) {
      Connection& connection = connections_.at(cookie);
      grant(key, shared, growth, connection, part, amount(connection, part), outcome);
    }
  };
  if (!shared.disturbed) {
    grant_all([&](const auto& connection, const auto& part) {
      return surely(shared.terms, connection, part);
    });
  }
  const std::uint64_t replayed = growth.replay_packets - shared.begun.replay_packets;
  if (replayed != 0 && replayed != growth.all.packets - shared.begun.all.packets) {
    for (const OwnerId owner : shared.lately) {
      outcome.losses.push_back({key, shared.terms, owner, true});
    }
  }
  shared.settled = trusted && may_settle(shared, growth) &&
                   (is_inbound(shared.terms) || inbound_settled(shared));
  if (shared.settled) {
    grant_all([&](const auto& connection, const auto& part) {
      return all_of(shared.terms, connection, part);
    });
    begin_epoch(key, shared, growth, false, now);
    return;
  }
  const std::uint64_t rest_ns = holding_ && !is_inbound(shared.terms) ? kHeldNs : kRestNs;
  const bool quiet =
      still && growth.live && !growth.awaiting && now.boot_ns - shared.rest_since_ns >= rest_ns;
  if (trusted && (quiet || shared.disturbed || shared.lost)) {
    close(key, shared, growth, quiet, now, outcome);
  }
  shared.open = lacking(shared, growth);
  if (growth.awaiting) shared.open.insert(shared.lately.begin(), shared.lately.end());
}

Split::Outcome Split::settle(const GrowthOf& growth_of, bool trusted, std::uint64_t read_boot_ns,
                             Time now) {
  Outcome outcome;
  read_boot_ns_ = read_boot_ns;
  outcome.grants = std::exchange(promised_, {});
  for (const bool inbound : {true, false}) {  // outbound ones look at the inbound ones' outcome
    for (auto& [key, shared] : shared_) {
      if (is_inbound(shared.terms) != inbound) continue;
      const SharedGrowth growth = growth_of(key);
      settle_one(key, shared, growth, trusted, now, outcome);
      shared.last = growth;
      shared.lately = shared.users;
      shared.settle_reading = reading_;
      if (readings_ > 0) ++shared.rounds;
      const bool patient = now.boot_ns - shared.parting_ns < kPartingNs;
      if (shared.parting_ns == 0 || !trusted || (!shared.open.empty() && patient)) continue;
      if (!shared.open.empty()) close(key, shared, growth, false, now, outcome);
      outcome.ended.push_back(key);
    }
  }
  for (const AssociationKey& key : outcome.ended) {
    shared_.erase(key);
    for (auto& [cookie, connection] : connections_) std::erase(connection.uses, key);
  }
  forget_gone();
  return outcome;
}

void Split::forget_gone() {
  std::erase_if(connections_, [this](const auto& each) {
    if (!each.second.gone()) return false;
    return std::ranges::none_of(
        shared_, [&](const auto& shared) { return shared.second.parts.contains(each.first); });
  });
  if (shared_.empty()) connections_.clear();
}

}  // namespace qm::hba

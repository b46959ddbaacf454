// What the readings of connections tell: who is there, who came, who left, what each has counted.
#include <algorithm>
#include <utility>

#include "hba/split.h"

namespace qm::hba {
namespace {

constexpr std::uint64_t kMsInNs = 1'000'000;

// Before this much of the past nothing came or went: it neither sent data nor heard of its peer.
// What it acknowledged since then it had heard before.
bool was_idle_since(const xfrm::TcpConnection& connection, std::uint64_t since_boot_ns, Time now) {
  if (connection.state == xfrm::TcpState::syn_sent) return false;  // of SYNs nobody keeps the time
  const std::uint64_t idle_ns =
      kMsInNs *
      std::min({connection.data_sent_ms, connection.data_received_ms, connection.ack_received_ms});
  return idle_ns + since_boot_ns >= now.boot_ns + kAckNs;
}

bool has(const std::vector<AssociationKey>& keys, const AssociationKey& key) {
  return std::ranges::find(keys, key) != keys.end();
}

// By how much a counter of 32 bits has grown; 0 when it went back (it was zeroed).
std::uint32_t grown(std::uint32_t before, std::uint32_t now) {
  const std::uint32_t added = now - before;
  return added > 0x8000'0000U ? 0 : added;
}

}  // namespace

void Split::count(Connection& connection, const xfrm::TcpConnection& now) {
  const Counts before = connection.counts;
  Counts& counts = connection.counts;
  const xfrm::TcpCounters& raw = now.counters;
  const xfrm::TcpCounters& last = connection.last.counters;
  const bool first = counts == Counts{};
  counts.in_segments += first ? raw.in_segments : grown(last.in_segments, raw.in_segments);
  counts.out_segments += first ? raw.out_segments : grown(last.out_segments, raw.out_segments);
  const auto at_least = [](std::uint64_t& value, std::uint64_t other, std::uint64_t minus) {
    value = std::max(value, other > minus ? other - minus : 0);
  };
  const bool fin_received = now.fin_received || connection.last.fin_received;
  at_least(counts.received_bytes, raw.received_bytes, fin_received ? 1 : 0);
  // The SYN counts as a byte, and a FIN that may have been sent.
  const bool sends =
      now.state == xfrm::TcpState::established || now.state == xfrm::TcpState::close_wait;
  at_least(counts.acked_bytes, raw.acked_bytes, sends ? 1 : 2);
  at_least(counts.sent_bytes, raw.sent_bytes, 0);
  at_least(counts.next_byte, raw.sent_bytes, raw.retransmitted_bytes);
  at_least(counts.next_byte, counts.acked_bytes, 0);
  xfrm::TcpConnection newest = now;
  // Zeroed counters are no news, nor is a FIN forgotten.
  if (raw.in_segments == 0 && raw.out_segments == 0) newest = connection.last;
  newest.fin_received = fin_received;
  connection.last = newest;
  if (counts != before) connection.changed = reading_;
}

Split::Connection* Split::meet(const Seen& seen, bool& fresh) {
  const auto [found, is_new] = connections_.try_emplace(seen.connection.cookie);
  Connection& connection = found->second;
  fresh = is_new;
  if (is_new) {
    connection.local = seen.connection.local;
    connection.remote = seen.connection.remote;
  }
  if (connection.owner == kUnattributed && seen.owner != kUnattributed) {
    connection.owner = seen.owner;
    for (const Unowned& each : connection.unowned) {
      promised_.push_back({each.key, each.terms, seen.owner, each.bytes, each.replay_packets});
    }
    connection.unowned.clear();
  }
  return &connection;
}

void Split::join(const AssociationKey& key, std::uint64_t cookie, const Seen& seen, bool fresh,
                 Time now) {
  const auto found = shared_.find(key);
  if (found == shared_.end()) return;
  Shared& shared = found->second;
  Part part;
  // It was not in the readings before; or its session is new, and what it had before the growth
  // began somebody else got. (One reading may have missed it.)
  const bool first = shared.rounds == 0;
  const Before& before = shared.before;
  const bool owned = seen.owner != kUnattributed;
  const bool uncounted =
      seen.owner != before.owner && before.owner != kUnattributed && !before.others;
  part.whole = fresh && seen.young && !seen.unclear &&
               (shared.rounds > 1 || ((owned || !first) && uncounted));
  if (part.whole) {
    shared.early = shared.early || shared.rounds <= 1;
  } else {
    part.since = connections_.at(cookie).counts;
    part.ragged = !first || holding_ || !was_idle_since(seen.connection, before.read_boot_ns, now);
    shared.ragged = shared.ragged || part.ragged;
    shared.others_ragged = shared.others_ragged || (part.ragged && seen.owner != before.owner);
  }
  shared.parts.insert_or_assign(cookie, part);
  shared.changed = reading_;
}

void Split::follow_uses(Connection& connection, std::uint64_t cookie, const Seen& seen, bool fresh,
                        Time now) {
  const std::vector<AssociationKey> before = std::exchange(connection.uses, seen.uses);
  for (const AssociationKey& key : before) {
    const auto shared = shared_.find(key);
    if (shared == shared_.end() || has(seen.uses, key)) continue;
    // When it left, nobody knows.
    shared->second.disturbed = true;
    shared->second.changed = reading_;
  }
  for (const AssociationKey& key : seen.uses) {
    const auto shared = shared_.find(key);
    const bool is_in = shared == shared_.end() || shared->second.parts.contains(cookie);
    if (!is_in) join(key, cookie, seen, fresh, now);
  }
}

void Split::take_reading(std::span<const Seen> all, Time now) {
  ++reading_;
  ++readings_;
  std::set<std::uint64_t> present;
  for (const Seen& seen : all) {
    if (!seen.connection.counted) continue;
    present.insert(seen.connection.cookie);
    bool fresh = false;
    Connection& connection = *meet(seen, fresh);
    count(connection, seen.connection);
    connection.absent = 0;
    connection.seen = reading_;
    follow_uses(connection, seen.connection.cookie, seen, fresh, now);
  }
  note_absences(present);
  for (auto& [key, shared] : shared_) ++shared.readings;
}

void Split::begin_sas() {
  sas_ = reading_;
  unread_ = false;
  for (auto& [cookie, connection] : connections_) connection.sure = connection.counts;
}

// One reading may miss a socket that is there: others of its bucket have gone while it was made.
void Split::note_absences(const std::set<std::uint64_t>& present) {
  for (auto& [cookie, connection] : connections_) {
    if (present.contains(cookie)) continue;
    if (connection.absent++ == 0) connection.changed = reading_;
  }
}

void Split::take_final(const Seen& seen, bool destroyed, Time now) {
  bool fresh = false;
  Connection& connection = *meet(seen, fresh);
  const std::uint64_t changed = connection.changed;
  if (destroyed && !connection.final) connection.ended_by_peer = true;
  connection.final = true;
  count(connection, seen.connection);
  // It was gone before the reading: what it had is on the SAs by now.
  if (connection.gone()) connection.changed = changed;
  if (!fresh) return;
  // It came and went between two readings.
  connection.absent = 2;
  connection.uses = seen.uses;
  for (const AssociationKey& key : seen.uses) {
    const auto shared = shared_.find(key);
    if (shared == shared_.end()) continue;
    if (shared->second.rounds == 0) {
      // What it had may be in the growth, or not.
      shared->second.ragged = shared->second.others_ragged = true;
    } else {
      join(key, seen.connection.cookie, seen, fresh, now);
    }
  }
}

void Split::finals_were_lost() {
  for (auto& [key, shared] : shared_) shared.lost = true;
}

void Split::disturb(
    const std::function<bool(const Endpoint& local, const Endpoint& remote)>& concerns) {
  for (auto& [key, shared] : shared_) {
    if (shared.disturbed) continue;
    shared.disturbed = std::ranges::any_of(shared.parts, [&](const auto& part) {
      const Connection& connection = connections_.at(part.first);
      return concerns(connection.local, connection.remote);
    });
  }
}

void Split::disturb_all() {
  for (auto& [key, shared] : shared_) shared.disturbed = true;
}

}  // namespace qm::hba

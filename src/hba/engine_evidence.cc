// What the sessions' connections have moved, beside what their SAs have (evidence.h).
#include <ranges>

#include "hba/engine.h"

namespace qm::hba {
namespace {

// The peer acknowledges our SYN as one byte.
Evidence::Moved moved(const xfrm::TcpCounters& counters, xfrm::Direction direction) {
  if (direction == xfrm::Direction::in) return {counters.in_segments, counters.in_segments};
  const std::uint64_t acked_bytes = std::max<std::uint64_t>(counters.acked_bytes, 1) - 1;
  const std::uint64_t sent_bytes =
      counters.sent_bytes - std::min(counters.sent_bytes, counters.retransmitted_bytes);
  return {std::max(sent_bytes, acked_bytes), acked_bytes};
}

}  // namespace

std::vector<std::pair<Endpoint, Endpoint>> Engine::connections_to_read() const {
  const auto ends = owners_ | std::views::keys;
  return {ends.begin(), ends.end()};
}

void Engine::take_session_connections(std::span<const xfrm::TcpConnection> all) {
  session_connections_.clear();
  for (const xfrm::TcpConnection& each : all) {
    session_connections_.emplace(std::pair(each.local, each.remote), each);
  }
  connections_boot_ns_ = now_.boot_ns;
}

// What it carried is not among what the live ones count, even if nobody has ever read it.
void Engine::note_end(const AssociationKey& key) {
  if (ledger_.associations().claim(key) != nullptr) ended_lately_.insert(key);
}

// Only where all was read: SAs that this refresh did not read would seem to stand still, and what
// came and went while events were lost carried nobody knows how much. Then only those connections
// matter that are there no more: of others nothing has been said.
void Engine::weigh_evidence() {
  const auto read_boot_ns = std::exchange(connections_boot_ns_, std::nullopt);
  const std::set<AssociationKey> ended = std::exchange(ended_lately_, {});
  const bool lost = std::exchange(lost_lately_, false);
  const bool whole = read_boot_ns && !reading_failed_ && !behind_ && !syncing_ && !lost;
  std::erase_if(session_connections_,
                [this](const auto& each) { return !owners_.contains(each.first); });
  std::map<AssociationKey, Evidence::Path> paths;
  for (const auto& [ends, connection] : session_connections_) {
    const FlowVerdict verdict =
        judge_connection(ends.first, ends.second, policies_, interfaces_, *this);
    for (const Use& use : verdict.uses) {
      if (use.outer || use.compressed) continue;
      Evidence::Path& path = paths[use.association];
      path.direction = use.direction;
      path.connections.emplace(connection.cookie, moved(connection.counters, use.direction));
    }
  }
  for (auto& [key, path] : paths) {
    path.read = whole && !ended.contains(key);
    for (const Ledger::EntryId id : ledger_.live_of(key)) {
      const Entry entry = ledger_.at(id);
      path.read = path.read && entry.read_boot_ns >= *read_boot_ns &&
                  !entry.packet_offload;  // the device's counters lag behind
      // Entries' ids are given again, at another time.
      const std::uint64_t number = entry.since_boot_ns * 0x9e37'79b9'7f4a'7c15U + id;
      path.sas.emplace(number, path.direction == xfrm::Direction::in ? entry.newest.packets
                                                                     : entry.newest.bytes);
    }
  }
  evidence_.take(paths, now_);
}

}  // namespace qm::hba

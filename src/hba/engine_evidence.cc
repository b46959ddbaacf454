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

// Only where all was read: SAs that this refresh did not read would seem to stand still.
void Engine::weigh_evidence() {
  const auto read_boot_ns = std::exchange(connections_boot_ns_, std::nullopt);
  if (!read_boot_ns || reading_failed_ || behind_ || syncing_) return evidence_.interrupt();
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
    const auto live = by_association_.find(key);
    if (live == by_association_.end()) continue;
    for (const Ledger::EntryId id : live->second) {
      const Entry& entry = ledger_.at(id);
      path.read = path.read && entry.read_boot_ns >= *read_boot_ns &&
                  !entry.details.packet_offload;  // the device's counters lag behind
      path.sas.emplace(
          id, path.direction == xfrm::Direction::in ? entry.newest.packets : entry.newest.bytes);
    }
  }
  evidence_.take(paths, now_);
}

}  // namespace qm::hba

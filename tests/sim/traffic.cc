// What moves counters.
#include <algorithm>

#include "sim/world.h"

namespace qm::sim {

void World::carry(std::uint32_t track, std::uint64_t bytes, std::uint64_t packets, int adapter,
                  bool seen) {
  if (KernelSa* live = kernel_.find(track)) {
    live->sa.counters.bytes += bytes;
    live->sa.counters.packets += packets;
    if (live->sa.use_time_s == 0) live->sa.use_time_s = kernel_.now().unix_s();
  } else {
    kernel_.count_late(track, {bytes, packets});
  }
  if (const Tracked& sa = truth_.at(track); sa.lane != kNone) {
    lane_at(sa.lane).carried[sa.out ? 1 : 0] += packets;
  }
  say("{} bytes on {} of lane {} by {}", bytes, track, truth_.at(track).lane,
      adapter == kNone ? "nobody" : fmt::format("a{}{}", adapter, seen ? "" : " (unseen)"));
  truth_.traffic(track, bytes, packets, adapter, seen, kernel_.now().boot_ns);
}

void World::traffic(int number) {
  const std::vector<Socket*> sockets = sockets_of(number);
  if (!sockets.empty() && !random_.chance(30)) {
    act_on_socket(*sockets[random_.below(static_cast<std::uint32_t>(sockets.size()))]);
    return;
  }
  // What is no connection's: a ping, a socket that is gone.
  const Lane& lane = lane_at(number);
  const bool out = random_.chance(500);
  const auto& generations = out ? lane.outs : lane.ins;
  if (generations.empty()) return;
  // Out goes by the newest; the peer may still use an older one.
  const std::size_t which =
      out ? generations.size() - 1 : random_.below(static_cast<std::uint32_t>(generations.size()));
  const std::uint64_t packets = random_.between(1, 20);
  std::uint64_t bytes = packets * random_.between(40, 1500);
  for (const std::uint32_t track : generations[which]) {
    carry(track, bytes, packets);
    bytes += packets * 24;  // the inner packet's own header
  }
}

void World::fail_integrity(int number) {
  Lane& lane = lane_at(number);
  if (lane.ins.empty()) return;
  const Generation& newest = lane.ins.back();
  const std::uint32_t track = newest[random_.below(static_cast<std::uint32_t>(newest.size()))];
  KernelSa* live = kernel_.find(track);
  if (live == nullptr) return;
  std::uint64_t packets = random_.between(1, 5);
  if (large_bursts_ == 0 && random_.chance(100)) {  // so that the 32 bits wrap within a story
    large_bursts_ = 2;
    packets += 0x7000'0000;
  }
  live->sa.stats.integrity_failed += static_cast<std::uint32_t>(packets);
  live->sa.stats.replay += 1;
  kernel_.errors.in_state_proto_error += packets;
  truth_.integrity_failed(track, packets);
  say("{} packets fail integrity on {}", packets, track);
}

void World::netns_errors() {
  kernel_.errors.in_no_states += random_.below(3);
  kernel_.errors.in_state_proto_error += random_.below(3);
  kernel_.errors.in_state_seq_error += random_.below(3);
}

// SAs of no iSCSI lane: a tunnel beside, say.
void World::stranger() {
  if (!strangers_.empty() && random_.chance(600)) {
    const std::uint32_t position = random_.below(static_cast<std::uint32_t>(strangers_.size()));
    const std::uint32_t track = strangers_[position];
    if (random_.chance(600)) {
      carry(track, random_.between(40, 100'000), 7);
      return;
    }
    kernel_.remove(track);
    truth_.ended(track, kernel_.now().boot_ns);
    strangers_.erase(strangers_.begin() + position);
    return;
  }
  if (strangers_.size() > 5) return;
  const Lane& lane = lane_at(any_lane());
  const Layer layer{xfrm::kEsp, xfrm::Mode::tunnel, 900 + random_.below(2)};
  const bool out = random_.chance(500);
  const std::uint32_t track = truth_.born({.out = out, .proto = layer.proto, .mode = layer.mode});
  kernel_.add(make_sa(lane, layer, out, random_.between(0x100, 0xffff'fff0)), track);
  strangers_.push_back(track);
}

}  // namespace qm::sim

// What IKE daemons, administrators and time do to SAs.
#include <algorithm>

#include "sim/world.h"

namespace qm::sim {
namespace {

constexpr std::size_t kMostGenerations = 6;
constexpr std::uint64_t kInFlightNs = 100'000'000;  // how long a packet may take through a cipher

}  // namespace

xfrm::Sa World::make_sa(const Lane& lane, const Layer& layer, bool out, std::uint32_t spi) {
  const bool tunnel = layer.mode == xfrm::Mode::tunnel;
  const Address& local = tunnel ? lane.outer_local : lane.local;
  const Address& remote = tunnel ? lane.outer_remote : lane.remote;
  xfrm::Sa sa;
  sa.id = {out ? remote : local, spi, layer.proto, {}};
  sa.saddr = out ? local : remote;
  sa.reqid = layer.reqid;
  sa.mode = layer.mode;
  sa.add_time_s = kernel_.now().unix_s();
  sa.replay_window = out ? 0 : lane.replay_window;
  if (layer.proto == xfrm::kEsp) sa.encryption = {"cbc(aes)", 128, 0};
  sa.authentication = {"hmac(sha256)", 256, 128};
  return sa;
}

Tracked World::make_track(int number, std::size_t layer, bool out) const {
  const Lane& lane = lanes_[static_cast<std::size_t>(number)];
  return {.lane = number,
          .out = out,
          .outer = layer > 0,
          .replay = !out && lane.replay_window > 0,
          .proto = lane.layers[layer].proto,
          .mode = lane.layers[layer].mode};
}

// ALLOCSPI for each layer: what strongSwan does first.
void World::begin_negotiation(int number) {
  Lane& lane = lane_at(number);
  if (lane.larvals.size() >= 2) return;
  Generation larvals;
  for (std::size_t i = 0; i < lane.layers.size(); ++i) {
    xfrm::Sa larval = make_sa(lane, lane.layers[i], false, random_.between(0x100, 0xffff'fff0));
    larval.larval = true;
    Tracked track = make_track(number, i, false);
    track.larval = true;
    larvals.push_back(truth_.born(track));
    kernel_.add_larval(larval, larvals.back());
  }
  lane.larvals.push_back(larvals);
  say("lane {}: larval {}", number, larvals.front());
}

// A new SA for each layer; in the place of larvals when there are.
Generation World::install(int number, bool out, const Generation* larvals) {
  Lane& lane = lane_at(number);
  Generation made;
  for (std::size_t i = 0; i < lane.layers.size(); ++i) {
    std::uint32_t spi = random_.between(0x100, 0xffff'fff0);
    if (larvals != nullptr) spi = kernel_.find((*larvals)[i])->sa.id.spi;
    const xfrm::Sa sa = make_sa(lane, lane.layers[i], out, spi);
    const std::uint32_t track = truth_.born(make_track(number, i, out));
    if (larvals != nullptr) {
      truth_.ended((*larvals)[i], kernel_.now().boot_ns);
      kernel_.update(sa, track);
    } else {
      kernel_.add(sa, track);
    }
    made.push_back(track);
  }
  ++lane_at(number).changes;
  say("lane {}: {} {} installed", number, out ? "out" : "in", fmt::join(made, ","));
  (out ? lane.outs : lane.ins).push_back(made);
  if (out) release_held(number);
  return made;
}

void World::finish_negotiation(int number, bool rekey) {
  Lane& lane = lane_at(number);
  if (lane.ins.size() >= kMostGenerations || lane.outs.size() >= kMostGenerations) return;
  Generation larvals;
  if (!lane.larvals.empty()) {
    larvals = lane.larvals.front();
    lane.larvals.erase(lane.larvals.begin());
  }
  const Generation old_out = lane.outs.empty() ? Generation{} : lane.outs.back();
  const bool out_first = random_.chance(300);  // as Libreswan
  Generation out;
  if (out_first) out = install(number, true, nullptr);
  install(number, false, larvals.empty() ? nullptr : &larvals);
  if (!out_first) out = install(number, true, nullptr);
  if (!rekey || old_out.empty()) return;
  truth_.rekeyed(out.front());
  if (!daemon_ || random_.chance(100)) return;
  const xfrm::Sa& sa = kernel_.find(out.front())->sa;
  ike::ChildRekey word;
  word.local = sa.saddr;
  word.remote = sa.id.daddr;
  word.reqid = sa.reqid;
  word.proto = sa.id.proto;
  word.new_spi_out = sa.id.spi;
  words_.push_back({word, out.front()});
}

void World::rekey(int number) {
  Lane& lane = lane_at(number);
  if (lane.outs.empty()) {
    finish_negotiation(number, false);
    return;
  }
  const bool first_style = random_.chance(500);
  say("lane {}: rekey as IKEv{}", number, first_style ? 1 : 2);
  const std::size_t before = lane.outs.size();
  finish_negotiation(number, true);
  if (first_style && lane.outs.size() > before) end_generation(lane.outs, before - 1, false);
}

// One SA's end, by DELSA or a hard EXPIRE.
void World::end(std::uint32_t track, bool by_expiry) {
  const Tracked before = truth_.at(track);
  const std::uint64_t now_ns = kernel_.now().boot_ns;
  const KernelSa* live = kernel_.find(track);
  if (live == nullptr) return;
  const bool used = live->sa.counters.packets > 0;
  if (by_expiry) {
    kernel_.expire(track, true);
  } else {
    kernel_.remove(track);
  }
  truth_.ended(track, now_ns);
  ++lane_at(before.lane).changes;
  say("{} of lane {} {}", track, before.lane, by_expiry ? "expires" : "is deleted");
  if (before.out || !used) return;
  ++natural_gaps_;
  // Packets that were being decrypted are counted after the last word (facts, section 1).
  if (now_ns - before.traffic_ns < kInFlightNs && random_.chance(300)) {
    carry(track, random_.between(40, 3000), 2);
  }
}

void World::end_generation(std::vector<Generation>& of, std::size_t position, bool by_expiry) {
  const Generation gone = of[position];
  of.erase(of.begin() + static_cast<std::ptrdiff_t>(position));
  for (const std::uint32_t track : gone) end(track, by_expiry);
}

void World::delete_something(int number) {
  Lane& lane = lane_at(number);
  auto& of = random_.chance(600) ? lane.ins : lane.outs;
  if (of.empty()) return;
  const std::size_t position =
      random_.chance(700) ? 0 : random_.below(static_cast<std::uint32_t>(of.size()));
  end_generation(of, position, random_.chance(300));
}

void World::terminate(int number) {
  Lane& lane = lane_at(number);
  say("lane {} is terminated", number);
  while (!lane.outs.empty()) end_generation(lane.outs, 0, false);
  while (!lane.ins.empty()) end_generation(lane.ins, 0, false);
}

// Manual keys: deleted and added again with the same SPI, often within the same second.
void World::take_spi_again(int number) {
  // When words get lost, those of its successor would pass for an SA's own.
  if (kernel_.probes.lose > 0) return;
  Lane& lane = lane_at(number);
  const bool out = random_.chance(500);
  auto& of = out ? lane.outs : lane.ins;
  if (of.empty()) return;
  std::vector<std::uint32_t> spis;
  for (const std::uint32_t track : of.back()) spis.push_back(kernel_.find(track)->sa.id.spi);
  end_generation(of, of.size() - 1, false);
  if (random_.chance(300)) kernel_.pass_ns(random_.between(1, 1500) * 1'000'000ULL);
  Generation made;
  for (std::size_t i = 0; i < spis.size(); ++i) {
    const std::uint32_t track = truth_.born(make_track(number, i, out));
    kernel_.add(make_sa(lane, lane.layers[i], out, spis[i]), track);
    made.push_back(track);
    truth_.rekeyed(track);  // the daemon's word on an earlier SA of this SPI may fit it, too
  }
  ++lane_at(number).changes;
  say("lane {}: the same SPI again: {}", number, fmt::join(made, ","));
  of.push_back(made);
}

void World::expire_soft(int number) {
  Lane& lane = lane_at(number);
  auto& of = random_.chance(500) ? lane.ins : lane.outs;
  if (of.empty()) return;
  for (const std::uint32_t track : of.back()) kernel_.expire(track, false);
}

void World::expire_larvals(int number) {
  Lane& lane = lane_at(number);
  if (lane.larvals.empty()) return;
  for (const std::uint32_t track : lane.larvals.front()) {
    kernel_.expire(track, true);
    truth_.ended(track, kernel_.now().boot_ns);
  }
  lane.larvals.erase(lane.larvals.begin());
}

// As strongSwan's update_sa: reads the counters, deletes, adds with what it has read (LTIME_VAL).
void World::move_one(std::uint32_t& track, const Address& local, const Address& remote, bool out) {
  xfrm::Sa sa = kernel_.find(track)->sa;
  if (random_.chance(200)) carry(track, random_.between(40, 900), 1);
  const std::uint64_t hurt = kernel_.messages_hurt();
  kernel_.remove(track);
  if (!out) ++natural_gaps_;
  truth_.ended(track, kernel_.now().boot_ns, true);
  sa.id.daddr = out ? remote : local;
  sa.saddr = out ? local : remote;
  sa.stats = {};
  Tracked next = truth_.at(track);
  next.live = true;
  next.totals = {};
  next.own = {};
  next.ended_ns = next.traffic_ns = 0;  // what is in flight is on its way to the old one
  const std::uint32_t number = truth_.moved_in(next, track, sa.counters.bytes, sa.counters.packets);
  kernel_.add(sa, number);
  if (kernel_.messages_hurt() != hurt || !kernel_.listening()) {
    truth_.moved_unseen(number);
  }
  moves_.push_back(number);
  say("{} is moved and goes on as {}", track, number);
  track = number;
}

void World::move(int number) {
  Lane& lane = lane_at(number);
  if (kernel_.probes.lose > 0) return;  // inbound, it keeps its id: as take_spi_again
  const bool tunnel = lane.layers.front().mode == xfrm::Mode::tunnel;
  if (!tunnel || !lane.larvals.empty()) return;
  Address remote = lane.outer_remote;
  std::uint8_t& last = remote.bytes[remote.family == Family::v6 ? 15 : 3];
  last = static_cast<std::uint8_t>(last == 250 ? 110 : last + 1);
  say("lane {} moves to another address", number);
  const bool policy_first = random_.chance(500);
  lane.outer_remote = remote;
  const auto put_policies = [&] {
    for (const bool out : {true, false}) {
      if (lane.policy[out ? 1 : 0]) set_policy(number, out, true);
    }
  };
  if (policy_first) put_policies();
  for (Generation& each : lane.outs) {
    for (std::uint32_t& track : each) move_one(track, lane.outer_local, remote, true);
  }
  for (Generation& each : lane.ins) {
    for (std::uint32_t& track : each) move_one(track, lane.outer_local, remote, false);
  }
  if (!policy_first) put_policies();
  truth_.claimed[static_cast<std::size_t>(number)] = {};
  // Nobody has a claim on the new addresses yet: the first who makes one gets all of an SA there.
  for (Session& session : sessions_) {
    if (session.lane == number) session.seen = {};
  }
  for (std::uint32_t track = 0; track < truth_.size(); ++track) {
    // Whoever claims the new addresses has no claim on what ended under the old ones.
    Tracked& sa = truth_.at(track);
    if (sa.lane == number && !sa.live && !sa.counts) sa.exempt = true;
  }
  ++lane_at(number).changes;
}

void World::flush() {
  const std::uint8_t protos[] = {0, 0, 255, xfrm::kEsp, xfrm::kAh};
  const std::uint8_t proto = protos[random_.below(5)];
  kernel_.flush(proto);
  for (Lane& lane : lanes_) ++lane.changes;
  say("flush of {}", proto);
  after_flush();
}

void World::after_flush() {
  const auto gone = [&](std::uint32_t track) {
    if (kernel_.find(track) != nullptr) return false;
    // The kernel tells no counters: what nobody had claimed by then stays unknown.
    if (!truth_.at(track).counts) truth_.at(track).exempt = true;
    ++natural_gaps_;  // if the probe's word is lost
    truth_.ended(track, kernel_.now().boot_ns);
    return true;
  };
  for (Lane& lane : lanes_) {
    for (auto* of : {&lane.outs, &lane.ins, &lane.larvals}) {
      // A generation is whole or gone: the rest of a half flushed bundle is deleted.
      std::erase_if(*of, [&](const Generation& each) {
        if (std::ranges::none_of(each, gone)) return false;
        for (const std::uint32_t track : each) {
          if (gone(track)) continue;
          end(track, false);
        }
        return true;
      });
    }
  }
  std::erase_if(strangers_, gone);
}

void World::act_on_sas(bool calm) {
  const int lane = any_lane();
  const std::uint32_t what = random_.below(100);
  if (what < 15) {
    begin_negotiation(lane);
  } else if (what < 35) {
    if (lane_at(lane).outs.empty()) finish_negotiation(lane, false);
  } else if (what < 55) {
    rekey(lane);
  } else if (what < 72) {
    delete_something(lane);
  } else if (what < 76) {
    terminate(lane);
  } else if (what < 82) {
    take_spi_again(lane);
  } else if (what < 86) {
    expire_soft(lane);
  } else if (what < 90) {
    expire_larvals(lane);
  } else if (what < 94) {
    const auto& of = lane_at(lane).ins;
    if (!of.empty()) kernel_.touch(kernel_.find(of.back().front())->sa.id);
  } else if (what < 97) {
    if (!calm) move(lane);
  } else if (what < 98) {
    finish_negotiation(lane, false);  // a duplicate beside what is there: no rekey
  } else if (!faultless_ || kernel_.probes.attached) {
    flush();
  }
}

}  // namespace qm::sim

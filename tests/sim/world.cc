#include "sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace qm::sim {
namespace {

constexpr Time kStart{1'000'000'000'000, kFiletimeOfUnixEpoch + 17'000'000'000'000'000};
constexpr std::size_t kMostSessions = 4;

Address make_address(bool v6, std::uint8_t net, std::uint8_t host) {
  if (!v6) return Address::v4(std::array<std::uint8_t, 4>{10, 7, net, host});
  std::array<std::uint8_t, 16> octets{0xfd, 0x07};
  octets[2] = net;
  octets[15] = host;
  return Address::v6(octets);
}

}  // namespace

World::World(std::uint64_t seed, bool trace)
    : random_(seed),
      trace_(trace),
      faultless_(random_.chance(300)),
      daemon_(random_.chance(600)),
      holding_(random_.chance(250)),
      kernel_(random_, kStart, seed) {
  Random probing(seed * 31);
  if (probing.chance(400)) {
    const auto some = [&](std::uint32_t permille) { return probing.chance(400) ? permille : 0; };
    kernel_.probes = {.attached = true,
                      .closings = probing.chance(800),
                      .late = some(300),
                      .lose = some(30),
                      .repeat = some(50)};
  }
  if (!faultless_) {
    const auto some = [&](std::uint32_t permille) { return random_.chance(400) ? permille : 0; };
    kernel_.faults = {.lose = some(15),
                      .truncate = some(10),
                      .repeat = some(30),
                      .dump_fails = some(250),
                      .read_fails = some(100),
                      .diag_fails = some(200),
                      .diag_skips = some(30)};
  }
  make_lanes();
  Random passing(seed * 37);
  for (Lane& lane : lanes_) {
    if (passing.chance(200)) lane.passed_by = static_cast<int>(passing.below(kMostAdapters));
  }
}

std::uint64_t World::changes() const {
  std::uint64_t all = 0;
  for (const Lane& lane : lanes_) all += lane.changes;
  return all;
}

void World::tell(const std::string& line) const {
  fmt::print("{:10.3f} {}\n", static_cast<double>(kernel_.now().boot_ns - kStart.boot_ns) / 1e9,
             line);
}

void World::make_lanes() {
  const auto count = static_cast<std::uint8_t>(random_.between(1, kMostLanes));
  const bool same_reqid = random_.chance(200);
  for (std::uint8_t i = 0; i < count; ++i) {
    Lane lane;
    const bool v6 = random_.chance(200);
    lane.local = lane.outer_local = make_address(v6, i, 1);
    lane.remote = lane.outer_remote = make_address(v6, i, 2);
    const std::uint32_t reqid = same_reqid ? 1 : 1U + i;
    switch (random_.below(6)) {
      case 0:
      case 1:
        lane.layers = {{xfrm::kEsp, xfrm::Mode::transport, reqid}};
        break;
      case 2:
      case 3:
        lane.layers = {{xfrm::kEsp, xfrm::Mode::tunnel, reqid}};
        lane.outer_local = make_address(v6, i, 101);
        lane.outer_remote = make_address(v6, i, 102);
        break;
      case 4:
        lane.layers = {{xfrm::kAh, xfrm::Mode::transport, reqid}};
        break;
      default:
        lane.layers = {{xfrm::kEsp, xfrm::Mode::transport, reqid},
                       {xfrm::kAh, xfrm::Mode::transport, reqid + 100}};
        break;
    }
    lane.port_in_policy = random_.chance(600);
    const std::uint32_t windows[] = {0, 32, 32, 128};
    lane.replay_window = windows[random_.below(4)];
    lanes_.push_back(std::move(lane));
  }
  for (int i = 0; i < count; ++i) {
    set_policy(i, true, true);
    set_policy(i, false, true);
  }
  for (bool& present : present_) present = random_.chance(700);
}

xfrm::Policy World::make_policy(int number, bool out) const {
  const Lane& lane = lanes_[static_cast<std::size_t>(number)];
  xfrm::Policy policy;
  policy.direction = out ? xfrm::PolicyDirection::out : xfrm::PolicyDirection::in;
  policy.index = (static_cast<std::uint32_t>(number) + 1) * 8 + (out ? 1 : 0);
  policy.priority = 1000;
  const auto bits = static_cast<std::uint8_t>(lane.local.bits());
  policy.selector = {.saddr = out ? lane.local : lane.remote,
                     .daddr = out ? lane.remote : lane.local,
                     .saddr_prefix_bits = bits,
                     .daddr_prefix_bits = bits,
                     .family = lane.local.family,
                     .proto = static_cast<std::uint8_t>(lane.port_in_policy ? 6 : 0)};
  if (lane.port_in_policy) {
    (out ? policy.selector.dport : policy.selector.sport) = 3260;
    (out ? policy.selector.dport_mask : policy.selector.sport_mask) = 0xffff;
  }
  for (const Layer& layer : lane.layers) {
    xfrm::Template wanted{.saddr = {},
                          .daddr = {},
                          .family = lane.local.family,
                          .reqid = layer.reqid,
                          .proto = layer.proto,
                          .mode = layer.mode};
    if (layer.mode == xfrm::Mode::tunnel) {
      wanted.saddr = out ? lane.outer_local : lane.outer_remote;
      wanted.daddr = out ? lane.outer_remote : lane.outer_local;
    }
    policy.templates.push_back(wanted);
  }
  return policy;
}

void World::set_policy(int lane, bool out, bool present) {
  lane_at(lane).policy[out ? 1 : 0] = present;
  const xfrm::Policy policy = make_policy(lane, out);
  if (present) {
    kernel_.put_policy(policy);
  } else {
    kernel_.remove_policy(policy.index, random_.chance(500));
    // What waited for an SA of it waits no more.
    std::erase_if(held_, [&](const UnderWay& each) {
      const Socket* socket = find_socket(each.cookie);
      return out && (socket == nullptr || socket->lane == lane);
    });
  }
  say("lane {}: {} policy {}", lane, out ? "out" : "in", present ? "put" : "removed");
}

// ---- sessions

void World::log_in() {
  if (sessions_.size() >= kMostSessions) return;
  Session session;
  session.sid = next_sid_++;
  session.lane = any_lane();
  session.adapter = static_cast<int>(random_.below(kMostAdapters));
  const int only = lane_at(session.lane).passed_by;
  if (only != kNone) session.adapter = only;
  present_[static_cast<std::size_t>(session.adapter)] = true;
  truth_.use(session.lane, session.adapter);
  sessions_.push_back(session);
  say("session {} of a{} on lane {}", session.sid, session.adapter, session.lane);
  sessions_.back().cookie = open_socket(session.lane, session.adapter, session.sid);
  const Socket* socket = find_socket(sessions_.back().cookie);
  sessions_.back().visible = socket->tcp.counters.out_segments > 0xffff'0000;  // for long, too
}

void World::log_out() {
  if (sessions_.empty()) return;
  const std::uint32_t position = random_.below(static_cast<std::uint32_t>(sessions_.size()));
  say("session {} logs out", sessions_[position].sid);
  if (Socket* socket = find_socket(sessions_[position].cookie)) close_socket(*socket);
  sessions_.erase(sessions_.begin() + position);
}

// Its connection ends, and another begins, or not yet; sysfs has the new ports a little later.
void World::reconnect() {
  if (sessions_.empty()) return;
  Session& session = sessions_[random_.below(static_cast<std::uint32_t>(sessions_.size()))];
  if (Socket* socket = find_socket(session.cookie)) {
    close_socket(*socket);
    if (random_.chance(500)) return;
  }
  session.cookie = open_socket(session.lane, session.adapter, session.sid);
}

iscsi::Inventory World::scan() {
  iscsi::Inventory inventory;
  for (std::size_t i = 0; i < present_.size(); ++i) {
    if (!present_[i]) continue;
    iscsi::Adapter adapter;
    adapter.key = adapter.device_name = fmt::format("a{}", i);
    inventory.adapters.push_back(adapter);
  }
  for (Session& each : sessions_) {
    if (!each.visible) continue;
    const Socket* socket = find_socket(each.cookie);
    if (socket != nullptr && (each.listed == 0 || random_.chance(800))) {
      each.listed = each.cookie;
      each.listed_port = socket->tcp.local.port;
    }
    iscsi::Session session;
    session.sid = each.sid;
    session.adapter_key = fmt::format("a{}", each.adapter);
    session.target = "iqn.2026-11.sim:target";
    const Lane& lane = lane_at(each.lane);
    for (std::size_t out : {0U, 1U}) each.shown[out] = each.shown[out] || lane.policy[out];
    each.matched = lane.policy;
    each.shown_cookie = each.listed;
    session.persistent = {lane.remote, 3260};
    session.connections = {
        {0, {lane.local, each.listed_port}, {lane.remote, 3260}, each.listed == each.cookie}};
    inventory.sessions.push_back(session);
  }
  return inventory;
}

void World::published(bool all_read) {
  moves_.clear();
  if (all_read && large_bursts_ > 0) --large_bursts_;
  for (Session& session : sessions_) {
    session.seen = session.shown;
    session.seen_cookie = session.shown_cookie;
    session.current = session.matched;
  }
}

void World::forget_showing() {
  for (const std::uint32_t number : std::exchange(moves_, {})) truth_.moved_unseen(number);
  for (Session& session : sessions_) {
    session.shown = session.seen;
    session.shown_cookie = session.seen_cookie;
  }
}

std::map<std::pair<int, bool>, std::set<int>> World::claimable() const {
  std::map<std::pair<int, bool>, std::set<int>> found;
  for (const Session& session : sessions_) {
    for (const bool out : {false, true}) {
      if (!session.visible || !session.shown[out ? 1 : 0] ||
          !lanes_[static_cast<std::size_t>(session.lane)].policy[out ? 1 : 0])
        continue;
      found[{session.lane, out}].insert(session.adapter);
    }
  }
  return found;
}

std::vector<RekeyWord> World::take_words() {
  return std::exchange(words_, {});
}

// ---- what happens

void World::pass_time(bool calm) {
  const std::uint32_t kind = random_.below(100);
  std::uint64_t ms = random_.between(1, 400);
  if (kind >= 70) ms = random_.between(400, 5000);
  if (kind >= 97 && !calm) ms = random_.between(20'000, 70'000);
  settle_under_way();  // that takes no time to speak of
  if (ms > 60'000) held_.clear();
  for (Session& session : sessions_) session.visible = session.visible || ms > 300;
  kernel_.pass_ns(ms * 1'000'000);
  if (!faultless_ && random_.chance(20)) {
    const auto seconds = static_cast<std::int64_t>(random_.between(1, 7200)) - 3600;
    kernel_.step_clock(seconds);
    say("the clock steps by {} s", seconds);
  }
}

void World::act_on_surroundings() {
  const std::uint32_t what = random_.below(100);
  if (what < 35) {
    log_in();
  } else if (what < 50) {
    log_out();
  } else if (what < 60) {
    reconnect();
  } else if (what < 75) {
    stranger_connects();
  } else if (what < 92) {
    const int lane = any_lane();
    const bool out = random_.chance(500);
    const bool there = lane_at(lane).policy[out ? 1 : 0];
    set_policy(lane, out, !there || random_.chance(600));
  } else {
    const std::uint32_t adapter = random_.below(kMostAdapters);
    present_[adapter] = !present_[adapter];
  }
}

void World::act(bool calm) {
  if (random_.chance(700)) settle_under_way();
  if (random_.chance(100)) release_held(any_lane());
  for (Session& session : sessions_) {
    session.visible = session.visible || (!calm && random_.chance(500));
  }
  const std::uint32_t what = random_.below(100);
  if (what < 20) {
    pass_time(calm);
  } else if (what < 30) {
    if (!calm) act_on_surroundings();
  } else if (what < 60) {
    traffic(any_lane());
  } else if (what < 64) {
    fail_integrity(any_lane());
  } else if (what < 67) {
    netns_errors();
  } else if (what < 72) {
    stranger();
  } else {
    act_on_sas(calm);
  }
}

}  // namespace qm::sim

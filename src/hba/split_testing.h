// For the tests of Split: two associations, connections on them, and what TCP and the SAs count.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "hba/split.h"

namespace qm::hba {

using Owners = std::set<OwnerId>;

inline constexpr OwnerId kA = 1, kB = 2;
inline constexpr std::uint64_t kMs = 1'000'000;

inline AssociationKey association(xfrm::Direction direction, bool v6 = false) {
  const Address host = *Address::parse(v6 ? "fd00::1" : "10.0.0.1");
  const Address target = *Address::parse(v6 ? "fd00::2" : "10.0.0.2");
  const bool out = direction == xfrm::Direction::out;
  return {.saddr = out ? host : target,
          .daddr = out ? target : host,
          .reqid = 1,
          .if_id = 0,
          .proto = xfrm::kEsp,
          .mode = xfrm::Mode::transport};
}
inline const AssociationKey kIn = association(xfrm::Direction::in);
inline const AssociationKey kOut = association(xfrm::Direction::out);

// TCP's side and the SAs' side of some connections; what is moved moves on both.
class SplitTest : public ::testing::Test {
 protected:
  struct Conn {
    xfrm::TcpConnection tcp;
    OwnerId owner = kUnattributed;
    bool young = false, unclear = false, there = true;
    std::vector<AssociationKey> uses{kIn, kOut};
  };

  SplitTest() { growth_[kIn].live = growth_[kOut].live = true; }

  static Conn conn(std::uint64_t cookie, OwnerId owner, bool young = false) {
    Conn made;
    made.tcp.cookie = cookie;
    made.tcp.local = {*Address::parse("10.0.0.1"), static_cast<std::uint16_t>(40'000 + cookie)};
    made.tcp.remote = {*Address::parse("10.0.0.2"), 3260};
    made.tcp.counted = true;
    made.tcp.timestamps = made.tcp.sack = made.tcp.window_scale = true;
    made.tcp.send_mss = 1448;
    made.owner = owner;
    made.young = young;
    return made;
  }
  void share(const Split::Before& before = {.owner = kA,
                                            .others = false,
                                            .users = {kA},
                                            .read_boot_ns = 0},
             bool told = true) {
    for (const AssociationKey& key : {kIn, kOut}) {
      const auto direction = key == kIn ? xfrm::Direction::in : xfrm::Direction::out;
      ASSERT_TRUE(split_.share(key, {.direction = direction, .told = told}, {kA, kB}, before));
    }
  }

  void sa(const AssociationKey& key, std::uint64_t bytes, std::uint64_t packets) {
    growth_[key].all.bytes += bytes;
    growth_[key].all.packets += packets;
    if (key == kIn) growth_[key].replay_packets += packets;
  }
  void receive(Conn& c, std::uint64_t payload, std::uint32_t segments, std::uint64_t header = 32) {
    tcp_receives(c, payload, segments);
    sa(kIn, payload + segments * header, segments);
  }
  static void tcp_receives(Conn& c, std::uint64_t payload, std::uint32_t segments) {
    c.tcp.counters.received_bytes += payload;
    c.tcp.counters.in_segments += segments;
  }
  void send(Conn& c, std::uint64_t payload, std::uint32_t segments, std::uint64_t header = 32) {
    tcp_sends(c, payload, segments);
    sa(kOut, payload + segments * header, segments);
  }
  static void tcp_sends(Conn& c, std::uint64_t payload, std::uint32_t segments) {
    c.tcp.counters.sent_bytes += payload;
    c.tcp.counters.out_segments += segments;
  }
  void handshake(Conn& c) {
    send(c, 0, 1, 40);
    receive(c, 0, 1, 40);
    send(c, 0, 1);
    c.tcp.counters.acked_bytes = 1;
  }

  Time now() const { return {1'000'000 * kMs + now_ms_ * kMs, 0}; }
  void pass(std::uint64_t ms) { now_ms_ += ms; }
  void read() {
    std::vector<Split::Seen> all;
    for (const Conn* each : conns_) {
      if (each->there)
        all.push_back({each->tcp, each->owner, each->uses, each->young, each->unclear});
    }
    split_.take_reading(all, now());
  }
  Split::GrowthOf growth() {
    return [this](const AssociationKey& key) { return growth_.at(key); };
  }
  // A round in which nothing moves: both readings show the same.
  Split::Outcome round(bool trusted = true) {
    split_.begin_round();
    read();
    split_.begin_sas();
    read();
    return settle(trusted);
  }
  Split::Outcome settle(bool trusted = true) {
    Split::Outcome outcome = split_.settle(growth(), trusted, now().boot_ns, now());
    for (const Split::Grant& each : outcome.grants) {
      granted_[{each.key, each.owner}] += each.bytes;
      replayed_[each.owner] += each.replay_packets;
    }
    for (const Split::Loss& each : outcome.losses) lost_[each.key].insert(each.owner);
    return outcome;
  }
  std::set<OwnerId> open(const AssociationKey& key) const {
    std::set<OwnerId> owners;
    split_.for_each_open([&](OwnerId owner, const AssociationKey& of, const SharedTerms&) {
      if (of == key) owners.insert(owner);
    });
    return owners;
  }
  std::uint64_t granted(const AssociationKey& key, OwnerId owner) { return granted_[{key, owner}]; }

  Split split_;
  std::vector<Conn*> conns_;
  std::map<AssociationKey, SharedGrowth> growth_;
  std::map<std::pair<AssociationKey, OwnerId>, std::uint64_t> granted_;
  std::map<OwnerId, std::uint64_t> replayed_;
  std::map<AssociationKey, std::set<OwnerId>> lost_;
  std::uint64_t now_ms_ = 10'000;
};

// a has used the pair for long and rests; b has just logged in.
class AfterALogin : public SplitTest {
 protected:
  AfterALogin() : a_(conn(1, kA)), b_(conn(2, kB, true)) {
    conns_ = {&a_, &b_};
    a_.tcp.counters = {1'000'000, 500'000, 600'000, 100, 900, 800};
    a_.tcp.data_sent_ms = a_.tcp.data_received_ms = a_.tcp.ack_received_ms = 9'000;
    handshake(b_);
    share(
        {.owner = kA, .others = false, .users = {kA}, .read_boot_ns = now().boot_ns - 1000 * kMs});
  }
  // The probe on its end says so; the segment may have had no timestamps.
  void resets_b() {
    b_.there = false;
    split_.take_final({b_.tcp, kB, b_.uses, false, false}, true, now());
  }
  Conn a_, b_;
};

}  // namespace qm::hba

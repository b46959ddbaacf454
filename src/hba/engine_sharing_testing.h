// For the engine's tests of sharing: two adapters on one pair of SAs, and what TCP says of them.
#pragma once

#include <string_view>
#include <vector>

#include "hba/engine_testing.h"

namespace qm::hba {

inline const AssociationKey kOutbound{kHost, kTarget, 1, 0, xfrm::kEsp, xfrm::Mode::transport};

inline constexpr Quality kAtLeastShared{QM_AT_LEAST, QM_REASON_SHARED_SA};

// a has used the pair for long and rests; b logs in. What is moved moves on TCP and on the SAs.
class EngineSharing : public EngineTest {
 protected:
  EngineSharing() {
    sync({out(), in()});
    step(2);
    engine_.set_inventory(inventory({"a"}));
    refresh({out(), in()});
    step(1);
    both_ = inventory({"a", "b"});
    for (std::size_t i = 0; i < 2; ++i) connect(both_.sessions[i]);
    tcp_[kA].counters = {.received_bytes = 5000,
                         .acked_bytes = 4001,
                         .sent_bytes = 4000,
                         .in_segments = 50,
                         .out_segments = 40};
    tcp_[kA].data_sent_ms = tcp_[kA].data_received_ms = tcp_[kA].ack_received_ms = 9000;
    engine_.set_inventory(both_);
  }

  static constexpr std::size_t kA = 0, kB = 1, kC = 2, kD = 3;
  // TCP's side of a session.
  void connect(const iscsi::Session& session) {
    xfrm::TcpConnection& each = tcp_.emplace_back();
    each.cookie = ++cookies_;
    each.counted = each.timestamps = each.sack = each.window_scale = true;
    each.send_mss = 1448;
    each.local = session.connections[0].local;
    each.remote = session.connections[0].remote;
  }
  static xfrm::Sa with_failures(xfrm::Sa made, std::uint32_t failed) {
    made.stats.integrity_failed = failed;
    return made;
  }
  xfrm::Sa out() const { return with(sa(true, 1, 150), out_.bytes, out_.packets); }
  xfrm::Sa in() const {
    return with_failures(with(sa(false, 2, 150), in_.bytes, in_.packets), failed_);
  }

  void sends(std::size_t who, std::uint64_t payload, std::uint32_t segments, unsigned header = 32) {
    tcp_[who].counters.sent_bytes += payload;
    tcp_[who].counters.out_segments += segments;
    out_.bytes += payload + std::uint64_t{segments} * header;
    out_.packets += segments;
  }
  void receives(std::size_t who, std::uint64_t payload, std::uint32_t segments,
                unsigned header = 32) {
    tcp_[who].counters.received_bytes += payload;
    tcp_[who].counters.in_segments += segments;
    in_.bytes += payload + std::uint64_t{segments} * header;
    in_.packets += segments;
  }
  void logs_in(std::size_t who) {
    sends(who, 0, 1, 40);
    receives(who, 0, 1, 40);
    sends(who, 0, 1);
    tcp_[who].counters.acked_bytes = 1;
  }

  // A refresh at rest: both readings of the connections show the same.
  Report round(const xfrm::ProbeReading& probes = {}) {
    engine_.attribute();
    engine_.take_connections(tcp_);
    engine_.begin_reading();
    engine_.set_source(Engine::Source::read);
    engine_.on_sa(out(), false, 1);
    engine_.on_sa(in(), false, 1);
    for (const xfrm::Sa& each : more_) engine_.on_sa(each, false, 1);
    engine_.set_source(Engine::Source::event);
    if (engine_.wants_connections()) engine_.take_connections(tcp_);
    engine_.take_closed(probes);
    if (failing_) engine_.reading_failed();
    engine_.conclude();
    step(clock_stands_ ? 0 : 1);
    return engine_.report();
  }
  static Quality quality(const Report& report, std::string_view name, CounterId id) {
    return adapter(report, name).qualities[id - 1U];
  }
  // Of four adapters, those that have sessions.
  iscsi::Inventory sessions_of(const std::vector<std::size_t>& who) const {
    const iscsi::Inventory all = inventory({"a", "b", "c", "d"});
    iscsi::Inventory made = all;
    made.sessions.clear();
    for (const std::size_t each : who) made.sessions.push_back(all.sessions[each]);
    return made;
  }
  // That nobody has sent, as far as TCP says.
  void unknown_is_sent(std::uint64_t bytes) {
    out_.bytes += bytes;
    ++out_.packets;
  }
  static Quality sent(const Report& report, std::string_view name) {
    return quality(report, name, kConfidentialBytesSent);
  }
  // What each has, and whether that is said to be all.
  static void expect_bytes(const Report& report, std::string_view name, std::uint64_t sent,
                           std::uint64_t received, Quality said = {}) {
    const AdapterReport& each = adapter(report, name);
    EXPECT_EQ(each.totals[kConfidentialBytesSent], sent) << name;
    EXPECT_EQ(each.totals[kTransportBytesSent], sent) << name;
    EXPECT_EQ(each.totals[kConfidentialBytesReceived], received) << name;
    EXPECT_EQ(quality(report, name, kConfidentialBytesSent), said) << name;
    EXPECT_EQ(quality(report, name, kConfidentialBytesReceived), said) << name;
    expect_sums(report);
  }

  iscsi::Inventory both_;
  std::vector<xfrm::TcpConnection> tcp_;
  xfrm::Counters out_{4000, 40}, in_{5000, 50};
  std::vector<xfrm::Sa> more_;  // SAs, as they are read
  std::uint32_t failed_ = 0;
  bool failing_ = false, clock_stands_ = false;

 private:
  std::uint64_t cookies_ = 0;
};

}  // namespace qm::hba

// For the engine's tests: one target, its SAs and policies, and the steps of a collector's refresh.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "hba/engine.h"
#include "hba/ledger_state.h"

namespace qm::hba {

inline constexpr std::uint64_t kSecond = 1'000'000'000;
inline constexpr std::string_view kBoot = "11111111-2222-3333-4444-555555555555";

inline Address address(std::string_view text) {
  return *Address::parse(text);
}

inline const Address kHost = address("10.0.0.1");
inline const Address kTarget = address("10.0.0.2");

inline xfrm::Sa sa(bool out, std::uint32_t spi, std::uint64_t add_time_s) {
  xfrm::Sa made;
  made.id = {out ? kTarget : kHost, spi, xfrm::kEsp, {}};
  made.saddr = out ? kHost : kTarget;
  made.reqid = 1;
  made.add_time_s = add_time_s;
  made.replay_window = out ? 0 : 32;
  made.encryption = {"cbc(aes)", 128, 0};
  made.authentication = {"hmac(sha256)", 256, 128};
  return made;
}

inline xfrm::Sa with(xfrm::Sa made, std::uint64_t bytes, std::uint64_t packets) {
  made.counters = {bytes, packets};
  return made;
}

inline xfrm::Policy policy(bool out) {
  xfrm::Policy made;
  made.index = out ? 9 : 16;
  made.direction = out ? xfrm::PolicyDirection::out : xfrm::PolicyDirection::in;
  made.selector = {.saddr = out ? kHost : kTarget,
                   .daddr = out ? kTarget : kHost,
                   .saddr_prefix_bits = 32,
                   .daddr_prefix_bits = 32,
                   .family = Family::v4,
                   .proto = 6};
  (out ? made.selector.dport : made.selector.sport) = 3260;
  (out ? made.selector.dport_mask : made.selector.sport_mask) = 0xffff;
  made.templates = {
      {.saddr = {}, .daddr = {}, .family = Family::v4, .reqid = 1, .proto = xfrm::kEsp}};
  return made;
}

inline iscsi::Inventory inventory(const std::vector<std::string>& adapters, bool sessions = true) {
  iscsi::Inventory made;
  std::uint32_t sid = 1;
  for (const std::string& name : adapters) {
    iscsi::Adapter adapter;
    adapter.key = adapter.device_name = name;
    made.adapters.push_back(adapter);
    if (!sessions) continue;
    iscsi::Session session;
    session.sid = sid++;
    session.adapter_key = name;
    session.target = "iqn.2026-11.lab:" + name;
    session.persistent = {kTarget, 3260};
    session.connections = {
        {0, {kHost, static_cast<std::uint16_t>(40'000 + sid)}, {kTarget, 3260}, true}};
    made.sessions.push_back(session);
  }
  return made;
}

// An IKE daemon's word on the outbound SA that replaced another.
inline ike::ChildRekey rekey_word(std::uint32_t spi_out) {
  ike::ChildRekey rekey;
  rekey.local = kHost;
  rekey.remote = kTarget;
  rekey.reqid = 1;
  rekey.proto = xfrm::kEsp;
  rekey.new_spi_out = spi_out;
  return rekey;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : engine_(at(100)) {
    engine_.set_kernel(true, "");
    step(100);
  }
  static Time at(std::uint64_t seconds) {
    return {seconds * kSecond, kFiletimeOfUnixEpoch + seconds * 10'000'000};
  }
  void begin_anew() {
    engine_ = Engine(at(now_s_));
    engine_.set_kernel(true, "");
  }
  void step(std::uint64_t seconds) {
    now_s_ += seconds;
    engine_.set_time(at(now_s_));
  }
  void sync(const std::vector<xfrm::Sa>& live, bool with_policies = true) {
    engine_.begin_sync();
    engine_.set_source(Engine::Source::dump);
    if (with_policies) {
      engine_.on_policy(policy(true), 1);
      engine_.on_policy(policy(false), 1);
    }
    for (const xfrm::Sa& each : live) engine_.on_sa(each, false, 1);
    engine_.set_source(Engine::Source::event);
    engine_.end_sync();
  }
  Report refresh(const std::vector<xfrm::Sa>& readings = {}) {
    engine_.attribute();
    engine_.set_source(Engine::Source::read);
    for (const xfrm::Sa& each : readings) engine_.on_sa(each, false, 1);
    engine_.set_source(Engine::Source::event);
    engine_.conclude();
    return engine_.report();
  }
  // The collector anew, with what it has written; it knows its sessions.
  void restart() {
    const std::vector<std::byte> state = LedgerState::save(engine_, kBoot);
    begin_anew();
    ASSERT_TRUE(LedgerState::load(state, kBoot, engine_));
    engine_.set_inventory(inventory({"a"}));
  }
  static const AdapterReport& adapter(const Report& report, std::string_view name) {
    for (const AdapterReport& each : report.adapters) {
      if (each.device_name == name) return each;
    }
    ADD_FAILURE() << "no adapter " << name;
    return report.adapters.front();
  }
  static void expect_sums(const Report& report) {
    Totals sum = report.host.unattributed;
    for (const AdapterReport& each : report.adapters) sum += each.totals;
    EXPECT_EQ(sum, report.host.totals);
  }

  std::uint64_t now_s_ = 0;
  Engine engine_;
};

}  // namespace qm::hba

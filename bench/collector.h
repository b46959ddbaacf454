// A collector's engine with what sa_dump.h's dump shows it: of all SAs those of one peer, eight,
// serve iSCSI.
#pragma once

#include <utility>

#include "hba/engine.h"
#include "sa_dump.h"
#include "xfrm/codec.h"

namespace qm::bench {

inline constexpr std::uint32_t kOurReqid = 4711;

inline xfrm::Sa recorded_sa() {
  class First : public xfrm::SilentSink {
   public:
    void on_sa(const xfrm::Sa& sa, bool, std::uint32_t) override { first = sa; }
    xfrm::Sa first;
  } sink;
  Dump dump(1);
  xfrm::decode(dump.receive(), sink);
  return sink.first;
}

// Covers what the SAs of the dump's first peer carry.
inline xfrm::Policy iscsi_policy(const xfrm::Sa& sa, std::uint32_t reqid) {
  xfrm::Policy policy;
  policy.index = 9;
  policy.direction = xfrm::PolicyDirection::out;
  const auto bits = static_cast<std::uint8_t>(sa.saddr.family == Family::v4 ? 32 : 128);
  policy.selector = {.saddr = sa.saddr,
                     .daddr = sa.id.daddr,
                     .saddr_prefix_bits = bits,
                     .daddr_prefix_bits = bits,
                     .family = sa.saddr.family,
                     .proto = 6};
  policy.templates = {
      {.saddr = {}, .daddr = {}, .family = sa.saddr.family, .reqid = reqid, .proto = sa.id.proto}};
  return policy;
}

inline iscsi::Inventory iscsi_session(const xfrm::Sa& sa) {
  iscsi::Inventory inventory;
  iscsi::Adapter adapter;
  adapter.key = adapter.device_name = "a";
  inventory.adapters.push_back(adapter);
  iscsi::Session session;
  session.sid = 1;
  session.adapter_key = "a";
  session.connections = {{0, {sa.saddr, 40'000}, {sa.id.daddr, 3260}, true}};
  inventory.sessions.push_back(session);
  return inventory;
}

struct Collector {
  explicit Collector(std::uint32_t reqid) : policy(iscsi_policy(recorded_sa(), reqid)) {
    engine.set_kernel(true, "");
    engine.set_inventory(iscsi_session(recorded_sa()));
  }
  void sync(Dump& dump) {
    dump.rewind();
    engine.begin_sync();
    engine.set_source(hba::Engine::Source::dump);
    engine.on_policy(policy, 0);
    for (Bytes datagram = dump.receive(); !datagram.empty(); datagram = dump.receive()) {
      xfrm::decode(datagram, engine);
    }
    engine.set_source(hba::Engine::Source::event);
    engine.end_sync();
  }

  xfrm::Policy policy;
  hba::Engine engine{{1'000'000'000, kFiletimeOfUnixEpoch + 1}};
};

}  // namespace qm::bench

// The whole way of an SA on a dump: decoding, table, ledger and attribution, by the collector's own
// engine (sa_dump.h has the dump). Of all SAs those of one peer, eight, serve iSCSI.
//
//   first_sync   an engine that starts: everything is new to it
//   next_sync    and finds all of them again: target 40 ns an SA at 100k, 80 ns at 1M, above
//                receiving
//   same_reqid   the worst that a host can be: all SAs have the reqid of the iSCSI policy, so that
//                each must be looked up among the associations
//
// The figures below the table are nanoseconds of processor time an SA.
#include <utility>

#include "hba/engine.h"
#include "sa_dump.h"
#include "xfrm/codec.h"

namespace {

using namespace qm;
using namespace qm::bench;

constexpr std::uint32_t kOurReqid = 4711;

xfrm::Sa recorded_sa() {
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
xfrm::Policy iscsi_policy(const xfrm::Sa& sa, std::uint32_t reqid) {
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

iscsi::Inventory iscsi_session(const xfrm::Sa& sa) {
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

void first_sync(benchmark::State& state) {
  Dump dump(static_cast<std::size_t>(state.range(0)));
  if (!dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  for (auto _ : state) {
    Collector collector(kOurReqid);
    collector.sync(dump);
  }
}

void next_sync_with(benchmark::State& state, std::uint32_t reqid) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Dump dump(count);
  if (!dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  Collector collector(reqid);
  hba::Engine& engine = collector.engine;
  collector.sync(dump);
  engine.attribute();
  engine.conclude();
  for (auto _ : state) collector.sync(dump);
  if (engine.sas().size() != count) state.SkipWithError("not all SAs are in the table");
  state.counters["serving_iscsi"] = static_cast<double>(engine.sas_to_read().size());
}

void next_sync(benchmark::State& state) {
  next_sync_with(state, kOurReqid);
}
void same_reqid(benchmark::State& state) {
  next_sync_with(state, recorded_sa().reqid);
}

BENCHMARK(receive)->Apply(repeated);
BENCHMARK(touch)->Apply(repeated);
BENCHMARK(first_sync)->Apply(repeated);
BENCHMARK(next_sync)->Apply(repeated);
BENCHMARK(same_reqid)->Apply(repeated);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  WithRatios reporter({{"first_sync"}, {"next_sync", 40, 80}, {"same_reqid"}});
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

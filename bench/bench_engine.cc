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
#include "collector.h"

namespace {

using namespace qm;
using namespace qm::bench;

void first_sync(benchmark::State& state) {
  Dump dump(static_cast<std::size_t>(state.range(0)));
  if (!dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  for (auto _ : state) {
    Collector collector(kOurReqid);
    collector.sync(dump);
  }
}

void sync_again(benchmark::State& state, Dump dump, std::uint32_t reqid) {
  const auto count = static_cast<std::size_t>(state.range(0));
  if (!dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  Collector collector(reqid);
  hba::Engine& engine = collector.engine;
  collector.sync(dump);
  engine.attribute();
  engine.conclude();
  for (auto _ : state) collector.sync(dump);
  if (engine.sas().size() != count) state.SkipWithError("not all SAs are in the table");
  if (engine.sas_to_read().size() != 8) state.SkipWithError("eight SAs should serve iSCSI");
}

void next_sync(benchmark::State& state) {
  sync_again(state, Dump(static_cast<std::size_t>(state.range(0)), false, kOurReqid), kOurReqid);
}
void same_reqid(benchmark::State& state) {
  sync_again(state, Dump(static_cast<std::size_t>(state.range(0))), recorded_sa().reqid);
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

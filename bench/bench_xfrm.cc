// Decoding SAs and keeping them, on a dump of as many distinct SAs (sa_dump.h).
//
//   receive              copies each datagram into one buffer, as recvmsg does
//   touch                and adds up its bytes: the least that any reader costs
//   decode_only          receives, and decodes into a sink that keeps nothing
//   first_dump           receives, decodes, and fills an empty table, which grows
//   first_dump_reserved  the same, with room made beforehand
//   next_dump            the same, and finds all of them in the table: target 30 ns an SA at 100k,
//                        60 ns at 1M, above receiving
//   scattered            the same in random order, as events come
//
// The figures below the table are nanoseconds of processor time an SA.
#include "sa_dump.h"
#include "xfrm/ahead.h"
#include "xfrm/codec.h"
#include "xfrm/tables.h"

namespace {

using namespace qm;
using namespace qm::bench;
using namespace qm::xfrm;

class Keeping : public SilentSink {
 public:
  explicit Keeping(SaTable& table) : table_(table) {}
  void on_datagram(Bytes datagram) override { prefetch_datagram(datagram, table_); }
  void on_sa(const Sa& sa, bool updated, std::uint32_t) override {
    benchmark::DoNotOptimize(table_.upsert(sa, updated));
  }
  void on_malformed(std::uint16_t, std::string_view) override { ++malformed; }
  std::size_t malformed = 0;

 private:
  SaTable& table_;
};

class Glancing : public SilentSink {
 public:
  void on_sa(const Sa& sa, bool, std::uint32_t) override { benchmark::DoNotOptimize(&sa); }
};

void decode_only(benchmark::State& state) {
  Dump dump(static_cast<std::size_t>(state.range(0)));
  Glancing sink;
  over_dumps(state, dump, [&](Bytes datagram) { decode(datagram, sink); });
}

void fill(SaTable& table, Dump& dump) {
  Keeping sink(table);
  dump.rewind();
  for (Bytes datagram = dump.receive(); !datagram.empty(); datagram = dump.receive()) {
    decode(datagram, sink);
  }
}

void first_dump_into(benchmark::State& state, bool reserved) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Dump dump(count);
  if (!dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  for (auto _ : state) {
    SaTable table;
    if (reserved) table.reserve(count);
    fill(table, dump);
    if (table.size() != count) return state.SkipWithError("not all SAs are in the table");
  }
}

void first_dump(benchmark::State& state) {
  first_dump_into(state, false);
}
void first_dump_reserved(benchmark::State& state) {
  first_dump_into(state, true);
}

void next_dump_in(benchmark::State& state, bool scattered) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Dump first(count);
  Dump next(count, scattered);
  SaTable table;
  if (first.usable()) fill(table, first);
  Keeping sink(table);
  over_dumps(state, next, [&](Bytes datagram) { decode(datagram, sink); });
  if (table.size() != count || sink.malformed != 0) state.SkipWithError("an SA was not found");
  state.counters["bytes_per_sa"] =
      static_cast<double>(table.memory_bytes()) / static_cast<double>(count);
}

void next_dump(benchmark::State& state) {
  next_dump_in(state, false);
}
void scattered(benchmark::State& state) {
  next_dump_in(state, true);
}

BENCHMARK(receive)->Apply(repeated);
BENCHMARK(touch)->Apply(repeated);
BENCHMARK(decode_only)->Apply(repeated);
BENCHMARK(first_dump)->Apply(repeated);
BENCHMARK(first_dump_reserved)->Apply(repeated);
BENCHMARK(next_dump)->Apply(repeated);
BENCHMARK(scattered)->Apply(repeated);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  WithRatios reporter({{"decode_only"},
                       {"first_dump"},
                       {"first_dump_reserved"},
                       {"next_dump", 30, 60},
                       {"scattered"}});
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

// WQL over a million instances of the seed's class, beside what the memory allows: a loop that
// reads the same item of each block, compiled for this one question.
//
//   bare_scan     blocks at the same stride, one comparison each              its limit
//   scan          SELECT … WHERE ActiveSA > n, run whole         target: ≥ 50 % of bare_scan
//   scan_three    three comparisons, AND and OR
//   look_up       WHERE InstanceName = "…", after the first
//   prepare       a query's text to its plan
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "wmi/source_testing.h"
#include "wmi/wql.h"

namespace {

using namespace qm::wmi;

constexpr std::size_t kInstances = 1'000'000;
constexpr std::uint64_t kFew = 999'000;  // ActiveSA is the index: a thousandth fits

struct Stage {
  std::shared_ptr<const Repository> repository = Repository::built_in().value();
  std::shared_ptr<const Snapshot> snapshot;

  Stage() {
    const ClassEntry& stats = *repository->find("MSiSCSI_QMIPSECStats");
    FakeSource source;
    BlockBuilder block(stats);
    std::vector<MadeInstance> instances;
    instances.reserve(kInstances);
    for (std::size_t i = 0; i < kInstances; ++i) {
      block.set<std::uint64_t>("ActiveSA", i);
      block.set<std::uint64_t>("ReKeys", i % 7);
      instances.push_back({"SIM\\ADAPTER\\" + std::to_string(i) + "_0", "", true, block.block(),
                           block.qualities()});
    }
    source.publish(source.add(stats, "bench", 1), {5, 6}, std::move(instances));
    Snapshots snapshots(repository, source, {});
    snapshot = snapshots.take({}, {});
  }
};

const Stage& stage() {
  static const Stage made;
  return made;
}

void run_query(benchmark::State& state, const std::string& text, std::size_t per_run) {
  qm::Diagnostics diagnostics;
  const auto plan = wql::prepare(text, stage().repository, {}, diagnostics);
  if (!plan) return state.SkipWithError(diagnostics.text().c_str());
  benchmark::DoNotOptimize(wql::run(*plan, stage().snapshot));
  for (auto _ : state) benchmark::DoNotOptimize(wql::run(*plan, stage().snapshot));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(per_run));
}

void bare_scan(benchmark::State& state) {
  const auto& generation = stage().snapshot->parts.front()->generation;
  const std::size_t stride = generation.instances.front().block.size();
  for (auto _ : state) {
    std::vector<std::uint32_t> found;
    const std::byte* at = generation.storage.data();
    for (std::size_t i = 0; i < kInstances; ++i, at += stride) {
      std::uint64_t value = 0;
      std::memcpy(&value, at, sizeof value);
      if (value > kFew) found.push_back(static_cast<std::uint32_t>(i));
    }
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kInstances));
}
BENCHMARK(bare_scan)->Unit(benchmark::kMillisecond);

void scan(benchmark::State& state) {
  run_query(state, "SELECT * FROM MSiSCSI_QMIPSECStats WHERE ActiveSA > 999000", kInstances);
}
BENCHMARK(scan)->Unit(benchmark::kMillisecond);

void scan_three(benchmark::State& state) {
  run_query(state,
            "SELECT * FROM MSiSCSI_QMIPSECStats WHERE ActiveSA > 999000 AND ReKeys = 3 OR "
            "TunnelBytesSent <> 0",
            kInstances);
}
BENCHMARK(scan_three)->Unit(benchmark::kMillisecond);

void look_up(benchmark::State& state) {
  run_query(state,
            "SELECT * FROM MSiSCSI_QMIPSECStats WHERE ActiveSA > 5 AND InstanceName = "
            "'sim\\\\adapter\\\\777777_0'",
            1);
}
BENCHMARK(look_up);

void prepare(benchmark::State& state) {
  for (auto _ : state) {
    qm::Diagnostics diagnostics;
    benchmark::DoNotOptimize(
        wql::prepare("SELECT InstanceName, ReKeys FROM MSiSCSI_QMIPSECStats WHERE ReKeys > 0",
                     stage().repository, {}, diagnostics));
  }
}
BENCHMARK(prepare);

}  // namespace

BENCHMARK_MAIN();

// /metrics of many adapters: samples a second on one core, beside the limit (memcpy of the same
// bytes, into memory that is there already, and into fresh memory) and beside prometheus-cpp with
// the same families, where that is installed. The page must reach 5 M samples a second, and should
// 20 M.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "metrics/page.h"
#include "metrics/page_testing.h"

#ifdef QM_PROMETHEUS_CPP
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#endif

namespace qm::metrics {
namespace {

constexpr std::string_view kClass = "MSiSCSI_QMIPSECStats";
constexpr int kAdapters = 10'000;

std::uint64_t number_of(int adapter, std::uint64_t counter) {
  // Of all lengths up to 13 digits: bytes that were moved, and errors that were few.
  return (static_cast<std::uint64_t>(adapter) * 2'654'435'761U) * counter >> (counter * 3 % 30);
}

MadeHost& host_of(int adapters) {
  static std::map<int, std::unique_ptr<MadeHost>> hosts;
  std::unique_ptr<MadeHost>& host = hosts[adapters];
  if (host) return *host;
  host = std::make_unique<MadeHost>(wmi::Repository::built_in().value());
  std::vector<wmi::MadeInstance> instances;
  for (int i = 0; i < adapters; ++i) {
    wmi::BlockBuilder block = host->block(kClass);
    std::uint64_t counter = 0;
    for (const wmi::PropertyEntry& entry : host->entry(kClass).properties) {
      if (entry.origin == wmi::Origin::data) {
        block.set(entry.property->name, number_of(i, ++counter));
      }
    }
    instances.push_back(MadeHost::instance(fmt::format("SIM\\ISCSI\\ADAPTER{:05}_0", i), block));
  }
  host->publish(kClass, std::move(instances), "bench");
  return *host;
}

void tell(benchmark::State& state, std::uint64_t samples, std::size_t bytes) {
  state.counters["samples/s"] = benchmark::Counter(static_cast<double>(samples),
                                                   benchmark::Counter::kIsIterationInvariantRate);
  state.counters["bytes/s"] =
      benchmark::Counter(static_cast<double>(bytes), benchmark::Counter::kIsIterationInvariantRate);
}

// As serve makes them: every page after the first one, of numbers that have all changed.
void page(benchmark::State& state, Format format) {
  MadeHost& host = host_of(static_cast<int>(state.range(0)));
  const auto snapshot = host.snapshot();
  Renderer renderer(host.shared_plan());
  Page made = renderer.classes(*snapshot, format).value_or(Page{});
  for (auto _ : state) {
    made =
        renderer.classes(*snapshot, format, kMostPageBytes, std::move(made.text)).value_or(Page{});
    benchmark::DoNotOptimize(made.text.data());
  }
  tell(state, made.samples, made.text.size());
}
BENCHMARK_CAPTURE(page, prometheus, Format::prometheus)->Arg(10)->Arg(kAdapters);
BENCHMARK_CAPTURE(page, open_metrics, Format::open_metrics)->Arg(kAdapters);

// The first one, when nothing is known of labels and there is no memory to write to.
void first_page(benchmark::State& state) {
  MadeHost& host = host_of(kAdapters);
  const auto snapshot = host.snapshot();
  Page made;
  for (auto _ : state) {
    made = {};
    made = Renderer(host.shared_plan()).classes(*snapshot, Format::prometheus).value_or(Page{});
    benchmark::DoNotOptimize(made.text.data());
  }
  tell(state, made.samples, made.text.size());
}
BENCHMARK(first_page);

// The limit: no page can be made faster than its bytes can be written.
void copy_of_the_same_bytes(benchmark::State& state, bool fresh) {
  MadeHost& host = host_of(kAdapters);
  const Page made =
      Renderer(host.shared_plan()).classes(*host.snapshot(), Format::prometheus).value_or(Page{});
  std::string copy = made.text;
  for (auto _ : state) {
    if (fresh) copy = std::string();
    copy.assign(made.text);
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  tell(state, made.samples, made.text.size());
}
BENCHMARK_CAPTURE(copy_of_the_same_bytes, memory_that_is_there, false);
BENCHMARK_CAPTURE(copy_of_the_same_bytes, fresh_memory, true);

#ifdef QM_PROMETHEUS_CPP
// The same families with the same labels and numbers; what it does at a scrape is measured, not
// what it takes to keep its metrics up to date.
void prometheus_cpp(benchmark::State& state) {
  MadeHost& host = host_of(kAdapters);
  const ClassPlan& plan = *host.plan().find(host.entry(kClass));
  prometheus::Registry registry;
  std::uint64_t samples = 0;
  for (const Family& family : plan.families) {
    auto& gauges = prometheus::BuildGauge().Name(family.name).Help("help").Register(registry);
    auto& counters =
        prometheus::BuildCounter().Name(family.name + "_total").Help("help").Register(registry);
    for (std::size_t series = 0; series < family.series.size(); ++series) {
      for (int i = 0; i < kAdapters; ++i) {
        prometheus::Labels labels = {{"adapter", fmt::format("ADAPTER{:05}", i)},
                                     {"driver", "bench"}};
        if (family.series.size() > 1) {
          labels.insert(
              {{"protocol", "esp"}, {"mode", "all"}, {"direction", fmt::format("{}", series)}});
        }
        const auto value = static_cast<double>(number_of(i, samples % 18 + 1));
        if (family.kind == Kind::counter) {
          counters.Add(labels).Increment(value);
        } else {
          gauges.Add(labels).Set(value);
        }
        ++samples;
      }
    }
  }
  const prometheus::TextSerializer serializer;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = serializer.Serialize(registry.Collect());
    bytes = text.size();
    benchmark::DoNotOptimize(text.data());
  }
  tell(state, samples, bytes);
}
BENCHMARK(prometheus_cpp)->Unit(benchmark::kMillisecond)->MinTime(0.1);
#else
void prometheus_cpp(benchmark::State& state) {
  state.SkipWithError("prometheus-cpp is not installed (scripts/install-deps.sh bench)");
}
BENCHMARK(prometheus_cpp);
#endif

}  // namespace
}  // namespace qm::metrics

BENCHMARK_MAIN();

// WS-Management without HTTP: requests answered a second on one core, of the class with 64
// adapters, beside the limit (memcpy of the same bytes). An optimized Enumerate must reach 40,000 a
// second.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "adapters.h"
#include "wmi/source_testing.h"
#include "wsman/asking_testing.h"
#include "wsman/service.h"

namespace qm::wsman {
namespace {

constexpr std::string_view kClass = kBenchClass;

class Host {
 public:
  explicit Host(int adapters)
      : repository_(wmi::Repository::built_in().value()), snapshots_(repository_, source_, {}) {
    const wmi::ClassEntry& the_class = *repository_->find(kClass);
    source_.publish(source_.add(the_class, "bench", 1), {5, 6}, made_adapters(the_class, adapters));
  }

  std::string answer(std::string_view body) {
    Question question;
    question.content_type = "application/soap+xml;charset=UTF-8";
    question.body = body;
    question.client = "bench";
    question.now = {1'000'000'000, 134'000'000'000'000'000};
    question.repository = repository_;
    question.snapshot = [this](auto classes) { return snapshots_.take(classes, {}); };
    return service_.answer(question).body.whole();
  }

 private:
  std::shared_ptr<const wmi::Repository> repository_;
  wmi::FakeSource source_;
  wmi::Snapshots snapshots_;
  Service service_{"HOST", "0.1.0"};
};

void answer(benchmark::State& state, const Asking& asking) {
  Host host(64);
  const std::string text = asking.text();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string said = host.answer(text);
    bytes = said.size();
    benchmark::DoNotOptimize(said.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void copy_of_the_answer(benchmark::State& state) {
  const std::string said =
      Host(64).answer(enumerate(std::string(kAllAtOnce), kClass.data()).text());
  std::string copy(said.size(), ' ');
  for (auto _ : state) {
    std::memcpy(copy.data(), said.data(), said.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(said.size()));
}
BENCHMARK(copy_of_the_answer);

void enumerate_all(benchmark::State& state) {
  answer(state, enumerate(std::string(kAllAtOnce), kClass.data()));
}
BENCHMARK(enumerate_all);

void enumerate_query(benchmark::State& state) {
  answer(state, enumerate(std::string(kAllAtOnce) +
                              wql_filter("SELECT * FROM MSiSCSI_QMIPSECStats WHERE InstanceName = "
                                         "'SIM\\\\ISCSI\\\\ADAPTER00031_0'"),
                          "*"));
}
BENCHMARK(enumerate_query);

void get_one(benchmark::State& state) {
  Asking asking;
  asking.uri = std::string(kTestUri) + std::string(kClass);
  asking.headers = selectors(selector("InstanceName", "SIM\\ISCSI\\ADAPTER00031_0"));
  answer(state, asking);
}
BENCHMARK(get_one);

void identify(benchmark::State& state) {
  Asking asking;
  asking.body = "<i:Identify xmlns:i=\"" + std::string(kIdentity) + "\"/>";
  answer(state, asking);
}
BENCHMARK(identify);

}  // namespace
}  // namespace qm::wsman

BENCHMARK_MAIN();

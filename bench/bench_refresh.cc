// What the collector does while it runs, beside a million SAs of which eight serve iSCSI: a
// refresh, and the events of the others. Their dump is bench_engine's.
//
//   refresh      inventory, attribution, the eight SAs' answers, verdicts, the report: limit 1 ms.
//                The kernel's eight answers are not in it (bench_xfrm_linux).
//   others_come  an SA of nobody's is added and deleted: two events, limit 1 us each
//   memory       resident bytes that an SA of nobody's takes: limit 64
#include <unistd.h>

#include <fstream>

#include "collector.h"

namespace {

using namespace qm;
using namespace qm::bench;

constexpr std::uint32_t kStrangers = 1024;  // that come and go, SPIs that no other SA has

struct Host {
  explicit Host(std::size_t sas) : dump(sas, false, kOurReqid) {
    collector.sync(dump);
    collector.engine.attribute();
    collector.engine.conclude();
  }
  Dump dump;
  Collector collector{kOurReqid};
};

// The recorded SA under another SPI and peer; and its deletion, as the kernel tells it: its id, and
// all the rest as an attribute.
std::vector<std::byte> added(std::uint32_t number) {
  std::vector<std::byte> message = recorded_message();
  const std::uint32_t peer = 0xff00'0000U + number;
  constexpr std::size_t kId = sizeof(nlmsghdr) + offsetof(xfrm_usersa_info, id);
  std::memcpy(message.data() + kId + 12, &peer, sizeof peer);
  std::memcpy(message.data() + kId + offsetof(xfrm_id, spi), &number, sizeof number);
  return message;
}

std::vector<std::byte> deleted(const std::vector<std::byte>& add) {
  xfrm_usersa_info sa{};
  std::memcpy(&sa, add.data() + sizeof(nlmsghdr), sizeof sa);
  xfrm_usersa_id id{};
  id.daddr = sa.id.daddr;
  id.spi = sa.id.spi;
  id.family = sa.family;
  id.proto = sa.id.proto;
  const nlattr whole{.nla_len = sizeof(nlattr) + sizeof sa, .nla_type = XFRMA_SA};
  nlmsghdr header{};
  std::memcpy(&header, add.data(), sizeof header);
  header.nlmsg_type = XFRM_MSG_DELSA;
  header.nlmsg_len = static_cast<std::uint32_t>(add.size() + sizeof id + sizeof whole);
  std::vector<std::byte> message(header.nlmsg_len);
  std::size_t size = 0;
  const auto put = [&](const void* from, std::size_t bytes) {
    std::memcpy(message.data() + size, from, bytes);
    size += bytes;
  };
  put(&header, sizeof header);
  put(&id, sizeof id);
  put(&whole, sizeof whole);
  put(&sa, sizeof sa);
  const std::size_t attributes = sizeof(nlmsghdr) + sizeof sa;
  put(add.data() + attributes, add.size() - attributes);
  return message;
}

void refresh(benchmark::State& state) {
  Host host(static_cast<std::size_t>(state.range(0)));
  if (!host.dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  hba::Engine& engine = host.collector.engine;
  const iscsi::Inventory inventory = iscsi_session(recorded_sa());
  Dump eight(8, false, kOurReqid);
  std::uint64_t boot_ns = 1'000'000'000;
  for (auto _ : state) {
    boot_ns += 1'000'000'000;
    engine.set_time({boot_ns, kFiletimeOfUnixEpoch + boot_ns / 100});
    engine.set_inventory(inventory);
    engine.attribute();
    benchmark::DoNotOptimize(engine.sas_to_read());
    engine.set_source(hba::Engine::Source::read);
    eight.rewind();
    xfrm::decode(eight.receive(), engine);
    engine.set_netns_errors(xfrm::NetnsErrors{});
    engine.conclude();
    benchmark::DoNotOptimize(engine.report());
  }
  if (engine.sas_to_read().size() != 8) state.SkipWithError("eight SAs should serve iSCSI");
}

void others_come(benchmark::State& state) {
  Host host(static_cast<std::size_t>(state.range(0)));
  if (!host.dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  std::vector<std::pair<std::vector<std::byte>, std::vector<std::byte>>> strangers;
  for (std::uint32_t i = 1; i <= kStrangers; ++i) {
    auto add = added(i);
    auto gone = deleted(add);
    strangers.emplace_back(std::move(add), std::move(gone));
  }
  hba::Engine& engine = host.collector.engine;
  engine.set_source(hba::Engine::Source::event);
  const std::size_t before = engine.sas().size();
  for (auto _ : state) {
    for (const auto& [add, gone] : strangers) xfrm::decode(add, engine);
    for (const auto& [add, gone] : strangers) xfrm::decode(gone, engine);
  }
  if (engine.sas().size() != before) state.SkipWithError("an SA was not deleted");
  state.SetItemsProcessed(state.iterations() * kStrangers * 2);
}

std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void memory(benchmark::State& state) {
  const auto sas = static_cast<std::size_t>(state.range(0));
  Dump dump(sas);
  if (!dump.usable()) return state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
  for (auto _ : state) {
    const std::size_t before = resident_bytes();
    Collector collector(kOurReqid);
    collector.sync(dump);
    state.counters["bytes_an_sa"] =
        static_cast<double>(resident_bytes() - before) / static_cast<double>(sas);
    state.counters["of_limit"] = state.counters["bytes_an_sa"] / 64;
  }
}

class BesideTheirLimits : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred || run.run_name.function_name == "memory") continue;
      const bool events = run.run_name.function_name == "others_come";
      const double us = run.cpu_accumulated_time * 1e6 / static_cast<double>(run.iterations);
      const double each = events ? us / (2 * kStrangers) : us;
      const double limit_us = events ? 1 : 1000;
      std::printf("  %s: %.2f us, %.3f of its limit\n", run.benchmark_name().c_str(), each,
                  each / limit_us);
    }
  }
};

// First, while the process is small.
BENCHMARK(memory)->Arg(kMany)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(refresh)->Arg(kMany)->Unit(benchmark::kMicrosecond);
BENCHMARK(others_come)->Arg(kMany)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  BesideTheirLimits reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

// What the collector does while it runs, beside a million SAs of which eight serve iSCSI: a
// refresh, and the events of the others. Their dump is bench_engine's.
//
//   refresh      inventory, attribution, the eight SAs' answers, verdicts, the report: limit 1 ms.
//                The kernel's eight answers are not in it (bench_xfrm_linux).
//   others_come  an SA of nobody's is added and deleted: two events, limit 1 us each
//   memory       resident bytes that an SA of nobody's takes: limit 64
//   mapped       bytes of the heap that stay with an SA that serves iSCSI, each SA with an
//                association, a claim and a session's connection (half of one) of its own: the
//                worst case: limit 256. The session itself, its verdict and its evidence are not
//                the SA's: they are there without one, too, and stand beside.
#include <malloc.h>
#include <unistd.h>

#include <fstream>

#include "collector.h"

namespace {

using namespace qm;
using namespace qm::bench;

constexpr std::uint32_t kStrangers = 1024;  // that come and go

struct Host {
  explicit Host(std::size_t sas) : dump(sas, false, kOurReqid) {
    collector.sync(dump);
    collector.engine.attribute();
    collector.engine.conclude();
  }
  Dump dump;
  Collector collector{kOurReqid};
};

constexpr std::size_t kInfo = sizeof(nlmsghdr);
constexpr std::size_t kAddSpi = kInfo + offsetof(xfrm_usersa_info, id) + offsetof(xfrm_id, spi);
constexpr std::size_t kGoneSpi = kInfo + offsetof(xfrm_usersa_id, spi);
constexpr std::size_t kGoneInfo = kInfo + sizeof(xfrm_usersa_id) + sizeof(nlattr);
constexpr std::size_t kGoneInfoSpi = kGoneInfo + kAddSpi - kInfo;

// One of nobody's SAs, as the kernel tells of it: added, when it has counted nothing yet, and
// deleted: its id, and all the rest as an attribute, with what it has counted.
struct Stranger {
  std::vector<std::byte> add, gone;

  // SPIs are drawn at random: one that ended a moment ago does not come again.
  void set_spi(std::uint32_t spi) {
    std::memcpy(add.data() + kAddSpi, &spi, sizeof spi);
    std::memcpy(gone.data() + kGoneSpi, &spi, sizeof spi);
    std::memcpy(gone.data() + kGoneInfoSpi, &spi, sizeof spi);
  }
};

// The recorded SA with another peer.
Stranger stranger(std::uint32_t number) {
  Stranger made;
  made.add = recorded_message();
  nlmsghdr header{};
  xfrm_usersa_info sa{};
  std::memcpy(&header, made.add.data(), sizeof header);
  std::memcpy(&sa, made.add.data() + kInfo, sizeof sa);
  sa.id.daddr.a6[3] = 0xff00'0000U + number;
  xfrm_usersa_id id{};
  id.daddr = sa.id.daddr;
  id.family = sa.family;
  id.proto = sa.id.proto;
  const nlattr whole{.nla_len = sizeof(nlattr) + sizeof sa, .nla_type = XFRMA_SA};
  header.nlmsg_type = XFRM_MSG_DELSA;
  header.nlmsg_len = static_cast<std::uint32_t>(made.add.size() + sizeof id + sizeof whole);
  const auto put = [&](const void* from, std::size_t bytes) {
    const auto* first = static_cast<const std::byte*>(from);
    made.gone.insert(made.gone.end(), first, first + bytes);
  };
  put(&header, sizeof header);
  put(&id, sizeof id);
  put(&whole, sizeof whole);
  put(&sa, sizeof sa);
  const std::size_t attributes = kInfo + sizeof sa;
  put(made.add.data() + attributes, made.add.size() - attributes);
  sa.curlft.bytes = sa.curlft.packets = 0;
  std::memcpy(made.add.data() + kInfo, &sa, sizeof sa);
  return made;
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
  std::vector<Stranger> strangers;
  for (std::uint32_t i = 1; i <= kStrangers; ++i) strangers.push_back(stranger(i));
  hba::Engine& engine = host.collector.engine;
  engine.set_source(hba::Engine::Source::event);
  const std::size_t before = engine.sas().size();
  std::uint32_t number = 0;
  for (auto _ : state) {
    for (Stranger& each : strangers) {
      each.set_spi(++number * 2'246'822'519U);
      xfrm::decode(each.add, engine);
    }
    for (const Stranger& each : strangers) xfrm::decode(each.gone, engine);
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

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Each session has a peer of its own, and may have a pair of SAs.
class ManySessions {
 public:
  explicit ManySessions(std::uint32_t count) {
    iscsi::Adapter adapter;
    adapter.key = adapter.device_name = "a";
    inventory_.adapters.push_back(adapter);
    for (std::uint32_t i = 0; i < count; ++i) {
      iscsi::Session session;
      session.sid = i + 1;
      session.adapter_key = "a";
      const Endpoint local{host_, 40'000}, remote{peer(i), 3260};
      session.connections = {{0, local, remote, true}};
      inventory_.sessions.push_back(session);
      xfrm::TcpConnection connection;
      connection.local = local;
      connection.remote = remote;
      connection.cookie = i + 1;
      connections_.push_back(connection);
    }
  }

  // What is left on the heap by a collector that has seen three refreshes of all this.
  std::size_t kept_bytes(bool with_policies, bool with_sas, std::size_t& mapped) const {
    const std::size_t before = heap_bytes();
    hba::Engine engine({1'000'000'000, kFiletimeOfUnixEpoch + 1});
    engine.set_kernel(true, "");
    engine.begin_sync();
    engine.set_source(hba::Engine::Source::dump);
    for (const bool out : {true, false}) {
      if (with_policies) engine.on_policy(policy(out), 0);
      for (std::uint32_t i = 0; with_sas && i < connections_.size(); ++i) {
        engine.on_sa(sa(i, out, 0), false, 0);
      }
    }
    engine.set_source(hba::Engine::Source::event);
    engine.end_sync();
    for (std::uint32_t second = 2; second < 5; ++second) {
      const std::uint64_t boot_ns = second * std::uint64_t{1'000'000'000};
      engine.set_time({boot_ns, kFiletimeOfUnixEpoch + boot_ns / 100});
      engine.set_inventory(inventory_);
      engine.attribute();
      engine.take_session_connections(connections_);
      mapped = engine.sas_to_read().size();
      engine.set_source(hba::Engine::Source::read);
      for (std::uint32_t i = 0; with_sas && i < connections_.size(); ++i) {
        for (const bool out : {true, false}) engine.on_sa(sa(i, out, second), false, 0);
      }
      engine.set_source(hba::Engine::Source::event);
      engine.conclude();
      benchmark::DoNotOptimize(engine.report());
    }
    return heap_bytes() - before;
  }

 private:
  static Address peer(std::uint32_t number) {
    const auto octet = [&](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
    return Address::v4(std::array<std::uint8_t, 4>{10, octet(16), octet(8), octet(0)});
  }
  xfrm::Policy policy(bool out) const {
    xfrm::Policy made;
    made.index = out ? 9 : 8;
    made.direction = out ? xfrm::PolicyDirection::out : xfrm::PolicyDirection::in;
    made.selector.family = Family::v4;
    made.selector.saddr = made.selector.daddr = Address::v4(std::array<std::uint8_t, 4>{});
    made.selector.proto = 6;
    made.templates = {
        {.saddr = {}, .daddr = {}, .family = Family::v4, .reqid = kOurReqid, .proto = xfrm::kEsp}};
    return made;
  }
  xfrm::Sa sa(std::uint32_t number, bool out, std::uint32_t moved) const {
    xfrm::Sa made;
    made.id = {out ? peer(number) : host_, number * 2 + (out ? 1 : 0) + 256, xfrm::kEsp, {}};
    made.saddr = out ? host_ : peer(number);
    made.reqid = kOurReqid;
    made.add_time_s = 1000;
    made.replay_window = out ? 0 : 32;
    made.encryption = {"cbc(aes)", 128, 0};
    made.authentication = {"hmac(sha256)", 256, 128};
    made.soft_add_expires_s = 3000 + number % 600;  // as IKE daemons spread them
    made.hard_add_expires_s = 3600;
    made.counters = {moved * std::uint64_t{1000}, moved};
    return made;
  }

  Address host_ = Address::v4(std::array<std::uint8_t, 4>{192, 168, 0, 1});
  iscsi::Inventory inventory_;
  std::vector<xfrm::TcpConnection> connections_;
};

void mapped(benchmark::State& state) {
  const auto sessions = static_cast<std::uint32_t>(state.range(0) / 2);
  const ManySessions all(sessions);
  const double sas = 2.0 * sessions;
  for (auto _ : state) {
    std::size_t none = 0, found = 0;
    const auto nothing = static_cast<double>(all.kept_bytes(false, false, none));
    const auto claimed = static_cast<double>(all.kept_bytes(true, false, none));
    const auto served = static_cast<double>(all.kept_bytes(true, true, found));
    if (found != 2 * sessions) state.SkipWithError("not all SAs are mapped");
    // Its claim is there before the SA, and all that comes with it: the association.
    const std::size_t before = heap_bytes();
    hba::Associations associations;
    for (std::uint32_t i = 0; i < 2 * sessions; ++i) {
      associations.set_claim({.saddr = {}, .daddr = {}, .reqid = i}, {});
    }
    const auto claims = static_cast<double>(heap_bytes() - before);
    state.counters["bytes_an_sa"] = (served - claimed + claims) / sas;
    state.counters["of_limit"] = state.counters["bytes_an_sa"] / 256;
    state.counters["bytes_a_session"] = (claimed - claims) / sessions;
    state.counters["unprotected"] = nothing / sessions;
  }
}

class BesideTheirLimits : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const std::string& name = run.run_name.function_name;
      if (run.error_occurred || name == "memory" || name == "mapped") continue;
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
BENCHMARK(mapped)->Arg(50'000)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(refresh)->Arg(kMany)->Unit(benchmark::kMicrosecond);
BENCHMARK(others_come)->Arg(kMany)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  BesideTheirLimits reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

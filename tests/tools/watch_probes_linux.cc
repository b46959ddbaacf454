// watch_probes [SECONDS]: attaches the probes and prints all they tell, one line each, until the
// time is over. For the lab's tests: no part of the product.
#include <fmt/format.h>
#include <poll.h>

#include <cstdlib>
#include <map>

#include "base/clock.h"
#include "xfrm/probe.h"

namespace {

using namespace qm::xfrm;

void print(const SaFinal& final) {
  fmt::print(
      "{} proto={} spi=0x{:08x} src={} dst={} reqid={} mode={} bytes={} packets={} "
      "not_decrypted={} replay={} replay_window={} integrity_failed={}\n",
      final.last ? "final" : "deleted", final.sa.id.proto, final.sa.id.spi, final.sa.saddr.text(),
      final.sa.id.daddr.text(), final.sa.reqid, static_cast<int>(final.sa.mode),
      final.counters.bytes, final.counters.packets, final.not_decrypted, final.stats.replay,
      final.stats.replay_window, final.stats.integrity_failed);
}

void print(const ClosedConnection& closed) {
  const TcpConnection& connection = closed.connection;
  fmt::print(
      "closed cause={} cookie={} local={} remote={} state={} received={} acked={} sent={} again={} "
      "segs_in={} segs_out={}\n",
      static_cast<int>(closed.cause), connection.cookie, connection.local.text(),
      connection.remote.text(), static_cast<int>(connection.state),
      connection.counters.received_bytes, connection.counters.acked_bytes,
      connection.counters.sent_bytes, connection.counters.retransmitted_bytes,
      connection.counters.in_segments, connection.counters.out_segments);
}

// What changed since the line before of the same subject.
class Printer {
 public:
  void print_all(const ProbeReading& reading) {
    for (const SaFinal& final : reading.finals) print(final);
    for (const ClosedConnection& closed : reading.closed) print(closed);
    for (const SaFailures& each : reading.failures) {
      say(fmt::format("failures proto={} spi=0x{:08x} dst={}", each.sa.id.proto, each.sa.id.spi,
                      each.sa.id.daddr.text()),
          fmt::format("not_decrypted={}", each.not_decrypted));
    }
    std::map<AddressPair, std::uint64_t> pairs;
    for (const BadSpi& each : reading.bad_spi) pairs[each.pair] += each.packets;
    for (const auto& [pair, packets] : pairs) {
      say(fmt::format("bad_spi src={} dst={}", pair.source.text(), pair.destination.text()),
          fmt::format("packets={}", packets));
    }
    const ProbeTotals& totals = reading.totals;
    say("totals", fmt::format("finals={} finals_lost={} not_decrypted={} failures_unlisted={} "
                              "bad_spi={} bad_spi_unlisted={} closed={} closed_lost={}",
                              totals.finals, totals.finals_lost, totals.not_decrypted,
                              totals.failures_unlisted, totals.bad_spi, totals.bad_spi_unlisted,
                              totals.closed, totals.closed_lost));
    std::fflush(stdout);
  }

 private:
  void say(const std::string& subject, const std::string& words) {
    if (said_[subject] == words) return;
    said_[subject] = words;
    fmt::print("{} {}\n", subject, words);
  }
  std::map<std::string, std::string> said_;
};

}  // namespace

int main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 3600;
  auto probes = Probes::open();
  if (!probes) {
    fmt::print("probes: {}\n", probes.error().message);
    return 1;
  }
  fmt::print("probes: {}\n", probes->coverage().text());
  std::fflush(stdout);
  if (const auto watched = probes->watch_peers({}, true); !watched) {
    fmt::print("probes: {}\n", watched.error().message);
  }
  Printer printer;
  const std::uint64_t end_ns =
      qm::now().boot_ns + static_cast<std::uint64_t>(seconds) * 1'000'000'000;
  while (qm::now().boot_ns < end_ns) {
    ::poll(nullptr, 0, 200);
    auto reading = probes->read();
    if (!reading || !probes->read_closed(*reading)) {
      fmt::print("probes: {}\n", reading ? "no closed connections" : reading.error().message);
      return 1;
    }
    printer.print_all(*reading);
  }
  return 0;
}

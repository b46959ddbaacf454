// quickmode-sim: tells stories to the collector's engine, one for each seed, and checks every
// publication. A seed that fails prints the one line that tells its story again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sim/checker.h"
#include "sim/record.h"

namespace {

using namespace qm::sim;  // NOLINT

struct Settings {
  std::uint64_t from = 1, seeds = 1000;
  unsigned steps = 120, threads = 0;
  bool trace = false, report = false, fail_fast = false;
  std::string record;  // a file
};

std::optional<std::string> tell(std::uint64_t seed, const Settings& settings,
                                std::uint64_t& publications, Record& record) {
  World world(seed, settings.trace);
  Checker checker;
  std::vector<std::byte> disk;
  std::optional<Collector> collector;
  Random& random = world.random();
  for (unsigned i = random.below(30); i > 0; --i) world.act();
  for (unsigned step = 0; step < settings.steps; ++step) {
    try {
      const std::uint32_t what = random.below(100);
      if (!collector) {
        if (step > 0 && what < 70) {
          world.act();
          continue;
        }
        if (disk.empty()) checker.forget();
        collector.emplace(world, disk);
        collector->start();
      } else if (what < 72) {
        world.act();
      } else if (what < 84) {
        collector->drain();
      } else {
        const Collector::Published published = collector->refresh();
        ++publications;
        const std::string text = text_of(published.report);
        record.publish(text);
        if (settings.report) fmt::print("{}\n", text);
        world.say("published: {} gaps, settled {}", published.report.health.gaps,
                  published.settled);
        if (settings.trace) {
          std::string totals;
          for (std::size_t i = 0; i < qm::hba::kCounters; ++i) {
            totals += fmt::format(" {}/{}", published.report.host.totals.at(i),
                                  world.truth().host_upper().at(i));
          }
          world.say("  host{}", totals);
          for (const auto& adapter : published.report.adapters) {
            totals.clear();
            const qm::hba::Totals most = world.truth().upper(adapter.info.key[1] - '0');
            for (std::size_t i = qm::hba::kPacketsNotAuthenticated - 1; i < qm::hba::kCounters;
                 ++i) {
              totals +=
                  fmt::format(" {}{}/{}", adapter.totals.at(i),
                              adapter.qualities[i].quality == QM_EXACT ? "" : "+", most.at(i));
            }
            world.say("  {}{}", adapter.info.key, totals);
          }
          for (const auto& session : published.report.sessions) {
            world.say("  {} of {}: {} uses, {}", session.name, session.adapter_name,
                      session.verdict.uses.size(), session.verdict.reason);
          }
          for (const auto& sa : published.report.sas) {
            world.say("  {} owner {} bytes {}-{} packets {}-{} negotiated {} rekey {}", sa.name,
                      static_cast<int>(sa.entry.owner), sa.entry.newest.bytes, sa.entry.base.bytes,
                      sa.entry.newest.packets, sa.entry.base.packets, sa.entry.negotiated,
                      sa.entry.rekey);
          }
        }
        if (auto wrong = checker.check(published, world)) return wrong;
      }
    } catch (const Crash&) {
      collector->forget_claims();
      collector.reset();
      world.kernel().leave();
      world.forget_showing();
      checker.collector_died();
    }
  }
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Tells made-up stories of a kernel's IPsec to the collector and checks its counts");
  app.add_option("--from", settings.from, "the first seed");
  app.add_option("--seeds", settings.seeds, "how many");
  app.add_option("--steps", settings.steps, "of each story");
  app.add_option("--threads", settings.threads, "0: one for each processor");
  app.add_flag("--report", settings.report, "print all that is published");
  app.add_option("--record", settings.record,
                 "compare what is published with this file's digests (UPDATE_GOLDEN=1: write it)");
  app.add_flag("--fail-fast", settings.fail_fast, "stop at the first that fails");
  app.add_flag("--trace", settings.trace, "print the story");
  CLI11_PARSE(app, argc, argv);
  unsigned threads = settings.threads;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  if (settings.trace || settings.report) threads = 1;
  const std::uint64_t most_failed = settings.fail_fast ? 1 : 20;
  std::atomic<std::uint64_t> next = settings.from, failed = 0, publications = 0;
  const bool rewrite = std::getenv("UPDATE_GOLDEN") != nullptr;
  std::map<std::uint64_t, std::string> records, told;
  if (!settings.record.empty()) records = read_records(settings.record);
  if (!settings.record.empty() && records.empty() && !rewrite) {
    fmt::print(stderr, "{} holds no record; UPDATE_GOLDEN=1 writes it\n", settings.record);
    return 1;
  }
  std::mutex printing;
  const auto work = [&] {
    std::uint64_t published = 0;
    for (;;) {
      const std::uint64_t seed = next++;
      if (seed >= settings.from + settings.seeds || failed >= most_failed) break;
      Record record;
      auto wrong = tell(seed, settings, published, record);
      const std::lock_guard lock(printing);
      if (rewrite) told[seed] = record.line();
      const auto recorded = records.find(seed);
      if (!wrong && !rewrite && recorded != records.end() && recorded->second != record.line()) {
        wrong = fmt::format(
            "publishes other than it did ({} in {}). --report prints all of it, to compare with "
            "the build before; if it is meant, UPDATE_GOLDEN=1 rewrites the file",
            recorded->second, settings.record);
      }
      if (wrong) {
        ++failed;
        fmt::print("seed {}: {}\nrepro: {} --from {} --seeds 1 --steps {} --trace\n", seed, *wrong,
                   argv[0], seed, settings.steps);
      }
    }
    publications += published;
  };
  std::vector<std::thread> crew;
  for (unsigned i = 1; i < threads; ++i) crew.emplace_back(work);
  work();
  for (std::thread& thread : crew) thread.join();
  if (!settings.record.empty() && rewrite) write_records(settings.record, told);
  fmt::print("{} seeds, {} publications checked, {} failed\n", settings.seeds, publications.load(),
             failed.load());
  return failed == 0 ? 0 : 1;
}

// A dump of as many distinct SAs as one likes: an ESP message recorded from a kernel (556 bytes)
// made into 58 to a datagram of 32 KB, as the kernel sends them; and a report of what reading it
// costs an SA above receiving, beside a loop that only touches its bytes.
#pragma once

#include <benchmark/benchmark.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace qm::bench {

inline constexpr std::size_t kMessageBytes = 556;
inline constexpr std::size_t kMessages = 58;  // of one datagram

inline std::vector<std::byte> recorded_message() {
  std::ifstream in(std::string(QM_SOURCE_DIR) + "/tests/data/xfrm/sa_dump.bin", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const Bytes bytes = std::as_bytes(std::span(text));
  Bytes message;
  if (!slice(bytes, sizeof(std::uint32_t), kMessageBytes, message)) return {};
  return {message.begin(), message.end()};
}

// Hands out the datagrams of a dump of count SAs, one after the other, in the same buffer.
class Dump {
 public:
  // first_reqid: of the first eight SAs, which are to one peer; 0: the recorded one's, as the
  // others.
  explicit Dump(std::size_t count, bool scattered = false, std::uint32_t first_reqid = 0)
      : first_reqid_(first_reqid), order_(count) {
    const auto message = recorded_message();
    for (std::size_t i = 0; i < kMessages; ++i) {
      datagram_.insert(datagram_.end(), message.begin(), message.end());
    }
    received_.resize(datagram_.size());
    std::iota(order_.begin(), order_.end(), 0U);
    if (scattered) std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
  }

  bool usable() const { return !datagram_.empty(); }
  void rewind() { next_ = 0; }

  // Empty at the end.
  Bytes receive() {
    const std::size_t count = std::min(kMessages, order_.size() - next_);
    const std::size_t size = count * kMessageBytes;
    std::memcpy(received_.data(), datagram_.data(), size);
    for (std::size_t i = 0; i < count; ++i) name(i * kMessageBytes, order_[next_ + i]);
    next_ += count;
    return Bytes(received_).first(size);
  }

 private:
  // Eight SAs to a peer, SPIs without an order.
  void name(std::size_t at, std::uint32_t number) {
    constexpr std::size_t kId = sizeof(nlmsghdr) + offsetof(xfrm_usersa_info, id);
    const std::uint32_t peer = number / 8;
    const std::uint32_t spi = number * 2'654'435'761U;
    std::memcpy(received_.data() + at + kId + 12, &peer, sizeof(peer));
    std::memcpy(received_.data() + at + kId + offsetof(xfrm_id, spi), &spi, sizeof(spi));
    if (number >= 8 || first_reqid_ == 0) return;
    constexpr std::size_t kReqid = sizeof(nlmsghdr) + offsetof(xfrm_usersa_info, reqid);
    std::memcpy(received_.data() + at + kReqid, &first_reqid_, sizeof(first_reqid_));
  }

  std::uint32_t first_reqid_;
  std::vector<std::byte> datagram_;
  std::vector<std::byte> received_;
  std::vector<std::uint32_t> order_;
  std::size_t next_ = 0;
};

// Runs each(datagram) over whole dumps.
template <class Each>
void over_dumps(benchmark::State& state, Dump& dump, Each&& each) {
  if (!dump.usable()) {
    state.SkipWithError("tests/data/xfrm/sa_dump.bin is not there");
    return;
  }
  for (auto _ : state) {
    dump.rewind();
    for (Bytes datagram = dump.receive(); !datagram.empty(); datagram = dump.receive()) {
      each(datagram);
    }
  }
}

inline void receive(benchmark::State& state) {
  Dump dump(static_cast<std::size_t>(state.range(0)));
  over_dumps(state, dump, [](Bytes datagram) { benchmark::DoNotOptimize(datagram.data()); });
}

inline void touch(benchmark::State& state) {
  Dump dump(static_cast<std::size_t>(state.range(0)));
  over_dumps(state, dump, [](Bytes datagram) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + 8 <= datagram.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, datagram.data() + at, sizeof(word));
      sum += word;
    }
    benchmark::DoNotOptimize(sum);
  });
}

inline constexpr std::int64_t kSome = 100'000;
inline constexpr std::int64_t kMany = 1'000'000;
// The least of several runs: whatever else the machine does only adds.
inline void repeated(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(kSome)->Arg(kMany)->Unit(benchmark::kMillisecond);
  benchmark->MinTime(0.02)->Repetitions(40)->DisplayAggregatesOnly();
  benchmark->ComputeStatistics("least", [](const std::vector<double>& runs) {
    return *std::min_element(runs.begin(), runs.end());
  });
}
// Prints the table, then each measure an SA, above receiving and beside merely touching. Processor
// time: nothing here waits, and a busy machine should not make it look slower.
class WithRatios : public benchmark::ConsoleReporter {
 public:
  struct Line {
    const char* name;
    double target_ns_some = 0;  // at kSome SAs; 0: none
    double target_ns_many = 0;  // at kMany
  };
  explicit WithRatios(std::vector<Line> lines) : lines_(std::move(lines)) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred || run.aggregate_name != "least") continue;
      ms_[run.run_name.function_name + "/" + run.run_name.args] = run.GetAdjustedCPUTime();
    }
  }
  void Finalize() override {
    ConsoleReporter::Finalize();
    for (const std::int64_t count : {kSome, kMany}) {
      for (const Line& line : lines_) {
        beside(line.name, count, count == kSome ? line.target_ns_some : line.target_ns_many);
      }
    }
  }

 private:
  double ns_per_sa(const std::string& name, std::int64_t count) {
    return ms_[name + "/" + std::to_string(count)] * 1e6 / static_cast<double>(count);
  }
  void beside(const std::string& name, std::int64_t count, double target_ns) {
    if (!ms_.contains(name + "/" + std::to_string(count))) return;
    const double received_ns = ns_per_sa("receive", count);
    const double cost_ns = ns_per_sa(name, count) - received_ns;
    const double touched_ns = ns_per_sa("touch", count) - received_ns;
    std::printf("%-20s %7lld SAs: %5.1f ns an SA above receiving (%.1f), touching is %4.1f, ",
                name.c_str(), static_cast<long long>(count), cost_ns, received_ns, touched_ns);
    std::printf("ratio %.1f", cost_ns / touched_ns);
    if (target_ns > 0) {
      std::printf("; target %.0f: %s", target_ns, cost_ns <= target_ns ? "met" : "MISSED");
    }
    std::puts("");
  }
  std::vector<Line> lines_;
  std::map<std::string, double> ms_;
};

}  // namespace qm::bench

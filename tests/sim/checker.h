// The invariant of DESIGN.md ("The ledger") upon every publication.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sim/collector.h"

namespace qm::sim {

class Checker {
 public:
  // What is wrong, in words; nothing: all is well.
  std::optional<std::string> check(const Collector::Published& published, World& world);
  void collector_died();
  void forget();  // the ledger's state is lost: totals begin anew

 private:
  using Wrong = std::optional<std::string>;
  Wrong check_sums(const hba::Report& report) const;
  Wrong check_falls(const hba::Report& report);
  Wrong check_bounds(const std::string& name, const Totals& totals, const hba::Qualities& qualities,
                     const Totals& upper, const Totals& lower) const;
  Wrong check_gauges(const Collector::Published& published, World& world) const;
  Wrong check_deficit(const Collector::Published& published);
  Wrong check_evidence(const Collector::Published& published, const World& world);
  // Of a connection that passes IPsec by, how far the evidence must be by now.
  struct PassingBy {
    World::Path path;
    std::set<std::uint64_t> read;  // the cookies of its connections that were
    std::uint64_t gaps = 0;
    std::uint64_t since_ns = 0, last_ns = 0;
    std::uint32_t in_segments = 0;
    enum class Stage : std::uint8_t { waits, no_old_interval, an_interval } stage = Stage::waits;
  };
  bool must_be_missing(PassingBy& watched, const Collector::Published& published,
                       const World::Path& path) const;

  std::map<std::string, Totals> before_;
  std::map<std::uint32_t, PassingBy> passing_by_;  // by session
  bool fault_since_ = false;  // something was lost or restarted since the last publication
  std::uint64_t gaps_before_ = 0, gaps_earlier_ = 0;  // one and two publications ago
  std::optional<std::array<std::int64_t, hba::kCounters>> deficit_before_;  // of the host
};

}  // namespace qm::sim

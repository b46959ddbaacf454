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

  std::map<std::string, Totals> before_;
  bool fault_since_ = false;  // something was lost or restarted since the last publication
  std::uint64_t gaps_before_ = 0, gaps_earlier_ = 0;  // one and two publications ago
  std::optional<std::array<std::int64_t, hba::kCounters>> deficit_before_;  // of the host
};

}  // namespace qm::sim

// Counter paths as PerfMon, typeperf and Get-Counter write them:
// [\\HOST]\CLASS(INSTANCE)\COUNTER. Pure.
//
// The first backslash may be missing, so may (INSTANCE) and \COUNTER, which then mean all; both may
// have * and ?. An instance may hold backslashes and parentheses: it ends at the last ")" before
// the last backslash or at the end.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace qm::cli {

inline constexpr std::size_t kMostPathBytes = 4096;
inline constexpr std::string_view kDefaultClass = "MSiSCSI_QMIPSECStats";  // when none is named

struct CounterPath {
  std::string host;  // empty: this one
  std::string class_name;
  std::string instance = "*";
  std::string counter = "*";

  friend bool operator==(const CounterPath&, const CounterPath&) = default;
};

// Errors: invalid (what is wrong, with an example), limit.
Result<CounterPath> parse_counter_path(std::string_view text);

// "\\HOST\CLASS(INSTANCE)\COUNTER".
std::string path_text(const CounterPath& path);

}  // namespace qm::cli

// Time as WMI and the kernel tell it. State machines never ask the clock: they are handed a Time.
#pragma once

#include <cstdint>

namespace qm {

// FILETIME of 1970-01-01 (100 ns units since 1601-01-01 UTC).
inline constexpr std::uint64_t kFiletimeOfUnixEpoch = 116'444'736'000'000'000ULL;

struct Time {
  std::uint64_t boot_ns = 0;         // CLOCK_BOOTTIME: steady, counts suspend
  std::uint64_t filetime_100ns = 0;  // UTC, 100 ns since 1601-01-01; may step

  // Whole seconds since 1970, as the kernel stamps its SAs (ktime_get_real_seconds).
  std::uint64_t unix_s() const { return (filetime_100ns - kFiletimeOfUnixEpoch) / 10'000'000; }
};

Time now();  // clock_linux.cc

}  // namespace qm

#include <time.h>

#include "base/clock.h"

namespace qm {

Time now() {
  timespec boot{};
  timespec real{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &real);
  Time time;
  time.boot_ns = static_cast<std::uint64_t>(boot.tv_sec) * 1'000'000'000U +
                 static_cast<std::uint64_t>(boot.tv_nsec);
  time.filetime_100ns = kFiletimeOfUnixEpoch +
                        static_cast<std::uint64_t>(real.tv_sec) * 10'000'000U +
                        static_cast<std::uint64_t>(real.tv_nsec) / 100U;
  return time;
}

}  // namespace qm

// quickmode-collect's loop (collector_linux.cc): sockets, timers and files around the Engine.
//
// Promise: no listener; one thread; every wait has a deadline; a kernel without XFRM, serve or an
// IKE daemon that comes and goes is a state that is published, not an end. Ends by SIGTERM or
// SIGINT, or by an error that waiting does not mend (no CAP_NET_ADMIN; serve's final refusal).
#pragma once

#include "base/result.h"
#include "hba/configuration.h"

namespace qm::hba {

inline constexpr int kMostSyncTries = 4;  // a dump that fails or is overrun, in a row
inline constexpr std::uint64_t kIkeWordNs = 250'000'000;  // how long a refresh waits for vici
inline constexpr std::uint64_t kKernelRetryNs = 10'000'000'000;  // XFRM may be loaded later

// Runs until told to stop.
Result<void> collect(const Configuration& configuration);

}  // namespace qm::hba

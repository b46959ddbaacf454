#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "cli/pacer.h"

namespace qm::cli {
namespace {

std::uint64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

}  // namespace

SignalPacer::~SignalPacer() {
  if (fd_ >= 0) close(fd_);
}

void SignalPacer::begin() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  // Without a signalfd the signals keep their default effect: the process ends at once.
  if (fd_ >= 0) pthread_sigmask(SIG_BLOCK, &set, nullptr);
  next_ms_ = monotonic_ms();
}

bool SignalPacer::wait(std::uint64_t interval_ms) {
  next_ms_ += interval_ms;
  // After a stop (SIGSTOP, suspend) go on from now rather than catch up in a burst.
  next_ms_ = std::max(next_ms_, monotonic_ms());
  for (;;) {
    const std::uint64_t now_ms = monotonic_ms();
    const std::uint64_t left_ms = next_ms_ > now_ms ? next_ms_ - now_ms : 0;
    pollfd interrupt{fd_, POLLIN, 0};
    const int ready =
        poll(&interrupt, 1, static_cast<int>(std::min<std::uint64_t>(left_ms, 86'400'000)));
    if (ready > 0) return false;
    if (ready < 0 && errno != EINTR) return true;
    if (monotonic_ms() >= next_ms_) return true;
  }
}

}  // namespace qm::cli

// The clock of --interval: the only thing that a command waits for.
#pragma once

#include <cstdint>

namespace qm::cli {

class Pacer {
 public:
  Pacer() = default;
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;
  virtual ~Pacer() = default;

  // From now on an interrupt ends the wait instead of the process.
  virtual void begin() = 0;
  // Waits until interval_ms after the last call's end (after begin() at first), without drift.
  // False: interrupted (SIGINT, SIGTERM); finish cleanly.
  virtual bool wait(std::uint64_t interval_ms) = 0;
};

// On a signalfd and CLOCK_MONOTONIC (pacer_linux.cc).
class SignalPacer final : public Pacer {
 public:
  SignalPacer() = default;
  ~SignalPacer() override;
  void begin() override;
  bool wait(std::uint64_t interval_ms) override;

  // Readable once an interrupt came; -1 before begin().
  int interrupt_fd() const { return fd_; }

 private:
  int fd_ = -1;
  std::uint64_t next_ms_ = 0;
};

}  // namespace qm::cli

// Who waits for fresh data, and what the providers have been asked. A state machine: it takes
// events and a time, and asks through a function.
//
// Promise: a waiter is told exactly once: true when all providers it needs have answered a question
// that was asked after it came, false at its deadline. Any number of waiters costs one question in
// flight for each key, and one more for those who came meanwhile: joining the one in flight could
// show them a moment from before they asked. Threads: one. Limits: kMostWaiters.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "provider/registry.h"
#include "quickmode/wdm_types.h"
#include "wmi/repository.h"

namespace qm::serve {

inline constexpr std::chrono::milliseconds kRefreshDeadline{1'000};
inline constexpr std::size_t kMostWaiters = 4'096;

class Refresher {
 public:
  using Done = std::function<void(bool all_answered)>;
  using Ask = std::function<void(const GUID& of, std::chrono::milliseconds deadline, Done done)>;

  explicit Refresher(Ask ask, std::chrono::milliseconds deadline = kRefreshDeadline);

  // done may be called before this returns. Beyond kMostWaiters: done(false) at once.
  void want(std::span<const GUID> guids, std::uint64_t now_ns, Done done);
  void tick(std::uint64_t now_ns);                        // lets deadlines pass
  std::optional<std::uint64_t> next_deadline_ns() const;  // when to tick

 private:
  using Key = std::array<std::byte, sizeof(GUID)>;
  struct Waiter {
    std::size_t open = 0;  // questions not answered yet
    bool all_answered = true;
    std::uint64_t deadline_ns = 0;
    Done done;
  };
  struct Flight {
    bool flying = false;
    std::vector<std::uint64_t> aboard;  // waiters, by id
    std::vector<std::uint64_t> next;    // came since it started
  };
  void launch(const Key& key);
  void landed(const Key& key, bool answered);

  Ask ask_;
  std::chrono::milliseconds deadline_;
  std::map<std::uint64_t, Waiter> waiters_;  // ids ascend, and so do deadlines
  std::map<Key, Flight> flights_;
  std::uint64_t last_id_ = 0;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

// Which questions reach every provider of these classes, and as few others as possible: providers
// are asked by class, and one question to a provider brings all its classes up to date.
std::vector<GUID> questions_for(std::span<const provider::Registration> registrations,
                                std::span<const wmi::ClassEntry* const> classes);

}  // namespace qm::serve

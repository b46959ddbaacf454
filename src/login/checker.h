// Passwords checked beside the event loop: each takes some 30 ms.
//
// Promise: check() never waits; what does not fit into the queue is refused at once. Threads:
// check() and destruction from one thread; workers of its own, started by the first check (a daemon
// enters its cage before it starts threads). Limits: kMostChecks.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "login/password.h"
#include "login/secret.h"

namespace qm::login {

inline constexpr std::size_t kMostChecks = 32;  // that wait: a second's work
inline constexpr unsigned kCheckers = 1;        // threads; below the event loop's priority

class Checker {
 public:
  using Verify = std::function<bool(const std::string& hash, const Secret& password)>;
  using Done = std::function<void(bool fits)>;  // called by a worker
  explicit Checker(Verify verify = verify_password, std::size_t most_checks = kMostChecks,
                   unsigned workers = kCheckers);
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  ~Checker();  // what still waits is dropped, its done not called

  bool check(std::string hash, Secret password, Done done);  // false: too many wait

 private:
  struct Job {
    std::string hash;
    Secret password;
    Done done;
  };
  void work();

  Verify verify_;
  std::size_t most_checks_;
  unsigned most_workers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopped_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace qm::login

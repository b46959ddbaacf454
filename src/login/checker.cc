#include "login/checker.h"

#include <utility>

namespace qm::login {

Checker::Checker(Verify verify, std::size_t most_checks, unsigned workers)
    : verify_(std::move(verify)), most_checks_(most_checks), most_workers_(workers) {}

Checker::~Checker() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

bool Checker::check(std::string hash, Secret password, Done done) {
  {
    const std::scoped_lock lock(mutex_);
    if (jobs_.size() >= most_checks_) return false;
    jobs_.push_back({std::move(hash), std::move(password), std::move(done)});
  }
  if (workers_.size() < most_workers_) workers_.emplace_back([this] { work(); });
  changed_.notify_one();
  return true;
}

void Checker::work() {
  yield_to_others();
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
      if (stopped_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job.done(verify_(job.hash, job.password));
  }
}

}  // namespace qm::login

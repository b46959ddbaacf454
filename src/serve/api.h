// The JSON API as the HTTP server's handler: asks providers for fresh data where wanted, takes one
// snapshot, answers from it. Threads: one, the io_context's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "serve/history.h"
#include "serve/http.h"
#include "serve/refresher.h"
#include "wmi/snapshot.h"

namespace qm::serve {

// A provider publishes its classes one after the other: a snapshot that falls between two of them
// is taken again, a few times.
inline constexpr unsigned kMostSettles = 5;
inline constexpr std::chrono::milliseconds kSettlePause{1};

class Api : public Handler {
 public:
  // The service's own numbers, for /api/v1/health; the API fills in what it knows itself.
  using HealthSource = std::function<Health()>;
  // What a POST or DELETE asks of the classes; see class_change.h.
  using Changer = std::function<Answer(const Request& request)>;

  // source, snapshots and history must outlive it. ask as Refresher's.
  static std::unique_ptr<Api> make(boost::asio::io_context& io,
                                   std::shared_ptr<const wmi::Repository> repository,
                                   wmi::Source& source, wmi::Snapshots& snapshots,
                                   const History& history, Refresher::Ask ask, HealthSource health,
                                   Changer change,
                                   std::chrono::milliseconds refresh_deadline = kRefreshDeadline);
  // From here on these classes. Requests under way find theirs in it by name.
  virtual void use(std::shared_ptr<const wmi::Repository> repository) = 0;
  // Asks all providers for fresh data; done as Refresher's.
  virtual void refresh(Refresher::Done done) = 0;
  // As /api/v1/health tells it.
  virtual Health health() = 0;
};

}  // namespace qm::serve

// /api/v1/events: server-sent events (WHATWG HTML 9.2) that say when there is something new.
//
// Promise: while somebody listens, providers are asked for fresh data once an interval, however
// many listen, and each listener is told what has changed since. A reader that is slow costs one
// event that is sent and one that waits; it misses those between, and one that reads nothing is
// dropped at the connection's write deadline. Threads: one. Limits: kMostEventStreams,
// kMostNamedChanges.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "serve/http.h"
#include "serve/refresher.h"
#include "wmi/source.h"

namespace qm::serve {

inline constexpr std::size_t kMostEventStreams = 256;  // half of the connections: others can ask
inline constexpr std::size_t kMostNamedChanges = 64;   // classes of one event; beyond: null
inline constexpr std::chrono::milliseconds kEventInterval{1'000};
inline constexpr std::chrono::milliseconds kHeartbeat{5'000};

// The same, so that tests need not wait.
struct EventLimits {
  std::size_t streams = kMostEventStreams;
  std::chrono::milliseconds interval = kEventInterval;
  std::chrono::milliseconds heartbeat = kHeartbeat;
};

class Events : public Handler {
 public:
  using Refresh = std::function<void(Refresher::Done done)>;
  using NameOf = std::function<std::string(const GUID& guid)>;  // of a class; "" when it is gone

  // What else is asked goes to others. others and source must outlive it.
  static std::unique_ptr<Events> make(boost::asio::io_context& io, Handler& others,
                                      wmi::Source& source, Refresh refresh, NameOf name_of,
                                      EventLimits limits = {});
  virtual std::size_t streams() const = 0;  // open now
};

}  // namespace qm::serve

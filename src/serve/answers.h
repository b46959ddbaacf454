// The JSON API's answers (docs/api.md), from immutable values alone. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/output.h"
#include "serve/query.h"
#include "wmi/snapshot.h"

namespace qm::serve {

inline constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20U;

// A field of an answer's header. The server makes its value plain text.
struct Field {
  std::string_view name;  // of the program, never of a client
  std::string value;
};

// Who reads an answer that goes on. Threads: the connection's.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // While one is being sent the next waits, and of several that would wait the newest alone does.
  // Does nothing once the connection has ended.
  virtual void push(std::shared_ptr<const std::string> event) = 0;
};

struct Answer {
  unsigned status = 200;
  std::string_view content_type = "application/json";  // "": none
  std::string body;                                    // none is sent with 204 and 304
  std::vector<Field> fields = {};                      // instead of, or beside, the server's own
  // Set: the header is sent, then what is pushed, until either side ends the connection; no body.
  // Called once, when the header is out; held until the connection ends.
  std::function<void(const std::shared_ptr<EventSink>&)> follow = {};
  // What follows the body; the middle is others' as well and is not copied.
  std::shared_ptr<const std::string> middle = nullptr;
  std::string end = {};

  void take(Pieces pieces) {
    body = std::move(pieces.before);
    middle = std::move(pieces.middle);
    end = std::move(pieces.after);
  }
  std::size_t bytes() const {
    return body.size() + (middle == nullptr ? 0 : middle->size()) + end.size();
  }
};

// What /api/v1/health tells.
struct Health {
  std::string_view version;
  std::uint64_t uptime_s = 0;
  std::int64_t pid = 0;
  struct Provider {
    std::string driver;
    std::int64_t pid = 0;
    std::uint64_t registrations = 0;
  };
  std::vector<Provider> providers;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;        // answered with an error, or turned away
  std::uint64_t connections = 0;    // open now
  std::uint64_t event_streams = 0;  // of these: they follow /api/v1/events
  std::uint64_t failed_logins = 0;
  std::uint64_t unreadable_pages = 0;  // reads that failed: a page broke the format's rules
  std::uint64_t malformed_values = 0;  // values shown as NULL for that reason
};

Answer refusal_answer(const Refusal& refusal);
Answer health_answer(const Health& health);
// cooked: with the twins of raw classes (wmi/cooking.h).
Answer classes_answer(const wmi::Repository& repository, const wmi::Snapshot& snapshot,
                      bool cooked = false);
Answer class_answer(const wmi::ClassEntry& entry);
Answer class_mof_answer(const wmi::ClassEntry& entry);

// Of instances and snapshot. malformed grows by the values that broke the format's rules.
// 503 when the answer would exceed most_bytes.
Asked<Answer> instances_answer(const Query& query, const wmi::Snapshot& snapshot, bool refreshed,
                               std::uint64_t& malformed, std::size_t most_bytes = kMostAnswerBytes);

// What was kept of the query's classes, up to query.seconds before now.
class History;
Answer history_answer(const Query& query, const History& history, const Time& now);

// Of start: all that a page draws first, so that it asks once. snapshot: of all classes.
inline constexpr std::size_t kMostStartCells = 100'000;  // of history; the rest is asked for later
struct Beginning {
  const wmi::Snapshot& snapshot;
  const wmi::Repository& repository;
  const History& history;
  std::string_view host;
};
Asked<Answer> start_answer(const Query& query, const Beginning& of, std::uint64_t& malformed,
                           std::size_t most_bytes = kMostAnswerBytes);

}  // namespace qm::serve

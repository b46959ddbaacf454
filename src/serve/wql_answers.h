// /api/v1/query: WQL's answers as JSON (docs/api.md, docs/wql.md), from immutable values alone; and
// the queries for events that go on from one request to the next.
// Threads: one. Limits: kMost… below, wmi/wql.h's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "serve/answers.h"
#include "serve/query.h"
#include "wmi/wql_events.h"

namespace qm::serve {

inline constexpr std::size_t kMostSubscriptions = 64;  // each holds a snapshot
// Of all snapshots that they hold; what several hold counts once.
inline constexpr std::uint64_t kMostHeldBytes = std::uint64_t{256} << 20U;
// One that nobody asks for is forgotten after three of its intervals, at least after this.
inline constexpr std::uint64_t kSubscriptionLifeMs = 30'000;

using PlanPointer = std::shared_ptr<const wmi::wql::Plan>;

// 400: the query is wrong; the report says where.
Asked<PlanPointer> wql_plan(const Query& query, std::shared_ptr<const wmi::Repository> repository,
                            std::string host);

struct WqlQuestion {
  const Query& query;
  PlanPointer plan;
  std::shared_ptr<const wmi::Snapshot> snapshot;
  bool refreshed = true;
};

// Of all but events. malformed grows by the values that broke the format's rules. 503: too large.
Asked<Answer> wql_answer(const WqlQuestion& question, std::uint64_t& malformed,
                         std::size_t most_bytes = kMostAnswerBytes);

class Subscriptions {
 public:
  explicit Subscriptions(std::uint64_t most_held_bytes = kMostHeldBytes)
      : most_held_bytes_(most_held_bytes) {}
  // Without a cursor it begins: no events yet, and a cursor for the next request, which gets what
  // happened since. 410: no such cursor, or none any more. 400: it is another query's. 503: too
  // many, or their snapshots too large; then this one is forgotten.
  Asked<Answer> answer(const WqlQuestion& question, std::size_t most_bytes = kMostAnswerBytes);
  std::size_t open() const { return open_.size(); }

 private:
  struct Subscription {
    std::string text;
    std::string name_space;
    PlanPointer plan;
    std::shared_ptr<const wmi::Snapshot> before;
    wmi::wql::Groups groups;
    std::uint64_t forget_ms = 0;
  };
  std::uint64_t held_bytes() const;
  Asked<std::string> begin(const WqlQuestion& question, std::uint64_t now_ms);

  std::map<std::string, Subscription> open_;  // by cursor
  std::uint64_t last_ = 0;
  std::uint64_t most_held_bytes_;
};

}  // namespace qm::serve

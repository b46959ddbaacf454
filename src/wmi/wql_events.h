// Events: what became of instances from one snapshot to the next, and their grouping in time. Pure.
//
// Promise: an instance is the same one while its class and name are; it is modified when its data,
// its qualities, its caption or Active differ (a new time stamp alone changes nothing). The same
// two snapshots give the same events in the same order: by class, then as providers order their
// instances, the deleted ones last.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "wmi/wql.h"

namespace qm::wmi::wql {

inline constexpr std::size_t kMostEvents = 65'536;  // of two snapshots
inline constexpr std::size_t kMostGroups = 4'096;   // open at a time

struct Event {
  const ClassEntry* the_class = nullptr;  // __InstanceCreationEvent and its like
  Row target;                             // of a deletion: as it was
  Row previous;                           // of a modification only
  std::uint64_t time_created = 0;         // 100 ns since 1601-01-01 UTC
};

struct Events {
  std::vector<Event> events;
  bool cut = false;                               // at kMostEvents
  std::shared_ptr<const Snapshot> before, after;  // what rows point into
};

// Of a plan for events. Both snapshots are of the plan's repository. At most so many are kept.
Events events_between(const Plan& plan, std::shared_ptr<const Snapshot> before,
                      std::shared_ptr<const Snapshot> after, std::size_t most = kMostEvents);

// The event's own properties, as the row of that side, by ClassEntry::properties.
std::vector<Value> own_values(const ClassEntry& event, std::uint64_t time_created);

// The properties of an event that the query selected, or all of them.
ValueObject event_object(const Plan& plan, const Event& event);

// GROUP WITHIN … BY … HAVING: events that are alike become one __AggregateEvent at the end of a
// group's time, if there were enough.
class Groups {
 public:
  explicit Groups(std::size_t most = kMostGroups) : most_(most) {}

  struct Aggregate {
    std::uint64_t events = 0;
    ValueObject representative;  // the first of them
  };
  void add(const Plan& plan, const Events& events, std::uint64_t now_ms);
  // Those whose time is over.
  std::vector<Aggregate> take(const Plan& plan, std::uint64_t now_ms);

 private:
  struct Open {
    std::uint64_t until_ms = 0;
    Aggregate aggregate;
  };
  std::size_t most_;                    // events that would open more are not counted
  std::map<std::string, Open> groups_;  // by the values of BY
};

}  // namespace qm::wmi::wql

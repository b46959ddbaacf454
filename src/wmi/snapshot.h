// What all providers had published at one moment, as an immutable value.
//
// Promise: a Snapshot never changes; it holds copies, so that a provider that dies, writes or lies
// meanwhile cannot be seen through it. What has not changed since the last one is shared, not
// copied again. Threads: Snapshots belongs to one thread; a Snapshot may be read by any.
// Limits: kMostSnapshotBytes, with the earlier samples that cooked twins are made of: these make
// way first. Repository::check bounds each registration.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "provider/page.h"
#include "wmi/part_index.h"
#include "wmi/repository.h"
#include "wmi/source.h"
#include "wmi/value.h"

namespace qm::wmi {

inline constexpr std::uint64_t kMostSnapshotBytes = std::uint64_t{512} << 20U;

// What one registration had published.
struct Part {
  const ClassEntry* the_class = nullptr;
  std::uint64_t registration = 0;
  std::string driver;
  pid_t pid = 0;
  provider::Generation generation;         // number 0: registered, nothing published yet
  std::shared_ptr<const PartIndex> index;  // of this generation's instances; may be missing
  std::uint64_t bytes = 0;                 // of this generation
};

struct Snapshot {
  Time taken;
  std::shared_ptr<const Repository> repository;    // what the parts point into
  std::vector<std::shared_ptr<const Part>> parts;  // by class name, driver, registration
  // Two classes of one provider carry different stamps: it was just publishing, or always does so.
  bool mixed = false;
  // By registration: what it had published a second before its part at least; of those whose cooked
  // twins were asked for (cooking.h), once there is one.
  std::map<std::uint64_t, std::shared_ptr<const Part>> earlier;

  std::span<const std::shared_ptr<const Part>> parts_of(const ClassEntry& the_class) const;
  std::size_t instances_of(const ClassEntry& the_class) const;
};

class Snapshots {
 public:
  // report gets a line about each registration whose page cannot be read, when that begins.
  using Report = std::function<void(const std::string& problem)>;
  Snapshots(std::shared_ptr<const Repository> repository, Source& source, Report report,
            std::uint64_t most_bytes = kMostSnapshotBytes);

  // From here on these classes; snapshots that were taken keep theirs.
  void use(std::shared_ptr<const Repository> repository);

  // Of these classes; of all when there are none. Where a cooked twin is among them, earlier
  // samples of its raw class are kept from here on.
  std::shared_ptr<const Snapshot> take(std::span<const ClassEntry* const> classes, Time now);

  std::uint64_t unreadable() const { return unreadable_; }  // pages that broke the rules, ever
  std::uint64_t held_bytes() const { return held_bytes_; }  // for the next one; most_bytes at most

 private:
  struct Cached {
    std::shared_ptr<const Part> part;
    // Samples for a cooked twin: a second older than the recent one at least, and that one.
    std::shared_ptr<const Part> base, recent;
    std::uint64_t bytes = 0;       // of all these, what is the same once
    bool bad = false;              // reported
    bool without_samples = false;  // likewise
  };
  void count(Cached& cached);
  void drop(Cached& cached);
  void leave_out_samples(Cached& cached, const provider::Registration& registration,
                         const ClassEntry& the_class);
  void sample(Cached& cached, const std::shared_ptr<const Part>& part);
  std::vector<const ClassEntry*> cooked_sources(std::span<const ClassEntry* const> classes) const;
  void forget_gone(std::span<const provider::Registration> registrations);
  std::shared_ptr<const Part> part_of(const provider::Registration& registration,
                                      const ClassEntry& the_class);
  void complain(Cached& cached, const provider::Registration& registration,
                const ClassEntry& the_class, const std::string& why);

  std::shared_ptr<const Repository> repository_;
  Source& source_;
  Report report_;
  std::uint64_t most_bytes_;
  std::uint64_t held_bytes_ = 0;
  std::uint64_t unreadable_ = 0;
  std::map<std::uint64_t, Cached> cached_;  // by registration
};

// A property of one instance.
struct Item {
  Value value;
  provider::ItemQuality quality;  // of data items; exact for all others
  std::uint32_t malformed = 0;    // see DecodedItem
};
// NULL where quality is unavailable, and for all data of an inactive instance.
Item item_of(const Part& part, const provider::InstanceData& instance, const PropertyEntry& entry);

}  // namespace qm::wmi

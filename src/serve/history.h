// The last minutes of all counters: a page that is opened has something to draw at once, and a link
// that names times shows them to whoever opens it. Pure.
//
// Promise: a sample stands as it was published, with its own stamps; what was not known is null,
// and what was missed is not there. Knows no class by name: a counter is a whole number with a
// CounterType. (Long-time history is the business of who scrapes /metrics.) Threads: one.
// Limits: kMostHistorySamples of an instance, kMostHistoryCells numbers of all: of many instances
// fewer samples are kept, and none of the classes for which kLeastHistorySamples would not fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "wmi/snapshot.h"

namespace qm::serve {

inline constexpr std::size_t kMostHistorySamples = 1'800;  // half an hour, at one a second
inline constexpr std::size_t kMostHistoryCells = 500'000;  // 9 bytes each
inline constexpr std::size_t kLeastHistorySamples = 15;
// Of instances whose provider is away: it may come back, and its counters go on.
inline constexpr std::uint64_t kGoneHistoryNs = 900'000'000'000;

// Which part is wanted.
struct HistoryCut {
  std::uint64_t since_boot_ns = 0;
  std::string_view instance_glob = {};         // "": all
  std::size_t most_cells = kMostHistoryCells;  // of all classes together; the newest samples
};

class History {
 public:
  explicit History(std::size_t most_cells = kMostHistoryCells) : most_cells_(most_cells) {}

  // Keeps what is new in it. The snapshot is of all classes.
  void look(const wmi::Snapshot& snapshot);

  // An array: of each of these classes that it has something of,
  // {"class", "counters", "tracks": [{"name", "driver", "boot_ns", "filetime_100ns", "values"}]},
  // values by counter. In a series text is a value, exact; a number is what was added to the last
  // value before; null: not known then.
  void write(JsonWriter& json, std::span<const wmi::ClassEntry* const> classes,
             const HistoryCut& cut) const;

  std::size_t cells() const { return cells_; }  // held now

 private:
  struct Track {
    std::vector<std::uint64_t> boot_ns, filetime_100ns;
    std::vector<std::uint64_t> values;  // of a sample all counters, then of the next; as int64
                                        // where the counter is signed
    std::vector<std::uint8_t> known;    // likewise
    std::uint64_t seen = 0;             // the look that found its instance there
  };
  using Tracks = std::map<std::string, Track, std::less<>>;  // by instance
  struct Kept {
    std::vector<wmi::ItemPlan> counters;
    // A provider that comes back goes on with what it had.
    std::map<std::string, Tracks, std::less<>> drivers;
  };

  void adopt(const std::shared_ptr<const wmi::Repository>& repository);
  std::vector<const wmi::Part*> chosen(const wmi::Snapshot& snapshot);
  void keep(Kept& kept, const wmi::Part& part);
  void append(const Kept& kept, Track& track, const provider::InstanceData& instance,
              const qm_times& times);
  void forget_gone(std::uint64_t now_ns);
  std::size_t columns(std::span<const wmi::ClassEntry* const> classes, const HistoryCut& cut) const;
  static void write_track(JsonWriter& json, const Kept& kept, const Track& track,
                          std::size_t first);

  std::size_t most_cells_;
  std::size_t most_samples_ = kMostHistorySamples;  // of each track, by how many there are
  std::size_t cells_ = 0;
  std::uint64_t looks_ = 0;
  std::weak_ptr<const wmi::Repository> repository_;
  std::map<std::string, Kept, std::less<>> classes_;  // by name
};

}  // namespace qm::serve

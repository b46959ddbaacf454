#include "serve/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "wmi/block_integers.h"

namespace qm::serve {
namespace {

// Tracks grow by this share beyond what is kept, so that they are cut seldom: cutting copies.
constexpr std::size_t kSlackShare = 8;
constexpr std::uint64_t kMostAheadNs = 1'000'000'000;
// What an instance costs besides its numbers, in numbers: of each sample its stamps, and once its
// names and what holds it all.
constexpr std::size_t kStampColumns = 2;
constexpr std::size_t kTrackCells = 64;

bool is_signed(mof::Type type) {
  using mof::Type;
  return type == Type::sint8 || type == Type::sint16 || type == Type::sint32 ||
         type == Type::sint64;
}

bool is_integer(mof::Type type) {
  return type >= mof::Type::uint8 && type <= mof::Type::sint64;
}

std::vector<wmi::ItemPlan> counters_of(const wmi::ClassEntry& the_class) {
  std::vector<wmi::ItemPlan> out;
  for (const wmi::PropertyEntry& entry : the_class.properties) {
    const bool counts = entry.origin == wmi::Origin::data && !entry.property->is_array &&
                        mof::uint_of(entry.property->qualifiers, "CounterType").has_value();
    if (counts && is_integer(entry.plan.type)) out.push_back(entry.plan);
  }
  return out;
}

bool same_counters(const std::vector<wmi::ItemPlan>& a, const std::vector<wmi::ItemPlan>& b) {
  return std::ranges::equal(a, b, [](const wmi::ItemPlan& one, const wmi::ItemPlan& other) {
    return std::tie(one.name, one.type) == std::tie(other.name, other.type);
  });
}

// A series of numbers, each as what was added to the one before.
class Steps {
 public:
  Steps(JsonWriter& json, bool is_signed) : json_(json), signed_(is_signed) {}

  void write(std::uint64_t value) {
    // A step beyond what a double holds exactly is told as the value itself.
    constexpr std::uint64_t kMostStep = (std::uint64_t{1} << 53U) - 1;
    const bool up = signed_ ? static_cast<std::int64_t>(value) >= static_cast<std::int64_t>(last_)
                            : value >= last_;
    const std::uint64_t step = up ? value - last_ : last_ - value;
    if (begun_ && step <= kMostStep) {
      const auto number = static_cast<std::int64_t>(step);
      json_.value(up ? number : -number);
    } else if (signed_) {
      json_.value(fmt::format("{}", static_cast<std::int64_t>(value)));
    } else {
      json_.value(fmt::format("{}", value));
    }
    begun_ = true;
    last_ = value;
  }

 private:
  JsonWriter& json_;
  bool signed_;
  bool begun_ = false;
  std::uint64_t last_ = 0;
};

bool is_wanted(std::string_view instance, const HistoryCut& cut) {
  return cut.instance_glob.empty() || glob_match(cut.instance_glob, instance);
}

void write_stamps(JsonWriter& json, std::string_view name, std::span<const std::uint64_t> stamps) {
  json.key(name).begin_array();
  Steps steps(json, false);
  for (const std::uint64_t one : stamps) steps.write(one);
  json.end_array();
}

}  // namespace

// Entries point into a repository; what is kept outlives it while the counters are the same.
void History::adopt(const std::shared_ptr<const wmi::Repository>& repository) {
  if (repository_.lock() == repository) return;
  repository_ = repository;
  for (auto at = classes_.begin(); at != classes_.end();) {
    const wmi::ClassEntry* now = repository->find(at->first);
    auto counters = now == nullptr ? std::vector<wmi::ItemPlan>() : counters_of(*now);
    if (now == nullptr || !same_counters(counters, at->second.counters)) {
      at = classes_.erase(at);
    } else {
      (at++)->second.counters = std::move(counters);
    }
  }
}

// The parts whose counters there is room for, those of few instances first.
std::vector<const wmi::Part*> History::chosen(const wmi::Snapshot& snapshot) {
  std::map<std::string, std::size_t> columns;
  for (const auto& part : snapshot.parts) {
    const std::string& name = part->the_class->name();
    const auto [at, fresh] = classes_.try_emplace(name);
    if (fresh) at->second.counters = counters_of(*part->the_class);
    const std::size_t counters = at->second.counters.size();
    if (counters == 0) continue;
    columns[name] += (counters + kStampColumns) * part->generation.instances.size();
  }
  std::vector<std::pair<std::size_t, std::string_view>> by_size;
  for (const auto& [name, count] : columns) by_size.emplace_back(count, name);
  std::ranges::sort(by_size);
  const std::size_t most_columns = most_cells_ / kLeastHistorySamples;
  std::size_t sum = 0;
  for (const auto& [count, name] : by_size) {
    if (sum + count > most_columns) {
      classes_.find(name)->second.drivers.clear();
      columns.erase(columns.find(std::string(name)));
    } else {
      sum += count;
    }
  }
  const std::size_t with_slack = std::max<std::size_t>(1, sum + sum / kSlackShare);
  most_samples_ = std::min(kMostHistorySamples, most_cells_ / with_slack);
  std::vector<const wmi::Part*> parts;
  for (const auto& part : snapshot.parts) {
    if (columns.contains(part->the_class->name())) parts.push_back(part.get());
  }
  return parts;
}

void History::look(const wmi::Snapshot& snapshot) {
  adopt(snapshot.repository);
  ++looks_;
  for (const wmi::Part* part : chosen(snapshot)) {
    Kept& kept = classes_.find(part->the_class->name())->second;
    // A provider whose clock is wrong has no history.
    const std::uint64_t sampled_ns = part->generation.times.boot_ns;
    const bool ahead = sampled_ns > snapshot.taken.boot_ns + kMostAheadNs;
    if (!kept.counters.empty() && part->generation.number != 0 && !ahead) keep(kept, *part);
  }
  forget_gone(snapshot.taken.boot_ns);
}

void History::keep(Kept& kept, const wmi::Part& part) {
  Tracks& tracks = kept.drivers[part.driver];
  for (const provider::InstanceData& instance : part.generation.instances) {
    Track& track = tracks[instance.name];
    track.seen = looks_;
    append(kept, track, instance, part.generation.times);
  }
  // What the provider itself has no more is gone for good.
  std::erase_if(tracks, [&](const auto& one) { return one.second.seen != looks_; });
}

void History::append(const Kept& kept, Track& track, const provider::InstanceData& instance,
                     const qm_times& times) {
  if (!track.boot_ns.empty() && times.boot_ns <= track.boot_ns.back()) return;  // read before
  track.boot_ns.push_back(times.boot_ns);
  track.filetime_100ns.push_back(times.filetime_100ns);
  for (const wmi::ItemPlan& item : kept.counters) {
    std::uint64_t magnitude = 0;
    bool negative = false;
    const bool known = wmi::is_available(instance, item) &&
                       wmi::load_integer(instance.block, item, magnitude, negative);
    track.values.push_back(negative ? 0 - magnitude : magnitude);
    track.known.push_back(known ? 1 : 0);
  }
  if (track.boot_ns.size() <= most_samples_ + most_samples_ / kSlackShare) return;
  const auto samples = static_cast<std::ptrdiff_t>(track.boot_ns.size() - most_samples_);
  const auto cells = samples * static_cast<std::ptrdiff_t>(kept.counters.size());
  track.boot_ns.erase(track.boot_ns.begin(), track.boot_ns.begin() + samples);
  track.filetime_100ns.erase(track.filetime_100ns.begin(), track.filetime_100ns.begin() + samples);
  track.values.erase(track.values.begin(), track.values.begin() + cells);
  track.known.erase(track.known.begin(), track.known.begin() + cells);
}

void History::forget_gone(std::uint64_t now_ns) {
  const auto count = [this] {
    std::size_t weight = 0;
    cells_ = 0;
    for (const auto& [name, kept] : classes_) {
      for (const auto& [driver, tracks] : kept.drivers) {
        for (const auto& [instance, track] : tracks) cells_ += track.values.size();
        weight += tracks.size() * kTrackCells;
      }
    }
    return cells_ + weight;
  };
  const auto forget = [this](auto gone_for_good) {
    for (auto& [name, kept] : classes_) {
      for (auto& [driver, tracks] : kept.drivers) {
        std::erase_if(tracks, [&](const auto& one) {
          return one.second.seen != looks_ && gone_for_good(one.second);
        });
      }
      std::erase_if(kept.drivers, [](const auto& one) { return one.second.empty(); });
    }
  };
  forget([&](const Track& track) {
    return track.boot_ns.empty() || track.boot_ns.back() + kGoneHistoryNs < now_ns;
  });
  if (count() <= most_cells_) return;
  forget([](const Track&) { return true; });  // who is there comes first
  count();
}

std::size_t History::columns(std::span<const wmi::ClassEntry* const> classes,
                             const HistoryCut& cut) const {
  std::size_t sum = 0;
  for (const wmi::ClassEntry* entry : classes) {
    const auto found = classes_.find(std::string_view(entry->name()));
    if (found == classes_.end()) continue;
    for (const auto& [driver, tracks] : found->second.drivers) {
      sum += found->second.counters.size() *
             static_cast<std::size_t>(std::ranges::count_if(
                 tracks, [&](const auto& one) { return is_wanted(one.first, cut); }));
    }
  }
  return sum;
}

void History::write(JsonWriter& json, std::span<const wmi::ClassEntry* const> classes,
                    const HistoryCut& cut) const {
  const std::size_t most_samples = cut.most_cells / std::max<std::size_t>(1, columns(classes, cut));
  json.begin_array();
  for (const wmi::ClassEntry* entry : classes) {
    const auto found = classes_.find(std::string_view(entry->name()));
    if (found == classes_.end() || found->second.drivers.empty()) continue;
    const Kept& kept = found->second;
    json.begin_object().member("class", entry->name()).key("counters").begin_array();
    for (const wmi::ItemPlan& one : kept.counters) json.value(one.name);
    json.end_array().key("tracks").begin_array();
    for (const auto& [driver, tracks] : kept.drivers) {
      for (const auto& [name, track] : tracks) {
        if (!is_wanted(name, cut)) continue;
        const auto since = std::ranges::lower_bound(track.boot_ns, cut.since_boot_ns);
        const auto old = static_cast<std::size_t>(since - track.boot_ns.begin());
        const std::size_t all = track.boot_ns.size();
        json.begin_object().member("name", name).member("driver", driver);
        write_track(json, kept, track, std::max(old, all - std::min(all, most_samples)));
        json.end_object();
      }
    }
    json.end_array().end_object();
  }
  json.end_array();
}

void History::write_track(JsonWriter& json, const Kept& kept, const Track& track,
                          std::size_t first) {
  write_stamps(json, "boot_ns", std::span(track.boot_ns).subspan(first));
  write_stamps(json, "filetime_100ns", std::span(track.filetime_100ns).subspan(first));
  json.key("values").begin_array();
  const std::size_t counters = kept.counters.size();
  for (std::size_t i = 0; i < counters; ++i) {
    json.begin_array();
    Steps steps(json, is_signed(kept.counters[i].type));
    for (std::size_t cell = first * counters + i; cell < track.values.size(); cell += counters) {
      if (track.known[cell] != 0) {
        steps.write(track.values[cell]);
      } else {
        json.null();
      }
    }
    json.end_array();
  }
  json.end_array();
}

}  // namespace qm::serve

#include "wmi/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "wmi/cooking.h"

namespace qm::wmi {
namespace {

std::uint64_t bytes_of(const provider::Generation& generation) {
  std::uint64_t bytes = generation.storage.capacity() +
                        generation.quality_storage.capacity() * sizeof(provider::ItemQuality) +
                        generation.instances.capacity() * sizeof(provider::InstanceData);
  for (const provider::InstanceData& instance : generation.instances) {
    bytes += instance.name.capacity() + instance.caption.capacity();
  }
  return bytes;
}

bool same_stamps(const Part& a, const Part& b) {
  return a.generation.times.boot_ns == b.generation.times.boot_ns &&
         a.generation.times.filetime_100ns == b.generation.times.filetime_100ns;
}

// Whether some provider's parts were not sampled together.
bool is_mixed(const std::vector<std::shared_ptr<const Part>>& parts) {
  std::map<std::pair<pid_t, std::string>, const Part*> first;
  for (const auto& part : parts) {
    if (part->generation.number == 0) continue;
    const auto [at, fresh] = first.emplace(std::pair(part->pid, part->driver), part.get());
    if (!fresh && !same_stamps(*at->second, *part)) return true;
  }
  return false;
}

// While names and their order stay, so does what finds them. 0: the writer does not say.
std::shared_ptr<const PartIndex> index_beside(const Part* earlier,
                                              const provider::Generation& generation) {
  const bool same_names = earlier != nullptr && earlier->index && generation.names_since != 0 &&
                          earlier->generation.names_since == generation.names_since &&
                          earlier->generation.instances.size() == generation.instances.size();
  return same_names ? std::make_shared<const PartIndex>(*earlier->index)
                    : std::make_shared<const PartIndex>();
}

bool by_class(const std::shared_ptr<const Part>& part, const ClassEntry* the_class) {
  return part->the_class < the_class;
}

bool class_after(const ClassEntry* the_class, const std::shared_ptr<const Part>& part) {
  return the_class < part->the_class;
}

}  // namespace

std::span<const std::shared_ptr<const Part>> Snapshot::parts_of(const ClassEntry& the_class) const {
  const auto begin = std::lower_bound(parts.begin(), parts.end(), &the_class, by_class);
  const auto end = std::upper_bound(begin, parts.end(), &the_class, class_after);
  return {begin, end};
}

std::size_t Snapshot::instances_of(const ClassEntry& the_class) const {
  std::size_t count = 0;
  for (const auto& part : parts_of(the_class)) count += part->generation.instances.size();
  return count;
}

Snapshots::Snapshots(std::shared_ptr<const Repository> repository, Source& source, Report report,
                     std::uint64_t most_bytes)
    : repository_(std::move(repository)),
      source_(source),
      report_(std::move(report)),
      most_bytes_(most_bytes) {}

// What is cached points into the old repository.
void Snapshots::use(std::shared_ptr<const Repository> repository) {
  repository_ = std::move(repository);
  for (auto& [id, cached] : cached_) drop(cached);
}

void Snapshots::count(Cached& cached) {
  std::uint64_t bytes = cached.part ? cached.part->bytes : 0;
  if (cached.recent && cached.recent != cached.part) bytes += cached.recent->bytes;
  if (cached.base && cached.base != cached.part && cached.base != cached.recent) {
    bytes += cached.base->bytes;
  }
  held_bytes_ = held_bytes_ - cached.bytes + bytes;
  cached.bytes = bytes;
}

void Snapshots::drop(Cached& cached) {
  cached.part.reset();
  cached.base.reset();
  cached.recent.reset();
  count(cached);
}

void Snapshots::forget_gone(std::span<const provider::Registration> registrations) {
  std::erase_if(cached_, [&](const auto& entry) {
    const bool gone =
        std::ranges::none_of(registrations, [&](const auto& r) { return r.id == entry.first; });
    if (gone) held_bytes_ -= entry.second.bytes;
    return gone;
  });
}

void Snapshots::complain(Cached& cached, const provider::Registration& registration,
                         const ClassEntry& the_class, const std::string& why) {
  if (!cached.bad && report_) {
    report_(fmt::format("{} (pid {}), {}: {}", registration.driver, registration.pid,
                        the_class.name(), why));
  }
  cached.bad = true;
}

std::shared_ptr<const Part> Snapshots::part_of(const provider::Registration& registration,
                                               const ClassEntry& the_class) {
  Cached& cached = cached_[registration.id];
  const std::uint64_t newest = source_.generation(registration);
  if (cached.part && cached.part->generation.number == newest) return cached.part;

  Result<provider::Generation> read =
      newest == 0 ? provider::Generation{} : source_.read(registration);
  if (!read) {
    complain(cached, registration, the_class, read.error().message);
    // Overtaken by a writer in a hurry: the last good one stands. Broken rules: nothing does.
    if (read.error().code == ErrorCode::timeout) return cached.part;
    ++unreadable_;
    drop(cached);
    return nullptr;
  }
  const std::uint64_t bytes = bytes_of(*read);
  const auto before = std::exchange(cached.part, nullptr);
  count(cached);
  const bool sampled = cached.recent != nullptr;
  if (held_bytes_ + bytes > most_bytes_ && sampled) {
    cached.base.reset();
    cached.recent.reset();
    count(cached);
    leave_out_samples(cached, registration, the_class);
  }
  if (held_bytes_ + bytes > most_bytes_) {
    cached.part = before;
    count(cached);
    complain(cached, registration, the_class,
             fmt::format("its instances would take a snapshot past {} bytes", most_bytes_));
    return cached.part;
  }
  cached.bad = false;
  auto index = index_beside(before.get(), *read);
  cached.part = std::make_shared<const Part>(Part{&the_class, registration.id, registration.driver,
                                                  registration.pid, std::move(*read),
                                                  std::move(index), bytes});
  count(cached);
  return cached.part;
}

void Snapshots::leave_out_samples(Cached& cached, const provider::Registration& registration,
                                  const ClassEntry& the_class) {
  if (!std::exchange(cached.without_samples, true) && report_) {
    report_(
        fmt::format("{} (pid {}), {}: no earlier samples are kept, since a snapshot would grow "
                    "past {} bytes; its cooked twin has no values",
                    registration.driver, registration.pid, the_class.name(), most_bytes_));
  }
}

// Which raw classes' samples these classes are made of.
std::vector<const ClassEntry*> Snapshots::cooked_sources(
    std::span<const ClassEntry* const> classes) const {
  std::vector<const ClassEntry*> out;
  for (const ClassEntry* one : classes) {
    if (const ClassEntry* raw = raw_class_of(*one, *repository_)) out.push_back(raw);
  }
  return out;
}

// What is kept beside the newest sample: one that is a second older at least, and the one that will
// be so next.
void Snapshots::sample(Cached& cached, const std::shared_ptr<const Part>& part) {
  if (part->generation.number == 0) return;
  if (!cached.recent) {
    cached.recent = part;
    return;
  }
  const std::uint64_t recent_ns = cached.recent->generation.times.boot_ns;
  const std::uint64_t now_ns = part->generation.times.boot_ns;
  if (now_ns < recent_ns) {  // another clock: whoever wrote it began anew
    cached.base.reset();
    cached.recent = part;
  } else if (now_ns - recent_ns >= kLeastCookedNs) {
    cached.base = std::exchange(cached.recent, part);
  }
  count(cached);
}

std::shared_ptr<const Snapshot> Snapshots::take(std::span<const ClassEntry* const> classes,
                                                Time now) {
  const std::span<const provider::Registration> registrations = source_.registrations();
  forget_gone(registrations);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->taken = now;
  snapshot->repository = repository_;
  const std::vector<const ClassEntry*> cooked = cooked_sources(classes);
  for (const provider::Registration& registration : registrations) {
    const ClassEntry* the_class = repository_->find(registration.info.guid);
    if (the_class == nullptr) continue;
    if (!classes.empty() && std::ranges::find(classes, the_class) == classes.end()) continue;
    auto part = part_of(registration, *the_class);
    if (!part) continue;
    if (std::ranges::find(cooked, the_class) != cooked.end()) {
      Cached& cached = cached_[registration.id];
      sample(cached, part);
      if (cached.base) snapshot->earlier.emplace(registration.id, cached.base);
    }
    snapshot->parts.push_back(std::move(part));
  }
  // Entries lie in the repository by name: their addresses sort as their names do.
  std::ranges::sort(snapshot->parts, {}, [](const std::shared_ptr<const Part>& part) {
    return std::tie(part->the_class, part->driver, part->registration);
  });
  snapshot->mixed = is_mixed(snapshot->parts);
  return snapshot;
}

namespace {

constexpr std::uint64_t kPerfTimePerSecond = 1'000'000'000;
constexpr std::uint64_t kFiletimePerSecond = 10'000'000;

Item data_item(const provider::InstanceData& instance, const PropertyEntry& entry) {
  const std::uint32_t at = entry.plan.data_id - 1;  // 0 - 1 is past any table
  Item item;
  if (at < instance.qualities.size()) item.quality = instance.qualities[at];
  if (!instance.active || item.quality.quality == QM_UNAVAILABLE) return item;
  DecodedItem decoded = decode_item(instance.block, entry.plan);
  item.value = std::move(decoded.value);
  item.malformed = decoded.malformed;
  return item;
}

}  // namespace

Item item_of(const Part& part, const provider::InstanceData& instance, const PropertyEntry& entry) {
  const qm_times& times = part.generation.times;
  const auto exact = [](auto value) { return Item{{value}, {}, 0}; };
  switch (entry.origin) {
    case Origin::none:
      return {};
    case Origin::data:
      return data_item(instance, entry);
    case Origin::instance_name:
      return exact(instance.name);
    case Origin::active:
      return exact(instance.active);
    case Origin::caption:
      return exact(instance.caption);
    case Origin::class_description:
      return exact(part.the_class->description);
    case Origin::frequency_perf_time:
      return exact(kPerfTimePerSecond);
    case Origin::frequency_100ns:
      return exact(kFiletimePerSecond);
    case Origin::timestamp_perf_time:
      return exact(std::uint64_t{times.boot_ns});
    case Origin::timestamp_100ns:
      return exact(std::uint64_t{times.filetime_100ns});
  }
  return {};
}

}  // namespace qm::wmi

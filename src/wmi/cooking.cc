#include "wmi/cooking.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/text.h"

namespace qm::wmi {
namespace {

constexpr std::string_view kRawData = "Win32_PerfRawData";
constexpr std::string_view kRawClass = "AutoCook_RawClass";

// winperf.h's numbers of those that WMI's classes use.
struct CounterKind {
  std::uint64_t type;
  std::string_view name;
  bool is_rate;
};
constexpr CounterKind kKinds[] = {
    {0x10000, "PERF_COUNTER_RAWCOUNT", false},
    {0x10100, "PERF_COUNTER_LARGE_RAWCOUNT", false},
    {0x10410400, "PERF_COUNTER_COUNTER", true},
    {0x10410500, "PERF_COUNTER_BULK_COUNT", true},
};

const CounterKind* kind_of(const mof::Property& property) {
  const auto type = mof::uint_of(property.qualifiers, "CounterType");
  const auto at = std::ranges::find_if(
      kKinds, [&](const CounterKind& one) { return type && one.type == *type; });
  return at == std::end(kKinds) ? nullptr : &*at;
}

mof::Qualifier qualifier(std::string name, mof::Value value, std::uint8_t flavor = 0) {
  return {std::move(name), std::move(value), flavor, {}};
}

mof::Value mof_text(std::string_view value) {
  return {std::string(value), {}};
}

bool derives(const ClassEntry& one, std::string_view from) {
  return std::ranges::any_of(one.derivation,
                             [from](const std::string& name) { return same_name(name, from); });
}

mof::Property counter_of(const mof::Property& raw, const CounterKind& kind) {
  mof::Property out;
  out.name = raw.name;
  out.type = raw.type;
  out.qualifiers.push_back(qualifier("CookingType", mof_text(kind.name)));
  out.qualifiers.push_back(qualifier("Counter", mof_text(raw.name)));
  const mof::Qualifier* description = mof::find(raw.qualifiers, "Description");
  if (description != nullptr) out.qualifiers.push_back(*description);
  return out;
}

mof::Class twin_of(const ClassEntry& raw) {
  mof::Class out;
  out.name = std::string(kFormattedClass) + "_" + raw.name();
  out.superclass = kFormattedClass;
  out.name_space = raw.definition->name_space;
  const mof::Value one{std::uint64_t{1}, {}};
  out.qualifiers = {qualifier("Dynamic", {true, {}}, mof::kToInstance),
                    qualifier("Provider", mof_text("WMIPerfInst"), mof::kToInstance),
                    qualifier("Cooked", {true, {}}),
                    qualifier("AutoCook", one),
                    qualifier(std::string(kRawClass), mof_text(raw.name())),
                    qualifier("AutoCook_RawDefault", one),
                    qualifier("PerfSysTimeStamp", mof_text("Timestamp_PerfTime")),
                    qualifier("PerfSysTimeFreq", mof_text("Frequency_PerfTime")),
                    qualifier("Perf100NSTimeStamp", mof_text("Timestamp_Sys100NS")),
                    qualifier("Perf100NSTimeFreq", mof_text("Frequency_Sys100NS"))};
  const mof::Qualifier* description = mof::find(raw.definition->qualifiers, "Description");
  if (description != nullptr) out.qualifiers.push_back(*description);
  for (const PropertyEntry& entry : raw.properties) {
    if (entry.inherited) continue;
    const CounterKind* kind = kind_of(*entry.property);
    if (kind != nullptr) out.properties.push_back(counter_of(*entry.property, *kind));
    const bool same = entry.origin == Origin::instance_name || entry.origin == Origin::active;
    if (same) out.properties.push_back(*entry.property);
  }
  return out;
}

bool has_counters(const ClassEntry& one) {
  const bool raw = one.guid && !one.abstract && derives(one, kRawData);
  return raw && std::ranges::any_of(one.properties, [](const PropertyEntry& entry) {
           return !entry.inherited && entry.origin == Origin::data &&
                  kind_of(*entry.property) != nullptr;
         });
}

// The instance of that name as it was, nullptr where there was none.
const provider::InstanceData* earlier_of(const Part& part, std::size_t index,
                                         const std::string& name) {
  const auto& instances = part.generation.instances;
  if (index < instances.size() && instances[index].name == name) return &instances[index];
  if (!part.index) return nullptr;
  const auto found = part.index->find(part.generation, name);
  return found.empty() ? nullptr : &instances[found.front()];
}

std::optional<std::uint64_t> count_of(const Value& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) return *number;
  const auto* number = std::get_if<std::int64_t>(&value.data);
  return number == nullptr || *number < 0 ? std::nullopt
                                          : std::optional(static_cast<std::uint64_t>(*number));
}

Value rate(std::uint64_t before, std::uint64_t after, std::uint64_t elapsed_ns) {
  if (after < before || elapsed_ns < kLeastCookedNs) return {};
  constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
  __extension__ using Wide = unsigned __int128;
  return {static_cast<std::uint64_t>(Wide{after - before} * kNsPerSecond / elapsed_ns)};
}

// One instance's values; older is nullptr before there is a second sample.
class Cook {
 public:
  Cook(const Part& newer, const Part* older, const ClassEntry& raw)
      : newer_(newer), older_(older), raw_(raw) {}

  Value value(const PropertyEntry& entry, std::size_t index) const {
    const provider::InstanceData& instance = newer_.generation.instances[index];
    const PropertyEntry* raw = raw_.property(entry.property->name);
    if (raw == nullptr) return {};
    Value now = item_of(newer_, instance, *raw).value;
    if (raw->origin != Origin::data) return now;
    const CounterKind* kind = kind_of(*raw->property);
    const auto* before = older_ == nullptr ? nullptr : earlier_of(*older_, index, instance.name);
    if (kind == nullptr || before == nullptr) return {};
    if (!kind->is_rate) return now;
    const auto then = count_of(item_of(*older_, *before, *raw).value);
    const auto after = count_of(now);
    if (!then || !after) return {};
    const std::uint64_t newer_ns = newer_.generation.times.boot_ns;
    const std::uint64_t older_ns = older_->generation.times.boot_ns;
    return rate(*then, *after, newer_ns > older_ns ? newer_ns - older_ns : 0);
  }

 private:
  const Part& newer_;
  const Part* older_;
  const ClassEntry& raw_;
};

// What is known of a raw class's counters (mof/semantics.mof), of its twin's: a rate goes up and
// down, as a gauge does.
mof::Instance semantics_of_twin(mof::Instance row, const std::string& twin) {
  for (mof::PropertyValue& one : row.values) {
    if (same_name(one.name, "Class")) one.value = mof_text(twin);
    if (same_name(one.name, "Kind")) one.value = mof_text("gauge");
  }
  return row;
}

}  // namespace

mof::Model cooked_model(const Repository& raw) {
  mof::Model out;
  for (const ClassEntry& one : raw.classes()) {
    if (!has_counters(one)) continue;
    out.classes.push_back(twin_of(one));
    for (const mof::Instance& row : raw.model().instances) {
      if (!same_name(row.class_name, kSemanticsClass)) continue;
      const mof::PropertyValue* of = row.value("Class");
      const auto* name = of == nullptr ? nullptr : std::get_if<mof::Text>(&of->value.data);
      if (name == nullptr || !same_name(*name, one.name())) continue;
      out.instances.push_back(semantics_of_twin(row, out.classes.back().name));
    }
  }
  if (out.classes.empty()) return out;
  mof::Class formatted;
  formatted.name = kFormattedClass;
  formatted.superclass = "Win32_Perf";
  formatted.qualifiers.push_back(qualifier("abstract", {true, {}}));
  formatted.qualifiers.push_back(qualifier(
      "Description", mof_text("Counters as rates and values, made of two samples"), mof::kAmended));
  out.classes.push_back(std::move(formatted));
  for (const mof::Class* at : raw.model().lineage("Win32_Perf")) out.classes.push_back(*at);
  return out;
}

const ClassEntry* raw_class_of(const ClassEntry& one, const Repository& raw) {
  const auto name = mof::text_of(one.definition->qualifiers, kRawClass);
  return name && raw.cooked().find(one.name()) == &one ? raw.find(*name) : nullptr;
}

void cook(const ClassEntry& twin, const ClassEntry& raw, const Snapshot& snapshot,
          const TakeCooked& take) {
  for (const auto& part : snapshot.parts_of(raw)) {
    const auto earlier = snapshot.earlier.find(part->registration);
    const bool there = earlier != snapshot.earlier.end();
    const Cook cook(*part, there ? earlier->second.get() : nullptr, raw);
    for (std::size_t i = 0; i < part->generation.instances.size(); ++i) {
      std::vector<Value> values;
      values.reserve(twin.properties.size());
      for (const PropertyEntry& entry : twin.properties) values.push_back(cook.value(entry, i));
      if (!take(std::move(values))) return;
    }
  }
}

}  // namespace qm::wmi

#include "cli/rates.h"

#include <cmath>
#include <optional>

namespace qm::cli {
namespace {

namespace json = boost::json;

std::optional<double> seconds_between(const Instance& earlier, const Instance& later) {
  if (later.boot_ns <= earlier.boot_ns) return std::nullopt;
  const double seconds = static_cast<double>(later.boot_ns - earlier.boot_ns) / 1e9;
  const double by_wall =
      (static_cast<double>(later.filetime_100ns) - static_cast<double>(earlier.filetime_100ns)) /
      1e7;
  const double allowed = seconds * kMostClockDrift + kMostClockJitterSeconds;
  if (std::abs(by_wall - seconds) > allowed) return std::nullopt;
  return seconds;
}

json::value rate(const Property& property, const Instance* earlier, const Instance& later) {
  if (earlier == nullptr) return nullptr;
  const auto seconds = seconds_between(*earlier, later);
  const auto before = earlier->number(property.name);
  const auto after = later.number(property.name);
  if (!seconds || !before || !after || *after < *before) return nullptr;
  return static_cast<double>(*after - *before) / *seconds;
}

}  // namespace

Instances rates_between(const ClassInfo& info, const Instances& earlier, const Instances& later) {
  Instances out = later;
  out.head["rates"] = true;
  std::map<std::string_view, const Instance*> before;
  for (const Instance& instance : earlier.instances) before.emplace(instance.name, &instance);
  for (Instance& instance : out.instances) {
    const auto found = before.find(instance.name);
    const Instance* old = found == before.end() ? nullptr : found->second;
    json::object& properties = instance.raw.at("properties").get_object();
    for (const Property& property : info.properties) {
      if (!property.grows() || !properties.contains(property.name)) continue;
      properties[property.name] = rate(property, old, instance);
    }
  }
  return out;
}

}  // namespace qm::cli

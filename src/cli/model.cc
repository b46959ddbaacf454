#include "cli/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "base/text.h"

namespace qm::cli {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kPerfCounterCounter = 272'696'320;    // winperf.h: PERF_COUNTER_COUNTER
constexpr std::uint64_t kPerfCounterBulkCount = 272'696'576;  // winperf.h: PERF_COUNTER_BULK_COUNT

std::unexpected<Error> strange(std::string_view where) {
  return fail(ErrorCode::invalid,
              fmt::format("the answer of quickmode-serve is not what docs/api.md says: {}; are "
                          "quickmode and quickmode-serve of the same version?",
                          where));
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool flag_of(const json::object& object, std::string_view key, bool otherwise = false) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

std::optional<std::uint64_t> number_of(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_uint64()) return *number;
  if (const auto* number = value->if_int64(); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_of(const json::object& object, std::string_view key) {
  return number_of(object.if_contains(key));
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

// The objects in the array `key`, or an error that says which one is not an object.
Result<std::vector<const json::object*>> objects_of(const json::value& answer,
                                                    std::string_view key) {
  const auto* object = answer.if_object();
  const auto* member = object == nullptr ? nullptr : object->if_contains(key);
  const auto* list = member == nullptr ? nullptr : member->if_array();
  if (list == nullptr) return strange(fmt::format("no list \"{}\"", key));
  std::vector<const json::object*> objects;
  for (const auto& item : *list) {
    if (!item.is_object()) {
      return strange(fmt::format("{}[{}] is not an object", key, objects.size()));
    }
    objects.push_back(&item.get_object());
  }
  return objects;
}

Semantics semantics_from(const json::object& object) {
  Semantics semantics{.kind = text_of(object, "kind"),
                      .unit = text_of(object, "unit"),
                      .direction = text_of(object, "direction"),
                      .group = text_of(object, "group"),
                      .definition = text_of(object, "definition"),
                      .source = std::nullopt};
  if (const auto* source = object_of(object, "source")) {
    semantics.source = Source{.class_name = text_of(*source, "class"),
                              .value = text_of(*source, "value"),
                              .where = text_of(*source, "where"),
                              .owner = text_of(*source, "owner")};
  }
  return semantics;
}

Property property_from(const json::object& object) {
  Property property{.name = text_of(object, "name"),
                    .type = text_of(object, "type"),
                    .description = text_of(object, "description"),
                    .array = flag_of(object, "array"),
                    .key = flag_of(object, "key"),
                    .inherited = flag_of(object, "inherited"),
                    .data_id = number_of(object, "data_id"),
                    .offset = number_of(object, "offset"),
                    .bytes = number_of(object, "bytes"),
                    .counter_type = number_of(object, "counter_type"),
                    .values = {},
                    .semantics = std::nullopt};
  if (const auto* values = object_of(object, "values")) {
    for (const auto& [mapped, text] : *values) {
      if (text.is_string()) property.values.emplace_back(mapped, text.get_string());
    }
  }
  if (const auto* semantics = object_of(object, "semantics")) {
    property.semantics = semantics_from(*semantics);
  }
  return property;
}

Quality quality_from(std::string_view word) {
  if (word == "exact") return Quality::exact;
  if (word == "at least" || word == "at_least") return Quality::at_least;
  if (word == "unavailable") return Quality::unavailable;
  return Quality::inferred;  // a word of a later version: surely not exact
}

Result<Instance> instance_from(const json::object& object, std::size_t index) {
  Instance instance;
  instance.raw = object;
  instance.name = text_of(object, "name");
  if (instance.name.empty()) return strange(fmt::format("instances[{}] has no name", index));
  if (object_of(object, "properties") == nullptr) {
    return strange(fmt::format("instances[{}] has no properties", index));
  }
  instance.caption = text_of(object, "caption");
  instance.driver = text_of(object, "driver");
  instance.active = flag_of(object, "active", true);
  instance.age_ms = number_of(object, "age_ms").value_or(0);
  if (const auto* sample = object_of(object, "sample")) {
    instance.boot_ns = number_of(*sample, "boot_ns").value_or(0);
    instance.filetime_100ns = number_of(*sample, "filetime_100ns").value_or(0);
  }
  if (const auto* notes = object_of(object, "quality")) {
    for (const auto& [property, value] : *notes) {
      const auto* note = value.if_object();
      if (note == nullptr) continue;
      instance.quality[std::string(property)] = {quality_from(text_of(*note, "quality")),
                                                 text_of(*note, "reason"), text_of(*note, "text")};
    }
  }
  return instance;
}

Result<std::string> class_names_near(Api& api, std::string_view name) {
  std::vector<std::string> names;
  for (auto& line : TRY(fetch_class_lines(api))) names.push_back(std::move(line.name));
  return did_you_mean(name, names);
}

}  // namespace

bool Property::grows() const {
  if (semantics) return semantics->kind == "counter";
  return counter_type == kPerfCounterCounter || counter_type == kPerfCounterBulkCount;
}

const std::string* Property::value_name(const json::value& value) const {
  if (values.empty()) return nullptr;
  std::string written;
  if (const auto* number = value.if_uint64()) {
    written = std::to_string(*number);
  } else if (const auto* signed_number = value.if_int64()) {
    written = std::to_string(*signed_number);
  }
  for (const auto& [mapped, text] : values) {
    if (mapped == written) return &text;
  }
  return nullptr;
}

const Property* ClassInfo::find(std::string_view property) const {
  for (const auto& candidate : properties) {
    if (same_name(candidate.name, property)) return &candidate;
  }
  return nullptr;
}

std::vector<const Property*> ClassInfo::data() const {
  std::vector<const Property*> found;
  for (const auto& property : properties) {
    if (property.is_data()) found.push_back(&property);
  }
  std::ranges::sort(found, {}, [](const Property* p) { return std::pair(*p->data_id, p); });
  if (!found.empty()) return found;
  // A cooked twin has no block: what is known to be a counter is its data.
  for (const auto& property : properties) {
    if (property.semantics) found.push_back(&property);
  }
  return found;
}

const json::value& Instance::value(std::string_view property) const {
  static const json::value kNull;
  const auto* found = raw.at("properties").get_object().if_contains(property);
  return found == nullptr ? kNull : *found;
}

std::string Instance::text(std::string_view property) const {
  const json::value& found = value(property);
  return found.is_string() ? std::string(found.get_string()) : std::string();
}

std::optional<std::uint64_t> Instance::number(std::string_view property) const {
  return number_of(&value(property));
}

const QualityNote* Instance::note(std::string_view property) const {
  const auto found = quality.find(property);
  if (found == quality.end() || found->second.quality == Quality::exact) return nullptr;
  return &found->second;
}

const Instance* Instances::find(std::string_view name) const {
  for (const auto& instance : instances) {
    if (same_name(instance.name, name)) return &instance;
  }
  return nullptr;
}

std::uint64_t Instances::filetime_100ns() const {
  std::uint64_t newest = 0;
  for (const auto& instance : instances) newest = std::max(newest, instance.filetime_100ns);
  return newest;
}

Result<ClassInfo> class_from(const json::value& answer) {
  const auto properties = TRY(objects_of(answer, "properties"));
  const json::object& object = answer.get_object();
  ClassInfo info{.name = text_of(object, "name"),
                 .guid = text_of(object, "guid"),
                 .superclass = text_of(object, "superclass"),
                 .name_space = text_of(object, "namespace"),
                 .description = text_of(object, "description"),
                 .abstract = flag_of(object, "abstract"),
                 .block_bytes = number_of(object, "block_bytes").value_or(0),
                 .properties = {}};
  if (info.name.empty()) return strange("a class has no name");
  for (const auto* property : properties) {
    info.properties.push_back(property_from(*property));
    if (info.properties.back().name.empty()) {
      return strange(fmt::format("properties[{}] has no name", info.properties.size() - 1));
    }
  }
  return info;
}

Result<Instances> instances_from(const json::value& answer) {
  const auto list = TRY(objects_of(answer, "instances"));
  Instances answered;
  for (const auto* object : list) {
    answered.instances.push_back(TRY(instance_from(*object, answered.instances.size())));
  }
  for (const auto& [key, value] : answer.get_object()) {
    if (key != "instances") answered.head[key] = value;
  }
  answered.class_name = text_of(answered.head, "class");
  answered.refreshed = flag_of(answered.head, "refreshed", true);
  answered.providers = number_of(answered.head, "providers").value_or(0);
  return answered;
}

Result<std::vector<Instances>> snapshot_from(const json::value& answer) {
  std::vector<Instances> all;
  for (const auto* object : TRY(objects_of(answer, "classes"))) {
    all.push_back(TRY(instances_from(*object)));
  }
  return all;
}

Result<std::vector<ClassLine>> class_lines_from(const json::value& answer) {
  std::vector<ClassLine> lines;
  for (const auto* object : TRY(objects_of(answer, "classes"))) {
    lines.push_back({.name = text_of(*object, "name"),
                     .description = text_of(*object, "description"),
                     .abstract = flag_of(*object, "abstract"),
                     .instances = number_of(*object, "instances").value_or(0),
                     .providers = number_of(*object, "providers").value_or(0)});
    if (lines.back().name.empty()) {
      return strange(fmt::format("classes[{}] has no name", lines.size() - 1));
    }
  }
  return lines;
}

Result<ClassInfo> fetch_class(Api& api, std::string_view name) {
  const auto answer = get_json(api, "/api/v1/classes/" + percent_encoded(name));
  if (answer) return class_from(*answer);
  if (answer.error().code != ErrorCode::not_found) return std::unexpected(answer.error());
  const std::string near = TRY(class_names_near(api, name));
  return fail(ErrorCode::not_found, fmt::format("there is no class {}.{} `quickmode classes` lists "
                                                "them all",
                                                plain_text(name), near));
}

Result<Instances> fetch_instances(Api& api, std::string_view class_name) {
  const auto answer = TRY(get_json(api, "/api/v1/instances/" + percent_encoded(class_name)));
  return instances_from(answer);
}

Result<std::vector<Instances>> fetch_snapshot(Api& api,
                                              const std::vector<std::string_view>& classes) {
  const auto answer = TRY(get_json(api, snapshot_target(classes)));
  auto all = TRY(snapshot_from(answer));
  if (all.size() != classes.size()) {
    return strange(fmt::format("{} classes instead of {}", all.size(), classes.size()));
  }
  return all;
}

Result<std::vector<ClassLine>> fetch_class_lines(Api& api) {
  const auto answer = TRY(get_json(api, "/api/v1/classes"));
  return class_lines_from(answer);
}

}  // namespace qm::cli

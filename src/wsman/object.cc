#include "wsman/object.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace qm::wsman {
namespace {

namespace wql = wmi::wql;

std::unexpected<Fault> bad_selectors(std::string reason, std::string_view detail) {
  return fault(FaultKind::invalid_selectors, std::move(reason), detail);
}

template <class T>
std::optional<wmi::Value> number_from(std::string_view text) {
  text = xml::trimmed(text);
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return wmi::Value{number};
}

// The selector's text as a value of the key's type; nothing: it is none.
std::optional<wmi::Value> value_from(const Selector& selector, mof::Type type,
                                     const wql::Schema& schema) {
  using enum mof::Type;
  switch (type) {
    case boolean: {
      const auto flag = boolean_of(selector.value);
      return flag ? std::optional(wmi::Value{*flag}) : std::nullopt;
    }
    case uint8:
    case uint16:
    case uint32:
    case uint64:
      return number_from<std::uint64_t>(selector.value);
    case sint8:
    case sint16:
    case sint32:
    case sint64:
      return number_from<std::int64_t>(selector.value);
    case reference: {
      if (selector.reference == nullptr) return wmi::Value{std::string(selector.value)};
      const auto reference = reference_of(*selector.reference);
      const auto path = reference ? path_of(*reference, schema)
                                  : fault(FaultKind::invalid_selectors, "no reference");
      if (!path) return std::nullopt;
      return wmi::Value{wql::full_path(*path)};
    }
    default:
      return wmi::Value{std::string(selector.value)};
  }
}

}  // namespace

Answered<wql::ObjectPath> path_of(const std::string& class_name, const std::vector<Selector>& keys,
                                  const wql::Schema& schema) {
  const wmi::ClassEntry* one = schema.find(class_name);
  if (one == nullptr) {
    auto out = fault(
        FaultKind::destination_unreachable,
        fmt::format("there is no class {} in {}", plain_text(class_name, 100), schema.name_space()),
        "InvalidResourceURI");
    out.error().windows = 0x80041010;  // WBEM_E_INVALID_CLASS
    return out;
  }
  wql::ObjectPath path;
  path.server = ".";
  path.name_space = schema.name_space();
  path.class_name = one->name();
  for (const wmi::PropertyEntry& entry : one->properties) {
    if (!entry.key) continue;
    const std::string& name = entry.property->name;
    const auto said = std::ranges::find_if(
        keys, [&](const Selector& selector) { return same_name(selector.name, name); });
    if (said == keys.end()) {
      return bad_selectors(
          fmt::format("the selector {} is missing: it is a key of {}", name, one->name()),
          "InsufficientSelectors");
    }
    auto value = value_from(*said, entry.property->type, schema);
    if (!value) {
      return bad_selectors(
          fmt::format("the selector {} is no {}", name, mof::type_name(entry.property->type)),
          "TypeMismatch");
    }
    path.keys.push_back({name, std::move(*value)});
  }
  for (const Selector& selector : keys) {
    const wmi::PropertyEntry* entry = one->property(selector.name);
    if (entry != nullptr && entry->key) continue;
    return bad_selectors(
        fmt::format("{} has no key {}", one->name(), plain_text(selector.name, 100)),
        "UnexpectedSelectors");
  }
  path.singleton = path.keys.empty();
  return path;
}

Answered<wql::ObjectPath> path_of(const Reference& reference, const wql::Schema& schema) {
  auto resource = resource_of(reference.resource_uri, reference.selectors);
  if (!resource) return std::unexpected(std::move(resource).error());
  if (!same_name(wql::plain_name_space(resource->name_space), schema.name_space())) {
    return bad_selectors("an endpoint reference of another namespace", "InvalidValue");
  }
  return path_of(resource->class_name, resource->keys, schema);
}

}  // namespace qm::wsman

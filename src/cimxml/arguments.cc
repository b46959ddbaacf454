#include "cimxml/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "cimxml/instance_form.h"

namespace qm::cimxml {
namespace {

using wmi::wql::ObjectPath;
using xml::Element;

std::unexpected<Fault> wrong(std::string_view name, std::string_view why) {
  return fault(Code::invalid_parameter,
               fmt::format("parameter {}: {}", plain_text(name, 128), why));
}

Outcome<wmi::Value> number_of(std::string_view text) {
  text = xml::trimmed(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return wmi::Value{number};
  std::int64_t negative = 0;
  const auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), negative);
  if (bad == std::errc{} && stop == text.data() + text.size()) return wmi::Value{negative};
  return fault(Code::invalid_parameter, "a numeric key holds no whole number");
}

Outcome<wmi::Value> key_value(const Element& element) {
  const std::string_view type = attribute_of(element, "VALUETYPE");
  // Since DSP0201 2.3 TYPE says the same more exactly, and may stand alone.
  const std::string_view exact = type.empty() ? attribute_of(element, "TYPE") : std::string_view();
  const bool integer = exact.size() > 4 && same_name(exact.substr(1, 3), "int");
  if (same_name(exact, "boolean")) {
    return wmi::Value{same_name(xml::trimmed(element.text), "TRUE")};
  }
  if (integer || same_name(type, "numeric")) return number_of(element.text);
  if (same_name(type, "boolean")) return wmi::Value{same_name(xml::trimmed(element.text), "TRUE")};
  return wmi::Value{std::string(element.text)};
}

Outcome<ObjectPath> path_of(const Element& instance_name, unsigned depth);

// INSTANCENAME, and what holds one: LOCALINSTANCEPATH, INSTANCEPATH.
Outcome<ObjectPath> referenced(const Element& element, unsigned depth) {
  if (element.is("", "INSTANCENAME")) return path_of(element, depth);
  const Element* name = element.child("", "INSTANCENAME");
  if (name == nullptr) return fault(Code::invalid_parameter, "a reference holds no INSTANCENAME");
  ObjectPath path = TRY(path_of(*name, depth));
  const Element* place = element.child("", "NAMESPACEPATH");
  if (place != nullptr) {
    if (const Element* host = place->child("", "HOST")) path.server = xml::trimmed(host->text);
  }
  const Element* local = (place == nullptr ? &element : place)->child("", "LOCALNAMESPACEPATH");
  for (const Element* at = local == nullptr ? nullptr : local->first_child; at != nullptr;
       at = at->next) {
    if (!path.name_space.empty()) path.name_space += '\\';
    path.name_space += attribute_of(*at, "NAME");
  }
  return path;
}

// A reference travels as the text that it is in WMI.
Outcome<wmi::Value> reference_value(const Element& reference, unsigned depth) {
  constexpr unsigned kMostNested = 4;
  const Element* inner = reference.first_child;
  if (inner == nullptr || depth == kMostNested) {
    return fault(Code::invalid_parameter, "a VALUE.REFERENCE is empty or nested too deep");
  }
  return wmi::Value{full_path(TRY(referenced(*inner, depth + 1)))};
}

Outcome<wmi::Value> bound_value(const Element& element, unsigned depth) {
  if (element.is("", "KEYVALUE")) return key_value(element);
  if (element.is("", "VALUE.REFERENCE")) return reference_value(element, depth);
  return fault(Code::invalid_parameter, "a key holds a KEYVALUE or a VALUE.REFERENCE");
}

Outcome<ObjectPath> path_of(const Element& instance_name, unsigned depth) {
  ObjectPath path;
  path.class_name = attribute_of(instance_name, "CLASSNAME");
  if (path.class_name.empty())
    return fault(Code::invalid_parameter, "INSTANCENAME has no CLASSNAME");
  for (const Element* at = instance_name.first_child; at != nullptr; at = at->next) {
    if (path.keys.size() == wmi::wql::kMostPathKeys) {
      return fault(Code::invalid_parameter, "an INSTANCENAME has too many keys");
    }
    const bool bound = at->is("", "KEYBINDING");
    const Element* value = bound ? at->first_child : at;
    if (value == nullptr || (bound && attribute_of(*at, "NAME").empty())) {
      return fault(Code::invalid_parameter, "a KEYBINDING has no NAME or no value");
    }
    wmi::Value key = TRY(bound_value(*value, depth));
    path.keys.push_back({std::string(bound ? attribute_of(*at, "NAME") : ""), std::move(key)});
  }
  path.singleton = path.keys.empty();
  return path;
}

}  // namespace

Outcome<Arguments> Arguments::of(const Call& call, std::span<const std::string_view> known) {
  Arguments out;
  for (const Element* at = call.element->first_child->next; at != nullptr; at = at->next) {
    const std::string_view name = attribute_of(*at, "NAME");
    const auto is_it = [name](std::string_view other) { return same_name(name, other); };
    if (std::ranges::none_of(known, is_it)) {
      return wrong(name, fmt::format("{} has none of that name", call.method));
    }
    if (std::ranges::any_of(out.given_, [&](const auto& one) { return is_it(one.first); })) {
      return wrong(name, "it is given twice");
    }
    if (at->first_child != nullptr && at->first_child->next != nullptr) {
      return wrong(name, "it has more than one value");
    }
    out.given_.emplace_back(name, at->first_child);
  }
  return out;
}

const Element* Arguments::find(std::string_view name) const {
  for (const auto& [given, element] : given_) {
    if (same_name(given, name)) return element;
  }
  return nullptr;
}

Outcome<std::optional<std::string_view>> Arguments::text(std::string_view name) const {
  const Element* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is("", "VALUE")) return wrong(name, "a VALUE was expected");
  return value->text;
}

Outcome<std::string_view> Arguments::required_text(std::string_view name) const {
  const auto value = TRY(text(name));
  if (!value || value->empty()) return wrong(name, "it is missing");
  return *value;
}

Outcome<bool> Arguments::flag(std::string_view name, bool otherwise) const {
  const auto value = TRY(text(name));
  if (!value) return otherwise;
  const std::string_view word = xml::trimmed(*value);
  if (same_name(word, "TRUE")) return true;
  if (same_name(word, "FALSE")) return false;
  return wrong(name, "it is neither TRUE nor FALSE");
}

Outcome<std::optional<std::uint64_t>> Arguments::number(std::string_view name) const {
  const auto value = TRY(text(name));
  if (!value) return std::nullopt;
  const std::string_view digits = xml::trimmed(*value);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return wrong(name, "it is no whole number that is not negative");
  }
  return number;
}

Outcome<std::optional<std::string_view>> Arguments::class_name(std::string_view name) const {
  const Element* value = find(name);
  if (value == nullptr) return std::nullopt;
  const std::string_view of = attribute_of(*value, "NAME");
  if (!value->is("", "CLASSNAME") || of.empty()) {
    return wrong(name, "a CLASSNAME with a NAME was expected");
  }
  return of;
}

Outcome<std::string_view> Arguments::required_class_name(std::string_view name) const {
  const auto value = TRY(class_name(name));
  if (!value) return wrong(name, "it is missing");
  return *value;
}

Outcome<std::optional<std::vector<std::string>>> Arguments::list(std::string_view name) const {
  const Element* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is("", "VALUE.ARRAY")) return wrong(name, "a VALUE.ARRAY was expected");
  std::vector<std::string> out;
  for (const Element* at = value->first_child; at != nullptr; at = at->next) {
    if (!at->is("", "VALUE")) return wrong(name, "a VALUE.ARRAY of VALUEs was expected");
    if (out.size() == kMostListed) return wrong(name, "it lists too many");
    out.emplace_back(xml::trimmed(at->text));
  }
  return out;
}

Outcome<ObjectPath> Arguments::instance_name(std::string_view name) const {
  const Element* value = find(name);
  if (value == nullptr) return wrong(name, "it is missing");
  if (!value->is("", "INSTANCENAME")) return wrong(name, "an INSTANCENAME was expected");
  return path_of(*value, 0);
}

Outcome<ObjectPath> Arguments::object_name(std::string_view name) const {
  const Element* value = find(name);
  if (value == nullptr || !value->is("", "CLASSNAME")) return instance_name(name);
  ObjectPath path;
  path.class_name = TRY(required_class_name(name));
  return path;
}

}  // namespace qm::cimxml

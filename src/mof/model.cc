#include "mof/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/guid.h"
#include "base/text.h"
#include "mof/limits.h"

namespace qm::mof {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::none:
      return "";
    case Type::boolean:
      return "boolean";
    case Type::char16:
      return "char16";
    case Type::uint8:
      return "uint8";
    case Type::sint8:
      return "sint8";
    case Type::uint16:
      return "uint16";
    case Type::sint16:
      return "sint16";
    case Type::uint32:
      return "uint32";
    case Type::sint32:
      return "sint32";
    case Type::uint64:
      return "uint64";
    case Type::sint64:
      return "sint64";
    case Type::real32:
      return "real32";
    case Type::real64:
      return "real64";
    case Type::string:
      return "string";
    case Type::datetime:
      return "datetime";
    case Type::reference:
      return "ref";
    case Type::object:
      return "object";
  }
  return "";
}

std::string type_text(Type type, std::string_view class_name, bool is_array,
                      std::optional<std::uint32_t> array_size) {
  std::string text(class_name.empty() ? type_name(type) : class_name);
  if (type == Type::reference) text += " ref";
  if (is_array) text += array_size ? fmt::format("[{}]", *array_size) : "[]";
  return text;
}

std::string type_text(const Property& property) {
  return type_text(property.type, property.class_name, property.is_array, property.array_size);
}

unsigned type_bytes(Type type) {
  switch (type) {
    case Type::boolean:
    case Type::uint8:
    case Type::sint8:
      return 1;
    case Type::char16:
    case Type::uint16:
    case Type::sint16:
      return 2;
    case Type::uint32:
    case Type::sint32:
    case Type::real32:
      return 4;
    case Type::uint64:
    case Type::sint64:
    case Type::real64:
      return 8;
    case Type::datetime:
      return 50;  // 25 UTF-16 units, no terminator
    case Type::none:
    case Type::string:
    case Type::reference:
    case Type::object:
      return 0;
  }
  return 0;
}

unsigned type_alignment(Type type) {
  if (type == Type::datetime || type == Type::string) return 2;
  return type_bytes(type);
}

const Qualifier* find(const Qualifiers& qualifiers, std::string_view name) {
  for (const Qualifier& qualifier : qualifiers) {
    if (same_name(qualifier.name, name)) return &qualifier;
  }
  return nullptr;
}

std::optional<std::uint64_t> uint_of(const Qualifiers& qualifiers, std::string_view name) {
  const Qualifier* qualifier = find(qualifiers, name);
  if (qualifier == nullptr) return std::nullopt;
  const auto* value = std::get_if<std::uint64_t>(&qualifier->value.data);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<std::string_view> text_of(const Qualifiers& qualifiers, std::string_view name) {
  const Qualifier* qualifier = find(qualifiers, name);
  if (qualifier == nullptr) return std::nullopt;
  const auto* value = std::get_if<Text>(&qualifier->value.data);
  return value == nullptr ? std::nullopt : std::optional<std::string_view>(*value);
}

bool flag_of(const Qualifiers& qualifiers, std::string_view name) {
  const Qualifier* qualifier = find(qualifiers, name);
  if (qualifier == nullptr) return false;
  const auto* value = std::get_if<bool>(&qualifier->value.data);
  return value != nullptr && *value;
}

std::vector<std::string> texts_of(const Qualifiers& qualifiers, std::string_view name) {
  std::vector<std::string> texts;
  const Qualifier* qualifier = find(qualifiers, name);
  if (qualifier == nullptr) return texts;
  if (const auto* one = std::get_if<Text>(&qualifier->value.data)) texts.push_back(*one);
  if (const auto* list = std::get_if<ValueList>(&qualifier->value.data)) {
    for (const Value& value : *list) {
      if (const auto* text = std::get_if<Text>(&value.data)) texts.push_back(*text);
    }
  }
  return texts;
}

const Property* Class::property(std::string_view wanted) const {
  for (const Property& one : properties) {
    if (same_name(one.name, wanted)) return &one;
  }
  return nullptr;
}

std::optional<GUID> Class::guid() const {
  const std::optional<std::string_view> text = text_of(qualifiers, "guid");
  if (!text) return std::nullopt;
  const Result<GUID> parsed = parse_guid(*text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::string_view Class::description() const {
  return text_of(qualifiers, "Description").value_or(std::string_view());
}

const PropertyValue* Instance::value(std::string_view wanted) const {
  for (const PropertyValue& one : values) {
    if (same_name(one.name, wanted)) return &one;
  }
  return nullptr;
}

const Class* Model::find_class(std::string_view name) const {
  for (const Class& one : classes) {
    if (same_name(one.name, name)) return &one;
  }
  return nullptr;
}

std::vector<const Class*> Model::lineage(std::string_view name) const {
  std::vector<const Class*> line;
  for (const Class* at = find_class(name); at != nullptr; at = find_class(at->superclass)) {
    if (line.size() > kMostLineage || std::ranges::find(line, at) != line.end()) break;
    line.push_back(at);
    if (at->superclass.empty()) break;
  }
  return line;
}

}  // namespace qm::mof

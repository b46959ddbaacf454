#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"
#include "mof/checker.h"
#include "mof/limits.h"
#include "mof/names.h"

namespace qm::mof {
namespace {

struct Range {
  std::int64_t lowest;
  std::uint64_t highest;
};

std::optional<Range> range_of(Type type) {
  switch (type) {
    case Type::char16:
    case Type::uint16:
      return Range{0, 0xffff};
    case Type::uint8:
      return Range{0, 0xff};
    case Type::uint32:
      return Range{0, 0xffffffff};
    case Type::uint64:
      return Range{0, std::numeric_limits<std::uint64_t>::max()};
    case Type::sint8:
      return Range{-0x80, 0x7f};
    case Type::sint16:
      return Range{-0x8000, 0x7fff};
    case Type::sint32:
      return Range{-0x80000000LL, 0x7fffffff};
    case Type::sint64:
      return Range{std::numeric_limits<std::int64_t>::min(), 0x7fffffffffffffffULL};
    default:
      return std::nullopt;
  }
}

std::string_view kind_of(const Value& value) {
  struct Names {
    std::string_view operator()(const Null&) const { return "NULL"; }
    std::string_view operator()(bool) const { return "a boolean"; }
    std::string_view operator()(std::int64_t) const { return "a number"; }
    std::string_view operator()(std::uint64_t) const { return "a number"; }
    std::string_view operator()(double) const { return "a real number"; }
    std::string_view operator()(const Text&) const { return "a string"; }
    std::string_view operator()(const AliasName&) const { return "an alias"; }
    std::string_view operator()(const std::shared_ptr<const Instance>&) const {
      return "an instance";
    }
    std::string_view operator()(const ValueList&) const { return "a list"; }
  };
  return std::visit(Names{}, value.data);
}

// DSP0004 5.2.4: yyyymmddhhmmss.mmmmmm+utc, or ddddddddhhmmss.mmmmmm:000; * where not significant.
bool is_datetime(std::string_view text) {
  if (text.size() != 25 || text[14] != '.') return false;
  if (text[21] != '+' && text[21] != '-' && text[21] != ':') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 14 || i == 21) continue;
    if (text[i] != '*' && (text[i] < '0' || text[i] > '9')) return false;
  }
  return true;
}

// A string that DSP0004's qualifiers make a place for an instance.
bool embeds(const Property& property) {
  return property.type == Type::string &&
         (find(property.qualifiers, "EmbeddedInstance") != nullptr ||
          find(property.qualifiers, "EmbeddedObject") != nullptr);
}

bool right_kind(const Value& value, Type type) {
  const bool is_number = std::holds_alternative<std::int64_t>(value.data) ||
                         std::holds_alternative<std::uint64_t>(value.data);
  const bool is_alias = std::holds_alternative<AliasName>(value.data);
  switch (type) {
    case Type::boolean:
      return std::holds_alternative<bool>(value.data);
    case Type::real32:
    case Type::real64:
      return is_number || std::holds_alternative<double>(value.data);
    case Type::string:
    case Type::datetime:
      return std::holds_alternative<Text>(value.data);
    case Type::reference:
      return is_alias || std::holds_alternative<Text>(value.data);
    case Type::object:
      return is_alias || std::holds_alternative<std::shared_ptr<const Instance>>(value.data);
    default:
      return is_number;
  }
}

bool in_range(const Value& value, const Range& range) {
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return *number >= range.lowest;
  }
  const auto* number = std::get_if<std::uint64_t>(&value.data);
  return number != nullptr && *number <= range.highest;
}

// 0x80000000 for a sint32: too large a number, but the bits of -2147483648.
std::string same_bits_hint(std::string_view text, const Value& value, const Range& range) {
  const auto* number = std::get_if<std::uint64_t>(&value.data);
  const std::uint64_t all_bits = 2 * range.highest + 1;
  if (number == nullptr || range.lowest == 0 || *number > all_bits) return {};
  if (!text.starts_with("0x") && !text.starts_with("0X")) return {};
  return fmt::format("a number in hex has no sign; write -{} for these bits",
                     all_bits - *number + 1);
}

}  // namespace

void Checker::check_value(const Value& value, const Property& property, unsigned depth) {
  if (value.is_null()) return;
  const auto* list = std::get_if<ValueList>(&value.data);
  if (!property.is_array) {
    check_single(value, property, depth);
    return;
  }
  if (list == nullptr) {
    diagnostics_.error("value-type", value.span,
                       fmt::format("'{}' is an array, this is {}", property.name, kind_of(value)),
                       "write { … } around the values");
    return;
  }
  if (property.array_size && list->size() > *property.array_size) {
    diagnostics_.error("value-type", value.span,
                       fmt::format("{} values for the {} elements of '{}'", list->size(),
                                   *property.array_size, property.name));
  }
  for (const Value& element : *list) {
    if (!element.is_null()) check_single(element, property, depth);
  }
}

void Checker::check_single(const Value& value, const Property& property, unsigned depth) {
  const bool right =
      right_kind(value, property.type) || (right_kind(value, Type::object) && embeds(property));
  if (!right && property.type == Type::object && !property.class_name.empty() &&
      find_class(property.class_name) == nullptr) {
    return;  // what is no class is most likely a type that is spelt wrong, as was said
  }
  if (!right) {
    diagnostics_.error("value-type", value.span,
                       fmt::format("'{}' is of type {}, this is {}", property.name,
                                   type_name(property.type), kind_of(value)));
    return;
  }
  const std::optional<Range> range = range_of(property.type);
  if (range && !in_range(value, *range)) {
    diagnostics_.error("value-range", value.span,
                       fmt::format("'{}' is {}: {} to {}", property.name, type_name(property.type),
                                   range->lowest, range->highest),
                       same_bits_hint(diagnostics_.sources().text(value.span), value, *range));
    return;
  }
  if (property.type == Type::datetime && !is_datetime(std::get<Text>(value.data))) {
    diagnostics_.warning("bad-datetime", value.span, "this is no datetime of 25 characters",
                         "yyyymmddhhmmss.mmmmmm+utc, or ddddddddhhmmss.mmmmmm:000");
  }
  const auto* held = std::get_if<std::shared_ptr<const Instance>>(&value.data);
  if (held != nullptr && *held != nullptr) check_instance(**held, false, depth + 1);
}

void Checker::check_instances() {
  check_aliases();
  for (std::size_t i = 0; i < model_.instances.size() && !diagnostics_.full(); ++i) {
    check_instance(model_.instances[i], parsed_.damaged_instances.contains(i), 0);
  }
}

void Checker::check_aliases() {
  const auto add = [this](const Text& alias, Span span) {
    if (alias.empty()) return;
    const auto [at, fresh] = aliases_.emplace(alias, span);
    if (fresh) return;
    diagnostics_.error("duplicate-alias", span, fmt::format("alias '${}' is given twice", alias));
    diagnostics_.also(at->second, "first here");
  };
  for (const Class& one : model_.classes) add(one.alias, one.span);
  for (const Instance& one : model_.instances) add(one.alias, one.span);
}

void Checker::check_instance(const Instance& instance, bool is_damaged, unsigned depth) {
  if (depth > kMostValueDepth) return;  // the parser said so
  check_qualifiers(instance.qualifiers, kScopeAny);
  for (const PropertyValue& one : instance.values) {
    const auto* alias = std::get_if<AliasName>(&one.value.data);
    if (alias != nullptr && !aliases_.contains(alias->name)) {
      diagnostics_.error("unknown-alias", one.value.span,
                         fmt::format("no instance is named '${}'", alias->name),
                         "name it with: instance of CLASS as $NAME");
    }
    if (instance.value(one.name) == &one) continue;
    diagnostics_.error("duplicate-value", one.span, fmt::format("'{}' is given twice", one.name));
    diagnostics_.also(instance.value(one.name)->span, "first here");
  }
  const Class* the_class = find_class(instance.class_name);
  if (the_class == nullptr) {
    if (instance.class_name.starts_with("__")) return;  // WMI's own
    diagnostics_.warning("unknown-class", instance.span,
                         fmt::format("class '{}' is in none of these files; nothing of this "
                                     "instance is checked",
                                     instance.class_name),
                         similar_class(instance.class_name, ""));
    return;
  }
  check_instance_values(instance, *the_class);
  if (!is_damaged && depth == 0) check_duplicate(instance, *the_class);
}

void Checker::check_instance_values(const Instance& instance, const Class& the_class) {
  const Line line = line_of(the_class);
  const bool sure = line.complete && std::ranges::none_of(line.classes, [this](const Class* one) {
                      return damaged(*one);
                    });
  for (const PropertyValue& one : instance.values) {
    if (const Property* property = find_property(line, one.name)) {
      check_value(one.value, *property, 0);
      continue;
    }
    if (!sure) continue;  // it may be inherited from a class that we have not seen
    std::vector<std::string_view> names;
    for (const Class* each : line.classes) {
      for (const Property& property : each->properties) names.push_back(property.name);
    }
    diagnostics_.error("unknown-property", one.span,
                       fmt::format("class '{}' has no property '{}'", the_class.name, one.name),
                       did_you_mean(one.name, names));
  }
}

// Two instances with the same keys are one; the later would silently win.
void Checker::check_duplicate(const Instance& instance, const Class& the_class) {
  std::string key = folded(instance.name_space) + '\n' + folded(the_class.name);
  bool has_key = false;
  const Line line = line_of(the_class);
  for (const Class* each : line.classes) {
    for (const Property& property : each->properties) {
      if (!flag_of(property.qualifiers, "key")) continue;
      const PropertyValue* value = instance.value(property.name);
      if (value == nullptr) return;
      const auto* text = std::get_if<Text>(&value->value.data);
      const auto* number = std::get_if<std::uint64_t>(&value->value.data);
      if (text == nullptr && number == nullptr) return;
      has_key = true;
      key += text != nullptr ? fmt::format("\n{}:{}", text->size(), folded(*text))
                             : fmt::format("\n#{}", *number);
    }
  }
  if (!has_key) return;
  const auto [at, fresh] = keys_.emplace(std::move(key), instance.span);
  if (fresh) return;
  diagnostics_.error(
      "duplicate-instance", instance.span,
      fmt::format("an instance of '{}' with these keys is already there", the_class.name));
  diagnostics_.also(at->second, "first here");
}

}  // namespace qm::mof

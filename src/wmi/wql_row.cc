#include "wmi/wql_row.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace qm::wmi::wql {
namespace {

struct Known {
  SystemProperty property;
  std::string_view name;
  mof::Type type;
};
constexpr std::array<Known, 11> kKnown = {{
    {SystemProperty::path, "__PATH", mof::Type::string},
    {SystemProperty::relpath, "__RELPATH", mof::Type::string},
    {SystemProperty::server, "__SERVER", mof::Type::string},
    {SystemProperty::name_space, "__NAMESPACE", mof::Type::string},
    {SystemProperty::dynasty, "__DYNASTY", mof::Type::string},
    {SystemProperty::superclass, "__SUPERCLASS", mof::Type::string},
    {SystemProperty::class_name, "__CLASS", mof::Type::string},
    {SystemProperty::derivation, "__DERIVATION", mof::Type::string},
    {SystemProperty::genus, "__GENUS", mof::Type::sint32},
    {SystemProperty::property_count, "__PROPERTY_COUNT", mof::Type::sint32},
    {SystemProperty::self, "__this", mof::Type::object},
}};

Value derivation_of(const ClassEntry& one) {
  ValueList list;
  for (const std::string& name : one.derivation) list.push_back({name});
  return {std::move(list)};
}

}  // namespace

Item item_of(const Row& row, const PropertyEntry& entry) {
  if (row.instance != nullptr) return item_of(*row.part, *row.instance, entry);
  Item item;
  const auto at = static_cast<std::size_t>(&entry - row.the_class->properties.data());
  if (row.made != nullptr && at < row.made->size()) item.value = (*row.made)[at];
  return item;
}

std::optional<SystemProperty> system_property(std::string_view name) {
  for (const Known& one : kKnown) {
    if (same_name(one.name, name)) return one.property;
  }
  return std::nullopt;
}

std::string_view system_name(SystemProperty property) {
  return kKnown.at(static_cast<std::size_t>(property)).name;
}

std::vector<std::string> system_names() {
  std::vector<std::string> out;
  out.reserve(kKnown.size());
  for (const Known& one : kKnown) out.emplace_back(one.name);
  return out;
}

mof::Type system_type(SystemProperty property) {
  return kKnown.at(static_cast<std::size_t>(property)).type;
}

Value system_value(const Row& row, SystemProperty property, const Setting& setting) {
  constexpr std::int64_t kGenusClass = 1;
  constexpr std::int64_t kGenusInstance = 2;
  const ClassEntry& one = *row.the_class;
  switch (property) {
    case SystemProperty::path:
      return {full_path(path_of(row, setting))};
    case SystemProperty::relpath:
      return {relative_path(path_of(row, setting))};
    case SystemProperty::server:
      return {setting.host};
    case SystemProperty::name_space:
      return {setting.name_space};
    case SystemProperty::dynasty:
      return {one.derivation.empty() ? std::string(one.name()) : one.derivation.back()};
    case SystemProperty::superclass:
      if (one.definition->superclass.empty()) return {};
      return {one.definition->superclass};
    case SystemProperty::class_name:
      return {one.name()};
    case SystemProperty::derivation:
      return derivation_of(one);
    case SystemProperty::genus:
      return {row.is_class() ? kGenusClass : kGenusInstance};
    case SystemProperty::property_count:
      return {static_cast<std::int64_t>(one.properties.size())};
    case SystemProperty::self:
      return row.is_class() ? Value{} : Value{object_of(row)};
  }
  return {};
}

ObjectPath path_of(const Row& row, const Setting& setting) {
  ObjectPath path;
  path.server = setting.host;
  path.name_space = setting.name_space;
  path.class_name = row.the_class->name();
  if (row.is_class()) return path;
  for (const PropertyEntry& entry : row.the_class->properties) {
    if (entry.key) path.keys.push_back({entry.property->name, item_of(row, entry).value});
  }
  path.singleton = path.keys.empty();
  return path;
}

bool derives(const ClassEntry& one, std::string_view from) {
  return same_name(one.name(), from) ||
         std::ranges::any_of(one.derivation,
                             [from](const std::string& name) { return same_name(name, from); });
}

ValueObject object_of(const Row& row) {
  ValueObject object;
  object.reserve(row.the_class->properties.size());
  for (const PropertyEntry& entry : row.the_class->properties) {
    object.push_back({entry.property->name, item_of(row, entry).value});
  }
  return object;
}

}  // namespace qm::wmi::wql

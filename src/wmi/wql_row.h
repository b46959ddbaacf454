// A row of an answer: an instance or a class, and what WMI itself says about it. Values that point
// into a snapshot and its repository.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wmi/repository.h"
#include "wmi/snapshot.h"
#include "wmi/value.h"
#include "wmi/wql_path.h"

namespace qm::wmi::wql {

// What is the same for all rows of an answer.
struct Setting {
  std::string host = "localhost";
  std::string name_space = "root\\wmi";
};

struct Row {
  const ClassEntry* the_class = nullptr;
  const Part* part = nullptr;  // of an instance that a provider published, with instance
  const provider::InstanceData* instance = nullptr;
  const std::vector<Value>* made = nullptr;  // of any other: by ClassEntry::properties

  bool is_class() const { return instance == nullptr && made == nullptr; }
};

Item item_of(const Row& row, const PropertyEntry& entry);

// The properties that every object of WMI has; `self` is what __this stands for.
enum class SystemProperty : std::uint8_t {
  path,
  relpath,
  server,
  name_space,
  dynasty,
  superclass,
  class_name,
  derivation,
  genus,
  property_count,
  self
};
std::optional<SystemProperty> system_property(std::string_view name);
std::string_view system_name(SystemProperty property);
std::vector<std::string> system_names();
mof::Type system_type(SystemProperty property);  // __DERIVATION is an array of it
Value system_value(const Row& row, SystemProperty property, const Setting& setting);

ObjectPath path_of(const Row& row, const Setting& setting);
// The same class, or one that derives from it.
bool derives(const ClassEntry& one, std::string_view from);

// All properties of the row, in the class's order.
ValueObject object_of(const Row& row);

}  // namespace qm::wmi::wql

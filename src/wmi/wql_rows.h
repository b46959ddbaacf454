// Where the instances of a class come from: providers' blocks, instances in MOF texts, views of
// other classes (associations: mof/associations.mof), the namespaces.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wmi/wql.h"

namespace qm::wmi::wql {

// A class whose instances are made of those of another one, as WMI's view provider makes them.
struct View {
  const ClassEntry* source = nullptr;
  std::vector<const PropertyEntry*> properties;  // by those of the view; nullptr: NULL
};
// Of [ViewSources{"SELECT * FROM Class"}], with [PropertySources{"Property"}] at its properties. A
// reference to a class with one key is made of that key's text.
std::optional<View> view_of(const ClassEntry& one, const Schema& schema);

// Calls for every instance that is in no block, of this class alone. It is kept where `keep` says
// so. Stops at Found::most_made.
using Keep = std::function<bool(const Row&)>;
void make_rows(const ClassEntry& one, const Setting& setting, Found& found, const Keep& keep);

bool same_object(const ObjectPath& a, const ObjectPath& b);

}  // namespace qm::wmi::wql

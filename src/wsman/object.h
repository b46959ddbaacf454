// The instance that selectors name. Pure.
#pragma once

#include "wmi/wql.h"
#include "wsman/resource.h"

namespace qm::wsman {

// A path from a class and selectors: every key must be there, with a value of its type, and nothing
// else. Faults: invalid_selectors, destination_unreachable (no such class).
Answered<wmi::wql::ObjectPath> path_of(const std::string& class_name,
                                       const std::vector<Selector>& keys,
                                       const wmi::wql::Schema& schema);
// Of an endpoint reference; it must be of the schema's namespace.
Answered<wmi::wql::ObjectPath> path_of(const Reference& reference, const wmi::wql::Schema& schema);

}  // namespace qm::wsman

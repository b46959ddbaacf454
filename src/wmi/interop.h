// root\interop: the classes by which CIM clients find out what this service is and what it has
// (DSP1033, DSP0200's discovery): namespaces, the object manager, how it is talked to.
// Immutable. Threads: share const.
#pragma once

#include <string_view>
#include <vector>

#include "wmi/repository.h"
#include "wmi/wql_row.h"

namespace qm::wmi {

inline constexpr std::string_view kInteropNamespace = "root\\interop";

// They are in that namespace alone, and in no list of this service's own classes.
const Repository& interop_classes();

// All instances of one of them, each by ClassEntry::properties. repository: whose namespaces.
std::vector<std::vector<Value>> interop_rows(const ClassEntry& one, const wql::Setting& setting,
                                             const Repository& repository);

}  // namespace qm::wmi

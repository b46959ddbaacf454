// Cooked twins: for each class of raw counters one whose values mean something at a glance, as
// WMI's WMIPerfInst provider makes them: Win32_PerfFormattedData_X of X.
//
// Promise: a twin's values are of the raw class's last two samples that lie a second apart at
// least; before there are two, and where a counter fell or is not known, they are NULL. A rate is
// per second, rounded down. Pure. Threads: share const.
// Source: Microsoft's "Formatted Performance Data", "Countertype Qualifier".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "wmi/repository.h"
#include "wmi/snapshot.h"
#include "wmi/value.h"

namespace qm::wmi {

inline constexpr std::string_view kFormattedClass = "Win32_PerfFormattedData";
inline constexpr std::uint64_t kLeastCookedNs = 1'000'000'000;  // between two samples

// The twins of a repository's raw classes, and what they derive from. A class of raw counters has a
// CounterType at a property of its own.
mof::Model cooked_model(const Repository& raw);

// What a twin is made of: nullptr for any other class.
const ClassEntry* raw_class_of(const ClassEntry& one, const Repository& raw);

// Calls for every instance of a twin, with its values by ClassEntry::properties, until it returns
// false.
using TakeCooked = std::function<bool(std::vector<Value>)>;
void cook(const ClassEntry& twin, const ClassEntry& raw, const Snapshot& snapshot,
          const TakeCooked& take);

}  // namespace qm::wmi

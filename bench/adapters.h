// Made-up adapters, for benchmarks of what shows them.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "wmi/source_testing.h"

namespace qm {

inline constexpr const char* kBenchClass = "MSiSCSI_QMIPSECStats";

// Instances of that class with numbers of all lengths up to 13 digits: bytes that were moved, and
// errors that were few.
inline std::vector<wmi::MadeInstance> made_adapters(const wmi::ClassEntry& the_class, int count) {
  std::vector<wmi::MadeInstance> instances;
  instances.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    wmi::BlockBuilder block(the_class);
    std::uint64_t counter = 0;
    for (const wmi::PropertyEntry& entry : the_class.properties) {
      if (entry.origin != wmi::Origin::data) continue;
      ++counter;
      block.set(entry.property->name,
                static_cast<std::uint64_t>(i) * 2'654'435'761U * counter >> (counter * 3 % 30));
    }
    instances.push_back(
        {fmt::format("SIM\\ISCSI\\ADAPTER{:05}_0", i), "", true, block.block(), block.qualities()});
  }
  return instances;
}

}  // namespace qm

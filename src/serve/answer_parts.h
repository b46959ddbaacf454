// What several answers of the JSON API are made of. Pure.
#pragma once

#include <cstdint>

#include "base/json_writer.h"
#include "serve/query.h"
#include "wmi/snapshot.h"

namespace qm::serve {

enum class Qualifiers : std::uint8_t { all, none };

// cooked: the twins, too.
void write_class_rows(JsonWriter& json, const wmi::Repository& repository,
                      const wmi::Snapshot& snapshot, bool cooked);
void write_class(JsonWriter& json, const wmi::ClassEntry& entry, Qualifiers which);

// Of one class, as /api/v1/instances has it. 503 beyond most_bytes in all.
struct InstancesPart {
  const Query& query;
  const wmi::Snapshot& snapshot;
  bool refreshed = false;
  std::size_t most_bytes;
};
Asked<void> write_instances(JsonWriter& json, const wmi::ClassEntry& entry,
                            const InstancesPart& part, std::uint64_t& malformed);

}  // namespace qm::serve

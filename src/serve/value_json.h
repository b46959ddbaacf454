// Properties and their qualities as JSON, the same in all answers (docs/api.md). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "mof/model.h"
#include "provider/page.h"
#include "wmi/value.h"

namespace qm::serve {

bool is_64_bit(mof::Type type);

// integers_as_text: of 64-bit properties, for readers whose numbers are doubles.
void write_value(JsonWriter& json, const wmi::Value& value, bool as_text);

struct Doubt {  // a property that is not exact
  std::string property;
  provider::ItemQuality quality;
  bool malformed = false;
};
// The member "quality".
void write_doubts(JsonWriter& json, const std::vector<Doubt>& doubts);

}  // namespace qm::serve

// The bytes of a MOF file as UTF-8. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/kept_text.h"
#include "base/result.h"

namespace qm::mof {

struct DecodedSource {
  KeptText text;         // valid UTF-8, without a byte order mark; line ends as they were
  std::string doubtful;  // why the reading may be wrong; "" when sure
};

// UTF-8 (with or without BOM), UTF-16 of either order with BOM; what is neither is read as
// Windows-1252, as the WMI tools read it on a Western system, with a doubt. Error `invalid` for
// odd UTF-16, unpaired surrogates, and what looks like UTF-16 without a BOM.
Result<DecodedSource> decode_source(KeptText bytes);

}  // namespace qm::mof

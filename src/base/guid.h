// A GUID as Windows lays it out (include/quickmode/wdm_types.h), as text. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "quickmode/wdm_types.h"

namespace qm {

// "b4d1c606-8682-4b7a-ac6b-d883d91555fb", with or without braces, either case.
Result<GUID> parse_guid(std::string_view text);
std::string guid_text(const GUID& guid);  // lower case, no braces

bool equal(const GUID& a, const GUID& b);

}  // namespace qm

// A value's quality in words for programs; qm_quality_text and qm_reason_text are for people. Pure.
#pragma once

#include <string_view>

#include "provider/page.h"

namespace qm::wmi {

std::string_view quality_word(provider::ItemQuality quality);  // "exact", "at least", …
std::string_view reason_word(provider::ItemQuality quality);   // "gap"; "none" where there is none

}  // namespace qm::wmi

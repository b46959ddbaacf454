// A model as MOF text, as a person would have written it. Pure.
//
// Promise: compiling the text gives the same model (spans apart) where MOF can say what the model
// says; lines stay within kMostTextColumns where a break is possible.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mof/model.h"

namespace qm::mof {

inline constexpr std::size_t kMostTextColumns = 100;

std::string emit_mof(const Model& model);

// The pieces, for those who show a part: a literal of the value, and of a string with its quotes.
std::string mof_literal(const Value& value);
std::string mof_string(std::string_view text);

}  // namespace qm::mof

// What stands behind #if, worked out. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "mof/token.h"

namespace qm::mof {

struct ConditionValue {
  std::int64_t value = 0;
  std::string trouble;  // "" when it could be worked out
  Span where;           // of the trouble; may be none
};

// C's operators on 64-bit integers (they wrap), names count as 0, `defined` already answered.
// Source: C11 6.10.1. No ?: and no assignment.
ConditionValue evaluate_condition(std::span<const Token> tokens);

}  // namespace qm::mof

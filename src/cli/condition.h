// The conditions in mof/semantics.mof that say which instances a counter sums over:
// "Direction = 1 AND ReplayWindow > 0". Pure. The rest of WQL is quickmode-serve's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/model.h"

namespace qm::cli {

inline constexpr std::size_t kMostTerms = 16;

class Condition {
 public:
  // "" holds for all. Errors: unsupported (more than comparisons with numbers joined by AND),
  // limit.
  static Result<Condition> parse(std::string_view text);

  // False where a property is null or not a whole number ≥ 0.
  bool holds(const Instance& instance) const;

  // With the names that the class gives to values: "Direction = out AND Protocol = ESP".
  std::string text(const ClassInfo& info) const;

 private:
  enum class Operator : std::uint8_t { equal, unequal, less, at_most, more, at_least };
  struct Term {
    std::string property;
    Operator op = Operator::equal;
    std::uint64_t number = 0;
  };
  std::vector<Term> terms_;

  static Result<Operator> operator_from(std::string_view text);
  static std::string_view operator_text(Operator op);
};

}  // namespace qm::cli

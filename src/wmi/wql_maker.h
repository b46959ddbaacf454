// How a Program is made of a Condition; the compiler's inside.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "wmi/wql_program.h"

namespace qm::wmi::wql {

inline constexpr std::uint32_t kAccept = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint32_t kReject = kAccept - 1;

class ProgramMaker {
 public:
  ProgramMaker(const Condition& condition, const Scope& scope, Diagnostics& diagnostics)
      : condition_(condition), scope_(scope), diagnostics_(diagnostics) {}
  std::optional<Program> make();

 private:
  using Test = Program::Test;
  using Names = std::optional<std::vector<std::string>>;

  // Steps are made from the last to the first: where each goes on is known then.
  std::uint32_t emit(std::uint32_t node, std::uint32_t on_true, std::uint32_t on_false);
  Names names_of(std::uint32_t node) const;
  std::optional<Test> test_of(const Term& term);
  std::optional<Test> compared_with_literal(const Term& term, Access access,
                                            const Literal& literal);
  std::optional<Test> compared_with_property(const Term& term, Access access,
                                             const PropertyPath& other);
  std::optional<Test> class_test(const Term& term, Access access, const Literal& literal);
  std::optional<Test> pattern_test(const Term& term, Access access, const Literal& literal);
  // The constant as a value of the property's group; nullopt: reported.
  std::optional<Value> converted(const Term& term, Group group, const Literal& literal);
  std::optional<Value> number_from(const Literal& literal);
  static bool integer_test(const Access& access, Operator op, const Value& value, Test& test);
  bool may_order(const Term& term, Group group);
  bool comparable(const PropertyPath& path, const Access& access);
  std::nullopt_t wrong(std::string_view code, Span span, std::string message,
                       std::string hint = {});

  const Condition& condition_;
  const Scope& scope_;
  Diagnostics& diagnostics_;
  std::vector<Test> tests_;  // by term
  Program program_;
};

}  // namespace qm::wmi::wql

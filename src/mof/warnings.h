// The warnings and notes of mofc by name, and which of them a run wants: the -W switches. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/result.h"

namespace qm::mof {

struct Warning {
  std::string_view name;  // the diagnostic's code
  Severity usual = Severity::warning;
  std::string_view meaning;  // for --help
};
std::span<const Warning> warnings();  // by name

// Promise: what was added later wins over what was added before. Errors stay errors.
class WarningChoice {
 public:
  // What follows -W: "all" (notes are told as warnings, everywhere), "NAME", "no-NAME", "error",
  // "no-error", "error=NAME", "no-error=NAME". Error `invalid` for what is no warning's name.
  Result<bool> add(std::string_view word);

  // As what it is told; nothing when it is not.
  std::optional<Severity> told_as(std::string_view name, Severity usual) const;
  bool empty() const { return !changed_; }

 private:
  using Names = std::set<std::string, std::less<>>;
  bool changed_ = false;
  bool all_ = false;
  bool errors_ = false;
  Names on_;
  Names off_;
  Names fatal_;
  Names not_fatal_;
};

}  // namespace qm::mof

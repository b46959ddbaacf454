// Names as MOF compares them, and "did you mean". Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace qm::mof {

// ASCII letters in lower case: equal for names that MOF takes for the same.
std::string folded(std::string_view name);

// The candidate within a third of the name's length in edits (case does not count), "" when none
// is near. Costs length² a candidate; names beyond 64 bytes are not compared.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

// A hint made of it: "did you mean 'X'?", or `otherwise`.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates,
                         std::string_view otherwise = "");

}  // namespace qm::mof

// "Did you mean …?" Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace qm {

inline constexpr std::size_t kMostSuggestBytes = 128;  // longer words get no suggestion

// Insertions, deletions, replacements and swaps of neighbours that make a into b, case folded.
std::size_t edit_distance(std::string_view a, std::string_view b);

// " Did you mean X?", " Did you mean X or Y?", or "": known names that are close, begin so or
// contain it; at most three.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace qm

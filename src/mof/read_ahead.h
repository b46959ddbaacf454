// Has the kernel read what a file includes while the compiler is still at its front: from a cold
// cache a schema of many files is then compiled in the time that reading them takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mof/mof.h"

namespace qm::mof {

inline constexpr std::size_t kMostReadAhead = 10'000;  // files; more are read when their turn comes
inline constexpr std::size_t kWorthAThread = 8;        // fewer are not, nor any that are cached

// What the text of the file at `path` names in #pragma include, beside it; a guess from how such
// lines are written, not the preprocessor's word. Pure.
std::vector<std::string> included_paths(std::string_view path, std::string_view text);

// The reader; behind the first text of many includes a thread tells the kernel of them. It shares
// nothing with the compiler, and ends with the last copy of the reader.
FileReader reading_ahead(FileReader reader);

}  // namespace qm::mof

// What may be printed, and how it looks: width, colour, and whether UTF-8 can be shown. Pure but
// for terminal_here().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qm::cli {

inline constexpr std::size_t kDefaultWidth = 80;
inline constexpr std::size_t kLeastWidth = 40;  // narrower ones get lines that wrap
inline constexpr std::size_t kMostWidth = 500;

enum class Style : std::uint8_t { plain, bold, dim, good, warn, bad };
enum class ColorChoice : std::uint8_t { automatic, always, never };

struct Terminal {
  std::size_t width = kDefaultWidth;  // columns
  bool color = false;
  bool utf8 = true;
  std::string host = "localhost";

  // Text that others wrote: plain, and in ASCII where UTF-8 can't be shown.
  std::string shown(std::string_view any) const;
  std::string styled(Style style, std::string_view text) const;

  // Marks, each with its ASCII form.
  std::string_view null() const { return utf8 ? "–" : "-"; }
  std::string_view at_least() const { return utf8 ? "≥" : ">="; }
  std::string_view inferred() const { return "~"; }
  std::string_view arrow() const { return utf8 ? "→" : "->"; }
  std::string_view ellipsis() const { return utf8 ? "…" : "..."; }
  std::string_view sum() const { return utf8 ? "Σ" : "sum of"; }
};

// Of this process: the width from $COLUMNS or the terminal, colour by choice, NO_COLOR and whether
// standard output is a terminal, UTF-8 by LC_ALL, LC_CTYPE, LANG (terminal_linux.cc).
Terminal terminal_here(ColorChoice choice);

// As an environment says it; nullptr: not set. An unset locale is C.
bool utf8_locale(const char* lc_all, const char* lc_ctype, const char* lang);
// "120" within kLeastWidth…kMostWidth, else fallback.
std::size_t width_from(const char* columns, std::size_t fallback);

}  // namespace qm::cli

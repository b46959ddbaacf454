#include "cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace qm::cli {
namespace {

constexpr std::size_t kMostShownBytes = 4096;

std::string ascii(std::string_view plain) {
  const std::u16string units = utf16(plain);
  std::string out;
  for (std::size_t i = 0; i < units.size(); ++i) {
    char32_t c = units[i];
    if (c >= 0xd800 && c <= 0xdbff && i + 1 < units.size()) {
      c = 0x10000 + ((c - 0xd800) << 10U) + (static_cast<char32_t>(units[++i]) - 0xdc00);
    }
    switch (c) {
      case U'–':
      case U'—':
      case U'−':
        out += '-';
        break;
      case U'‘':
      case U'’':
        out += '\'';
        break;
      case U'“':
      case U'”':
        out += '"';
        break;
      case U'…':
        out += "...";
        break;
      default:
        if (c < 0x80) {
          out += static_cast<char>(c);
        } else {
          out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c));
        }
    }
  }
  return out;
}

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::bold:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::good:
      return "\x1b[32m";
    case Style::warn:
      return "\x1b[33m";
    case Style::bad:
      return "\x1b[1;31m";
    case Style::plain:
      break;
  }
  return {};
}

}  // namespace

std::string Terminal::shown(std::string_view any) const {
  std::string plain = plain_text(any, kMostShownBytes);
  return utf8 ? plain : ascii(plain);
}

std::string Terminal::styled(Style style, std::string_view text) const {
  if (!color || style == Style::plain || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(style), text);
}

bool utf8_locale(const char* lc_all, const char* lc_ctype, const char* lang) {
  std::string_view name;
  for (const char* candidate : {lc_all, lc_ctype, lang}) {  // the first that says something wins
    if (candidate != nullptr && *candidate != '\0') {
      name = candidate;
      break;
    }
  }
  return glob_match("*utf8*", name) || glob_match("*utf-8*", name);
}

std::size_t width_from(const char* columns, std::size_t fallback) {
  if (columns == nullptr) return fallback;
  const std::string_view text = columns;
  std::size_t width = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), width);
  if (error != std::errc() || end != text.data() + text.size() || width == 0) return fallback;
  return std::clamp(width, kLeastWidth, kMostWidth);
}

}  // namespace qm::cli

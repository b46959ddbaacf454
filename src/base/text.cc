#include "base/text.h"

#include <fmt/format.h>

#include <cstdint>

namespace qm {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: not valid UTF-8 here
};

CodePoint decode_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> char32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const char32_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  if (lead >= 0xc2 && lead <= 0xdf && tail(at + 1)) {
    return {((lead & 0x1fU) << 6U) | (byte(at + 1) & 0x3fU), 2};
  }
  if ((lead & 0xf0U) == 0xe0 && tail(at + 1) && tail(at + 2)) {
    const char32_t value =
        ((lead & 0x0fU) << 12U) | ((byte(at + 1) & 0x3fU) << 6U) | (byte(at + 2) & 0x3fU);
    if (value >= 0x800 && (value < 0xd800 || value > 0xdfff)) return {value, 3};
  }
  if (lead >= 0xf0 && lead <= 0xf4 && tail(at + 1) && tail(at + 2) && tail(at + 3)) {
    const char32_t value = ((lead & 0x07U) << 18U) | ((byte(at + 1) & 0x3fU) << 12U) |
                           ((byte(at + 2) & 0x3fU) << 6U) | (byte(at + 3) & 0x3fU);
    if (value >= 0x10000 && value <= 0x10ffff) return {value, 4};
  }
  return {};
}

// Control characters and those that steer or hide text: Unicode's Cc, Cf, Zl, Zp and noncharacters.
bool is_hidden(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || c == 0x180e ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
         (c & 0xfffeU) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xe0000 && c <= 0xe0fff);
}

bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

bool is_combining(char32_t c) {
  return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
         (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe0f);
}

// What plain_text shows for the character or the invalid byte at this place.
std::string visible(std::string_view any, std::size_t at, CodePoint point) {
  if (point.bytes == 0) return fmt::format("\\x{:02x}", static_cast<unsigned char>(any[at]));
  if (!is_hidden(point.value)) return std::string(any.substr(at, point.bytes));
  const auto value = static_cast<std::uint32_t>(point.value);
  return value < 0x80 ? fmt::format("\\x{:02x}", value) : fmt::format("\\u{{{:x}}}", value);
}

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool is_plain_text(std::string_view utf8) {
  for (std::size_t at = 0; at < utf8.size();) {
    const CodePoint point = decode_at(utf8, at);
    if (point.bytes == 0 || is_hidden(point.value)) return false;
    at += point.bytes;
  }
  return true;
}

std::string plain_text(std::string_view any, std::size_t most_bytes) {
  constexpr std::string_view kEllipsis = "…";
  std::string out;
  std::size_t cut = 0;  // the longest whole beginning that leaves room for the ellipsis
  for (std::size_t at = 0; at < any.size();) {
    const CodePoint point = decode_at(any, at);
    const std::string piece = visible(any, at, point);
    if (out.size() + piece.size() > most_bytes) {
      out.resize(cut);
      if (most_bytes >= kEllipsis.size()) out += kEllipsis;
      return out;
    }
    out += piece;
    if (out.size() + kEllipsis.size() <= most_bytes) cut = out.size();
    at += point.bytes == 0 ? 1 : point.bytes;
  }
  return out;
}

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const CodePoint point = decode_at(utf8, at);
    if (point.bytes == 0 || !is_combining(point.value)) width += is_wide(point.value) ? 2 : 1;
    at += point.bytes == 0 ? 1 : point.bytes;
  }
  return width;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last * seen, and the text it was tried at
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || folded(pattern[p]) == folded(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::u16string utf16(std::string_view utf8) {
  std::u16string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const CodePoint point = decode_at(utf8, at);
    if (point.bytes == 0) {
      out += u'\xfffd';
    } else if (point.value < 0x10000) {
      out += static_cast<char16_t>(point.value);
    } else {
      const char32_t rest = point.value - 0x10000;
      out += static_cast<char16_t>(0xd800 + (rest >> 10U));
      out += static_cast<char16_t>(0xdc00 + (rest & 0x3ffU));
    }
    at += point.bytes == 0 ? 1 : point.bytes;
  }
  return out;
}

std::string utf8(std::u16string_view utf16) {
  std::string out;
  const auto put = [&out](char32_t c) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xc0U | (c >> 6U));
      out += static_cast<char>(0x80U | (c & 0x3fU));
    } else if (c < 0x10000) {
      out += static_cast<char>(0xe0U | (c >> 12U));
      out += static_cast<char>(0x80U | ((c >> 6U) & 0x3fU));
      out += static_cast<char>(0x80U | (c & 0x3fU));
    } else {
      out += static_cast<char>(0xf0U | (c >> 18U));
      out += static_cast<char>(0x80U | ((c >> 12U) & 0x3fU));
      out += static_cast<char>(0x80U | ((c >> 6U) & 0x3fU));
      out += static_cast<char>(0x80U | (c & 0x3fU));
    }
  };
  for (std::size_t i = 0; i < utf16.size(); ++i) {
    const char32_t unit = utf16[i];
    const bool high = unit >= 0xd800 && unit <= 0xdbff;
    const bool paired =
        high && i + 1 < utf16.size() && utf16[i + 1] >= 0xdc00 && utf16[i + 1] <= 0xdfff;
    if (paired) {
      put(0x10000 + ((unit - 0xd800) << 10U) + (static_cast<char32_t>(utf16[++i]) - 0xdc00));
    } else {
      put(unit >= 0xd800 && unit <= 0xdfff ? 0xfffd : unit);
    }
  }
  return out;
}

}  // namespace qm

// Text that others wrote, made safe to show. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace qm {

// Valid UTF-8 without control characters (C0, DEL, C1), bidirectional overrides or other
// invisible format characters: names that may be stored and shown anywhere.
bool is_plain_text(std::string_view utf8);

// The same, made from anything: each offending byte or character becomes a visible \xNN or
// \u{NNNN}, a backslash stays. Never longer than most_bytes; cut at a character, with "…".
std::string plain_text(std::string_view any, std::size_t most_bytes = 4096);

// Columns on a terminal, counting each code point once (wide CJK twice, combining marks none).
std::size_t display_width(std::string_view utf8);

// Shell-style pattern, * and ? only, ASCII case folded, the whole text must match.
// Linear in text × stars; no recursion.
bool glob_match(std::string_view pattern, std::string_view text);

// Equal with ASCII case folded, as WMI compares names.
inline bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  // Most names that are the same are spelt the same: eight characters at a time.
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= a.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t left = 0;
    std::uint64_t right = 0;
    std::memcpy(&left, a.data() + i, sizeof left);
    std::memcpy(&right, b.data() + i, sizeof right);
    if (left != right) break;
  }
  for (; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::u16string utf16(std::string_view utf8);  // what is invalid becomes U+FFFD
std::string utf8(std::u16string_view utf16);  // likewise

}  // namespace qm

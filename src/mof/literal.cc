#include "mof/literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>

#include "base/text.h"
#include "mof/block16.h"

namespace qm::mof {
namespace {

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The unit of \xHHHH at text[at] (behind the x); digits = how many there were.
std::uint16_t hex_unit(std::string_view text, std::size_t at, std::size_t& digits) {
  digits = 0;
  while (digits < 4 && at + digits < text.size() && is_hex_digit(text[at + digits])) ++digits;
  std::uint16_t unit = 0;
  std::from_chars(text.data() + at, text.data() + at + digits, unit, 16);
  return unit;
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'f':
      return '\f';
    case 'r':
      return '\r';
    case '"':
    case '\'':
    case '\\':
      return c;
    default:
      return '\0';
  }
}

// The first place from `at` on that is a backslash or CR, or the end.
std::size_t ordinary_end(std::string_view text, std::size_t at) {
  constexpr auto kBlock = static_cast<std::size_t>(Block16::kBytes);
  for (; at + kBlock <= text.size(); at += kBlock) {
    const Block16::Mask found = Block16(text.data() + at).equal('\\', '\r');
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found));
  }
  while (at < text.size() && text[at] != '\\' && text[at] != '\r') ++at;
  return at;
}

bool is_high(std::uint16_t unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}
bool is_low(std::uint16_t unit) {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

// Reads the escape at text[at] == '\\', appends its value; returns its length in the text.
std::size_t append_escape(std::string_view text, std::size_t at, std::string& out,
                          EscapeTrouble& trouble) {
  const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
  const auto complain = [&](std::size_t bytes, bool fatal, std::string message) {
    if (trouble.message.empty() || (fatal && !trouble.fatal)) {
      trouble = {at, bytes, fatal, std::move(message)};
    }
  };
  if (kind == '\n') return 2;
  if (kind == '\r' && at + 2 < text.size() && text[at + 2] == '\n') return 3;
  if (const char plain = simple_escape(kind); plain != '\0') {
    out += plain;
    return 2;
  }
  if (kind == 'x' || kind == 'X') {
    std::size_t digits = 0;
    std::u16string units(1, static_cast<char16_t>(hex_unit(text, at + 2, digits)));
    if (digits == 0) {
      complain(2, true, "\\x without hex digits");
      return 2;
    }
    std::size_t used = 2 + digits;
    if (is_high(units[0]) && text.substr(at + used, 2) == "\\x") {
      std::size_t more = 0;
      const std::uint16_t second = hex_unit(text, at + used + 2, more);
      if (more != 0 && is_low(second)) {
        units += static_cast<char16_t>(second);
        used += 2 + more;
      }
    }
    if (units[0] == 0) {
      complain(used, true, "a string cannot hold the character 0");
    } else if (units.size() == 1 && (is_high(units[0]) || is_low(units[0]))) {
      complain(used, true, "half of a UTF-16 surrogate pair");
    } else {
      out += utf8(units);
    }
    return used;
  }
  complain(2, false, fmt::format("'\\{}' is no escape of MOF; kept as it is", kind));
  out += '\\';
  return 1;
}

}  // namespace

EscapeTrouble append_string(std::string_view text, std::string& out) {
  EscapeTrouble trouble;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t special = ordinary_end(text, at);
    out += text.substr(at, special - at);
    at = special;
    if (at == text.size()) break;
    if (text[at] == '\r') {
      if (at + 1 >= text.size() || text[at + 1] != '\n') out += '\r';
      ++at;
    } else {
      at += append_escape(text, at, out, trouble);
    }
  }
  return trouble;
}

Result<std::uint16_t> parse_character(std::string_view text) {
  std::size_t digits = 0;
  if (text.starts_with("\\x") || text.starts_with("\\X")) {
    const std::uint16_t unit = hex_unit(text, 2, digits);  // may be 0 and half a pair
    if (digits != 0 && text.size() == 2 + digits) return unit;
    return fail(ErrorCode::invalid, "a character by number is \\x and 1 to 4 hex digits");
  }
  std::string decoded;
  const EscapeTrouble trouble = append_string(text, decoded);
  if (!trouble.message.empty()) return fail(ErrorCode::invalid, trouble.message);
  const std::u16string units = utf16(decoded);
  if (units.size() != 1) {
    return fail(ErrorCode::invalid, "a character holds exactly one UTF-16 unit");
  }
  return static_cast<std::uint16_t>(units[0]);
}

Result<Value> parse_integer(std::string_view text, bool negative) {
  int base = 10;
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.ends_with('b') || digits.ends_with('B')) {
    base = 2;
    digits.remove_suffix(1);
  } else if (digits.size() > 1 && digits.front() == '0') {
    base = 8;
    digits.remove_prefix(1);
  }
  std::uint64_t magnitude = 0;
  const char* begin = digits.data();
  const char* end = begin + digits.size();
  const auto result = std::from_chars(begin, end, magnitude, base);
  if (digits.empty() || result.ptr != end) {
    const bool decimal = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    return fail(ErrorCode::invalid,
                fmt::format("'{}' is no number{}", plain_text(text, 60),
                            decimal ? "; one that begins with 0 is octal" : ""));
  }
  if (result.ec != std::errc()) {
    return fail(ErrorCode::limit, fmt::format("{} does not fit into 64 bits", text));
  }
  Value value;
  if (!negative || magnitude == 0) {
    value.data = magnitude;
    return value;
  }
  constexpr std::uint64_t kLowest = std::uint64_t{1} << 63U;
  if (magnitude > kLowest) {
    return fail(ErrorCode::limit, fmt::format("-{} does not fit into 64 bits", text));
  }
  value.data = static_cast<std::int64_t>(~magnitude + 1);
  return value;
}

Result<double> parse_real(std::string_view text, bool negative) {
  double value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto result = std::from_chars(begin, end, value);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) {
    return fail(ErrorCode::invalid, fmt::format("'{}' is no number", plain_text(text, 60)));
  }
  if (result.ec != std::errc()) {
    return fail(ErrorCode::limit, fmt::format("{} does not fit into a real64", text));
  }
  return negative ? -value : value;
}

}  // namespace qm::mof

#include "cli/format.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cmath>

#include "base/clock.h"
#include "base/text.h"

namespace qm::cli {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kFiletimeOfYear10000 = 2'650'467'744'000'000'000ULL;

std::string with_separators(std::string digits) {
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string integer_text(std::uint64_t magnitude, bool negative, bool separators) {
  std::string digits = std::to_string(magnitude);
  return (negative ? "-" : "") + (separators ? with_separators(std::move(digits)) : digits);
}

struct Civil {
  int year;
  unsigned month, day;
  std::uint64_t hour, minute, second, ms;
};

std::optional<Civil> civil(std::uint64_t filetime_100ns) {
  if (filetime_100ns == 0 || filetime_100ns >= kFiletimeOfYear10000) return std::nullopt;
  constexpr std::uint64_t kDay = 864'000'000'000;
  constexpr std::int64_t kDaysTo1970 = kFiletimeOfUnixEpoch / kDay;
  const auto days = static_cast<std::int64_t>(filetime_100ns / kDay) - kDaysTo1970;
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  const std::uint64_t ms = filetime_100ns % kDay / 10'000;
  return Civil{static_cast<int>(date.year()),
               static_cast<unsigned>(date.month()),
               static_cast<unsigned>(date.day()),
               ms / 3'600'000,
               ms / 60'000 % 60,
               ms / 1000 % 60,
               ms % 1000};
}

// The bytes of the UTF-8 character that begins text (1 where it is not valid).
std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t bytes = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return std::min(bytes, text.size());
}

}  // namespace

std::string grouped(std::uint64_t value) {
  return integer_text(value, false, true);
}

std::optional<std::string> number_text(const json::value& value, bool separators) {
  if (const auto* number = value.if_uint64()) return integer_text(*number, false, separators);
  if (const auto* number = value.if_int64()) {
    const auto bits = static_cast<std::uint64_t>(*number);
    return integer_text(*number < 0 ? 0 - bits : bits, *number < 0, separators);
  }
  if (const auto* number = value.if_double()) {
    if (*number == 0) return "0";
    if (!std::isfinite(*number) || std::abs(*number) >= 1.8e19) return fmt::format("{:g}", *number);
    if (std::abs(*number) < 999.95) return fmt::format("{:.1f}", *number);
    return integer_text(static_cast<std::uint64_t>(std::round(std::abs(*number))), *number < 0,
                        separators);
  }
  return std::nullopt;
}

std::string value_text(const Property& property, const json::value& value, const Terminal& terminal,
                       bool separators) {
  if (value.is_null()) return std::string(terminal.null());
  if (const auto* flag = value.if_bool()) return *flag ? "yes" : "no";
  if (const auto* text = value.if_string()) return terminal.shown(*text);
  if (const auto* list = value.if_array()) {
    std::string out;
    for (const auto& item : *list) {
      out += (out.empty() ? "" : ", ") + value_text(property, item, terminal, separators);
    }
    return out;
  }
  const auto number = number_text(value, separators);
  if (!number) return terminal.shown(json::serialize(value));
  if (const std::string* name = property.value_name(value)) return terminal.shown(*name);
  return *number;
}

std::optional<std::string> time_text(std::uint64_t filetime_100ns) {
  const auto c = civil(filetime_100ns);
  if (!c) return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", c->year, c->month, c->day, c->hour,
                     c->minute, c->second);
}

std::optional<std::string> iso_time_text(std::uint64_t filetime_100ns) {
  const auto c = civil(filetime_100ns);
  if (!c) return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c->year, c->month, c->day,
                     c->hour, c->minute, c->second, c->ms);
}

std::string duration_text(std::uint64_t seconds) {
  const std::uint64_t minutes = seconds / 60;
  const std::uint64_t hours = minutes / 60;
  if (minutes == 0) return fmt::format("{} s", seconds);
  if (hours == 0) return fmt::format("{} min", minutes);
  if (hours < 24) return fmt::format("{} h {} min", hours, minutes % 60);
  return fmt::format("{} d {} h", hours / 24, hours % 24);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  const bool whole = size == std::floor(size) || size >= 100;
  return whole ? fmt::format("{:.0f} {}", size, kUnits[unit])
               : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t line_width = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const std::size_t word_width = display_width(word);
    if (!line.empty() && line_width + 1 + word_width > width) {
      lines.push_back(std::move(line));
      line.clear();
      line_width = 0;
    }
    if (!line.empty()) {
      line += ' ';
      ++line_width;
    }
    line += word;
    line_width += word_width;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string left(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(text) + std::string(width > used ? width - used : 0, ' ');
}

std::string right(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(width > used ? width - used : 0, ' ') + std::string(text);
}

json::value text_value(std::string_view text) {
  return json::value(json::string_view(text.data(), text.size()));
}

std::string json_text(const json::value& value) {
  const std::string raw = json::serialize(value);
  std::string out;
  out.reserve(raw.size());
  for (std::string_view rest = raw; !rest.empty();) {
    const std::string_view character = rest.substr(0, character_bytes(rest));
    rest.remove_prefix(character.size());
    if (is_plain_text(character)) {
      out += character;
    } else {
      // Outside of ASCII JSON has strings only, so an escape may stand for any such character.
      for (const char16_t unit : utf16(character)) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(unit));
      }
    }
  }
  return out;
}

std::string csv_field(std::string_view text) {
  std::string out = "\"";
  // OWASP's list of what begins a formula; tab and CR cannot occur in plain text.
  if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos) {
    out += '\'';
  }
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string mof_literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string csv_value(const boost::json::value& value) {
  if (value.is_null()) return {};
  if (const auto* text = value.if_string()) return csv_field(plain_text(*text));
  if (const auto* flag = value.if_bool()) return *flag ? "1" : "0";
  if (const auto* number = value.if_double()) return fmt::format("{:.3f}", *number);
  if (value.is_number()) return *number_text(value, false);
  return csv_field(json_text(value));
}

}  // namespace qm::cli

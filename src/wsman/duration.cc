#include <fmt/format.h>

#include <array>

#include "wsman/envelope.h"
#include "xml/reader.h"

namespace qm::wsman {
namespace {

constexpr std::uint64_t kMostMs = std::uint64_t{1} << 53U;

struct Unit {
  char letter;
  bool time;  // behind the T
  std::uint64_t ms;
};
constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::array<Unit, 6> kUnits = {{{'Y', false, 365 * kDayMs},
                                         {'M', false, 30 * kDayMs},
                                         {'D', false, kDayMs},
                                         {'H', true, 3'600'000},
                                         {'M', true, 60'000},
                                         {'S', true, 1'000}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Digits from the front of text, taken off it; too many make what no duration may have.
std::uint64_t take_number(std::string_view& text) {
  std::uint64_t number = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (number <= kMostMs) number = number * 10 + static_cast<std::uint64_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return number;
}

// Of the digits behind a point: thousandths, rounded up.
std::uint64_t take_fraction_ms(std::string_view& text) {
  std::uint64_t ms = 0;
  std::uint64_t place = 100;
  bool rest = false;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    const auto digit = static_cast<std::uint64_t>(text.front() - '0');
    ms += digit * place;
    rest = rest || (place == 0 && digit != 0);
    place /= 10;
  }
  return ms + (rest ? 1 : 0);
}

}  // namespace

std::optional<std::uint64_t> duration_ms(std::string_view text) {
  text = xml::trimmed(text);
  if (!text.starts_with('P')) return std::nullopt;
  text.remove_prefix(1);
  std::uint64_t sum_ms = 0;
  std::size_t unit = 0;
  bool time = false;
  bool any = false;  // a part, behind the T also one of time
  while (!text.empty()) {
    if (text.front() == 'T') {
      if (time) return std::nullopt;
      time = true;
      any = false;
      text.remove_prefix(1);
      continue;
    }
    if (!is_digit(text.front())) return std::nullopt;
    const std::uint64_t number = take_number(text);
    std::uint64_t fraction_ms = 0;
    const bool point = text.starts_with('.');
    if (point) {
      text.remove_prefix(1);
      if (text.empty() || !is_digit(text.front())) return std::nullopt;
      fraction_ms = take_fraction_ms(text);
    }
    if (text.empty()) return std::nullopt;
    while (unit < kUnits.size() &&
           (kUnits[unit].letter != text.front() || kUnits[unit].time != time)) {
      ++unit;
    }
    if (unit == kUnits.size() || (point && text.front() != 'S')) return std::nullopt;
    if (number > kMostMs / kUnits[unit].ms) return std::nullopt;
    sum_ms += number * kUnits[unit].ms + fraction_ms;
    if (sum_ms > kMostMs) return std::nullopt;
    ++unit;
    any = true;
    text.remove_prefix(1);
  }
  if (!any) return std::nullopt;
  return sum_ms;
}

std::string duration_text(std::uint64_t ms) {
  return fmt::format("PT{}.{:03}S", ms / 1'000, ms % 1'000);
}

std::optional<bool> boolean_of(std::string_view text) {
  text = xml::trimmed(text);
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

}  // namespace qm::wsman

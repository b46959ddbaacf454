#include "metrics/names.h"

#include <charconv>
#include <chrono>

namespace qm::metrics {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Whether a word begins at the capital at: after a small letter or a digit ("KeyAdditions"), or
// where an acronym ends before a word ("SPIPackets"). A single small letter belongs to the acronym
// behind it ("iSCSI").
bool begins_word(std::string_view name, std::size_t at) {
  const char before = name[at - 1];
  const bool lone = at == 1 || !(is_lower(name[at - 2]) || is_upper(name[at - 2]));
  if (is_lower(before)) return !lone || at + 1 == name.size() || !is_upper(name[at + 1]);
  if (is_digit(before)) return true;
  return is_upper(before) && at + 1 < name.size() && is_lower(name[at + 1]);
}

}  // namespace

std::string snake_case(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool is_word = is_upper(c) || is_lower(c) || is_digit(c);
    const bool gap = !is_word || (i > 0 && is_upper(c) && begins_word(name, i));
    if (gap && !out.empty() && out.back() != '_') out += '_';
    if (is_word) out += lower(c);
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  if (out.empty() || is_digit(out.front())) out.insert(out.begin(), '_');
  return out;
}

void append_label_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

std::string help_text(std::string_view text, bool escape_quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || (c == '"' && escape_quotes)) out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view short_name(std::string_view instance_name) {
  std::string_view name = instance_name;
  if (const std::size_t at = name.rfind('\\'); at != std::string_view::npos) {
    name.remove_prefix(at + 1);
  }
  if (name.ends_with("_0")) name.remove_suffix(2);
  return name.empty() ? instance_name : name;
}

// DSP0004 5.2.4: yyyymmddhhmmss.mmmmmmsutc, utc in minutes.
bool unix_seconds(std::string_view datetime, double& out) {
  constexpr std::size_t kCharacters = 25;
  if (datetime.size() != kCharacters) return false;
  bool fine = true;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    const char* const end = datetime.data() + at + digits;
    const auto parsed = std::from_chars(datetime.data() + at, end, value);
    fine = fine && parsed.ec == std::errc() && parsed.ptr == end;
    return value;
  };
  using namespace std::chrono;
  const year_month_day date{year(number(0, 4)), month(static_cast<unsigned>(number(4, 2))),
                            day(static_cast<unsigned>(number(6, 2)))};
  const int seconds = number(8, 2) * 3'600 + number(10, 2) * 60 + number(12, 2);
  const int micros = number(15, 6);
  const int zone_min = number(22, 3);
  const char sign = datetime[21];
  if (!fine || !date.ok() || (sign != '+' && sign != '-')) return false;
  const auto days = sys_days(date).time_since_epoch().count();
  const double zone_s = (sign == '-' ? -60.0 : 60.0) * zone_min;
  out = static_cast<double>(days) * 86'400 + seconds + micros / 1e6 - zone_s;
  return true;
}

}  // namespace qm::metrics

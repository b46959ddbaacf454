#include "wsman/expires.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "wsman/envelope.h"

namespace qm::wsman {
namespace {

constexpr std::uint64_t kMs = 10'000;  // in 100 ns
constexpr std::uint64_t kSecond = 1'000 * kMs;

std::uint64_t now_ms(const Time& now) {
  return now.boot_ns / 1'000'000;
}

// Reads from the front of a text, by fixed widths.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}
  bool skip(char sign) {
    if (!rest_.starts_with(sign)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // So many digits, between first and last.
  bool number(std::size_t digits, int first, int last, int& out) {
    if (rest_.size() < digits) return false;
    out = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      out = out * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return out >= first && out <= last;
  }
  // Digits behind a point, in 100 ns; what is finer is left out.
  bool fraction(std::uint64_t& out) {
    std::uint64_t place = kSecond / 10;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      out += place * static_cast<std::uint64_t>(rest_[digits] - '0');
      place /= 10;
    }
    rest_.remove_prefix(digits);
    return digits != 0;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// "Z", "+hh:mm", "-hh:mm" or nothing: minutes east of UTC.
bool zone(Fields& fields, int& minutes) {
  minutes = 0;
  if (fields.done()) return true;
  if (fields.skip('Z')) return fields.done();
  const bool west = fields.skip('-');
  if (!west && !fields.skip('+')) return false;
  int hour = 0;
  int minute = 0;
  const bool read = fields.number(2, 0, 14, hour) && fields.skip(':') &&
                    fields.number(2, 0, hour == 14 ? 0 : 59, minute) && fields.done();
  minutes = (west ? -1 : 1) * (hour * 60 + minute);
  return read;
}

}  // namespace

std::optional<std::uint64_t> date_time_100ns(std::string_view text) {
  Fields fields(xml::trimmed(text));
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::uint64_t fraction = 0;
  int east = 0;
  const bool date = fields.number(4, 1, 9'999, year) && fields.skip('-') &&
                    fields.number(2, 1, 12, month) && fields.skip('-') &&
                    fields.number(2, 1, 31, day) && fields.skip('T');
  const bool time = date && fields.number(2, 0, 24, hour) && fields.skip(':') &&
                    fields.number(2, 0, 59, minute) && fields.skip(':') &&
                    fields.number(2, 0, 59, second) &&
                    (!fields.skip('.') || fields.fraction(fraction)) && zone(fields, east);
  const std::chrono::year_month_day ymd{std::chrono::year(year),
                                        std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day))};
  if (!time || !ymd.ok()) return std::nullopt;
  if (hour == 24 && (minute != 0 || second != 0 || fraction != 0)) return std::nullopt;
  const auto days = std::int64_t{std::chrono::sys_days(ymd).time_since_epoch().count()};
  const std::int64_t minutes = (days * 24 + hour) * 60 + minute - east;
  const std::int64_t since_1970_s = minutes * 60 + second;
  const auto since_1601_s =
      since_1970_s + static_cast<std::int64_t>(kFiletimeOfUnixEpoch / kSecond);
  if (since_1601_s < 0) return std::nullopt;
  return static_cast<std::uint64_t>(since_1601_s) * kSecond + fraction;
}

std::string date_time_text(std::uint64_t filetime_100ns) {
  using std::chrono::days;
  constexpr std::uint64_t kDay = 86'400 * kSecond;
  constexpr auto kDaysTo1970 = static_cast<std::int64_t>(kFiletimeOfUnixEpoch / kDay);
  const std::chrono::year_month_day ymd{
      std::chrono::sys_days(days(static_cast<std::int64_t>(filetime_100ns / kDay) - kDaysTo1970))};
  const std::uint64_t ms = filetime_100ns % kDay / kMs;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                     ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60, ms % 1'000);
}

Answered<Expires> expires_of(const xml::Element& said, FaultKind invalid, FaultKind unsupported,
                             const Time& now) {
  const std::string_view text = xml::trimmed(said.text);
  const auto over = [&] {
    return fault(invalid, fmt::format("Expires is \"{}\", and by then it is over already",
                                      plain_text(text, 100)));
  };
  if (const auto length_ms = duration_ms(text)) {
    if (*length_ms == 0) return over();
    return Expires{std::min(*length_ms, wmi::kMostEnumerationLifeMs), std::nullopt};
  }
  if (const auto moment = date_time_100ns(text)) {
    if (*moment <= now.filetime_100ns) return over();
    const std::uint64_t left_ms = (*moment - now.filetime_100ns + kMs - 1) / kMs;
    const std::uint64_t life_ms = std::min(left_ms, wmi::kMostEnumerationLifeMs);
    return Expires{life_ms, now_ms(now) + life_ms};
  }
  if (text.starts_with('-') && duration_ms(text.substr(1))) return over();
  return fault(unsupported, fmt::format("Expires is \"{}\"; write a duration, as PT10M, or a "
                                        "moment, as 2026-11-30T16:00:00Z",
                                        plain_text(text, 100)));
}

std::string expires_text(const wmi::Enumeration& of, const Time& now) {
  if (!of.until_ms) return duration_text(of.life_ms);
  const std::uint64_t left_ms = *of.until_ms - std::min(*of.until_ms, now_ms(now));
  return date_time_text(now.filetime_100ns + left_ms * kMs);
}

}  // namespace qm::wsman

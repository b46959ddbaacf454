#include "wmi/wql_value.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace qm::wmi::wql {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63U;
constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

std::partial_ordering compare_unsigned_real(std::uint64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b < 0) return std::partial_ordering::greater;
  if (b >= kTwo64) return std::partial_ordering::less;
  const auto whole = static_cast<std::uint64_t>(b);
  if (a != whole) return a <=> whole;
  return std::floor(b) == b ? std::partial_ordering::equivalent : std::partial_ordering::less;
}

std::partial_ordering compare_signed_real(std::int64_t a, double b) {
  if (a >= 0) return compare_unsigned_real(static_cast<std::uint64_t>(a), b);
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 0) return std::partial_ordering::less;
  if (b < -kTwo63) return std::partial_ordering::greater;
  const auto whole = static_cast<std::int64_t>(std::floor(b));
  if (a != whole) return a <=> whole;
  return std::floor(b) == b ? std::partial_ordering::equivalent : std::partial_ordering::less;
}

std::partial_ordering turned(std::partial_ordering order) {
  return 0 <=> order;
}

struct CompareNumbers {
  std::partial_ordering operator()(std::uint64_t a, std::uint64_t b) const { return a <=> b; }
  std::partial_ordering operator()(std::int64_t a, std::int64_t b) const { return a <=> b; }
  std::partial_ordering operator()(double a, double b) const { return a <=> b; }
  std::partial_ordering operator()(std::int64_t a, std::uint64_t b) const {
    if (a < 0) return std::partial_ordering::less;
    return static_cast<std::uint64_t>(a) <=> b;
  }
  std::partial_ordering operator()(std::uint64_t a, std::int64_t b) const {
    return turned((*this)(b, a));
  }
  std::partial_ordering operator()(std::uint64_t a, double b) const {
    return compare_unsigned_real(a, b);
  }
  std::partial_ordering operator()(double a, std::uint64_t b) const {
    return turned(compare_unsigned_real(b, a));
  }
  std::partial_ordering operator()(std::int64_t a, double b) const {
    return compare_signed_real(a, b);
  }
  std::partial_ordering operator()(double a, std::int64_t b) const {
    return turned(compare_signed_real(b, a));
  }
  template <class A, class B>
  std::partial_ordering operator()(const A&, const B&) const {
    return std::partial_ordering::unordered;
  }
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Days since 0000-03-01 of the proleptic Gregorian calendar.
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
  if (month <= 2) --year;
  const std::int64_t shifted = (month + 9) % 12;
  const std::int64_t leaps = year >= 0 ? year / 4 - year / 100 + year / 400 : -1;
  return year * 365 + leaps + (shifted * 153 + 2) / 5 + day - 1;
}

std::int64_t days_in(std::int64_t year, std::int64_t month) {
  const bool december = month == 12;
  return days_of(december ? year + 1 : year, december ? 1 : month + 1, 1) - days_of(year, month, 1);
}

struct Digits {
  std::int64_t least = 0;  // stars as 0
  std::int64_t most = 0;   // stars as 9
  bool fine = true;
};

Digits digits(std::string_view text, std::size_t at, std::size_t count) {
  Digits out;
  for (const char c : text.substr(at, count)) {
    out.fine = out.fine && (c == '*' || (c >= '0' && c <= '9'));
    out.least = out.least * 10 + (c == '*' ? 0 : c - '0');
    out.most = out.most * 10 + (c == '*' ? 9 : c - '0');
  }
  return out;
}

struct Clock {
  Digits hour, minute, second, micro;
};

// The same places in both forms.
std::optional<Clock> clock_of(std::string_view cim) {
  Clock out{digits(cim, 8, 2), digits(cim, 10, 2), digits(cim, 12, 2), digits(cim, 15, 6)};
  for (const Digits* one : {&out.hour, &out.minute, &out.second, &out.micro}) {
    if (!one->fine) return std::nullopt;
  }
  out.hour.most = std::min<std::int64_t>(out.hour.most, std::max<std::int64_t>(out.hour.least, 23));
  out.minute.most =
      std::min<std::int64_t>(out.minute.most, std::max<std::int64_t>(out.minute.least, 59));
  out.second.most =
      std::min<std::int64_t>(out.second.most, std::max<std::int64_t>(out.second.least, 59));
  return out;
}

std::int64_t micros(std::int64_t days, std::int64_t hour, std::int64_t minute, std::int64_t second,
                    std::int64_t micro) {
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000 + micro;
}

}  // namespace

Group group_of(mof::Type type) {
  using mof::Type;
  switch (type) {
    case Type::boolean:
      return Group::boolean;
    case Type::string:
    case Type::char16:
    case Type::reference:
      return Group::text;
    case Type::datetime:
      return Group::time;
    case Type::object:
    case Type::none:
      return Group::object;
    default:
      return Group::number;
  }
}

std::string_view group_name(Group group) {
  switch (group) {
    case Group::number:
      return "a number";
    case Group::text:
      return "text";
    case Group::boolean:
      return "a boolean";
    case Group::time:
      return "a datetime";
    case Group::object:
      return "an object";
  }
  return "";
}

std::optional<TimeRange> time_range(std::string_view cim) {
  constexpr std::size_t kPoint = 14;
  constexpr std::size_t kSign = 21;
  if (cim.size() != 25 || cim[kPoint] != '.') return std::nullopt;
  const auto clock = clock_of(cim);
  if (!clock) return std::nullopt;
  TimeRange out;
  if (cim[kSign] == ':') {
    const Digits days = digits(cim, 0, 8);
    if (!days.fine || cim.substr(kSign + 1) != "000") return std::nullopt;
    out.interval = true;
    out.first_us = micros(days.least, clock->hour.least, clock->minute.least, clock->second.least,
                          clock->micro.least);
    out.last_us = micros(days.most, clock->hour.most, clock->minute.most, clock->second.most,
                         clock->micro.most);
    return out;
  }
  if (cim[kSign] != '+' && cim[kSign] != '-') return std::nullopt;
  const Digits year = digits(cim, 0, 4);
  const Digits month = digits(cim, 4, 2);
  const Digits day = digits(cim, 6, 2);
  const Digits offset = digits(cim, kSign + 1, 3);  // minutes; starred: taken for UTC
  if (!year.fine || !month.fine || !day.fine || !offset.fine) return std::nullopt;
  const auto least_month = std::clamp<std::int64_t>(month.least, 1, 12);
  const auto most_month = std::clamp<std::int64_t>(month.most, 1, 12);
  if (month.most < 1 || month.least > 12 || day.most < 1 || day.least > 31) return std::nullopt;
  const std::int64_t offset_us =
      offset.least * 60'000'000 * (cim[kSign] == '-' ? std::int64_t{-1} : std::int64_t{1});
  out.first_us =
      micros(days_of(year.least, least_month, std::max<std::int64_t>(day.least, 1)),
             clock->hour.least, clock->minute.least, clock->second.least, clock->micro.least) -
      offset_us;
  const bool day_known = day.least == day.most;
  const std::int64_t last_day =
      day_known ? day.most : std::min(day.most, days_in(year.most, most_month));
  out.last_us = micros(days_of(year.most, most_month, last_day), clock->hour.most,
                       clock->minute.most, clock->second.most, clock->micro.most) -
                offset_us;
  return out;
}

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  return std::visit(CompareNumbers{}, a.data, b.data);
}

std::partial_ordering compare_times(std::string_view a, std::string_view b) {
  const auto left = time_range(a);
  const auto right = time_range(b);
  if (!left || !right || left->interval != right->interval) {
    return std::partial_ordering::unordered;
  }
  if (left->first_us == right->first_us && left->last_us == right->last_us) {
    return std::partial_ordering::equivalent;
  }
  if (left->last_us < right->first_us) return std::partial_ordering::less;
  if (left->first_us > right->last_us) return std::partial_ordering::greater;
  return std::partial_ordering::unordered;
}

// Bytes of UTF-8 order as their code points do.
std::strong_ordering compare_text(std::string_view a, std::string_view b) {
  const std::size_t shared = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < shared; ++i) {
    const auto left = static_cast<unsigned char>(lower(a[i]));
    const auto right = static_cast<unsigned char>(lower(b[i]));
    if (left != right) return left <=> right;
  }
  return a.size() <=> b.size();
}

std::partial_ordering compare(Group group, const Value& a, const Value& b) {
  if (group == Group::number) return compare_numbers(a, b);
  if (group == Group::boolean) {
    const auto* left = std::get_if<bool>(&a.data);
    const auto* right = std::get_if<bool>(&b.data);
    if (left == nullptr || right == nullptr || *left != *right) {
      return std::partial_ordering::unordered;
    }
    return std::partial_ordering::equivalent;
  }
  const auto* left = std::get_if<std::string>(&a.data);
  const auto* right = std::get_if<std::string>(&b.data);
  if (left == nullptr || right == nullptr) return std::partial_ordering::unordered;
  if (group == Group::text) return compare_text(*left, *right);
  return group == Group::time ? compare_times(*left, *right) : std::partial_ordering::unordered;
}

bool holds(Group group, Operator op, const Value& a, const Value& b) {
  const std::partial_ordering order =
      a.is_null() && b.is_null() ? std::partial_ordering::equivalent : compare(group, a, b);
  const bool null = a.is_null() || b.is_null();
  switch (op) {
    case Operator::equal:
      return order == 0;
    case Operator::not_equal:
      return order != 0;
    case Operator::less:
      return !null && order < 0;
    case Operator::less_equal:
      return !null && order <= 0;
    case Operator::greater:
      return !null && order > 0;
    case Operator::greater_equal:
      return !null && order >= 0;
    case Operator::like:
    case Operator::isa:
      break;
  }
  return false;
}

namespace {

// Where a number lies among the integers of a type.
struct Position {
  int outside = 0;  // -1 below all of them, 1 above
  std::uint64_t floor = 0;
  bool exact = true;
};

Position position_of(bool is_signed, const Value& literal) {
  if (const auto* number = std::get_if<std::uint64_t>(&literal.data)) {
    if (!is_signed) return {0, *number, true};
    return *number < kSignBit ? Position{0, *number ^ kSignBit, true} : Position{1, 0, true};
  }
  if (const auto* number = std::get_if<std::int64_t>(&literal.data)) {
    if (is_signed) return {0, mapped(*number), true};
    return *number < 0 ? Position{-1, 0, true}
                       : Position{0, static_cast<std::uint64_t>(*number), true};
  }
  const auto* real = std::get_if<double>(&literal.data);
  const double value = real == nullptr ? 0 : *real;
  if (value < (is_signed ? -kTwo63 : 0)) return {-1, 0, true};
  if (value >= (is_signed ? kTwo63 : kTwo64)) return {1, 0, true};
  const double floor = std::floor(value);
  const std::uint64_t whole =
      is_signed ? mapped(static_cast<std::int64_t>(floor)) : static_cast<std::uint64_t>(floor);
  return {0, whole, floor == value};
}

}  // namespace

std::optional<IntegerRange> integer_range(bool is_signed, Operator op, const Value& literal) {
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  const Position at = position_of(is_signed, literal);
  const bool below = op == Operator::less || op == Operator::less_equal;
  if (op == Operator::equal || op == Operator::not_equal) {
    if (at.outside != 0 || !at.exact) return std::nullopt;
    return IntegerRange{at.floor, at.floor};
  }
  if (at.outside != 0) {
    if ((at.outside > 0) != below) return std::nullopt;
    return IntegerRange{0, kLast};
  }
  if (below) {
    const bool with_floor = op == Operator::less_equal || !at.exact;
    if (with_floor) return IntegerRange{0, at.floor};
    return at.floor == 0 ? std::nullopt : std::optional(IntegerRange{0, at.floor - 1});
  }
  if (op == Operator::greater_equal && at.exact) return IntegerRange{at.floor, kLast};
  return at.floor == kLast ? std::nullopt : std::optional(IntegerRange{at.floor + 1, kLast});
}

}  // namespace qm::wmi::wql

// How WQL compares values: numbers exactly whatever their types, text without ASCII case (by code
// points), datetimes as the moments they name, NULL as equal to NULL alone. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "mof/model.h"
#include "wmi/value.h"
#include "wmi/wql_syntax.h"

namespace qm::wmi::wql {

// What can be compared with each other.
enum class Group : std::uint8_t { number, text, boolean, time, object };
Group group_of(mof::Type type);
std::string_view group_name(Group group);  // "a number"

// DSP0004 5.2.4: what is starred makes it a stretch of time, [first_us, last_us].
struct TimeRange {
  bool interval = false;  // else a moment, in µs since 0000-03-01 UTC
  std::int64_t first_us = 0;
  std::int64_t last_us = 0;
};
std::optional<TimeRange> time_range(std::string_view cim);  // none: not CIM's 25 characters

// Unordered: a NaN, times that overlap, a time and an interval, NULL, or other kinds of values.
std::partial_ordering compare_numbers(const Value& a, const Value& b);
std::partial_ordering compare_times(std::string_view a, std::string_view b);
std::strong_ordering compare_text(std::string_view a, std::string_view b);
std::partial_ordering compare(Group group, const Value& a, const Value& b);

// Whether `a op b` holds. With a NULL nothing is less or greater; <> is always the opposite of =.
bool holds(Group group, Operator op, const Value& a, const Value& b);

// The integers that fit `x op literal`, mapped to unsigned so that their order stays: first ≤ last;
// none when there are none. not_equal gives those of equal.
struct IntegerRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
std::optional<IntegerRange> integer_range(bool is_signed, Operator op, const Value& literal);
// Of signed ones; unsigned ones stay.
constexpr std::uint64_t mapped(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ std::uint64_t{1} << 63U;
}

}  // namespace qm::wmi::wql

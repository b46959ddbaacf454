// The named constants that class texts use as values, as Microsoft's published classes do:
// performance counter types and levels of detail. Pure.
// Source: the numeric values documented for winperf.h and "WMI performance counter types".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace qm::mof {

// "PERF_COUNTER_BULK_COUNT" -> 272696576; case counts, as in C.
std::optional<std::uint64_t> symbol_value(std::string_view name);
std::string_view counter_type_name(std::uint64_t value);  // "" for none
std::span<const std::string_view> symbol_names();         // for "did you mean"

// Bits 8 and 9 of a counter type say how wide the data is (winperf.h, PERF_SIZE_*).
enum class CounterWidth : std::uint8_t { dword, large, zero, variable };
constexpr CounterWidth counter_width(std::uint64_t counter_type) {
  return static_cast<CounterWidth>((counter_type >> 8U) & 3U);
}

}  // namespace qm::mof

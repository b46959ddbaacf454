#include "mof/symbols.h"

#include <algorithm>
#include <array>

namespace qm::mof {
namespace {

struct Symbol {
  std::string_view name;
  std::uint64_t value;
};

constexpr std::array kSymbols = std::to_array<Symbol>({
    {"PERF_100NSEC_MULTI_TIMER", 0x22510500},
    {"PERF_100NSEC_MULTI_TIMER_INV", 0x23510500},
    {"PERF_100NSEC_TIMER", 0x20510500},
    {"PERF_100NSEC_TIMER_INV", 0x21510500},
    {"PERF_AVERAGE_BASE", 0x40030402},
    {"PERF_AVERAGE_BULK", 0x40020500},
    {"PERF_AVERAGE_TIMER", 0x30020400},
    {"PERF_COUNTER_100NS_QUEUELEN_TYPE", 0x00550500},
    {"PERF_COUNTER_BULK_COUNT", 0x10410500},
    {"PERF_COUNTER_COUNTER", 0x10410400},
    {"PERF_COUNTER_DELTA", 0x00400400},
    {"PERF_COUNTER_HISTOGRAM_TYPE", 0x80000000},
    {"PERF_COUNTER_LARGE_DELTA", 0x00400500},
    {"PERF_COUNTER_LARGE_QUEUELEN_TYPE", 0x00450500},
    {"PERF_COUNTER_LARGE_RAWCOUNT", 0x00010100},
    {"PERF_COUNTER_LARGE_RAWCOUNT_HEX", 0x00000100},
    {"PERF_COUNTER_MULTI_BASE", 0x42030500},
    {"PERF_COUNTER_MULTI_TIMER", 0x22410500},
    {"PERF_COUNTER_MULTI_TIMER_INV", 0x23410500},
    {"PERF_COUNTER_NODATA", 0x40000200},
    {"PERF_COUNTER_OBJ_TIME_QUEUELEN_TYPE", 0x00650500},
    {"PERF_COUNTER_QUEUELEN_TYPE", 0x00450400},
    {"PERF_COUNTER_RAWCOUNT", 0x00010000},
    {"PERF_COUNTER_RAWCOUNT_HEX", 0x00000000},
    {"PERF_COUNTER_TEXT", 0x00000b00},
    {"PERF_COUNTER_TIMER", 0x20410500},
    {"PERF_COUNTER_TIMER_INV", 0x21410500},
    {"PERF_DETAIL_ADVANCED", 200},
    {"PERF_DETAIL_EXPERT", 300},
    {"PERF_DETAIL_NOVICE", 100},
    {"PERF_DETAIL_WIZARD", 400},
    {"PERF_ELAPSED_TIME", 0x30240500},
    {"PERF_LARGE_RAW_BASE", 0x40030500},
    {"PERF_LARGE_RAW_FRACTION", 0x20020500},
    {"PERF_OBJ_TIME_TIMER", 0x20610500},
    {"PERF_PRECISION_100NS_TIMER", 0x20570500},
    {"PERF_PRECISION_OBJECT_TIMER", 0x20670500},
    {"PERF_PRECISION_SYSTEM_TIMER", 0x20470500},
    {"PERF_RAW_BASE", 0x40030403},
    {"PERF_RAW_FRACTION", 0x20020400},
    {"PERF_SAMPLE_BASE", 0x40030401},
    {"PERF_SAMPLE_COUNTER", 0x00410400},
    {"PERF_SAMPLE_FRACTION", 0x20c20400},
});
static_assert(std::ranges::is_sorted(kSymbols, {}, &Symbol::name));

constexpr auto names() {
  std::array<std::string_view, kSymbols.size()> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = kSymbols[i].name;
  return out;
}
constexpr auto kNames = names();

}  // namespace

std::optional<std::uint64_t> symbol_value(std::string_view name) {
  const auto found = std::ranges::lower_bound(kSymbols, name, {}, &Symbol::name);
  if (found == kSymbols.end() || found->name != name) return std::nullopt;
  return found->value;
}

std::string_view counter_type_name(std::uint64_t value) {
  const auto is_it = [value](const Symbol& symbol) {
    return symbol.value == value && !symbol.name.starts_with("PERF_DETAIL_");
  };
  const auto found = std::ranges::find_if(kSymbols, is_it);
  return found == kSymbols.end() ? std::string_view() : found->name;
}

std::span<const std::string_view> symbol_names() {
  return kNames;
}

}  // namespace qm::mof

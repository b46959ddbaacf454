#include "mof/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace qm::mof {
namespace {

constexpr std::size_t kMostCompared = 64;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Edits (insert, delete, replace) from a to b; both within kMostCompared.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, kMostCompared + 1> row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// Microsoft's "WMI qualifiers" and "WMI class/property/method qualifiers" pages; DSP0004 5.6.
constexpr std::array<std::string_view, 91> kQualifiers = {"Abstract",
                                                          "Aggregate",
                                                          "Aggregation",
                                                          "AMENDMENT",
                                                          "ArrayType",
                                                          "Association",
                                                          "Bitmap",
                                                          "BitValues",
                                                          "CIMTYPE",
                                                          "Counter",
                                                          "CounterType",
                                                          "cpp_quote",
                                                          "DefaultScale",
                                                          "DefineValues",
                                                          "Deprecated",
                                                          "Description",
                                                          "Displayname",
                                                          "Dynamic",
                                                          "DynProps",
                                                          "EmbeddedInstance",
                                                          "EmbeddedObject",
                                                          "EventType",
                                                          "EventTypeName",
                                                          "Exception",
                                                          "Expensive",
                                                          "Experimental",
                                                          "Extension",
                                                          "Format",
                                                          "Gauge",
                                                          "GenericPerfCtr",
                                                          "guid",
                                                          "GuidName1",
                                                          "GuidName2",
                                                          "HeaderName",
                                                          "HelpIndex",
                                                          "HiPerf",
                                                          "Implemented",
                                                          "Indication",
                                                          "Locale",
                                                          "MappingStrings",
                                                          "MaxLen",
                                                          "MaxValue",
                                                          "MinLen",
                                                          "MinValue",
                                                          "ModelCorrespondence",
                                                          "Nonlocal",
                                                          "not_null",
                                                          "NullValue",
                                                          "OctetString",
                                                          "Optional",
                                                          "Override",
                                                          "PerfDefault",
                                                          "PerfDetail",
                                                          "PerfIndex",
                                                          "Pointer",
                                                          "Privileges",
                                                          "Propagated",
                                                          "PropertyContext",
                                                          "Provider",
                                                          "Required",
                                                          "Schema",
                                                          "Singleton",
                                                          "Static",
                                                          "StringTermination",
                                                          "SupportsCreate",
                                                          "SupportsDelete",
                                                          "SupportsUpdate",
                                                          "Terminal",
                                                          "Units",
                                                          "ValueMap",
                                                          "Values",
                                                          "Version",
                                                          "Volatile",
                                                          "WmiDataId",
                                                          "WmiMethodId",
                                                          "WmiSizeIs",
                                                          "WmiTimeStamp",
                                                          "WmiVersion",
                                                          "Id",
                                                          "In",
                                                          "Key",
                                                          "Max",
                                                          "Out",
                                                          "Read",
                                                          "Weak",
                                                          "WMI",
                                                          "WmiEvent",
                                                          "WmiExpense",
                                                          "WmiGenerateHeader",
                                                          "Write",
                                                          "WriteOnce"};

// One edit apart, a swap of neighbours counted as one: what is left between a common front and a
// common end says so.
bool all_but_same(std::string_view a, std::string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  if (a.size() - b.size() > 1) return false;
  const auto same = [](char x, char y) { return lower(x) == lower(y); };
  std::size_t front = 0;
  while (front < b.size() && same(a[front], b[front])) ++front;
  std::size_t behind = 0;
  while (behind < b.size() - front && same(a[a.size() - 1 - behind], b[b.size() - 1 - behind])) {
    ++behind;
  }
  const std::string_view left = a.substr(front, a.size() - behind - front);
  const std::string_view right = b.substr(front, b.size() - behind - front);
  const bool swapped =
      left.size() == 2 && right.size() == 2 && same(left[0], right[1]) && same(left[1], right[0]);
  return left.size() == 1 || swapped;
}

}  // namespace

std::string_view misspelt_qualifier(std::string_view name) {
  constexpr std::size_t kFewest = 6;  // in shorter names one letter makes another word
  if (name.size() < kFewest || name.size() > kMostCompared) return {};
  std::string_view meant;
  for (const std::string_view one : kQualifiers) {
    if (same_name(one, name)) return {};
    if (one.size() >= kFewest && all_but_same(name, one)) meant = one;
  }
  return meant;
}

bool is_known_qualifier(std::string_view name) {
  return std::ranges::any_of(kQualifiers,
                             [&](std::string_view one) { return same_name(one, name); });
}

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = lower(c);
  return out;
}

bool is_identifier(std::string_view text) {
  const auto fits = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           byte >= 0x80;
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, fits) &&
         is_plain_text(text);
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > kMostCompared) return {};
  std::size_t best_edits = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > kMostCompared) continue;
    // No fewer edits than the lengths differ.
    const std::size_t longer = std::max(candidate.size(), name.size());
    if (longer - std::min(candidate.size(), name.size()) >= best_edits) continue;
    const std::size_t edits = distance(name, candidate);
    if (edits < best_edits) {
      best_edits = edits;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates,
                         std::string_view otherwise) {
  const std::string_view found = nearest(name, candidates);
  return found.empty() ? std::string(otherwise) : fmt::format("did you mean '{}'?", found);
}

}  // namespace qm::mof

// Names as MOF compares them, and "did you mean". Pure.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/text.h"
#include "mof/model.h"

namespace qm::mof {

// ASCII letters in lower case: equal for names that MOF takes for the same.
std::string folded(std::string_view name);

// For maps by such names, without a copy of them: keys must outlive the map.
struct FoldedHash {
  std::size_t operator()(std::string_view name) const {
    // Eight bytes at a time, bit 5 set in each: letters then hash alike in either case. What else
    // it makes equal, FoldedEqual tells apart.
    constexpr std::uint64_t kLower = 0x2020202020202020U;
    constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15U;
    std::uint64_t hash = name.size();
    const char* at = name.data();
    const char* const end = at + name.size();
    std::uint64_t word = 0;
    if (name.size() >= sizeof word) {
      for (; end - at > 8; at += 8) {
        std::memcpy(&word, at, 8);
        hash = (hash ^ (word | kLower)) * kPrime;
        hash ^= hash >> 29U;
      }
      std::memcpy(&word, end - 8, 8);  // the rest, and before it some again
    } else if (name.size() >= 4) {
      std::uint32_t half = 0;
      std::memcpy(&half, at, 4);
      word = half;
      std::memcpy(&half, end - 4, 4);
      word = word << 32U | half;
    } else {
      for (; at != end; ++at) word = word << 8U | static_cast<unsigned char>(*at);
    }
    hash = (hash ^ (word | kLower)) * kPrime;
    return hash ^ hash >> 32U;
  }
};
struct FoldedEqual {
  bool operator()(std::string_view a, std::string_view b) const { return same_name(a, b); }
};
template <class T>
using NameMap = std::unordered_map<std::string_view, T, FoldedHash, FoldedEqual>;
using NameSet = std::unordered_set<std::string_view, FoldedHash, FoldedEqual>;

// One bit of 64, the same for names that are the same: by length and last letter, which nearly all
// names that differ differ in.
inline std::uint64_t sort_of(std::string_view name) {
  const std::size_t end = name.empty() ? 0 : name.back() & 7;
  return std::uint64_t{1} << ((name.size() * 8 + end) % 64);
}

// The first thing of each name, for look-ups by the ten thousand: one piece of memory, no division,
// and no node to go to. Names and things must outlive it.
template <class T>
class NameIndex {
 public:
  explicit NameIndex(std::size_t most_names) : slots_(std::bit_ceil(2 * most_names + 1)) {}

  // Nothing changes when the name is there already.
  void add(std::string_view name, const T& one) {
    Slot& slot = slots_[place(name)];
    if (slot.one == nullptr) slot = {name, &one};
  }
  const T* find(std::string_view name) const { return slots_[place(name)].one; }

 private:
  struct Slot {
    std::string_view name;
    const T* one = nullptr;
  };
  // Where it is, or else would be; at most half of the slots are taken.
  std::size_t place(std::string_view name) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = FoldedHash()(name) & mask;
    while (slots_[at].one != nullptr && !same_name(slots_[at].name, name)) at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
};

// The candidate within a third of the name's length in edits (case does not count), "" when none
// is near. Costs length² a candidate; names beyond 64 bytes are not compared.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

// A hint made of it: "did you mean 'X'?", or `otherwise`.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates,
                         std::string_view otherwise = "");

// The qualifier of WMI or DSP0004 that lacks, swaps or has beyond it one letter of this name; ""
// when there is none, and for those names themselves.
std::string_view misspelt_qualifier(std::string_view name);
bool is_known_qualifier(std::string_view name);  // of WMI or DSP0004

// How MOF's pragmas write a ChangeFlag.
struct ChangeFlagName {
  std::uint32_t bit;
  std::string_view name;
};
inline constexpr std::array<ChangeFlagName, 4> kChangeFlagNames = {{{kUpdateOnly, "updateonly"},
                                                                    {kCreateOnly, "createonly"},
                                                                    {kSafeUpdate, "safeupdate"},
                                                                    {kForceUpdate, "forceupdate"}}};

// Letters, digits, _ and what lies beyond ASCII, no digit first, nothing invisible; not empty.
bool is_identifier(std::string_view text);

// How MOF writes each flavor's bit, in the order in which it is written.
struct FlavorName {
  std::uint8_t bit;
  std::string_view name;
};
inline constexpr std::array<FlavorName, 7> kFlavorNames = {{{kToInstance, "ToInstance"},
                                                            {kToSubclass, "ToSubclass"},
                                                            {kDisableOverride, "DisableOverride"},
                                                            {kEnableOverride, "EnableOverride"},
                                                            {kRestricted, "Restricted"},
                                                            {kTranslatable, "Translatable"},
                                                            {kAmended, "Amended"}}};
// What takes back a flavor that a declaration gave ("Qualifier Flavors", Windows SDK).
inline constexpr std::array<FlavorName, 2> kFlavorDenials = {
    {{kToInstance, "NotToInstance"}, {kToSubclass, "NotToSubclass"}}};

}  // namespace qm::mof

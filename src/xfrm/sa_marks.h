// The marks of SAs, each kept once and counted, so that a record holds two bytes of it. Pure.
//
// Promise: mark {0, 0} is number 0 and costs nothing; numbers are given back with their last use
// (strongSwan's %unique marks never repeat). Threads: one. Limits: kMostMarks of tables.h.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "xfrm/types.h"

namespace qm::xfrm {

class MarkNumbers {
 public:
  std::optional<std::uint16_t> find(const Mark& mark) const {
    if (mark == Mark{}) return std::uint16_t{0};
    return find_some(mark);
  }
  // Counts one more use; nothing when all numbers are in use.
  std::optional<std::uint16_t> use(const Mark& mark) {
    if (mark == Mark{}) return std::uint16_t{0};
    return use_some(mark);
  }
  void release(std::uint16_t number);
  Mark mark(std::uint16_t number) const { return number == 0 ? Mark{} : used_[number - 1U].mark; }
  std::size_t memory_bytes() const;

 private:
  struct Used {
    Mark mark;
    std::uint32_t uses = 0;
  };
  std::optional<std::uint16_t> find_some(const Mark& mark) const;
  std::optional<std::uint16_t> use_some(const Mark& mark);
  static std::uint64_t key(const Mark& mark) { return std::uint64_t{mark.mask} << 32 | mark.value; }

  std::vector<Used> used_;  // number - 1
  std::vector<std::uint16_t> free_;
  std::unordered_map<std::uint64_t, std::uint16_t> numbers_;
};

}  // namespace qm::xfrm

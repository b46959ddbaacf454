// The marks of SAs, each kept once and counted, so that a record holds two bytes of it. Pure.
//
// Promise: mark {0, 0} is number 0 and costs nothing; numbers are given back with their last use
// (strongSwan's %unique marks never repeat). Threads: one. Limits: kMostMarks of tables.h.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "xfrm/types.h"

namespace qm::xfrm {

class MarkNumbers {
 public:
  // No number: kMostMarks is less. No std::optional: it would be read with another width than it
  // was written with, which stalls the processor.
  static constexpr std::uint32_t kNone = 0x0001'0000;

  std::uint32_t find(const Mark& mark) const { return mark == Mark{} ? 0 : find_some(mark); }
  // Counts one more use; kNone when all numbers are in use.
  std::uint32_t use(const Mark& mark) { return mark == Mark{} ? 0 : use_some(mark); }
  void release(std::uint16_t number);
  Mark mark(std::uint16_t number) const { return number == 0 ? Mark{} : used_[number - 1U].mark; }
  std::size_t memory_bytes() const;

 private:
  struct Used {
    Mark mark;
    std::uint32_t uses = 0;
  };
  std::uint32_t find_some(const Mark& mark) const;
  std::uint32_t use_some(const Mark& mark);
  static std::uint64_t key(const Mark& mark) { return std::uint64_t{mark.mask} << 32 | mark.value; }

  std::vector<Used> used_;  // number - 1
  std::vector<std::uint16_t> free_;
  std::unordered_map<std::uint64_t, std::uint16_t> numbers_;
};

}  // namespace qm::xfrm

// The walk of a condition over the blocks of a part: a loop of its own for one comparison, and sets
// of 64 blocks for several. One instance after the other only where the blocks lie unevenly or
// something other than integers is asked for.
#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "wmi/wql_maker.h"
#include "wmi/wql_program.h"

namespace qm::wmi::wql {
namespace {

// Blocks are fetched so many ahead of where they are judged: by stride the processor's own
// prefetching ends at every page (bench/bench_wql.cc).
constexpr std::size_t kBatch = 64;

struct Blocks {
  const std::byte* at = nullptr;  // the item of the first one
  std::size_t stride_bytes = 0;
  const provider::ItemQuality* quality = nullptr;  // likewise
  std::size_t quality_stride = 0;

  Blocks from(std::size_t index) const {
    return {at + index * stride_bytes, stride_bytes, quality + index * quality_stride,
            quality_stride};
  }
};

struct Range {
  std::uint64_t first = 0;
  std::uint64_t span = 0;
};

struct Boolean {};  // a byte that counts as 0 or 1

// The number that orders as the item does (mapped).
template <class T>
std::uint64_t load(const std::byte* at) {
  if constexpr (std::is_same_v<T, Boolean>) {
    return *at != std::byte{0} ? 1 : 0;
  } else {
    T value{};
    std::memcpy(&value, at, sizeof value);
    if constexpr (std::is_signed_v<T>) {
      return mapped(value);
    } else {
      return std::uint64_t{value};
    }
  }
}

template <class T>
bool lies_in(const std::byte* at, Range range) {
  return load<T>(at) - range.first <= range.span;
}

// A bit for each of `count` blocks whose value lies in the range. prefetch: the ones after them.
template <class T>
std::uint64_t batch_of(const Blocks& blocks, Range range, std::size_t count, bool prefetch) {
  const std::byte* at = blocks.at;
  std::uint64_t in = 0;
  if (prefetch) {
    const std::size_t ahead = kBatch * blocks.stride_bytes;
    for (std::size_t i = 0; i < kBatch; ++i, at += blocks.stride_bytes) {
      __builtin_prefetch(at + ahead);
      in |= std::uint64_t{lies_in<T>(at, range)} << i;
    }
    return in;
  }
  for (std::size_t i = 0; i < count; ++i, at += blocks.stride_bytes) {
    in |= std::uint64_t{lies_in<T>(at, range)} << i;
  }
  return in;
}

// The same, of the few blocks that are asked for.
template <class T>
std::uint64_t some_of(const Blocks& blocks, Range range, std::uint64_t asked) {
  std::uint64_t in = 0;
  for (; asked != 0; asked &= asked - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(asked));
    in |= std::uint64_t{lies_in<T>(blocks.at + i * blocks.stride_bytes, range)} << i;
  }
  return in;
}

// One comparison and nothing unavailable: as fast as the memory is. The branch is nearly always
// foreseen, so that the processor reads far ahead; sets of bits would be slower here.
template <class T>
void walk(const Blocks& blocks, Range range, std::size_t count, bool wanted,
          std::vector<std::uint32_t>& found) {
  const std::size_t stride = blocks.stride_bytes;
  const std::size_t ahead = kBatch * stride;
  const std::size_t fetching = count < kBatch ? 0 : count - kBatch;
  const std::byte* at = blocks.at;
  for (std::size_t i = 0; i < fetching; ++i, at += stride) {
    __builtin_prefetch(at + ahead);
    if (lies_in<T>(at, range) == wanted) found.push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t i = fetching; i < count; ++i, at += stride) {
    if (lies_in<T>(at, range) == wanted) found.push_back(static_cast<std::uint32_t>(i));
  }
}

struct Loops {
  decltype(&walk<std::uint64_t>) walk = nullptr;
  decltype(&batch_of<std::uint64_t>) batch = nullptr;
  decltype(&some_of<std::uint64_t>) some = nullptr;
};

template <class T>
constexpr Loops kLoopsOf = {walk<T>, batch_of<T>, some_of<T>};

const Loops& loops_of(std::uint8_t bytes, bool is_signed, bool is_boolean) {
  if (is_boolean) return kLoopsOf<Boolean>;
  switch (bytes) {
    case 1:
      return is_signed ? kLoopsOf<std::int8_t> : kLoopsOf<std::uint8_t>;
    case 2:
      return is_signed ? kLoopsOf<std::int16_t> : kLoopsOf<std::uint16_t>;
    case 4:
      return is_signed ? kLoopsOf<std::int32_t> : kLoopsOf<std::uint32_t>;
    default:
      return is_signed ? kLoopsOf<std::int64_t> : kLoopsOf<std::uint64_t>;
  }
}

// A step of the program over even blocks.
struct Quick {
  Blocks blocks;  // of the part's first instance
  Range range;
  const Loops* loops = nullptr;
  std::uint32_t on_true = 0;
  std::uint32_t on_false = 0;
  bool negated = false;
  bool doubted = false;  // some instance has no such value
};

std::uint64_t unavailable_of(const Blocks& blocks, std::size_t count) {
  const provider::ItemQuality* at = blocks.quality;
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < count; ++i, at += blocks.quality_stride) {
    out |= std::uint64_t{at->quality == QM_UNAVAILABLE} << i;
  }
  return out;
}

// Which of the blocks that are asked for pass. What is not available is NULL and lies in no range.
std::uint64_t passing(const Quick& step, std::size_t from, std::size_t count, std::uint64_t asked,
                      std::uint64_t active, bool prefetch) {
  constexpr int kFew = 16;
  const Blocks blocks = step.blocks.from(from);
  const bool few = !prefetch && std::popcount(asked) <= kFew;
  std::uint64_t in = few ? step.loops->some(blocks, step.range, asked)
                         : step.loops->batch(blocks, step.range, count, prefetch);
  if (step.doubted) in &= ~unavailable_of(blocks, count);
  in &= active;
  return (step.negated ? ~in : in) & asked;
}

// Steps lead to earlier ones alone (ProgramMaker::emit), so one pass from the first to be taken
// down to 0 settles where every block of a batch ends.
void walk_in_batches(const std::vector<Quick>& steps, std::uint32_t start,
                     const std::vector<std::uint64_t>& inactive, std::size_t count,
                     std::vector<std::uint32_t>& found) {
  std::vector<std::uint64_t> at_step(steps.size());
  for (std::size_t from = 0; from < count; from += kBatch) {
    const std::size_t batch = std::min(kBatch, count - from);
    const std::uint64_t active = inactive.empty() ? ~std::uint64_t{0} : ~inactive[from / kBatch];
    std::uint64_t accepted = 0;
    const auto go_on = [&](std::uint32_t step, std::uint64_t which) {
      if (step < steps.size()) at_step[step] |= which;
      if (step == kAccept) accepted |= which;
    };
    std::ranges::fill(at_step, 0);
    at_step[start] = batch == kBatch ? ~std::uint64_t{0} : (std::uint64_t{1} << batch) - 1;
    for (std::size_t step = start + std::size_t{1}; step-- > 0;) {
      const std::uint64_t asked = at_step[step];
      if (asked == 0) continue;
      const bool prefetch = step == start && from + 2 * kBatch <= count;
      const std::uint64_t passed = passing(steps[step], from, batch, asked, active, prefetch);
      go_on(steps[step].on_true, passed);
      go_on(steps[step].on_false, asked & ~passed);
    }
    for (; accepted != 0; accepted &= accepted - 1) {
      found.push_back(
          static_cast<std::uint32_t>(from + static_cast<unsigned>(std::countr_zero(accepted))));
    }
  }
}

}  // namespace

bool Program::scan_evenly(const Part& part, std::vector<std::uint32_t>& found) const {
  if (!part.index || start_ >= steps_.size()) return false;
  const PartIndex::Shape& shape = part.index->shape(part.generation);
  if (!shape.even) return false;
  std::vector<Quick> quick;
  quick.reserve(steps_.size());
  for (const Step& step : steps_) {
    const Test& test = step.test;
    const bool fits = test.kind == Test::Kind::integer && test.bytes != 0 &&
                      std::size_t{test.offset_bytes} + test.bytes <= shape.block_bytes;
    if (!fits) return false;
    const bool doubted =
        test.item < shape.some_unavailable.size() && shape.some_unavailable[test.item];
    const Blocks blocks = {shape.blocks + test.offset_bytes, shape.block_stride_bytes,
                           doubted ? shape.qualities + test.item : nullptr,
                           doubted ? shape.quality_stride : 0};
    quick.push_back({blocks,
                     {test.first, test.span},
                     &loops_of(test.bytes, test.is_signed, test.is_boolean),
                     step.on_true,
                     step.on_false,
                     test.negated,
                     doubted});
  }
  const std::size_t count = part.generation.instances.size();
  if (quick.size() == 1 && !quick.front().doubted && shape.inactive.empty()) {
    const Quick& one = quick.front();
    const bool wanted = (one.on_true == kAccept) != one.negated;
    one.loops->walk(one.blocks, one.range, count, wanted, found);
  } else {
    walk_in_batches(quick, start_, shape.inactive, count, found);
  }
  return true;
}

void Program::scan(const Part& part, const Setting& setting,
                   std::vector<std::uint32_t>& found) const {
  if (scan_evenly(part, found)) return;
  Candidate candidate;
  Row& row = candidate[static_cast<std::size_t>(Side::target)];
  row = {part.the_class, &part, nullptr, nullptr};
  const auto& instances = part.generation.instances;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    row.instance = &instances[i];
    if (accepts(candidate, setting)) found.push_back(static_cast<std::uint32_t>(i));
  }
}

}  // namespace qm::wmi::wql

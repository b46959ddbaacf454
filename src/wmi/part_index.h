// What is worth knowing of all instances of a Part at once: made when first asked for, then kept.
// Threads: any; each half is made once.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "provider/page.h"

namespace qm::wmi {

class PartIndex {
 public:
  // Whether a scan may walk the blocks by their stride, and what it need not look at.
  struct Shape {
    bool even = false;  // blocks and qualities each lie at one stride
    const std::byte* blocks = nullptr;
    const provider::ItemQuality* qualities = nullptr;
    std::size_t block_bytes = 0;
    std::size_t block_stride_bytes = 0;  // block_bytes, and what pads them
    std::size_t quality_stride = 0;
    std::vector<bool> some_unavailable;   // by WmiDataId - 1
    std::vector<std::uint64_t> inactive;  // a bit each, 64 instances a word; empty: none is
  };

  PartIndex() : names_(std::make_shared<Names>()) {}
  // earlier: of a generation with the same names in the same order.
  explicit PartIndex(const PartIndex& earlier) : names_(earlier.names_) {}
  PartIndex& operator=(const PartIndex&) = delete;

  // The same generation each time: the one that the index stands beside.
  const Shape& shape(const provider::Generation& generation) const;
  // Where the instances of that name are, in order; without ASCII case.
  std::vector<std::uint32_t> find(const provider::Generation& generation,
                                  std::string_view name) const;

 private:
  struct Names {
    std::once_flag once;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> rows;  // hash of the name, index; sorted
  };
  mutable std::once_flag shape_once_;
  mutable Shape shape_;
  std::shared_ptr<Names> names_;
};

}  // namespace qm::wmi

// Memory that is taken piece by piece and given back as a whole.
//
// Promise: taking costs an addition and a comparison; what was taken stays where it is until the
// arena goes, and no destructor runs then: only what owns nothing may lie here. Limits: the
// caller's. Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace qm {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `alignment` is a power of two and at most alignof(std::max_align_t).
  void* take(std::size_t bytes, std::size_t alignment) {
    const std::size_t gap = (used_ + alignment - 1) / alignment * alignment - used_;
    if (bytes + gap > free_) return take_new(bytes);
    std::byte* const taken = end_ - free_ + gap;
    free_ -= bytes + gap;
    used_ += bytes + gap;
    return taken;
  }

  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    auto* const copy = static_cast<char*>(take(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }

 private:
  static constexpr std::size_t kFirstBytes = std::size_t{4} << 10U;       // most texts are small
  static constexpr std::size_t kMostBlockBytes = std::size_t{64} << 10U;  // not mapped on its own

  void* take_new(std::size_t bytes) {
    const std::size_t block_bytes = std::max(next_bytes_, bytes);
    next_bytes_ = std::min(2 * next_bytes_, kMostBlockBytes);
    std::byte* const block = blocks_.emplace_back(new std::byte[block_bytes]).get();
    end_ = block + block_bytes;
    free_ = block_bytes - bytes;
    used_ = bytes;
    return block;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* end_ = nullptr;  // of the last block
  std::size_t free_ = 0;      // in it
  std::size_t used_ = 0;      // likewise
  std::size_t next_bytes_ = kFirstBytes;
};

}  // namespace qm

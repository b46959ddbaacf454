#include "xfrm/sa_marks.h"

#include "xfrm/tables.h"

namespace qm::xfrm {

std::uint32_t MarkNumbers::find_some(const Mark& mark) const {
  const auto found = numbers_.find(key(mark));
  return found == numbers_.end() ? kNone : found->second;
}

std::uint32_t MarkNumbers::use_some(const Mark& mark) {
  if (const std::uint32_t known = find_some(mark); known != kNone) {
    ++used_[known - 1U].uses;
    return known;
  }
  std::uint16_t number = 0;
  if (!free_.empty()) {
    number = free_.back();
    free_.pop_back();
  } else if (used_.size() < kMostMarks) {
    used_.emplace_back();
    number = static_cast<std::uint16_t>(used_.size());
  } else {
    return kNone;
  }
  used_[number - 1U] = {mark, 1};
  numbers_.emplace(key(mark), number);
  return number;
}

void MarkNumbers::release(std::uint16_t number) {
  if (number == 0) return;
  Used& used = used_[number - 1U];
  if (--used.uses != 0) return;
  numbers_.erase(key(used.mark));
  free_.push_back(number);
}

std::size_t MarkNumbers::memory_bytes() const {
  // A node of the map: the pair, the link to the next and the allocator's own word.
  constexpr std::size_t kNodeBytes = sizeof(std::pair<std::uint64_t, std::uint16_t>) + 16;
  return used_.capacity() * sizeof(Used) + free_.capacity() * sizeof(std::uint16_t) +
         numbers_.size() * kNodeBytes + numbers_.bucket_count() * sizeof(void*);
}

}  // namespace qm::xfrm

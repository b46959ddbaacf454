// The texts of whole extents, as they were written before: providers publish once a second, and
// clients ask more often.
//
// Promise: a text is found only while every part that it was written from is the newest one.
// Threads: one. Limits: kMostWritten, kMostWrittenBytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wmi/wql.h"

namespace qm::wmi {

inline constexpr std::size_t kMostWritten = 8;                           // extents
inline constexpr std::size_t kMostWrittenBytes = std::size_t{1} << 20U;  // of each

// Key: all that decides how an extent is written, but for its values. It points to what lives until
// clear().
template <class Key>
class WrittenExtents {
 public:
  struct Extent {
    Key key;
    std::vector<std::shared_ptr<const Part>> parts;  // which hold it true
    std::shared_ptr<const std::string> text;
    std::size_t rows = 0;
  };

  // nullptr: somebody has published since, or it is not kept. It stays until the next keep().
  const Extent* find(const Key& key, const Snapshot& snapshot) const {
    const auto at = std::ranges::find(extents_, key, &Extent::key);
    return at != extents_.end() && at->parts == snapshot.parts ? &*at : nullptr;
  }

  // Rows that were made are made of more than what was published, and without any row what is held
  // would be as large as it likes: these are not kept.
  static bool fits(const wql::Found& found, std::size_t bytes) {
    return found.made.empty() && !found.rows.empty() && bytes <= kMostWrittenBytes;
  }

  // What fits.
  void keep(Key key, const wql::Found& found, std::shared_ptr<const std::string> text) {
    auto at = std::ranges::find(extents_, key, &Extent::key);
    if (at == extents_.end() && extents_.size() < kMostWritten) {
      at = extents_.emplace(extents_.end());
    } else if (at == extents_.end()) {
      at = extents_.begin() + static_cast<std::ptrdiff_t>(next_++ % kMostWritten);
    }
    *at = Extent{std::move(key), found.snapshot->parts, std::move(text), found.rows.size()};
  }

  void clear() { extents_.clear(); }

 private:
  std::vector<Extent> extents_;
  std::size_t next_ = 0;  // to make way
};

}  // namespace qm::wmi

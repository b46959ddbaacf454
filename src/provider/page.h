// The page: how a provider's data lies in memory shared with serve, and how serve reads it.
//
// Promise: a reader gets one whole generation or says why not; it never waits for the writer
// (bounded retries) and believes nothing it reads without a check: the writer may be hostile, die
// half-way, or scribble over everything at any time. Readers map the page read-only.
// Threads: a PageReader belongs to one thread. The format: docs/page-format.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "quickmode/provider.h"

namespace qm::provider {

struct ItemQuality {
  std::uint8_t quality = QM_EXACT;  // qm_quality, in range
  std::uint8_t reason = QM_REASON_NONE;
  friend bool operator==(const ItemQuality&, const ItemQuality&) = default;
};

// One instance as copied out of a page. name is as WMI shows it (suffix appended), plain text.
struct InstanceData {
  std::string name;
  std::string caption;
  bool active = true;
  std::span<const std::byte> block;        // block_bytes, inside Generation's storage
  std::span<const ItemQuality> qualities;  // data_items, by WmiDataId - 1
};

// A generation copied out: a value, independent of the page.
struct Generation {
  std::uint64_t number = 0;       // 0: nothing has been published yet
  std::uint64_t names_since = 0;  // the generation since which names and order are as now
  qm_times times{};
  std::vector<InstanceData> instances;  // in the writer's order

  Generation() = default;
  Generation(Generation&&) = default;
  Generation& operator=(Generation&&) = default;
  std::vector<std::byte> storage;  // what the spans above point into
  std::vector<ItemQuality> quality_storage;
};

// What a registration said of its class.
struct ClassInfo {
  GUID guid{};
  std::uint32_t flags = 0;
  std::uint32_t block_bytes = 0;
  std::uint32_t data_items = 0;
  std::uint32_t most_instances = 0;
  std::vector<std::byte> bmof;
};

// How old a block is, and whether its index still means what it meant.
struct BlockStamp {
  std::uint64_t generation = 0;
  std::uint64_t names_since = 0;  // as Generation's: while it stays, every index keeps its name
  qm_times times{};
  bool active = true;
};

// Attempts at a whole generation before giving up. Each costs at most one copy of the page, and a
// writer must publish twice within it to spoil one.
inline constexpr int kMostReadAttempts = 8;

class PageReader {
 public:
  // Takes a descriptor from a provider: checks type, seals, size and header, then maps read-only.
  // The descriptor stays the caller's. Errors: denied (seals), invalid (type, size, header).
  static Result<PageReader> open(int memfd, const ClassInfo& info);
  PageReader(PageReader&&) noexcept;
  PageReader& operator=(PageReader&&) noexcept;
  ~PageReader();

  std::uint64_t generation() const;  // the newest published; cheap
  // Copies the newest generation. timeout: the writer kept overtaking; invalid: the page's content
  // breaks the format's rules (then nothing of it is returned).
  // The names are checked and kept while the writer says that they have not changed.
  Result<Generation> read() const;
  // Copies one instance's block and qualities, without its name or any allocation: for those who
  // know from read() which index they want. block: block_bytes; qualities: data_items; a span of
  // another size gets as much as fits. not_found: index; else as read().
  Result<BlockStamp> read_block(std::uint32_t index, std::span<std::byte> block,
                                std::span<ItemQuality> qualities) const;

 private:
  struct Mapping;
  explicit PageReader(std::unique_ptr<Mapping> mapping);
  std::unique_ptr<Mapping> mapping_;
};

}  // namespace qm::provider

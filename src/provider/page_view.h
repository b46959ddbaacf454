// Reads a page's content: PageReader without the descriptor, over any memory. Pure, so that tests
// and fuzzers hand it whatever they like.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "provider/page.h"
#include "provider/page_layout.h"

namespace qm::provider {

class PageView {
 public:
  // memory: 8-aligned, may be written to by others at any time, outlives the view. Checks sizes and
  // the header against the registration. Error: invalid.
  static Result<PageView> open(Bytes memory, const ClassInfo& info);

  std::uint64_t generation() const;
  Result<Generation> read();
  Result<BlockStamp> read_block(std::uint32_t index, std::span<std::byte> block,
                                std::span<ItemQuality> qualities) const;

 private:
  struct Names {
    std::uint64_t since = 0;  // qm_slot_header.names where they were read; 0: never
    std::vector<std::string> names;
    std::vector<std::string> captions;
  };
  // What one attempt copied, not yet believed.
  struct Copy {
    qm_slot_header slot{};
    std::vector<bool> active;
    std::vector<std::byte> blocks;
    std::vector<ItemQuality> qualities;
    Names names;
    bool names_copied = false;
  };

  PageView(const std::byte* page, const ClassInfo& info, const qm_page_layout& layout);
  const std::byte* slot(std::uint64_t number) const;
  bool still_whole(std::uint64_t number) const;
  bool copy(std::uint64_t number, Copy& out) const;
  bool copy_records(std::uint64_t number, Copy& out) const;
  bool copy_names(std::uint64_t number, Names& out) const;
  Result<void> accept(std::uint64_t number, Copy& copy);
  Result<void> accept_names(Names& names) const;

  const std::byte* page_;
  qm_page_layout layout_;
  std::uint32_t flags_;
  std::uint32_t block_bytes_;
  std::uint32_t data_items_;
  std::uint32_t capacity_;
  Names names_;  // the newest that were accepted, with WMI's suffixes
};

}  // namespace qm::provider

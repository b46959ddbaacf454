#include "provider/page_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "base/guid.h"
#include "base/text.h"
#include "provider/page_sequence.h"

namespace qm::provider {
namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
// How many instances are copied between two looks at whether the writer has overtaken.
constexpr std::size_t kInstancesPerLook = 64;

const std::uint64_t* words_at(const std::byte* at) {
  return reinterpret_cast<const std::uint64_t*>(at);
}

// Copies bytes that somebody may be writing: word by word, each word once. from is 8-aligned and
// readable up to the next multiple of 8.
void copy_shared(const std::byte* from, std::byte* to, std::size_t bytes) {
  const std::uint64_t* word = words_at(from);
  for (; bytes >= kWordBytes; bytes -= kWordBytes, to += kWordBytes, ++word) {
    const std::uint64_t value = qm_word_load(word);
    std::memcpy(to, &value, kWordBytes);
  }
  if (bytes == 0) return;
  const std::uint64_t value = qm_word_load(word);
  std::memcpy(to, &value, bytes);
}

template <class T>
T copy_struct(const std::byte* from) {
  T out;
  copy_shared(from, reinterpret_cast<std::byte*>(&out), sizeof out);
  return out;
}

// The bits that no item may have, four items to a word.
constexpr std::uint64_t kForbiddenBits = [] {
  constexpr unsigned kReasonBits = std::bit_ceil(unsigned{QM_REASON_COUNT}) - 1;
  std::array<std::uint8_t, kWordBytes> bytes{};
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    bytes[i] = static_cast<std::uint8_t>(~unsigned{QM_UNAVAILABLE});
    bytes[i + 1] = static_cast<std::uint8_t>(~kReasonBits);
  }
  return std::bit_cast<std::uint64_t>(bytes);
}();

// By words, since this is a third of reading a block.
bool in_range(std::span<const ItemQuality> qualities) {
  static_assert(sizeof(ItemQuality) == 2 && QM_UNAVAILABLE == 3);
  const Bytes bytes = std::as_bytes(qualities);
  std::uint64_t bits = 0;
  std::size_t at = 0;
  for (std::uint64_t word = 0; read_at(bytes, at, word); at += kWordBytes) bits |= word;
  std::uint64_t rest = 0;
  if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  if (((bits | rest) & kForbiddenBits) != 0) return false;
  if constexpr (std::has_single_bit(unsigned{QM_REASON_COUNT})) return true;
  return std::ranges::all_of(qualities,
                             [](ItemQuality item) { return item.reason < QM_REASON_COUNT; });
}

qm_slot_header slot_head(const std::byte* slot) {
  qm_slot_header out{};
  copy_shared(slot, reinterpret_cast<std::byte*>(&out), offsetof(qm_slot_header, reserved));
  return out;
}

std::string copy_text(const std::byte* from, std::uint32_t bytes) {
  std::array<std::byte, QM_NAME_FIELD_BYTES> text;
  copy_shared(from, text.data(), bytes);
  return {reinterpret_cast<const char*>(text.data()), bytes};
}

std::unexpected<Error> broken(std::string what) {
  return fail(ErrorCode::invalid, "the page is broken: " + std::move(what));
}

std::unexpected<Error> overtaken() {
  return fail(ErrorCode::timeout,
              "the provider publishes faster than its page can be read, or has spoilt the page");
}

}  // namespace

PageView::PageView(const std::byte* page, const ClassInfo& info, const qm_page_layout& layout)
    : page_(page),
      layout_(layout),
      flags_(info.flags),
      block_bytes_(info.block_bytes),
      data_items_(info.data_items),
      capacity_(info.most_instances) {}

Result<PageView> PageView::open(Bytes memory, const ClassInfo& info) {
  qm_page_layout layout{};
  if (!qm_page_layout_of(info.block_bytes, info.data_items, info.most_instances, &layout)) {
    return fail(ErrorCode::invalid, "block, item or instance count out of range");
  }
  if (memory.size() != layout.page_bytes) {
    return fail(ErrorCode::invalid,
                fmt::format("the page has {} bytes; this class with {} instances makes {}",
                            memory.size(), info.most_instances, layout.page_bytes));
  }
  const auto header = copy_struct<qm_page_header>(memory.data());
  if (header.magic != QM_PAGE_MAGIC) return fail(ErrorCode::invalid, "not a page: wrong magic");
  if (header.version != QM_PAGE_VERSION) {
    return fail(ErrorCode::invalid, fmt::format("page version {}; this service reads version {}",
                                                header.version, int{QM_PAGE_VERSION}));
  }
  if (!equal(header.guid, info.guid) || header.block_bytes != info.block_bytes ||
      header.data_items != info.data_items || header.capacity != info.most_instances ||
      header.page_bytes != layout.page_bytes) {
    return fail(ErrorCode::invalid, "the page's header differs from its registration");
  }
  return PageView(memory.data(), info, layout);
}

std::uint64_t PageView::generation() const {
  return qm_sequence_published(words_at(page_ + offsetof(qm_page_header, published)));
}

const std::byte* PageView::slot(std::uint64_t number) const {
  return page_ + qm_slot_offset(&layout_, number);
}

// After the copying: true when the slot was not being written to.
bool PageView::still_whole(std::uint64_t number) const {
  const auto begun = qm_sequence_begun(words_at(page_ + offsetof(qm_page_header, begun)));
  return begun - number < 2;  // begun < number: nonsense, and wraps to something large
}

bool PageView::copy_records(std::uint64_t number, Copy& out) const {
  const std::size_t count = out.slot.count;
  out.active.resize(count);
  out.blocks.resize(count * layout_.quality_offset);
  out.qualities.resize(count * data_items_);
  const std::byte* record = slot(number) + sizeof(qm_slot_header);
  for (std::size_t i = 0; i < count; ++i, record += layout_.record_bytes) {
    if (i % kInstancesPerLook == 0 && !still_whole(number)) return false;
    out.active[i] = (qm_word_load(words_at(record)) & QM_RECORD_ACTIVE) != 0;
    copy_shared(record + sizeof(qm_record), out.blocks.data() + i * layout_.quality_offset,
                block_bytes_);
    copy_shared(record + layout_.quality_offset,
                reinterpret_cast<std::byte*>(out.qualities.data() + i * data_items_),
                data_items_ * sizeof(ItemQuality));
  }
  return true;
}

bool PageView::copy_names(std::uint64_t number, Names& out) const {
  for (std::size_t i = 0; i < out.names.size(); ++i) {
    if (i % kInstancesPerLook == 0 && !still_whole(number)) return false;
    const std::byte* entry = slot(number) + qm_name_offset(&layout_, i);
    const std::uint64_t lengths = qm_word_load(words_at(entry));
    std::array<std::uint32_t, 2> bytes{};  // name_bytes, caption_bytes
    std::memcpy(bytes.data(), &lengths, sizeof lengths);
    // Too long comes out as too long below, and copies no more than the field.
    const auto clamp = [](std::uint32_t n) { return std::min<std::uint32_t>(n, 512); };
    static_assert(QM_NAME_FIELD_BYTES == 512 && QM_MOST_NAME_BYTES == 511);
    out.names[i] = copy_text(entry + offsetof(qm_name_entry, name), clamp(bytes[0]));
    out.captions[i] = copy_text(entry + offsetof(qm_name_entry, caption), clamp(bytes[1]));
  }
  return true;
}

// One attempt; false when the writer overtook. What cannot be right is left for accept().
bool PageView::copy(std::uint64_t number, Copy& out) const {
  out.slot = slot_head(slot(number));
  if (out.slot.count <= capacity_) {
    if (!copy_records(number, out)) return false;
    out.names_copied = out.slot.names != names_.since || out.slot.count != names_.names.size();
    if (out.names_copied) {
      out.names.since = out.slot.names;
      out.names.names.resize(out.slot.count);
      out.names.captions.resize(out.slot.count);
      if (!copy_names(number, out.names)) return false;
    }
  }
  return still_whole(number);
}

Result<void> PageView::accept_names(Names& names) const {
  for (std::size_t i = 0; i < names.names.size(); ++i) {
    std::string& name = names.names[i];
    if (name.empty() || name.size() > QM_MOST_NAME_BYTES || !is_plain_text(name)) {
      return broken(fmt::format("the name of instance {} is not plain text of 1 to {} bytes", i,
                                int{QM_MOST_NAME_BYTES}));
    }
    if (names.captions[i].size() > QM_MOST_NAME_BYTES || !is_plain_text(names.captions[i])) {
      return broken(fmt::format("the caption of instance {} is not plain text", i));
    }
    if ((flags_ & QM_REG_PDO) != 0) name += "_0";
    if ((flags_ & QM_REG_BASENAME) != 0) name += std::to_string(i);
  }
  // Sorted rather than hashed: names that collide on purpose cost no more than others.
  std::vector<std::string_view> sorted(names.names.begin(), names.names.end());
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) {
    return broken(fmt::format("two instances are named '{}'", *twice));
  }
  return {};
}

Result<void> PageView::accept(std::uint64_t number, Copy& copy) {
  if (copy.slot.number != number) {
    return broken(
        fmt::format("generation {} is published, its slot holds {}", number, copy.slot.number));
  }
  if (copy.slot.count > capacity_) {
    return broken(fmt::format("{} instances; its capacity is {}", copy.slot.count, capacity_));
  }
  if (!in_range(copy.qualities)) return broken("a quality or reason is out of range");
  if (copy.names_copied) {
    TRY(accept_names(copy.names));
    names_ = std::move(copy.names);
  }
  return {};
}

Result<Generation> PageView::read() {
  for (int attempt = 0; attempt < kMostReadAttempts; ++attempt) {
    const std::uint64_t number = generation();
    if (number == 0) return Generation{};
    Copy copied;
    if (!copy(number, copied)) continue;
    TRY(accept(number, copied));
    Generation out;
    out.number = number;
    out.names_since = copied.slot.names;
    out.times = {copied.slot.boot_ns, copied.slot.filetime_100ns};
    out.storage = std::move(copied.blocks);
    out.quality_storage = std::move(copied.qualities);
    out.instances.resize(copied.slot.count);
    for (std::size_t i = 0; i < out.instances.size(); ++i) {
      InstanceData& instance = out.instances[i];
      instance.name = names_.names[i];
      instance.caption = names_.captions[i];
      instance.active = copied.active[i];
      instance.block = std::span(out.storage).subspan(i * layout_.quality_offset, block_bytes_);
      instance.qualities = std::span(out.quality_storage).subspan(i * data_items_, data_items_);
    }
    return out;
  }
  return overtaken();
}

Result<BlockStamp> PageView::read_block(std::uint32_t index, std::span<std::byte> block,
                                        std::span<ItemQuality> qualities) const {
  block = block.first(std::min<std::size_t>(block.size(), block_bytes_));
  qualities = qualities.first(std::min<std::size_t>(qualities.size(), data_items_));
  for (int attempt = 0; attempt < kMostReadAttempts; ++attempt) {
    const std::uint64_t number = generation();
    const auto head = slot_head(slot(number));
    const bool there = number != 0 && index < head.count && head.count <= capacity_;
    std::uint64_t flags = 0;
    if (there) {
      const std::byte* record = slot(number) + qm_record_offset(&layout_, index);
      flags = qm_word_load(words_at(record));
      copy_shared(record + sizeof(qm_record), block.data(), block.size());
      copy_shared(record + layout_.quality_offset, reinterpret_cast<std::byte*>(qualities.data()),
                  qualities.size_bytes());
    }
    if (!still_whole(number)) continue;
    if (!there) return fail(ErrorCode::not_found, "the page has no such instance now");
    if (head.number != number) return broken("the slot holds another generation");
    if (!in_range(qualities)) return broken("a quality or reason is out of range");
    return BlockStamp{
        number, head.names, {head.boot_ns, head.filetime_100ns}, (flags & QM_RECORD_ACTIVE) != 0};
  }
  return overtaken();
}

}  // namespace qm::provider

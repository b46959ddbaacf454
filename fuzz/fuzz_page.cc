// Any bytes as a page: reading ends, and gives an error or data that keeps every rule. The first
// bytes choose the class, so that small inputs make whole pages.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/text.h"
#include "provider/page_testing.h"
#include "provider/page_view.h"

namespace {

using namespace qm::provider;

void expect(bool kept) {
  if (!kept) std::abort();
}

void check(const Generation& generation, const ClassInfo& info) {
  expect(generation.instances.size() <= info.most_instances);
  for (const InstanceData& instance : generation.instances) {
    expect(!instance.name.empty() && qm::is_plain_text(instance.name));
    expect(qm::is_plain_text(instance.caption));
    expect(instance.block.size() == info.block_bytes);
    expect(instance.qualities.size() == info.data_items);
    for (const ItemQuality item : instance.qualities) {
      expect(item.quality <= QM_UNAVAILABLE && item.reason < QM_REASON_COUNT);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  constexpr std::array<std::uint32_t, 4> kFlags = {QM_REG_PDO, QM_REG_LIST, QM_REG_BASENAME, 0};
  const qm_class_info info = {kTestGuid,
                              kFlags[data[0] % 4U],
                              1U + data[1] % 40U,
                              1U + data[2] % 8U,
                              1U + data[3] % 3U,
                              nullptr,
                              0};
  TestPage page(info);
  page.begin();
  page.put("a");
  page.publish();
  auto view = PageView::open(page.bytes(), page.info());
  expect(view.has_value());
  // The rest scribbles: offset (2 bytes), count (1 byte), bytes. After each stroke, a look.
  for (std::size_t at = 4; at + 3 <= size;) {
    const std::size_t offset = (data[at] | (std::size_t{data[at + 1]} << 8U)) % page.bytes().size();
    const std::size_t left = std::min(size - at - 3, page.bytes().size() - offset);
    const std::size_t count = std::min<std::size_t>(data[at + 2], left);
    std::memcpy(page.scribble().data() + offset, data + at + 3, count);
    at += 3 + count;
    if (const auto generation = view->read()) check(*generation, page.info());
    std::array<std::byte, 64> block{};
    std::array<ItemQuality, 8> qualities{};
    (void)view->read_block(data[2], block, qualities);
  }
  (void)PageView::open(page.bytes(), page.info());
  return 0;
}

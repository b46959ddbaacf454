// Any bytes as packets on the provider socket: parsing ends in a message that keeps its promises,
// or in a text that may be shown. The first byte says how many descriptors came along.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <variant>

#include "base/text.h"
#include "provider/message.h"
#include "provider/page_layout.h"

namespace {

using namespace qm::provider;

void expect(bool kept) {
  if (!kept) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto packet = std::as_bytes(std::span(data, size)).subspan(1);
  const auto message = parse_message(packet, data[0] % 4U);
  if (!message) {
    const auto refusal = make_refused(0, message.error());
    expect(qm::is_plain_text(refusal.text) && refusal.error > 0);
    return 0;
  }
  if (const auto* hello = std::get_if<Hello>(&*message)) {
    expect(!hello->driver.empty() && qm::is_plain_text(hello->driver));
    expect(hello->driver.size() <= QM_MOST_DRIVER_NAME_BYTES);
  }
  if (const auto* registration = std::get_if<Register>(&*message)) {
    const ClassInfo& info = registration->info;
    expect(registration->registration != 0);
    qm_page_layout layout{};
    const bool fits =
        qm_page_layout_of(info.block_bytes, info.data_items, info.most_instances, &layout);
    const char* fault = qm_class_fault(info.flags, info.block_bytes, info.data_items,
                                       info.most_instances, registration->bmof_bytes);
    expect(fault != nullptr || (fits && layout.page_bytes <= QM_MOST_PAGE_BYTES));
  }
  return 0;
}

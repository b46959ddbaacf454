// A provider's bytes as the data block of each class: every item decodes to plain text, a value of
// its type or NULL, and nothing past the block is read.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/text.h"
#include "wmi/repository.h"

namespace {

void expect_plain(const qm::wmi::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    QM_ASSERT(qm::is_plain_text(*text));
  }
  if (const auto* list = std::get_if<qm::wmi::ValueList>(&value.data)) {
    for (const qm::wmi::Value& one : *list) expect_plain(one);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto repository = qm::wmi::Repository::built_in().value();
  const qm::Bytes block = std::as_bytes(std::span(data, size));
  for (const qm::wmi::ClassEntry& entry : repository->classes()) {
    for (const qm::wmi::PropertyEntry& property : entry.properties) {
      if (property.origin != qm::wmi::Origin::data) continue;
      expect_plain(qm::wmi::decode_item(block, property.plan).value);
    }
  }
  return 0;
}

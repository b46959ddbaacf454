// XML from anybody: read, written again, read once more: the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "xml/reader.h"
#include "xml/writer.h"

namespace {

// Namespaces are left out: what is compared is shape, local names and text.
void write(qm::xml::Writer& out, const qm::xml::Element& element) {
  out.open(element.name);
  out.text(element.text);
  for (const auto* at = element.first_child; at != nullptr; at = at->next) write(out, *at);
  out.close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static qm::xml::Reader reader;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto document = reader.read(bytes);
  if (!document) {
    QM_ASSERT(!document.error().message.empty());
    return 0;
  }
  std::string once;
  qm::xml::Writer first(once);
  write(first, document->root());
  const auto again = reader.read(once);
  if (!again) {
    // Expanded references may take it past the limits.
    QM_ASSERT(again.error().code == qm::ErrorCode::limit);
    return 0;
  }
  std::string twice;
  qm::xml::Writer second(twice);
  write(second, again->root());
  QM_ASSERT(once == twice);
  return 0;
}

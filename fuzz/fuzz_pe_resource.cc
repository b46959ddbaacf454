// Any bytes as a Windows driver that may hold binary MOFs.
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "mof/bmf.h"
#include "mof/pe_resource.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const qm::Bytes file(reinterpret_cast<const std::byte*>(data), size);
  const auto resources = qm::mof::mof_resources(file);
  if (!resources) return 0;
  for (const qm::mof::MofResource& one : *resources) {
    QM_ASSERT(one.data.empty() || (one.data.data() >= file.data() &&
                                   one.data.data() + one.data.size() <= file.data() + size));
    (void)qm::mof::read_bmf(one.data);
  }
  return 0;
}

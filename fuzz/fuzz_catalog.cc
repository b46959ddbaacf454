// Any bytes as the image of a binary MOF that a provider brings: what is taken in can be served,
// and what the build knows stays as it was.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "mof/bmf.h"
#include "wmi/catalog.h"
#include "wmi/class_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto built_in = qm::wmi::Repository::built_in().value();
  qm::wmi::Catalog catalog(built_in);
  const std::string file = qm::mof::pack_bmf({reinterpret_cast<const char*>(data), size});
  const auto added =
      catalog.add(qm::wmi::Bringer::provider, "fuzz", std::as_bytes(std::span(file)));
  const auto stats = catalog.current()->find("MSiSCSI_QMIPSECStats");
  QM_ASSERT(stats != nullptr && stats->layout.bytes == 144);
  if (!added) return 0;
  for (const std::string& name : added->added) {
    const qm::wmi::ClassEntry* entry = catalog.current()->find(name);
    QM_ASSERT(entry != nullptr);
    (void)qm::wmi::class_text(*entry->definition);
  }
  catalog.keep_provided();
  QM_ASSERT(catalog.current()->classes().size() == built_in->classes().size());
  return 0;
}

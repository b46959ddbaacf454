// Any bytes as a MOF text: preprocessor, parser, checker and every emitter.
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "mof/dump.h"
#include "mof/header.h"
#include "mof/memory_reader.h"
#include "mof/mof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The text can include itself, and one of two halves of itself.
  const std::string text(reinterpret_cast<const char*>(data), size);
  const qm::mof::FileReader reader = qm::mof::memory_reader(
      {{"t", text}, {"a", text.substr(0, size / 2)}, {"b", text.substr(size / 2)}});
  qm::Diagnostics diagnostics;
  const qm::mof::Model model = qm::mof::compile({"t"}, reader, {}, diagnostics);
  QM_ASSERT(diagnostics.error_count() <= qm::Diagnostics::kMostErrors);
  (void)diagnostics.text();
  (void)diagnostics.json();
  (void)qm::mof::dump_json(model);
  (void)qm::mof::dump_text(model);
  (void)qm::mof::emit_header(model, {.guard = "_t_h_"});
  return 0;
}

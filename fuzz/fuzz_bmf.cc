// Any bytes as the image of a binary MOF. What can be read must come back from its own text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "mof/bmf.h"
#include "mof/decompile.h"
#include "mof/dump.h"
#include "mof/header.h"
#include "mof/memory_reader.h"
#include "mof/mof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string image(reinterpret_cast<const char*>(data), size);
  const auto content = qm::mof::read_bmf_image(image);
  if (!content) return 0;
  (void)qm::mof::dump_json(content->model);
  (void)qm::mof::dump_text(content->model);
  (void)qm::mof::emit_header(content->model, {.guard = "_t_h_"});
  const std::string file = qm::mof::pack_bmf(image);
  const auto text = qm::mof::decompile(std::as_bytes(std::span(file)));
  QM_ASSERT(text.has_value());
  qm::Diagnostics diagnostics;
  qm::mof::Options options;
  options.strict_blocks = false;  // as mofc bmf has them
  const qm::mof::Model model =
      qm::mof::compile({"t"}, qm::mof::memory_reader({{"t", text->text}}), options, diagnostics);
  QM_ASSERT(!diagnostics.has_errors());
  QM_ASSERT(qm::mof::write_bmf(model) == file);
  return 0;
}

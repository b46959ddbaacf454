#include <fmt/format.h>

#include "base/text.h"
#include "mof/decompile.h"
#include "mof/file.h"
#include "mof/hex_text.h"
#include "mof/load.h"
#include "mof/pe_resource.h"
#include "mofc/command.h"

namespace qm::mofc {

using namespace mof;

int run_bmf(const CommandLine& line) {
  Diagnostics diagnostics;
  Options options = line.options;
  options.strict_blocks = false;
  const Model model = load_model(line.files, options, line.resource, diagnostics);
  warn_of_lost(model, diagnostics);
  if (!tell(diagnostics, Severity::warning)) return 1;
  const Result<std::string> file = write_bmf(model);
  if (!file) return failed(file.error().message);
  const int delivered = deliver_depfile(line, diagnostics);
  return delivered != 0 ? delivered : deliver(line, line.hex ? hex_text(*file) : *file);
}

int run_decompile(const CommandLine& line) {
  std::string all;
  for (const std::string& path : line.files) {
    const auto read = [&]() -> Result<std::string> {
      std::string bytes = TRY(read_file(path, kMostPeBytes));
      const std::string bmf = TRY(bmf_within(std::move(bytes), line.resource));
      const Decompiled text = TRY(decompile(std::as_bytes(std::span(bmf))));
      return text.text;
    };
    const Result<std::string> text = read();
    if (!text) return failed(path + ": " + text.error().message);
    if (line.files.size() > 1) {
      all += fmt::format("{}// {}\n", all.empty() ? "" : "\n", plain_text(path));
    }
    all += *text;
  }
  return deliver(line, all);
}

}  // namespace qm::mofc

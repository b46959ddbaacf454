#include "mof/command.h"
#include "mof/dump.h"

namespace qm::mof {

int run_dump(const CommandLine& line) {
  Diagnostics diagnostics;
  const Model model = compile(line.files, disk_reader(), line.options, diagnostics);
  if (!tell(diagnostics, Severity::warning)) return 1;
  return deliver(line, line.json ? dump_json(model) : dump_text(model));
}

}  // namespace qm::mof

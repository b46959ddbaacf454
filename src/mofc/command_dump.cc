#include "mof/dump.h"
#include "mof/load.h"
#include "mofc/command.h"

namespace qm::mofc {

using namespace mof;

int run_dump(const CommandLine& line) {
  Diagnostics diagnostics;
  const Model model = load_model(line.files, line.options, line.resource, diagnostics);
  if (!tell(diagnostics, Severity::warning)) return 1;
  return deliver(line, line.json ? dump_json(model) : dump_text(model));
}

}  // namespace qm::mofc

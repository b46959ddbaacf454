#include <algorithm>

#include "mof/diff.h"
#include "mof/load.h"
#include "mofc/command.h"

namespace qm::mofc {

using namespace mof;

int run_diff(const CommandLine& line) {
  std::vector<Model> models;
  for (const std::string& path : line.files) {
    Diagnostics diagnostics;
    models.push_back(load_model({path}, line.options, line.resource, diagnostics));
    if (!tell(diagnostics, Severity::error)) return 1;
  }
  const std::vector<Change> changes = compare(models[0], models[1]);
  const int delivered = deliver(line, line.json ? diff_json(changes) : diff_text(changes));
  if (delivered != 0) return delivered;
  return std::ranges::any_of(changes, &Change::breaks) ? 1 : 0;
}

}  // namespace qm::mofc

#include <fmt/format.h>

#include "mof/load.h"
#include "mofc/command.h"

namespace qm::mofc {

using namespace mof;
namespace {

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

int run_check(const CommandLine& line) {
  Diagnostics diagnostics;
  const Model model =
      compile(line.files, reader_of_any_form(line.resource), line.options, diagnostics);
  const int code = diagnostics.has_errors() ? 1 : 0;
  if (line.json) {
    const int delivered = deliver(line, diagnostics.json());
    return delivered != 0 ? delivered : code;
  }
  tell(diagnostics, Severity::note);
  const int delivered = deliver(
      line, fmt::format("{}, {}: {}, {}\n", counted(model.classes.size(), "class", "classes"),
                        counted(model.instances.size(), "instance", "instances"),
                        counted(diagnostics.error_count(), "error", "errors"),
                        counted(diagnostics.warning_count(), "warning", "warnings")));
  return delivered != 0 ? delivered : code;
}

}  // namespace qm::mofc

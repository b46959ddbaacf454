#include "mof/c_stubs.h"
#include "mof/header.h"
#include "mof/load.h"
#include "mofc/command.h"

namespace qm::mofc {

using namespace mof;

int run_header(const CommandLine& line) {
  Diagnostics diagnostics;
  const Model model =
      compile(line.files, reader_of_any_form(line.resource), line.options, diagnostics);
  if (!tell(diagnostics, Severity::warning)) return 1;
  // Without -o the guard is that of the file next to the first source.
  const std::string& named_by = line.output.empty() ? line.files.front() : line.output;
  std::string name = named_by;
  if (line.output.empty()) name = name.substr(0, name.rfind('.')) + ".h";
  HeaderOptions options;
  options.guard = guard_of(name);
  options.basic_types = !line.as_wmimofck;
  options.crlf = line.crlf;
  if (!line.stubs.empty()) {
    CommandLine stubs;
    stubs.output = line.stubs;
    const std::string header = name.substr(name.find_last_of('/') + 1);
    const int delivered = deliver(stubs, emit_c_stubs(model, header));
    if (delivered != 0) return delivered;
  }
  const int delivered = deliver_depfile(line, diagnostics);
  return delivered != 0 ? delivered : deliver(line, emit_header(model, options));
}

}  // namespace qm::mofc

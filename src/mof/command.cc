#include "mof/command.h"

#include "mof/file.h"

namespace qm::mof {

bool tell(const Diagnostics& diagnostics, Severity least) {
  write_error(diagnostics.text(error_is_terminal(), least));
  return !diagnostics.has_errors();
}

int deliver(const CommandLine& line, std::string_view text) {
  const Result<bool> written =
      line.output.empty() ? write_output(text) : write_file(line.output, text);
  if (written) return 0;
  write_error("mofc: " + written.error().message + "\n");
  return 1;
}

}  // namespace qm::mof

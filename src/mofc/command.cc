#include "mofc/command.h"

#include "mof/file.h"

namespace qm::mofc {

using namespace mof;

bool tell(const Diagnostics& diagnostics, Severity least) {
  write_error(diagnostics.text(error_is_terminal(), least));
  return !diagnostics.has_errors();
}

void warn_of_lost(const Model& model, Diagnostics& diagnostics) {
  for (const Deletion& one : model.deletions) {
    diagnostics.warning("not-in-binary", one.span, "a binary MOF cannot tell to delete a class",
                        "give the text itself to mofcomp, without -B");
  }
}

int failed(std::string_view message) {
  write_error("mofc: " + std::string(message) + "\n");
  return 1;
}

int deliver(const CommandLine& line, std::string_view text) {
  const Result<bool> written =
      line.output.empty() ? write_output(text) : write_file(line.output, text);
  if (written) return 0;
  return failed(written.error().message);
}

}  // namespace qm::mofc

#include "mofc/command.h"

#include <set>

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

// As make reads a path in a rule.
std::string make_path(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (c == ' ' || c == '#' || c == '\\') text += '\\';
    if (c == '$') text += '$';
    text += c;
  }
  return text;
}

int deliver_depfile(const CommandLine& line, const Diagnostics& diagnostics) {
  if (line.depfile.empty()) return 0;
  std::string text = make_path(line.output) + ":";
  std::set<std::string_view> paths(line.files.begin(), line.files.end());
  for (const std::string_view path : diagnostics.sources().paths()) paths.insert(path);
  paths.erase(kStandardInput);
  for (const std::string_view path : paths) text += " \\\n  " + make_path(path);
  CommandLine depfile;
  depfile.output = line.depfile;
  return deliver(depfile, text + "\n");
}

int failed(std::string_view message) {
  write_error("mofc: " + std::string(message) + "\n");
  return 1;
}

int deliver(const CommandLine& line, std::string_view text) {
  const Result<bool> written = line.output.empty() || line.output == "-"
                                   ? write_output(text)
                                   : write_file(line.output, text);
  if (written) return 0;
  return failed(written.error().message);
}

}  // namespace qm::mofc

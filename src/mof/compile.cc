#include "mof/checker.h"
#include "mof/mof.h"
#include "mof/parser.h"
#include "mof/preprocessor.h"

namespace qm::mof {

Model compile(const std::vector<std::string>& paths, const FileReader& read, const Options& options,
              Diagnostics& diagnostics) {
  if (!options.warnings.empty()) {
    diagnostics.choose([choice = options.warnings](std::string_view code, Severity usual) {
      return choice.told_as(code, usual);
    });
  }
  Parsed parsed;
  Preprocessor preprocessor(read, options, diagnostics);
  for (const std::string& path : paths) {
    preprocessor.open(path);
    Parser(preprocessor, diagnostics, parsed).parse(options.name_space);
  }
  if (!preprocessor.stopped() && !diagnostics.full()) Checker(parsed, diagnostics).check();
  diagnostics.sort();
  return std::move(parsed.model);
}

void check_model(const Model& model, Diagnostics& diagnostics) {
  const Parsed parsed{model, {}, {}};
  Checker(parsed, diagnostics).check();
}

}  // namespace qm::mof

#include <algorithm>
#include <array>

#include "mof/checker.h"
#include "mof/mof.h"
#include "mof/parser.h"
#include "mof/preprocessor.h"

namespace qm::mof {
namespace {

// What wmimofck looks at and mofcomp does not.
constexpr std::array<std::string_view, 15> kBlockErrors = {
    "array-without-size", "bad-c-name",  "bad-data-id",     "bad-guid",     "bad-max-len",
    "bad-qualifier",      "bad-size-is", "block-size",      "data-id-gap",  "duplicate-data-id",
    "duplicate-guid",     "embed-depth", "embedding-cycle", "no-wire-form", "unknown-class"};

enum class Eased : std::uint8_t { nothing, blocks, everything };

void choose(Diagnostics& diagnostics, const Options& options, Eased eased) {
  if (options.warnings.empty() && eased == Eased::nothing) return;
  const auto told = [choice = options.warnings, eased](std::string_view code, Severity usual) {
    const bool is_eased =
        eased == Eased::everything ||
        (eased == Eased::blocks && std::ranges::find(kBlockErrors, code) != kBlockErrors.end());
    if (usual == Severity::error && is_eased) usual = Severity::warning;
    return choice.told_as(code, usual);
  };
  diagnostics.choose(told);
}

}  // namespace

Model compile(const std::vector<std::string>& paths, const FileReader& read, const Options& options,
              Diagnostics& diagnostics) {
  choose(diagnostics, options, Eased::nothing);
  Parsed parsed;
  Preprocessor preprocessor(read, options, diagnostics);
  for (const std::string& path : paths) {
    preprocessor.open(path);
    Parser(preprocessor, diagnostics, parsed).parse(options.name_space);
  }
  if (!preprocessor.stopped() && !diagnostics.full()) {
    choose(diagnostics, options,
           parsed.unchecked         ? Eased::everything
           : !options.strict_blocks ? Eased::blocks
                                    : Eased::nothing);
    Checker(parsed, diagnostics).check();
  }
  diagnostics.sort();
  return std::move(parsed.model);
}

void check_model(const Model& model, Diagnostics& diagnostics) {
  const Parsed parsed{.model = model, .damaged_classes = {}, .damaged_instances = {}};
  Checker(parsed, diagnostics).check();
}

}  // namespace qm::mof

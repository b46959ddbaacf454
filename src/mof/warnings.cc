#include "mof/warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mof/names.h"

namespace qm::mof {
namespace {

constexpr std::array kWarnings = std::to_array<Warning>({
    {"alignment-hole", Severity::note, "bytes of a data block that lie unused"},
    {"association-references", Severity::warning, "an association with fewer than two references"},
    {"bad-datetime", Severity::warning, "a datetime that is not written as one"},
    {"counter-width", Severity::warning, "a counter type of another width than its property"},
    {"encoding", Severity::warning, "a file that is neither UTF-8 nor UTF-16"},
    {"extra-text", Severity::warning, "words behind a directive"},
    {"flavor-as-qualifier", Severity::warning, "a flavor that stands where a qualifier does"},
    {"inherited-key", Severity::warning, "a key in a class whose superclass has keys already"},
    {"key-type", Severity::warning, "a key that is an array, a real number or an embedded class"},
    {"locked-qualifier", Severity::warning,
     "another value for a qualifier that a superclass locks (DisableOverride)"},
    {"macro-redefined", Severity::warning, "a macro that is defined twice, differently"},
    {"method-id", Severity::warning, "WmiMethodIds that are missing, given twice, or 0"},
    {"no-active", Severity::warning, "a data block's class without boolean Active"},
    {"no-guid", Severity::warning, "a data block's class without guid"},
    {"no-instance-name", Severity::warning, "a data block's class without the key InstanceName"},
    {"no-max-len", Severity::warning, "a string of a data block without MaxLen"},
    {"not-in-binary", Severity::warning, "what the text says and a binary MOF has no place for"},
    {"qualifier-scope", Severity::warning, "a qualifier where its declaration does not allow it"},
    {"reference-outside-association", Severity::warning,
     "a reference in a class that is no association"},
    {"undeclared-qualifier", Severity::warning,
     "a qualifier without a declaration, where others have one"},
    {"unknown-class", Severity::warning, "a class that none of the files declares"},
    {"unknown-escape", Severity::warning, "a backslash before what it does not escape"},
    {"unknown-pragma", Severity::warning, "a #pragma that nobody knows"},
    {"unknown-qualifier", Severity::warning, "a qualifier that is all but a known one"},
    {"unknown-superclass", Severity::warning, "a superclass that none of the files declares"},
    {"values-length", Severity::warning, "Values, ValueMap and DefineValues of unequal length"},
    {"warning-directive", Severity::warning, "a #warning that is met"},
});
static_assert(std::ranges::is_sorted(kWarnings, {}, &Warning::name));

Result<std::string> known(std::string_view name) {
  const auto found = std::ranges::find(kWarnings, name, &Warning::name);
  if (found != kWarnings.end()) return std::string(name);
  std::array<std::string_view, kWarnings.size()> names;
  std::ranges::transform(kWarnings, names.begin(), &Warning::name);
  return fail(ErrorCode::invalid,
              fmt::format("there is no warning '{}'; {}", plain_text(name, 60),
                          did_you_mean(name, names, "mofc check --help lists them")));
}

bool take_front(std::string_view& word, std::string_view front) {
  if (!word.starts_with(front)) return false;
  word.remove_prefix(front.size());
  return true;
}

}  // namespace

std::span<const Warning> warnings() {
  return kWarnings;
}

// "no-guid" is a warning's name, so that a name goes before what "no-" may mean in front of one.
Result<bool> WarningChoice::add(std::string_view word) {
  changed_ = true;
  const auto is_name = [](std::string_view text) {
    return std::ranges::find(kWarnings, text, &Warning::name) != kWarnings.end();
  };
  const bool wanted = is_name(word) || !take_front(word, "no-");
  if (word == "all") {
    all_ = wanted;
    on_.clear();
    off_.clear();
    if (!wanted) {
      for (const Warning& one : kWarnings) off_.emplace(one.name);
    }
    return true;
  }
  if (word == "error") {
    errors_ = wanted;
    return true;
  }
  const bool fatal = take_front(word, "error=");
  const std::string name = TRY(known(word));
  if (fatal) {
    (wanted ? fatal_ : not_fatal_).insert(name);
    (wanted ? not_fatal_ : fatal_).erase(name);
    if (!wanted) return true;
  }
  (wanted ? on_ : off_).insert(name);
  (wanted ? off_ : on_).erase(name);
  return true;
}

std::optional<Severity> WarningChoice::told_as(std::string_view name, Severity usual) const {
  if (usual == Severity::error) return usual;
  if (off_.contains(name)) return std::nullopt;
  const bool raised = usual == Severity::warning || all_ || on_.contains(name);
  const bool fatal = fatal_.contains(name) || (errors_ && raised && !not_fatal_.contains(name));
  if (fatal) return Severity::error;
  return raised ? Severity::warning : usual;
}

}  // namespace qm::mof

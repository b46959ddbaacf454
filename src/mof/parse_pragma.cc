// Compiler directives: #pragma with its words.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mof/limits.h"
#include "mof/literal.h"
#include "mof/names.h"
#include "mof/parser.h"

namespace qm::mof {
namespace {

constexpr std::array<std::string_view, 18> kPragmas = {
    "amendment",     "autorecover",    "bmf_patch",   "bmf_stream",     "bmf_tail",
    "bmf_unchecked", "classflags",     "deleteclass", "deleteinstance", "include",
    "instanceflags", "instancelocale", "locale",      "namespace",      "nonlocal",
    "nonlocaltype",  "source",         "sourcetype"};

}  // namespace

std::string plain_name_space(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '/', '\\');
  if (!plain.starts_with("\\\\")) return plain;
  const std::size_t machine_end = plain.find('\\', 2);
  return machine_end == std::string::npos ? std::string() : plain.substr(machine_end + 1);
}

void Parser::pragma() {
  Pragma pragma;
  pragma.span = current_.span;
  advance();
  bool good = current_.kind == TokenKind::identifier;
  if (good) {
    pragma.name = folded(current_.text);
    pragma.span.end = current_.span.end;
    if (std::ranges::find(kPragmas, pragma.name) == kPragmas.end()) {
      diagnostics_.warning("unknown-pragma", current_.span,
                           fmt::format("unknown #pragma '{}' is ignored", current_.text),
                           did_you_mean(pragma.name, kPragmas));
      good = false;
    } else {
      advance();
      good = pragma_arguments(pragma.arguments);
    }
  } else {
    wrong("the name of a pragma");
  }
  tokens_.set_quiet(!good);
  while (current_.kind != TokenKind::end_of_line && current_.kind != TokenKind::end) advance();
  tokens_.set_quiet(false);
  // Before the next token is asked for: an included file's tokens come first.
  if (good) run_pragma(std::move(pragma));
  advance();
}

bool Parser::pragma_arguments(std::vector<std::string>& arguments) {
  // autorecover has none
  if (current_.kind == TokenKind::end_of_line || current_.is(';')) return true;
  if (!expect('(', "behind the pragma's name")) return false;
  if (take(')')) return true;
  do {
    if (arguments.size() >= kMostQualifiers) return wrong("fewer arguments");
    Value text;
    if (current_.kind == TokenKind::string) {
      if (!strings(text)) return false;
      arguments.push_back(std::get<Text>(text.data));
    } else if (current_.kind == TokenKind::identifier || current_.kind == TokenKind::integer) {
      arguments.emplace_back(current_.text);
      advance();
    } else {
      return wrong("an argument of the pragma");
    }
  } while (take(','));
  return expect(')', "behind the pragma's arguments");
}

void Parser::run_pragma(Pragma pragma) {
  const bool is_name_space = pragma.name == "namespace";
  if (pragma.name == "classflags") class_flags_ = flags_of(pragma);
  if (pragma.name == "instanceflags") instance_flags_ = flags_of(pragma);
  if (pragma.name == "deleteclass") delete_class(pragma);
  if (pragma.name == "bmf_unchecked") out_.unchecked = true;
  if (!is_name_space && pragma.name != "include") {
    if (out_.model.pragmas.size() < kMostDeclarations) {
      out_.model.pragmas.push_back(std::move(pragma));
    }
    return;
  }
  if (pragma.arguments.size() != 1 || pragma.arguments[0].empty()) {
    diagnostics_.error("bad-pragma", pragma.span,
                       fmt::format("#pragma {} wants one string", pragma.name));
  } else if (is_name_space && !is_plain_text(pragma.arguments[0])) {
    diagnostics_.error("bad-pragma", pragma.span, "this namespace holds control characters",
                       R"(write each backslash twice: #pragma namespace("\\\\.\\root\\wmi"))");
  } else if (is_name_space) {
    enter_name_space(pragma.arguments[0]);
  } else {
    tokens_.include(pragma.arguments[0], pragma.span);
  }
}

void Parser::enter_name_space(std::string_view spelling) {
  name_space_spelling_ = Text::lent(arena_.keep(spelling));
  name_space_ = Text::lent(arena_.keep(plain_name_space(spelling)));
}

// #pragma classflags("forceupdate"): words or numbers; none at all ends what one said before.
std::optional<std::uint32_t> Parser::flags_of(const Pragma& pragma) {
  std::optional<std::uint32_t> flags;
  const std::string all = fmt::format("{}", fmt::join(pragma.arguments, ","));
  for (std::string_view rest = all; !rest.empty();) {  // "updateonly, forceupdate" is two
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view word = rest.substr(0, comma);
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    word = word.substr(0, word.find_last_not_of(' ') + 1);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const auto known = std::ranges::find_if(
        kChangeFlagNames, [&](const ChangeFlagName& one) { return same_name(one.name, word); });
    const Result<Value> number = parse_integer(word, false);
    if (known == kChangeFlagNames.end() && !number) {
      diagnostics_.error("bad-pragma", pragma.span,
                         fmt::format("'{}' is no flag of {}", plain_text(word, 60), pragma.name),
                         "updateonly, createonly, safeupdate, forceupdate or a number");
      return flags;
    }
    const std::uint32_t bits =
        known != kChangeFlagNames.end()
            ? known->bit
            : static_cast<std::uint32_t>(std::get<std::uint64_t>(number->data));
    flags = flags.value_or(0) | bits;
  }
  return flags;
}

// #pragma deleteclass("Name", NOFAIL)
void Parser::delete_class(const Pragma& pragma) {
  const std::vector<std::string>& words = pragma.arguments;
  const bool may_fail = words.size() == 2 && same_name(words[1], "NOFAIL");
  const bool must_exist = words.size() == 1 || (words.size() == 2 && same_name(words[1], "FAIL"));
  if ((!may_fail && !must_exist) || !is_identifier(words[0])) {
    diagnostics_.error("bad-pragma", pragma.span, "#pragma deleteclass wants the name of a class",
                       "#pragma deleteclass(\"Name\", FAIL), or NOFAIL when it may be missing");
    return;
  }
  Model& model = out_.model;
  if (model.deletions.size() >= kMostDeclarations) return;
  model.deletions.push_back({words[0], std::string(name_space_), must_exist, pragma.span});
  for (std::size_t i = model.classes.size(); i-- > 0;) {
    const Class& one = model.classes[i];
    if (!same_name(one.name, words[0]) || !same_name(one.name_space, name_space_)) continue;
    model.classes.erase(model.classes.begin() + static_cast<std::ptrdiff_t>(i));
    std::set<std::size_t> damaged;
    for (const std::size_t at : out_.damaged_classes) {
      if (at != i) damaged.insert(at > i ? at - 1 : at);
    }
    out_.damaged_classes = std::move(damaged);
  }
}

// A deletion takes no number back: orders grow, and need not be without gaps.
Setting Parser::class_setting() const {
  const Model& model = out_.model;
  const std::size_t order = model.classes.size() + model.instances.size() + model.deletions.size();
  return {.texts = diagnostics_.sources().texts(),
          .order = static_cast<std::uint32_t>(order),
          .name_space_spelling = Text::lent(name_space_spelling_),
          .flags = class_flags_,
          .instance_flags = std::nullopt};
}

Setting Parser::instance_setting() const {
  Setting setting = class_setting();
  setting.instance_flags = instance_flags_;
  return setting;
}

}  // namespace qm::mof

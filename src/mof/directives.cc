#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mof/condition.h"
#include "mof/limits.h"
#include "mof/names.h"
#include "mof/preprocessor.h"

namespace qm::mof {
namespace {

constexpr std::array<std::string_view, 12> kDirectives = {"define",  "elif",   "else",  "endif",
                                                          "error",   "if",     "ifdef", "ifndef",
                                                          "include", "pragma", "undef", "warning"};

bool same_body(const Macro& a, const Macro& b) {
  return a.has_parameters == b.has_parameters && a.parameters == b.parameters &&
         std::ranges::equal(a.body, b.body, [](const Token& x, const Token& y) {
           return x.kind == y.kind && x.text == y.text;
         });
}

}  // namespace

void Preprocessor::directive(const Token& hash) {
  const Token word = lexer().next_in_line();
  // C's are written in lower case; DSP0004's #pragma in any.
  const std::string_view name = same_name(word.text, "pragma") ? "pragma" : word.text;
  if (word.kind == TokenKind::end_of_line) return;  // a lone # says nothing
  if (word.kind == TokenKind::integer || name == "line") {
    finish_line(false);  // # 12 "file": where a preprocessor before us had been
  } else if (name == "define") {
    define();
  } else if (name == "undef") {
    undef();
  } else if (name == "include") {
    include_line(word);
  } else if (name == "if" || name == "ifdef" || name == "ifndef") {
    begin_condition(word);
  } else if (name == "elif" || name == "else" || name == "endif") {
    end_branch(word);
  } else if (name == "pragma") {
    in_pragma_ = true;
    find_ahead();
    pragma_span_ = {hash.span.begin, word.span.end};
  } else if (name == "error") {
    diagnostics_.error("error-directive", word.span,
                       fmt::format("#error {}", lexer().rest_of_line()));
  } else if (name == "warning") {
    diagnostics_.warning("warning-directive", word.span,
                         fmt::format("#warning {}", lexer().rest_of_line()));
  } else {
    diagnostics_.error("unknown-directive", word.span, fmt::format("unknown directive '#{}'", name),
                       did_you_mean(name, kDirectives, "a comment begins with //"));
    finish_line(false);
  }
}

void Preprocessor::finish_line(bool must_be_empty) {
  Token token = lexer().next_in_line();
  if (must_be_empty && token.kind != TokenKind::end_of_line) {
    diagnostics_.warning("extra-text", token.span, "text after the directive is ignored");
  }
  while (token.kind != TokenKind::end_of_line) token = lexer().next_in_line();
}

void Preprocessor::define() {
  const Token name = lexer().next_in_line();
  if (name.kind != TokenKind::identifier || name.text == "defined") {
    diagnostics_.error("bad-define", name.span, "a macro needs a name",
                       "#define NAME value, or #define NAME(parameter) value");
    finish_line(false);
    return;
  }
  Macro macro;
  macro.definition = name.span;
  Lexer& lines = lexer();
  const Lexer bookmark = lines;
  const Token first = lines.next_in_line();
  if (first.is('(') && !first.after_space) {
    macro.has_parameters = true;
    if (!read_parameters(macro)) {
      finish_line(false);
      return;
    }
  } else {
    lines = bookmark;
  }
  for (Token token = lines.next_in_line(); token.kind != TokenKind::end_of_line;
       token = lines.next_in_line()) {
    macro.body.push_back(token);
  }
  const auto known = macros_.find(name.text);
  if (known != macros_.end() && !same_body(known->second, macro)) {
    diagnostics_.warning("macro-redefined", name.span,
                         fmt::format("macro '{}' had another value", name.text),
                         "#undef it first, when that is meant");
    diagnostics_.also(known->second.definition, "it was defined here");
  }
  if (known == macros_.end() && macros_.size() >= kMostMacros) {
    give_up("macro-count", name.span, fmt::format("more than {} macros", kMostMacros), "");
    return;
  }
  macros_.insert_or_assign(name.text, std::move(macro));
  find_ahead();
}

bool Preprocessor::read_parameters(Macro& macro) {
  Token token = lexer().next_in_line();
  if (token.is(')')) return true;
  while (true) {
    const bool fits = macro.parameters.size() < kMostMacroParameters;
    const bool fresh = std::ranges::find(macro.parameters, token.text) == macro.parameters.end();
    if (token.kind != TokenKind::identifier || !fresh || !fits) {
      diagnostics_.error("bad-define", token.span,
                         !fits    ? fmt::format("more than {} parameters", kMostMacroParameters)
                         : !fresh ? fmt::format("parameter '{}' is there twice", token.text)
                                  : std::string("expected the name of a parameter"));
      return false;
    }
    macro.parameters.push_back(token.text);
    token = lexer().next_in_line();
    if (token.is(')')) return true;
    if (!token.is(',')) {
      diagnostics_.error("bad-define", token.span, "expected ',' or ')' among the parameters");
      return false;
    }
    token = lexer().next_in_line();
  }
}

void Preprocessor::undef() {
  const Token name = lexer().next_in_line();
  if (name.kind != TokenKind::identifier) {
    diagnostics_.error("bad-undef", name.span, "expected the name of a macro");
    finish_line(false);
    return;
  }
  macros_.erase(name.text);
  find_ahead();
  finish_line(true);
}

void Preprocessor::include_line(const Token& word) {
  std::string_view rest = lexer().rest_of_line();
  const char open = rest.empty() ? '\0' : rest.front();
  const std::size_t close = open == '\0' ? 0 : rest.find(open == '<' ? '>' : '"', 1);
  if ((open != '"' && open != '<') || close == std::string_view::npos || close == 1) {
    diagnostics_.error("bad-include", word.span, "expected the name of a file",
                       "#include \"name.mof\"");
    return;
  }
  // The spelling is a path, not a string: its backslashes are folders.
  include(rest.substr(1, close - 1), word.span, open == '"');
}

void Preprocessor::begin_condition(const Token& word) {
  std::vector<Condition>& conditions = files_.back().conditions;
  if (conditions.size() >= kMostConditionDepth) {
    give_up("condition-depth", word.span,
            fmt::format("conditions nest more than {} deep", kMostConditionDepth), "");
    return;
  }
  conditions.push_back({word.span, false, false});
  conditions.back().taken = holds(word);
  if (!conditions.back().taken) skip_group();
}

bool Preprocessor::holds(const Token& word) {
  if (word.text == "if") return evaluate(word);
  const Token name = lexer().next_in_line();
  if (name.kind != TokenKind::identifier) {
    diagnostics_.error("bad-condition", name.span,
                       fmt::format("#{} wants the name of a macro", word.text));
    finish_line(false);
    return false;
  }
  finish_line(true);
  return macros_.contains(name.text) == (word.text == "ifdef");
}

// `defined` is answered before macros are replaced, all else after.
bool Preprocessor::evaluate(const Token& word) {
  std::vector<Token> tokens;
  for (Token token = lexer().next_in_line(); token.kind != TokenKind::end_of_line;
       token = lexer().next_in_line()) {
    if (token.kind == TokenKind::identifier && token.text == "defined") {
      Token name = lexer().next_in_line();
      const bool bracketed = name.is('(');
      if (bracketed) name = lexer().next_in_line();
      if (name.kind == TokenKind::end_of_line) break;
      token.kind = TokenKind::integer;
      token.text = macros_.contains(name.text) ? "1" : "0";
      if (bracketed && lexer().next_in_line().kind == TokenKind::end_of_line) break;
    }
    tokens.push_back(token);
  }
  tokens = expand_fully(std::move(tokens));
  const ConditionValue value = evaluate_condition(tokens);
  if (!value.trouble.empty()) {
    diagnostics_.error("bad-condition", value.where.none() ? word.span : value.where,
                       value.trouble);
  }
  return value.value != 0;
}

// #elif, #else or #endif behind a branch that was taken.
void Preprocessor::end_branch(const Token& word) {
  std::vector<Condition>& conditions = files_.back().conditions;
  if (conditions.empty()) {
    diagnostics_.error("stray-condition", word.span,
                       fmt::format("#{} without an #if before it", word.text));
    finish_line(false);
    return;
  }
  if (!branch_begins(word)) skip_group();
}

// At a directive of the innermost condition: true when what follows it is to be read.
bool Preprocessor::branch_begins(const Token& word) {
  std::vector<Condition>& conditions = files_.back().conditions;
  Condition& condition = conditions.back();
  if (word.text == "endif") {
    finish_line(false);
    conditions.pop_back();
    return true;
  }
  if (condition.seen_else) {
    diagnostics_.error("stray-condition", word.span, fmt::format("#{} behind #else", word.text));
    diagnostics_.also(condition.where, "of this condition");
  }
  const bool may_hold = !condition.taken;
  bool taken = false;
  if (word.text == "else") {
    condition.seen_else = true;
    finish_line(false);
    taken = may_hold;
  } else if (may_hold) {
    taken = evaluate(word);
  } else {
    finish_line(false);
  }
  condition.taken = condition.taken || taken;
  return taken;
}

void Preprocessor::skip_group() {
  std::size_t depth = 0;
  while (true) {
    const Token word = lexer().next_skipped_directive();
    if (word.kind == TokenKind::end) return;  // close_file() complains
    const std::string_view name = word.text;
    if (name == "if" || name == "ifdef" || name == "ifndef") {
      ++depth;
    } else if (name == "endif" && depth > 0) {
      --depth;
    } else if (depth == 0 && (name == "elif" || name == "else" || name == "endif")) {
      if (branch_begins(word)) return;
    }
  }
}

}  // namespace qm::mof

// Macro expansion after C11 6.10.3: arguments are expanded on their own first, the result is read
// again, and a macro inside its own expansion is left as it is.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "mof/limits.h"
#include "mof/preprocessor.h"

namespace qm::mof {

// The next token as it stands, from the innermost expansion or else from the file.
Token Preprocessor::raw_next() {
  while (!expansions_.empty()) {
    Expansion& top = expansions_.back();
    if (top.at < top.tokens.size()) return top.tokens[top.at++];
    if (top.barrier) return {};
    expansions_.pop_back();
  }
  return in_pragma_ ? lexer().next_in_line() : lexer().next();
}

bool Preprocessor::call_follows() {
  for (auto at = expansions_.rbegin(); at != expansions_.rend(); ++at) {
    if (at->at < at->tokens.size()) return at->tokens[at->at].is('(');
    if (at->barrier) return false;
  }
  Lexer bookmark = lexer();
  return bookmark.next().is('(');
}

// Each piece of a macro's body costs one more, so that empty ones are not for nothing.
bool Preprocessor::charge(const std::vector<Token>& tokens, Span at) {
  expanded_tokens_ += tokens.size() + 1;
  for (const Token& token : tokens) expanded_bytes_ += token.text.size();
  if (expanded_bytes_ > kMostExpandedBytes) {
    give_up("macro-tokens", at,
            fmt::format("macros have grown to more than {} MiB", kMostExpandedBytes >> 20U),
            "a long string behind a macro's name counts at each use");
    return false;
  }
  if (expanded_tokens_ <= kMostExpandedTokens) return !stopped_;
  give_up("macro-tokens", at,
          fmt::format("macros have grown to more than {} words", kMostExpandedTokens),
          "a macro that names another twice doubles at each step");
  return false;
}

std::string_view Preprocessor::keep(std::string_view text, Span at) {
  made_bytes_ += text.size();
  if (made_bytes_ > kMostMadeBytes) {
    give_up("macro-tokens", at,
            fmt::format("# and ## have made more than {} bytes", kMostMadeBytes), "");
    return {};
  }
  return diagnostics_.sources().keep(text);
}

// True when the name was a macro and its expansion (or an error) has taken its place.
bool Preprocessor::expand(Token& name) {
  if (name.no_expand) return false;
  const auto found = macros_.find(name.text);
  if (found == macros_.end()) return false;
  const Macro& macro = found->second;
  const bool active =
      std::ranges::any_of(expansions_, [&](const Expansion& one) { return one.macro == &macro; });
  if (active) {
    name.no_expand = true;
    return false;
  }
  if (macro.has_parameters && !call_follows()) return false;
  if (expansions_.size() >= kMostMacroDepth) {
    give_up("macro-depth", name.span, fmt::format("macros nest more than {} deep", kMostMacroDepth),
            "");
    return true;
  }
  const bool from_file = expansions_.empty();
  Span end = name.span;
  Arguments arguments;
  if (macro.has_parameters && !read_arguments(name, macro, arguments, end)) {
    call_failed_ = true;
    return true;
  }
  if (from_file) {
    diagnostics_.sources().add_expansion({name.span.begin, end.end}, name.text, macro.definition);
  }
  std::vector<Token> tokens = substituted(macro, name, arguments);
  if (!stopped_) expansions_.push_back({std::move(tokens), 0, &macro, false});
  return true;
}

bool Preprocessor::read_arguments(const Token& name, const Macro& macro, Arguments& arguments,
                                  Span& end) {
  raw_next();  // the parenthesis that call_follows() saw
  std::size_t depth = 0;
  arguments.emplace_back();
  while (true) {
    Token token = raw_next();
    if (token.kind == TokenKind::end) {
      diagnostics_.error("open-call", name.span,
                         fmt::format("the arguments of macro '{}' are never closed", name.text),
                         "end them with )");
      return false;
    }
    if (token.is(')') && depth == 0) {
      end = token.span;
      break;
    }
    if (token.is(',') && depth == 0) {
      arguments.emplace_back();
      continue;
    }
    if (token.is('(')) ++depth;
    if (token.is(')')) --depth;
    token.at_line_start = false;  // so that a # in here is no directive
    arguments.back().push_back(token);
  }
  if (macro.parameters.empty() && arguments.size() == 1 && arguments[0].empty()) arguments.clear();
  if (arguments.size() == macro.parameters.size()) return true;
  diagnostics_.error("argument-count", name.span,
                     fmt::format("macro '{}' takes {} arguments, not {}", name.text,
                                 macro.parameters.size(), arguments.size()));
  diagnostics_.also(macro.definition, "it is defined here");
  return false;
}

std::vector<Token> Preprocessor::substituted(const Macro& macro, const Token& name,
                                             const Arguments& arguments) {
  std::vector<std::optional<std::vector<Token>>> expanded(arguments.size());
  const auto parameter = [&](const Token& token) -> std::optional<std::size_t> {
    if (token.kind != TokenKind::identifier) return std::nullopt;
    const auto found = std::ranges::find(macro.parameters, token.text);
    if (found == macro.parameters.end()) return std::nullopt;
    return static_cast<std::size_t>(found - macro.parameters.begin());
  };
  const auto is_paste = [](const Token& token) {
    return token.kind == TokenKind::punctuation && token.text == "##";
  };
  std::vector<Token> out;
  bool behind_paste = false;  // the token before was a ##
  bool joins = false;         // and there is something on its left
  for (std::size_t i = 0; i < macro.body.size() && !stopped_; ++i) {
    Token token = macro.body[i];
    token.span = name.span;  // errors show where the macro was used; its definition comes as a note
    token.at_line_start = i == 0 && name.at_line_start;
    if (is_paste(token) && i > 0 && i + 1 < macro.body.size()) {
      behind_paste = true;
      continue;
    }
    std::vector<Token> pieces;
    const auto next = i + 1 < macro.body.size() ? parameter(macro.body[i + 1]) : std::nullopt;
    if (macro.has_parameters && token.is('#') && next) {
      pieces.push_back(stringized(arguments[*next], token));
      ++i;
    } else if (const auto index = parameter(token)) {
      const bool raw = behind_paste || (i + 1 < macro.body.size() && is_paste(macro.body[i + 1]));
      if (!raw && !expanded[*index]) expanded[*index] = expand_fully(arguments[*index]);
      pieces = raw ? arguments[*index] : *expanded[*index];
    } else {
      pieces.push_back(token);
    }
    if (!charge(pieces, name.span)) break;
    const bool pasted = behind_paste && joins && !pieces.empty();
    // An empty argument joins nothing: what stands left of it stays for a next ##.
    joins = !pieces.empty() || (behind_paste && joins);
    behind_paste = false;
    if (pasted) paste(out, pieces.front());
    out.insert(out.end(), pieces.begin() + (pasted ? 1 : 0), pieces.end());
  }
  return out;
}

std::vector<Token> Preprocessor::expand_fully(std::vector<Token> tokens) {
  const Span at = tokens.empty() ? Span{} : tokens.front().span;
  if (argument_depth_ >= kMostMacroDepth) {
    give_up("macro-depth", at, fmt::format("macro calls nest more than {} deep", kMostMacroDepth),
            "");
    return {};
  }
  if (!charge(tokens, at)) return {};
  ++argument_depth_;
  const std::size_t floor = expansions_.size();
  expansions_.push_back({std::move(tokens), 0, nullptr, true});
  std::vector<Token> out;
  while (!stopped_) {
    Token token = raw_next();
    if (token.kind == TokenKind::end) break;
    if (token.kind == TokenKind::identifier && expand(token)) continue;
    out.push_back(token);
  }
  expansions_.resize(floor);
  --argument_depth_;
  return out;
}

Token Preprocessor::stringized(const std::vector<Token>& tokens, const Token& like) {
  std::string text;
  for (const Token& token : tokens) {
    if (token.after_space && !text.empty()) text += ' ';
    const bool quoted = token.kind == TokenKind::string || token.kind == TokenKind::character;
    if (!quoted) {
      if (token.kind == TokenKind::alias) text += '$';
      text += token.text;
      continue;
    }
    const char* quote = token.kind == TokenKind::string ? "\\\"" : "'";
    text += quote;
    for (const char c : token.text) {
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
    text += quote;
    if (text.size() > kMostMadeBytes) break;
  }
  Token made = like;
  made.kind = TokenKind::string;
  made.symbol = '\0';
  made.text = keep(text, like.span);
  return made;
}

void Preprocessor::paste(std::vector<Token>& out, const Token& right) {
  Token& left = out.back();
  const bool words = (left.kind == TokenKind::identifier || left.kind == TokenKind::integer) &&
                     (right.kind == TokenKind::identifier || right.kind == TokenKind::integer);
  if (!words) {
    diagnostics_.error("bad-paste", left.span,
                       fmt::format("## cannot join '{}' and '{}'", left.text, right.text));
    return;
  }
  left.text = keep(std::string(left.text) + std::string(right.text), left.span);
  left.no_expand = false;
}

}  // namespace qm::mof

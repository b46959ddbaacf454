#include "mof/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "mof/limits.h"
#include "mof/literal.h"
#include "mof/names.h"

namespace qm::mof {
namespace {

constexpr std::array<std::string_view, 3> kDeclarations = {"class", "instance", "qualifier"};
constexpr std::array<std::string_view, 10> kScopes = {
    "any",       "association", "class",     "indication", "method",
    "parameter", "property",    "qualifier", "reference",  "schema"};

// Words that begin a line and lack something in front.
std::string declaration_hint(std::string_view word) {
  constexpr std::array<std::string_view, 4> kDirectives = {"pragma", "include", "define", "undef"};
  for (const std::string_view one : kDirectives) {
    if (same_name(word, one)) return fmt::format("write #{}", one);
  }
  return did_you_mean(word, kDeclarations);
}

bool is_flavor(std::string_view word) {
  const auto named = [&](const FlavorName& one) { return same_name(one.name, word); };
  return std::ranges::any_of(kFlavorNames, named) || std::ranges::any_of(kFlavorDenials, named);
}

}  // namespace

const Token& Parser::peek() {
  if (!has_next_) {
    next_ = tokens_.next();
    has_next_ = true;
  }
  return next_;
}

bool Parser::lacks(char punctuation, std::string_view where) {
  const bool at_new_line = current_.at_line_start || current_.kind == TokenKind::end;
  if (at_new_line && punctuation != '{' && punctuation != '}') {
    go_on_ = punctuation == ';' && current_.kind != TokenKind::end;
    return wrong_end(fmt::format("expected '{}' {}", punctuation, where));
  }
  return wrong(fmt::format("'{}' {}", punctuation, where));
}

bool Parser::expect_name(Text& name, std::string_view what) {
  if (current_.kind != TokenKind::identifier) return wrong(what);
  name = Text::lent(current_.text);
  advance();
  return true;
}

std::string Parser::found() const {
  switch (current_.kind) {
    case TokenKind::end:
      return "the end of the text";
    case TokenKind::end_of_line:
      return "the end of the line";
    case TokenKind::string:
      return "a string";
    case TokenKind::character:
      return "a character";
    case TokenKind::alias:
      return fmt::format("'${}'", plain_text(current_.text, 60));
    case TokenKind::pragma:
      return "a #pragma";
    default:
      return fmt::format("'{}'", plain_text(current_.text, 60));
  }
}

// What is missing at the end of a line is missing there, not where the next line begins.
bool Parser::wrong_end(std::string message, std::string hint) {
  return wrong_at({last_end_, last_end_ + 1}, std::move(message), std::move(hint));
}

bool Parser::wrong(std::string_view expected, std::string hint) {
  return wrong_at(current_.span, fmt::format("expected {}, found {}", expected, found()),
                  std::move(hint));
}

// The one place where syntax errors are made. Always false.
bool Parser::wrong_at(Span place, std::string message, std::string hint) {
  if (tokens_.stopped()) return false;
  // Whatever is missing at the end then is inside what was never closed.
  if (unclosed_ && current_.kind == TokenKind::end) return false;
  // What is missing at the end is missing once, however much is open there.
  if (current_.kind == TokenKind::end && std::exchange(end_told_, true)) return false;
  if (after_cut_) {
    // Only at what is then understood: who goes on at what is not, goes round and round.
    go_on_ = current_.at_line_start &&
             (current_.is('[') || current_.is('}') || current_.kind == TokenKind::identifier);
    return false;
  }
  if (quote_missing()) return false;
  diagnostics_.error("syntax", place, std::move(message), std::move(hint));
  // A missing quote shows far below, where the next string opens.
  if (!long_string_.none()) {
    diagnostics_.also({long_string_.begin, long_string_.begin + 1},
                      "this string runs over several lines; is its end where it should be?");
  }
  return false;
}

// A quote that is missing turns what follows inside out: its string ends where the next one begins,
// behind a comma or a bracket, and what that one says touches it. The next line is read anew.
bool Parser::quote_missing() {
  const bool is_text = current_.kind == TokenKind::identifier || current_.is('{') ||
                       current_.kind == TokenKind::integer || current_.kind == TokenKind::real;
  const SourceMap::Source* source = diagnostics_.sources().find(current_.span.begin);
  if (!is_text || has_next_ || current_.span.begin != last_end_ || source == nullptr) return false;
  std::string_view text = source->text.substr(0, last_end_ - source->begin);
  if (!text.ends_with('"')) return false;
  text.remove_suffix(1);
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos || std::string_view(",({=").find(text[last]) > 3) return false;
  std::size_t open = text.rfind('"');
  while (open != std::string_view::npos && open > 0 && text[open - 1] == '\\') {
    open = text.rfind('"', open - 1);
  }
  if (open == std::string_view::npos || !tokens_.skip_line()) return false;
  const auto begin = source->begin + static_cast<std::uint32_t>(open);
  diagnostics_.error("open-string", {begin, begin + 1}, "this string is never closed",
                     "end it with \"");
  advance();
  after_cut_ = true;
  go_on_ = current_.at_line_start && (current_.is('[') || current_.is('}'));
  return true;
}

void Parser::parse(std::string_view name_space) {
  enter_name_space(name_space);
  advance();
  while (current_.kind != TokenKind::end && !enough_ && !diagnostics_.full()) declaration();
}

bool Parser::within_limit() {
  const Model& model = out_.model;
  if (model.classes.size() + model.instances.size() + model.qualifier_declarations.size() <
      kMostDeclarations) {
    return true;
  }
  diagnostics_.error("declaration-count", current_.span,
                     fmt::format("more than {} declarations", kMostDeclarations));
  enough_ = true;
  return false;
}

void Parser::declaration() {
  long_string_ = {};
  brace_depth_ = 0;
  go_on_ = false;
  if (current_.kind == TokenKind::pragma) {
    pragma();
    return;
  }
  if (take(';')) return;  // an empty declaration harms nobody
  if (!within_limit()) return;
  const std::uint64_t first_step = steps_;
  Qualifiers qualifiers;
  bool good = !current_.is('[') || some_qualifiers(qualifiers);
  const bool sound = !good || !std::exchange(go_on_, false);
  if (good) {
    if (at_word("class")) {
      good = class_declaration(std::move(qualifiers));
    } else if (at_word("instance")) {
      good = instance_declaration(std::move(qualifiers));
    } else if (at_word("qualifier") && qualifiers.empty()) {
      good = qualifier_declaration();
    } else {
      good = no_declaration();
    }
  }
  if (!sound) mark_damaged();
  if (good) return;
  if (steps_ == first_step) advance();  // whatever comes, the parser moves on
  skip_declaration();
}

// Always false. What lacks its # ends where its line does.
bool Parser::no_declaration() {
  const bool is_word = current_.kind == TokenKind::identifier;
  const std::string hint = is_word ? declaration_hint(current_.text) : std::string();
  wrong("a class, an instance, a qualifier declaration or a #pragma", hint);
  if (!hint.starts_with("write #")) return false;
  do {
    advance();
  } while (!current_.at_line_start && current_.kind != TokenKind::end);
  go_on_ = true;
  return false;
}

// Goes to where a declaration seems to begin: behind a ';' outside braces, or at a line that
// starts with what only a declaration starts with.
void Parser::skip_declaration() {
  const bool begins = current_.is('[') || current_.kind == TokenKind::pragma ||
                      current_.kind == TokenKind::identifier;
  if (std::exchange(go_on_, false) && begins) return;
  tokens_.set_quiet(true);
  pass_declaration();
  tokens_.set_quiet(false);
}

void Parser::pass_declaration() {
  while (current_.kind != TokenKind::end && current_.kind != TokenKind::pragma) {
    if ((brace_depth_ == 0 && at_new_instance()) || at_new_class()) return;
    const bool ends = current_.is(';') && brace_depth_ == 0;
    advance();
    if (ends) return;
  }
}

bool Parser::instance_declaration(Qualifiers qualifiers) {
  const std::uint32_t begin = current_.span.begin;
  advance();
  if (!at_word("of")) return wrong("'of' behind 'instance'", "instance of CLASS { … };");
  advance();
  Instance instance;
  instance.qualifiers = std::move(qualifiers);
  instance.name_space = Text::lent(name_space_);
  instance.setting = instance_setting();
  if (!expect_name(instance.class_name, "the name of a class")) return false;
  instance.span = since(begin);
  if (at_word("as") && !alias(instance.alias)) return false;
  const bool good = instance_body(instance, 0);
  if (!good) out_.damaged_instances.insert(out_.model.instances.size());
  out_.model.instances.push_back(std::move(instance));
  return good && expect(';', "behind the instance");
}

// Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride);
bool Parser::qualifier_declaration() {
  const std::uint32_t begin = current_.span.begin;
  advance();
  QualifierDeclaration declaration;
  Text name;
  if (!expect_name(name, "the name of a qualifier")) return false;
  declaration.name = name;
  if (!expect(':', "behind the qualifier's name")) return false;
  if (is_flavor(current_.text)) return default_flavors(name);
  Property shape;  // a qualifier's type, bounds and default are written like a property's
  if (!type(shape)) return false;
  if (current_.is('[') && !array_bounds(shape)) return false;
  declaration.type = shape.type;
  declaration.is_array = shape.is_array;
  if (take('=')) {
    Value lent;
    if (!value(lent)) return false;
    declaration.default_value = std::as_const(lent);  // a copy: it keeps no text
  }
  while (take(',')) {
    if (!qualifier_scopes(declaration)) return false;
  }
  if (declaration.scopes.empty()) {
    return wrong("', Scope(…)'", "a declaration says where its qualifier may stand: Scope(any)");
  }
  declaration.span = since(begin);
  out_.model.qualifier_declarations.push_back(std::move(declaration));
  return expect(';', "behind the qualifier declaration");
}

// Qualifier Description : ToSubclass Amended; as WMI's own texts have it: from here on each use has
// these flavors, and so nothing of the declaration is kept ("Qualifier Flavors", Windows SDK).
bool Parser::default_flavors(const Text& name) {
  Flavors said;
  if (!flavors(said)) return false;
  if (out_.default_flavors.size() < kMostDeclarations) {
    out_.default_flavors[name] = static_cast<std::uint8_t>(said.given & ~said.denied);
  }
  return expect(';', "behind the qualifier declaration");
}

bool Parser::qualifier_scopes(QualifierDeclaration& declaration) {
  const bool is_scope = at_word("scope");
  if (!is_scope && !at_word("flavor")) return wrong("'Scope' or 'Flavor'");
  advance();
  if (!expect('(', "behind it")) return false;
  std::vector<std::string>& words = is_scope ? declaration.scopes : declaration.flavors;
  do {
    const Token word = current_;
    if (at_word("flavor") || at_word("scope")) return wrong("')' behind the list");
    Text name;
    if (!expect_name(name, is_scope ? "a scope" : "a flavor")) return false;
    if (words.size() >= kMostQualifiers) return wrong("fewer words here");
    Flavors said;
    if (!(is_scope ? known_scope(word) : flavor(word, said))) continue;
    words.push_back(folded(name));
  } while (take(','));
  return expect(')', "behind the list");
}

bool Parser::known_scope(const Token& word) {
  const auto same = [&](std::string_view one) { return same_name(one, word.text); };
  if (std::ranges::any_of(kScopes, same)) return true;
  diagnostics_.error("unknown-scope", word.span,
                     fmt::format("unknown scope '{}'", plain_text(word.text, 60)),
                     did_you_mean(word.text, kScopes));
  return false;
}

// What was read last is so incomplete that nothing in it is missed.
void Parser::mark_damaged() {
  if (!out_.model.classes.empty()) out_.damaged_classes.insert(out_.model.classes.size() - 1);
}

}  // namespace qm::mof

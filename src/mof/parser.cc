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

}  // namespace

const Token& Parser::peek() {
  if (!has_next_) {
    next_ = tokens_.next();
    has_next_ = true;
  }
  return next_;
}

bool Parser::lacks(char punctuation, std::string_view where) {
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

// The one place where syntax errors are made. Always false.
bool Parser::wrong(std::string_view expected, std::string hint) {
  if (tokens_.stopped()) return false;
  // Whatever is missing at the end then is inside what was never closed.
  if (unclosed_ && current_.kind == TokenKind::end) return false;
  diagnostics_.error("syntax", current_.span,
                     fmt::format("expected {}, found {}", expected, found()), std::move(hint));
  // A missing quote shows far below, where the next string opens.
  if (!long_string_.none()) {
    diagnostics_.also({long_string_.begin, long_string_.begin + 1},
                      "this string runs over several lines; is its end where it should be?");
  }
  return false;
}

void Parser::parse(std::string name_space) {
  name_space_ = plain_name_space(name_space);
  name_space_spelling_ = std::move(name_space);
  advance();
  while (current_.kind != TokenKind::end && !enough_) declaration();
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
  if (current_.kind == TokenKind::pragma) {
    pragma();
    return;
  }
  if (take(';')) return;  // an empty declaration harms nobody
  if (!within_limit()) return;
  const std::uint64_t first_step = steps_;
  Qualifiers qualifiers;
  bool good = !current_.is('[') || qualifier_list(qualifiers);
  if (good) {
    if (at_word("class")) {
      good = class_declaration(std::move(qualifiers));
    } else if (at_word("instance")) {
      good = instance_declaration(std::move(qualifiers));
    } else if (at_word("qualifier") && qualifiers.empty()) {
      good = qualifier_declaration();
    } else {
      const bool is_word = current_.kind == TokenKind::identifier;
      good = wrong("a class, an instance, a qualifier declaration or a #pragma",
                   is_word ? did_you_mean(current_.text, kDeclarations) : std::string());
    }
  }
  if (good) return;
  if (steps_ == first_step) advance();  // whatever comes, the parser moves on
  skip_declaration();
}

// Goes to where a declaration seems to begin: behind a ';' outside braces, or at a line that
// starts with what only a declaration starts with.
void Parser::skip_declaration() {
  while (current_.kind != TokenKind::end && current_.kind != TokenKind::pragma) {
    const bool new_instance = current_.at_line_start && brace_depth_ == 0 && at_word("instance") &&
                              same_name(peek().text, "of");
    if (new_instance || at_new_class()) return;
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
  instance.name_space = name_space_;
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
  declaration.span = since(begin);
  out_.model.qualifier_declarations.push_back(std::move(declaration));
  return expect(';', "behind the qualifier declaration");
}

bool Parser::qualifier_scopes(QualifierDeclaration& declaration) {
  const bool is_scope = at_word("scope");
  if (!is_scope && !at_word("flavor")) return wrong("'Scope' or 'Flavor'");
  advance();
  if (!expect('(', "behind it")) return false;
  std::vector<std::string>& words = is_scope ? declaration.scopes : declaration.flavors;
  do {
    Text word;
    if (!expect_name(word, is_scope ? "a scope" : "a flavor")) return false;
    if (words.size() >= kMostQualifiers) return wrong("fewer words here");
    words.push_back(folded(word));
  } while (take(','));
  return expect(')', "behind the list");
}

}  // namespace qm::mof

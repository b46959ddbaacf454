#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "mof/limits.h"
#include "mof/literal.h"
#include "mof/parser.h"

namespace qm::mof {
namespace {

struct TypeWord {
  std::string_view word;
  Type type;
};
// The most frequent first.
constexpr std::array<TypeWord, 15> kDataTypes = {{{"string", Type::string},
                                                  {"uint32", Type::uint32},
                                                  {"uint16", Type::uint16},
                                                  {"uint64", Type::uint64},
                                                  {"boolean", Type::boolean},
                                                  {"datetime", Type::datetime},
                                                  {"uint8", Type::uint8},
                                                  {"sint8", Type::sint8},
                                                  {"sint16", Type::sint16},
                                                  {"sint32", Type::sint32},
                                                  {"sint64", Type::sint64},
                                                  {"real32", Type::real32},
                                                  {"real64", Type::real64},
                                                  {"char16", Type::char16},
                                                  {"object", Type::object}}};

const TypeWord* data_type(std::string_view word) {
  for (const TypeWord& one : kDataTypes) {
    if (same_name(word, one.word)) return &one;
  }
  return nullptr;
}

}  // namespace

bool Parser::class_declaration(Qualifiers qualifiers) {
  const std::uint32_t begin = current_.span.begin;
  advance();
  Class the_class;
  the_class.qualifiers = std::move(qualifiers);
  the_class.name_space = name_space_;
  the_class.setting = class_setting();
  the_class.span = {begin, current_.span.end};
  if (!class_heading(the_class)) return false;
  const bool good = class_body(the_class);
  if (!good) out_.damaged_classes.insert(out_.model.classes.size());
  out_.model.classes.push_back(std::move(the_class));
  if (!take('}')) return wrong("'}' at the end of the class", "a class ends with };");
  if (take(';')) return true;
  out_.damaged_classes.insert(out_.model.classes.size() - 1);
  wrong("';' behind the class", "a class ends with };");
  // What follows is a new declaration, not the rest of this one.
  return current_.at_line_start || current_.kind == TokenKind::end;
}

// NAME [as $ALIAS] [: SUPERCLASS] {, the alias also behind the superclass
bool Parser::class_heading(Class& the_class) {
  if (!expect_name(the_class.name, "the name of the class")) return false;
  if (at_word("as") && !alias(the_class.alias)) return false;
  if (take(':')) {
    the_class.superclass_span = current_.span;
    if (!expect_name(the_class.superclass, "the name of the superclass")) return false;
  }
  if (at_word("as") && !alias(the_class.alias)) return false;
  return expect('{', "to begin the class");
}

// False when any member was wrong; the closing brace is left to the caller.
bool Parser::class_body(Class& the_class) {
  bool good = true;
  the_class.properties.reserve(4);
  const std::size_t depth = brace_depth_;
  while (!current_.is('}') && current_.kind != TokenKind::end && !at_new_class()) {
    long_string_ = {};
    if (feature(the_class)) continue;
    good = false;
    if (!at_new_class()) skip_feature(depth);
  }
  return good;
}

// "class NAME" at the start of a line: inside a class that can only mean that its end is missing.
bool Parser::at_new_class() {
  return current_.at_line_start && at_word("class") && peek().kind == TokenKind::identifier;
}

// To behind the member's ';', or to the brace that ends the class or instance, whose members are
// that deep in braces.
void Parser::skip_feature(std::size_t depth) {
  while (current_.kind != TokenKind::end) {
    if (current_.is('}') && brace_depth_ <= depth) return;
    const bool ends = current_.is(';') && brace_depth_ <= depth;
    advance();
    if (ends) return;
  }
}

bool Parser::feature(Class& the_class) {
  if (current_.kind == TokenKind::pragma) return wrong("a member of the class");
  // Read in its place; what turns out to be wrong, or a method, leaves it again.
  Property& property = the_class.properties.emplace_back();
  bool is_method = false;
  const bool good = feature_into(the_class, property, is_method);
  if (good && !is_method) return expect(';', "behind the property");
  Property head = std::move(property);
  the_class.properties.pop_back();
  return good && method(the_class, std::move(head));
}

// Up to a property's ';', or to the '(' of a method.
bool Parser::feature_into(Class& the_class, Property& property, bool& is_method) {
  if (current_.is('[') && !qualifier_list(property.qualifiers)) return false;
  if (at_new_class()) return false;
  const bool returns_nothing = at_word("void");
  if (returns_nothing) {
    advance();
  } else if (!type(property)) {
    return false;
  }
  const bool bracketed_type = current_.is('[');  // uint8[] Method(): an array is returned
  if (bracketed_type && !array_bounds(property)) return false;
  property.span = current_.span;
  if (!expect_name(property.name, "the name of a property or method")) return false;
  is_method = current_.is('(');
  if (is_method) return true;
  if (returns_nothing) return wrong("'(' behind a method's name", "only methods are void");
  if (!declarator(property)) return false;
  if (the_class.properties.size() <= kMostProperties) return true;
  diagnostics_.error("property-count", property.span,
                     fmt::format("more than {} properties", kMostProperties));
  return false;
}

// A type of DSP0004, `object`, a class's name, or either of the latter and `ref`.
bool Parser::type(Property& property) {
  if (current_.kind != TokenKind::identifier) return wrong("a type");
  const std::string_view word = current_.text;
  const TypeWord* known = data_type(word);
  property.type = known == nullptr ? Type::object : known->type;
  if (known == nullptr) {
    property.class_name = Text::lent(word);
  } else if (word != known->word) {
    property.type_spelling = Text::lent(word);
  }
  advance();
  // `ref` is a keyword only in front of a name: it may be one itself.
  if (property.type == Type::object && at_word("ref") && peek().kind == TokenKind::identifier) {
    advance();
    property.type = Type::reference;
  }
  return true;
}

// What stands behind a property's name: [n], a default.
bool Parser::declarator(Property& property) {
  if (current_.is('[') && !array_bounds(property)) return false;
  if (!take('=')) return true;
  property.default_value.emplace();
  return value(*property.default_value);
}

bool Parser::array_bounds(Property& property) {
  advance();
  property.is_array = true;
  if (take(']')) return true;
  const Token size = current_;
  Value count;
  if (size.kind != TokenKind::integer) return wrong("the size of the array, or ']'");
  if (!number(count)) return false;
  const auto elements = std::get<std::uint64_t>(count.data);
  if (elements == 0 || elements > kMostBlockBytes) {
    diagnostics_.error("array-size", size.span,
                       fmt::format("an array has 1 to {} elements", kMostBlockBytes));
    return false;
  }
  property.array_size = static_cast<std::uint32_t>(elements);
  return expect(']', "behind the size of the array");
}

bool Parser::method(Class& the_class, Property head) {
  Method method;
  method.name = std::move(head.name);
  method.return_type = head.type;
  method.returns_array = head.is_array;
  method.return_class_name = std::move(head.class_name);
  method.return_spelling = std::move(head.type_spelling);
  method.qualifiers = std::move(head.qualifiers);
  method.span = head.span;
  advance();
  if (!current_.is(')')) {
    do {
      if (!parameter(method)) return false;
    } while (take(','));
  }
  if (!expect(')', "behind the method's parameters")) return false;
  if (the_class.methods.size() >= kMostMethods) {
    diagnostics_.error("method-count", method.span,
                       fmt::format("more than {} methods", kMostMethods));
    return false;
  }
  the_class.methods.push_back(std::move(method));
  return expect(';', "behind the method");
}

bool Parser::parameter(Method& method) {
  Property parameter;
  if (current_.is('[') && !qualifier_list(parameter.qualifiers)) return false;
  if (!type(parameter)) return false;
  parameter.span = current_.span;
  if (!expect_name(parameter.name, "the name of a parameter")) return false;
  if (!declarator(parameter)) return false;
  if (method.parameters.size() >= kMostProperties) return wrong("fewer parameters");
  method.parameters.push_back(std::move(parameter));
  return true;
}

}  // namespace qm::mof

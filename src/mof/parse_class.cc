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
  the_class.name_space = Text::lent(name_space_);
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
  return take('{') || begin_class();
}

// Where the '{' is missing, what follows on a new line is the class's all the same.
bool Parser::begin_class() {
  constexpr std::string_view kExpected = "'{' to begin the class";
  const bool superclass = current_.is('(') || at_word("extends") || at_word("inherits");
  if (superclass) return wrong(kExpected, "a superclass follows a colon: class NAME : SUPERCLASS");
  if (!current_.at_line_start || at_new_class()) return wrong(kExpected);
  wrong_end(fmt::format("expected {}", kExpected));
  ++brace_depth_;
  out_.damaged_classes.insert(out_.model.classes.size());
  return true;
}

// False when any member was wrong; the closing brace is left to the caller.
bool Parser::class_body(Class& the_class) {
  bool good = true;
  properties_.clear();
  methods_.clear();
  const std::size_t instances = instance_count_;
  const std::size_t depth = brace_depth_;
  while (!current_.is('}') && current_.kind != TokenKind::end && !at_new_class()) {
    long_string_ = {};
    if (current_.is('{')) {
      good = wrong("a type");
      pass_open_brace();
      continue;
    }
    const std::uint64_t first_step = steps_;
    if (feature()) continue;
    good = false;
    if (!at_new_class()) skip_feature(depth);
    if (steps_ == first_step) advance();  // whatever comes, the parser moves on
  }
  the_class.properties = settled(properties_, 0, instances);
  the_class.methods = settled(methods_, 0, instances);
  return good;
}

// "class NAME" at the start of a line: inside a class that can only mean that its end is missing.
bool Parser::at_new_class() {
  return current_.at_line_start && at_word("class") && peek().kind == TokenKind::identifier;
}

// "instance of" at the start of a line: likewise, where members are expected.
bool Parser::at_new_instance() {
  return current_.at_line_start && at_word("instance") && same_name(peek().text, "of");
}

// One that is there twice, or in a closing one's place, opens nothing.
void Parser::pass_open_brace() {
  current_.symbol = '\0';
  advance();
  take(';');
}

// To behind the member's ';', or to the brace that ends the class or instance, whose members are
// that deep in braces.
void Parser::skip_feature(std::size_t depth) {
  if (std::exchange(go_on_, false)) return;
  tokens_.set_quiet(true);
  pass_feature(depth);
  tokens_.set_quiet(false);
}

void Parser::pass_feature(std::size_t depth) {
  while (current_.kind != TokenKind::end) {
    if (current_.is('}') && brace_depth_ <= depth) {
      // Within brackets it ends nothing.
      const Token& behind = peek();
      if (!behind.is(']') && !behind.is(')') && !behind.is(',')) return;
      current_.symbol = '\0';
    }
    const bool ends = current_.is(';') && brace_depth_ <= depth;
    advance();
    if (ends) return;
  }
}

bool Parser::feature() {
  if (current_.kind == TokenKind::pragma) return wrong("a member of the class");
  // Read in its place; what turns out to be wrong, or a method, leaves it again.
  Property& property = properties_.emplace_back();
  bool is_method = false;
  bool good = feature_into(property, is_method);
  const bool sound = !good || !std::exchange(go_on_, false);
  const bool two_words = good && !is_method && current_.kind == TokenKind::identifier &&
                         !current_.at_line_start && property.type == Type::object;
  if (two_words) {  // "unsigned int x": the first of them is no class
    good = wrong("';' behind the property",
                 fmt::format("'{}' is no type of MOF", plain_text(property.class_name, 60)));
  }
  if (good && !is_method) return expect(';', "behind the property") && sound_so_far(sound);
  Property head = std::move(property);
  properties_.pop_back();
  return good && method(std::move(head)) && sound_so_far(sound);
}

// False, but nothing to skip, when a member was understood with something wrong in it.
bool Parser::sound_so_far(bool sound) {
  go_on_ = !sound;
  return sound;
}

// Up to a property's ';', or to the '(' of a method.
bool Parser::feature_into(Property& property, bool& is_method) {
  if (current_.is('[') && !some_qualifiers(property.qualifiers)) return false;
  if (at_new_class()) return go_on_ = false;
  const bool sound = !std::exchange(go_on_, false);
  const bool returns_nothing = at_word("void");
  if (returns_nothing) {
    advance();
  } else if (!type(property)) {
    return false;
  }
  const bool bracketed_type = current_.is('[');  // uint8[] Method(): an array is returned
  if (bracketed_type && !array_bounds(property)) return false;
  property.span = current_.span;
  if (!member_name(property)) return false;
  is_method = current_.is('(');
  if (is_method) {
    go_on_ = !sound;
    return true;
  }
  if (returns_nothing) return wrong("'(' behind a method's name", "only methods are void");
  if (bracketed_type) {
    return wrong("'(' behind a method's name", "a property's brackets stand behind its name");
  }
  if (!declarator(property)) return false;
  go_on_ = !sound;
  if (properties_.size() <= kMostProperties) return true;
  diagnostics_.error("property-count", property.span,
                     fmt::format("more than {} properties", kMostProperties));
  return false;
}

bool Parser::member_name(Property& property) {
  const bool comment_ends = current_.is('*') && peek().is('/');
  if (comment_ends) return wrong("the name of a property or method", "no comment is open here");
  return expect_name(property.name, "the name of a property or method");
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
  if (current_.is('[') && !bounds_follow()) return true;  // what lacks is the end of this
  if (current_.is('[') && !array_bounds(property)) return false;
  if (!take('=')) return true;
  property.default_value.emplace();
  return value(*property.default_value);
}

// A '[' that stands apart and holds a word begins the qualifiers of what comes next.
bool Parser::bounds_follow() {
  if (!current_.at_line_start && !current_.after_space) return true;
  return peek().kind != TokenKind::identifier;
}

bool Parser::array_bounds(Property& property) {
  advance();
  property.is_array = true;
  if (take(']')) return true;
  const Token size = current_;
  Value count;
  if (size.kind != TokenKind::integer) {
    const bool is_word = size.kind == TokenKind::identifier;
    return wrong("the size of the array, or ']'",
                 is_word
                     ? fmt::format("no #define above says what '{}' is", plain_text(size.text, 60))
                     : std::string());
  }
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

bool Parser::method(Property head) {
  Method method;
  method.name = std::move(head.name);
  method.return_type = head.type;
  method.returns_array = head.is_array;
  method.return_class_name = std::move(head.class_name);
  method.return_spelling = std::move(head.type_spelling);
  method.qualifiers = std::move(head.qualifiers);
  method.span = head.span;
  advance();
  parameters_.clear();
  const std::size_t instances = instance_count_;
  if (!current_.is(')')) {
    do {
      if (!parameter()) return false;
    } while (take(',') || missed_comma());
  }
  const bool sound = !std::exchange(go_on_, false);
  if (!expect(')', "behind the method's parameters")) return false;
  if (methods_.size() >= kMostMethods) {
    diagnostics_.error("method-count", method.span,
                       fmt::format("more than {} methods", kMostMethods));
    return false;
  }
  method.parameters = settled(parameters_, 0, instances);
  methods_.emplace_back() = std::move(method);
  return expect(';', "behind the method") && sound_so_far(sound);
}

// Between two parameters stands something else, or nothing. True: here is the second.
bool Parser::missed_comma() {
  if (current_.is('[')) {
    go_on_ = true;
    wrong_end("expected ',' between the parameters");
    return true;
  }
  if (!current_.is(';')) return false;
  const Token& next = peek();
  if (next.at_line_start || (!next.is('[') && next.kind != TokenKind::identifier)) return false;
  go_on_ = true;
  wrong("',' between the parameters");
  advance();
  return true;
}

bool Parser::parameter() {
  Property parameter;
  const bool sound = !std::exchange(go_on_, false);
  if (current_.is('[') && !some_qualifiers(parameter.qualifiers)) return go_on_ = false;
  go_on_ = go_on_ || !sound;
  if (at_word("void") && peek().is(')')) {
    return wrong("a parameter", "a method without parameters ends in ()");
  }
  if (!type(parameter)) return go_on_ = false;
  parameter.span = current_.span;
  if (!expect_name(parameter.name, "the name of a parameter")) return go_on_ = false;
  if (!declarator(parameter)) return go_on_ = false;
  if (parameters_.size() >= kMostProperties) return wrong("fewer parameters");
  parameters_.emplace_back() = std::move(parameter);
  return true;
}

}  // namespace qm::mof

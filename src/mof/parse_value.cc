#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "mof/limits.h"
#include "mof/literal.h"
#include "mof/names.h"
#include "mof/parser.h"
#include "mof/symbols.h"

namespace qm::mof {
namespace {

std::string flavor_hint(std::string_view word) {
  std::array<std::string_view, kFlavorNames.size() + kFlavorDenials.size()> names;
  const auto end = std::ranges::transform(kFlavorNames, names.begin(), &FlavorName::name).out;
  std::ranges::transform(kFlavorDenials, end, &FlavorName::name);
  return did_you_mean(word, names);
}

std::string value_hint(std::string_view word) {
  // U+2018 to U+201F, which word processors make of quotes.
  const bool curly =
      word.starts_with("\xe2\x80") && word.size() > 2 && word[2] >= '\x98' && word[2] <= '\x9f';
  if (curly) return "these are typographic quotes; write \"";
  return did_you_mean(word, symbol_names(),
                      "a text stands in quotes; a macro must be defined above");
}

}  // namespace

// The qualifiers, or those that could be read. False when not even their end was found; when it
// was, but something before it is wrong, go_on_ says so.
bool Parser::some_qualifiers(Qualifiers& qualifiers) {
  if (qualifier_list(qualifiers)) return true;
  if (go_on_ || !reach_bracket()) return false;
  go_on_ = true;
  return true;
}

// Behind the ']' that ends the qualifiers in which something was wrong, unless that lacks itself.
bool Parser::reach_bracket() {
  tokens_.set_quiet(true);
  std::size_t depth = 0;
  const auto ends = [&] {
    return current_.kind == TokenKind::end || current_.kind == TokenKind::pragma ||
           current_.is(';') || current_.is('[') || current_.is(']') || at_new_class();
  };
  if (current_.is(';') && !peek().at_line_start) advance();  // in a comma's place
  for (; !ends(); advance()) {
    if (current_.is('{')) ++depth;
    if (current_.is('}') && depth > 0) --depth;
    if (current_.is('}') && depth == 0 && current_.at_line_start) break;
  }
  tokens_.set_quiet(false);
  return take(']');
}

bool Parser::qualifier_list(Qualifiers& qualifiers) {
  advance();
  if (take(']')) return true;
  const std::size_t first = qualifiers_.size();
  const std::size_t instances = instance_count_;
  bool good = false;
  do {
    good = qualifier(first);
  } while (good && take(','));
  // What the lack of its end made of the last one is not what was meant.
  if (!good || !current_.is(']')) qualifiers_.pop_back();
  qualifiers = settled(qualifiers_, first, instances);
  return good && expect(']', "behind the qualifiers");
}

// One more of a list that begins at `first`, at the end of qualifiers_.
bool Parser::qualifier(std::size_t first) {
  const std::uint32_t begin = current_.span.begin;
  if (!expect_name(qualifiers_.emplace_back().name, "a qualifier")) return false;
  if (take('(')) {
    if (!qualifier_value()) return false;
    if (current_.is(',')) {
      return wrong("')' behind the qualifier's value", "a list stands in braces: Name{…}");
    }
    if (!expect(')', "behind the qualifier's value")) return false;
  } else if (current_.is('{')) {
    if (!qualifier_value()) return false;
  } else {
    qualifiers_.back().value = {true, since(begin)};
  }
  Qualifier& qualifier = qualifiers_.back();
  qualifier.span = since(begin);
  Flavors said;
  if (take(':') && !flavors(said)) return false;
  if (!out_.default_flavors.empty()) {
    const auto declared = out_.default_flavors.find(qualifier.name);
    if (declared != out_.default_flavors.end()) said.given |= declared->second;
  }
  qualifier.flavor = static_cast<std::uint8_t>(said.given & ~said.denied);
  if (qualifiers_.size() - first <= kMostQualifiers) return true;
  diagnostics_.error("qualifier-count", qualifier.span,
                     fmt::format("more than {} qualifiers", kMostQualifiers));
  return false;
}

// Into the last of qualifiers_. A string, as most are, holds no list that would move that
// meanwhile.
bool Parser::qualifier_value() {
  if (current_.kind == TokenKind::string) return value(qualifiers_.back().value);
  Value one;
  const bool good = current_.is('{') ? list(one, 0) : value(one);
  qualifiers_.back().value = std::move(one);
  return good;
}

bool Parser::flavors(Flavors& flavors) {
  do {
    if (current_.kind != TokenKind::identifier) return wrong("a flavor behind ':'");
    if (!flavor(current_, flavors)) return false;
    advance();
  } while (current_.kind == TokenKind::identifier);
  return true;
}

// False for what is none, as is said then.
bool Parser::flavor(const Token& word, Flavors& flavors) {
  const auto named = [&](const FlavorName& one) { return same_name(one.name, word.text); };
  const auto known = std::ranges::find_if(kFlavorNames, named);
  const auto denial = std::ranges::find_if(kFlavorDenials, named);
  if (known != kFlavorNames.end()) {
    flavors.given |= known->bit;
  } else if (denial != kFlavorDenials.end()) {
    flavors.denied |= denial->bit;
  } else {
    diagnostics_.error("unknown-flavor", word.span,
                       fmt::format("unknown flavor '{}'", plain_text(word.text, 60)),
                       flavor_hint(word.text));
    return false;
  }
  return true;
}

bool Parser::value(Value& value, unsigned depth) {
  if (depth > kMostValueDepth) {
    diagnostics_.error("value-depth", current_.span,
                       fmt::format("values nest more than {} deep", kMostValueDepth));
    return false;
  }
  const std::uint32_t begin = current_.span.begin;
  bool good = false;
  switch (current_.kind) {
    case TokenKind::string:
      good = strings(value);
      break;
    case TokenKind::character:
      good = character(value);
      break;
    case TokenKind::identifier:
      good = word_value(value, depth);
      break;
    case TokenKind::alias:
      value.data = AliasName{Text::lent(current_.text)};
      advance();
      good = true;
      break;
    default:
      if (current_.is('{')) {
        good = list(value, depth);
      } else {
        good = number(value);
      }
  }
  value.span = since(begin);
  return good;
}

bool Parser::list(Value& value, unsigned depth) {
  const std::uint32_t begin = current_.span.begin;
  const std::size_t depth_outside = brace_depth_;
  const std::size_t first = values_.size();
  const std::size_t instances = instance_count_;
  const auto failed = [&] {
    // No list holds a ';' but in an instance: this one lacks its end, and is left here. So is one
    // whose end went with a string's.
    if (current_.is(';') || after_cut_) brace_depth_ = depth_outside;
    values_.cut(first);
    return false;
  };
  advance();
  if (!current_.is('}')) {
    do {
      if (values_.size() - first >= kMostListValues) {
        diagnostics_.error("value-count", current_.span,
                           fmt::format("more than {} values in a list", kMostListValues));
        values_.cut(first);
        return false;
      }
      if (!list_value(depth + 1)) return failed();
      take_plain_strings(first);
    } while (take(','));
  }
  if (!expect('}', "behind the list of values")) return failed();
  value.data = settled(values_, first, instances);
  value.span = since(begin);
  return true;
}

// One more value of a list, at the end of values_: what is no string may move that meanwhile.
bool Parser::list_value(unsigned depth) {
  if (current_.kind == TokenKind::string) return value(values_.emplace_back(), depth);
  Value one;
  if (!value(one, depth)) return false;
  values_.emplace_back() = std::move(one);
  return true;
}

// Those that follow in a list, as far as each is one plain string: they need not become tokens.
void Parser::take_plain_strings(std::size_t first) {
  if (!current_.is(',') || has_next_) return;
  Lexer* const lexer = tokens_.lexer_ahead();
  bool taken = false;
  while (lexer != nullptr && values_.size() - first < kMostListValues) {
    const Span text = lexer->next_plain_item(taken);
    if (text.none()) break;
    taken = true;
    Value& value = values_.emplace_back();
    value.data.emplace<Text>(Text::lent(lexer->text_of(text)));
    value.span = {text.begin - 1, text.end + 1};
    current_.span.end = text.end + 1;
  }
  if (taken) advance();
}

// One string or several in a row, which are one.
bool Parser::strings(Value& value) {
  const std::uint32_t begin = current_.span.begin;
  const bool simple = current_.plain && current_.text.size() <= kMostStringBytes;
  if (simple && !string_follows()) {  // as most are
    value.data.emplace<Text>(Text::lent(current_.text));
    advance();
    value.span = since(begin);
    return true;
  }
  string_.clear();  // one piece of memory grows for all of them
  do {
    if (!append_string_token()) return long_string(begin);
    advance();
  } while (current_.kind == TokenKind::string);
  value.data.emplace<Text>(Text::lent(arena_.keep(string_)));
  value.span = since(begin);
  return true;
}

bool Parser::string_follows() {
  Lexer* const lexer = has_next_ ? nullptr : tokens_.lexer_ahead();
  return lexer != nullptr ? lexer->string_follows() : peek().kind == TokenKind::string;
}

// What the current token says, to the end of string_, and what the plain ones behind it say: those
// need not become tokens. False when that is too much.
bool Parser::append_string_token() {
  if (current_.plain) {
    string_ += current_.text;
  } else {
    const EscapeTrouble trouble = append_string(current_.text, string_);
    if (!trouble.message.empty()) report(trouble);
    if (current_.text.find('\n') != std::string_view::npos) long_string_ = current_.span;
  }
  Lexer* const lexer = has_next_ ? nullptr : tokens_.lexer_ahead();
  while (lexer != nullptr && string_.size() <= kMostStringBytes) {
    const Span plain = lexer->next_plain_string();
    if (plain.none()) break;
    string_ += lexer->text_of(plain);
    current_.span.end = plain.end + 1;
  }
  return string_.size() <= kMostStringBytes;
}

void Parser::report(const EscapeTrouble& trouble) {
  const auto at = current_.span.begin + 1 + static_cast<std::uint32_t>(trouble.offset);
  const Span where{at, at + static_cast<std::uint32_t>(trouble.bytes)};
  if (trouble.fatal) {
    diagnostics_.error("bad-escape", where, trouble.message);
  } else {
    diagnostics_.warning("unknown-escape", where, trouble.message,
                         "write \\\\ where a backslash is meant");
  }
}

bool Parser::long_string(std::uint32_t begin) {
  diagnostics_.error("long-string", {begin, begin + 1},
                     fmt::format("a string of more than {} bytes", kMostStringBytes));
  return false;
}

bool Parser::number(Value& value) {
  const bool negative = current_.is('-');
  const Token sign = current_;
  if (current_.is('-') || current_.is('+')) advance();
  const Token literal = current_;
  Result<Value> parsed;
  if (literal.kind == TokenKind::integer) {
    parsed = parse_integer(literal.text, negative);
  } else if (literal.kind == TokenKind::real) {
    const Result<double> real = parse_real(literal.text, negative);
    if (real) {
      parsed->data = *real;
    } else {
      parsed = std::unexpected(real.error());
    }
  } else {
    const bool opens = current_.is('[') || current_.is('(');
    return wrong("a value", opens ? "a list stands in braces: {1, 2}" : "");
  }
  if (!parsed) {
    diagnostics_.error("bad-number", {sign.span.begin, literal.span.end}, parsed.error().message);
    return false;
  }
  value.data = std::move(parsed->data);
  advance();
  return true;
}

bool Parser::character(Value& value) {
  const Result<std::uint16_t> unit = parse_character(current_.text);
  if (!unit) {
    diagnostics_.error("bad-character", current_.span, unit.error().message);
    return false;
  }
  value.data = std::uint64_t{*unit};
  advance();
  return true;
}

// true, false, null, a nested instance, or one of the named constants.
bool Parser::word_value(Value& value, unsigned depth) {
  if (at_word("instance") && same_name(peek().text, "of")) {
    const std::uint32_t begin = current_.span.begin;
    advance();
    advance();
    ++instance_count_;
    auto instance = std::make_shared<Instance>();
    if (!expect_name(instance->class_name, "the name of a class")) return false;
    instance->span = since(begin);
    instance->name_space = Text::lent(name_space_);
    instance->setting.texts = diagnostics_.sources().texts();
    if (!instance_body(*instance, depth + 1)) return false;
    value.data = std::shared_ptr<const Instance>(std::move(instance));
    return true;
  }
  if (at_word("true") || at_word("false")) {
    value.data = at_word("true");
  } else if (at_word("null")) {
    value.data = Null{};
  } else if (const auto number = symbol_value(current_.text)) {
    value.data = *number;
  } else {
    diagnostics_.error("unknown-name", current_.span,
                       fmt::format("'{}' is no value", plain_text(current_.text, 60)),
                       value_hint(current_.text));
    return false;
  }
  advance();
  return true;
}

bool Parser::instance_body(Instance& instance, unsigned depth) {
  if (depth > kMostValueDepth) {
    diagnostics_.error("value-depth", current_.span,
                       fmt::format("instances nest more than {} deep", kMostValueDepth));
    return false;
  }
  bool good = true;
  if (!take('{')) {
    const bool is_begun = current_.kind == TokenKind::identifier && peek().is('=');
    lacks('{', "to begin the instance");
    if (!is_begun) return false;
    ++brace_depth_;
    good = false;
  }
  const std::size_t inside = brace_depth_;
  while (!current_.is('}') && current_.kind != TokenKind::end) {
    long_string_ = {};
    if (at_new_class() || at_new_instance()) {
      if (depth > 0) return false;
      brace_depth_ = 0;
      return wrong("'}' at the end of the instance", "an instance ends with };");
    }
    if (current_.is('{') && depth == 0) {
      good = wrong("the name of a property");
      pass_open_brace();
      continue;
    }
    const std::uint64_t first_step = steps_;
    if (property_value(instance, depth)) continue;
    good = false;
    if (depth > 0) return false;  // the outermost instance knows best where to go on
    if (!at_new_class() && !at_new_instance()) skip_feature(inside);
    if (steps_ == first_step) advance();
  }
  return expect('}', "at the end of the instance") && good;
}

bool Parser::property_value(Instance& instance, unsigned depth) {
  PropertyValue one;
  if (current_.is('[') && !some_qualifiers(one.qualifiers)) return false;
  const bool sound = !std::exchange(go_on_, false);
  one.span = current_.span;
  if (!expect_name(one.name, "the name of a property")) return false;
  // Only qualifiers are given, as those that a property provider reads; the value is another's.
  one.has_value = !current_.is(';') || one.qualifiers.empty();
  if (one.has_value) {
    if (!expect('=', "behind the property's name")) return false;
    if (!value(one.value, depth)) return false;
  }
  if (instance.values.size() >= kMostProperties) {
    diagnostics_.error("property-count", one.span,
                       fmt::format("more than {} properties", kMostProperties));
    return false;
  }
  instance.values.push_back(std::move(one));
  if (!expect(';', "behind the value")) return false;
  go_on_ = !sound;
  return sound;
}

bool Parser::alias(Text& alias) {
  advance();
  if (current_.kind != TokenKind::alias) return wrong("an alias behind 'as'", "as $Name");
  alias = Text::lent(current_.text);
  advance();
  return true;
}

}  // namespace qm::mof

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
  std::array<std::string_view, kFlavorNames.size()> names;
  std::ranges::transform(kFlavorNames, names.begin(), &FlavorName::name);
  return did_you_mean(word, names, "flavors follow the colon, a comma ends them");
}

}  // namespace

bool Parser::qualifier_list(Qualifiers& qualifiers) {
  advance();
  if (take(']')) return true;
  // One piece of memory grows for all lists, and each takes no more than it needs. A list within
  // a value of this one finds no piece there, and begins one.
  Qualifiers gathered = std::move(spare_qualifiers_);
  gathered.clear();
  bool good = false;
  do {
    good = qualifier(gathered);
    if (!good) gathered.pop_back();  // the one that was wrong
  } while (good && take(','));
  qualifiers.assign(std::make_move_iterator(gathered.begin()),
                    std::make_move_iterator(gathered.end()));
  spare_qualifiers_ = std::move(gathered);
  return good && expect(']', "behind the qualifiers");
}

bool Parser::qualifier(Qualifiers& qualifiers) {
  const std::uint32_t begin = current_.span.begin;
  Qualifier& qualifier = qualifiers.emplace_back();
  if (!expect_name(qualifier.name, "a qualifier")) return false;
  qualifier.value.data = true;
  qualifier.value.span = since(begin);
  if (take('(')) {
    if (!value(qualifier.value)) return false;
    if (!expect(')', "behind the qualifier's value")) return false;
  } else if (current_.is('{') && !list(qualifier.value, 0)) {
    return false;
  }
  qualifier.span = since(begin);
  if (take(':') && !flavors(qualifier)) return false;
  if (qualifiers.size() <= kMostQualifiers) return true;
  diagnostics_.error("qualifier-count", qualifier.span,
                     fmt::format("more than {} qualifiers", kMostQualifiers));
  return false;
}

bool Parser::flavors(Qualifier& qualifier) {
  do {
    if (current_.kind != TokenKind::identifier) return wrong("a flavor behind ':'");
    const auto known = std::ranges::find_if(
        kFlavorNames, [&](const FlavorName& one) { return same_name(one.name, current_.text); });
    if (known == kFlavorNames.end()) {
      diagnostics_.error("unknown-flavor", current_.span,
                         fmt::format("unknown flavor '{}'", current_.text),
                         flavor_hint(current_.text));
      return false;
    }
    qualifier.flavor |= known->bit;
    advance();
  } while (current_.kind == TokenKind::identifier);
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
  // Lists are gathered in one place and take, each, no more memory than they need.
  const std::size_t first = gathered_.size();
  const auto failed = [&] {
    // No list holds a ';' but in an instance: this one lacks its end, and is left here.
    if (current_.is(';')) brace_depth_ = depth_outside;
    gathered_.resize(first);
    return false;
  };
  advance();
  if (!current_.is('}')) {
    do {
      if (gathered_.size() - first >= kMostListValues) {
        diagnostics_.error("value-count", current_.span,
                           fmt::format("more than {} values in a list", kMostListValues));
        gathered_.resize(first);
        return false;
      }
      if (!list_value(depth + 1)) return failed();
    } while (take(','));
  }
  if (!expect('}', "behind the list of values")) return failed();
  const auto begin_of_list = gathered_.begin() + static_cast<std::ptrdiff_t>(first);
  value.data.emplace<ValueList>(std::make_move_iterator(begin_of_list),
                                std::make_move_iterator(gathered_.end()));
  gathered_.resize(first);
  value.span = since(begin);
  return true;
}

// One more value of a list, at the end of gathered_.
bool Parser::list_value(unsigned depth) {
  // A string, as most are, holds no list that would move gathered_ meanwhile.
  if (current_.kind == TokenKind::string) return value(gathered_.emplace_back(), depth);
  Value one;
  if (!value(one, depth)) return false;
  gathered_.push_back(std::move(one));
  return true;
}

// One string or several in a row, which are one.
bool Parser::strings(Value& value) {
  const std::uint32_t begin = current_.span.begin;
  const Token first = current_;
  const bool simple = first.plain && first.text.size() <= kMostStringBytes;
  if (simple) {
    advance();
    if (current_.kind != TokenKind::string) {  // as most are
      value.data.emplace<Text>(Text::lent(first.text));
      value.span = since(begin);
      return true;
    }
  }
  std::string& text = string_;  // one piece of memory grows for all of them
  text.clear();
  if (simple) text = first.text;
  while (current_.kind == TokenKind::string) {
    if (current_.plain) {
      if (text.size() + current_.text.size() > kMostStringBytes) return long_string(begin);
      text += current_.text;
      advance();
      continue;
    }
    const EscapeTrouble trouble = append_string(current_.text, text);
    if (!trouble.message.empty()) {
      const auto at = current_.span.begin + 1 + static_cast<std::uint32_t>(trouble.offset);
      const Span where{at, at + static_cast<std::uint32_t>(trouble.bytes)};
      if (trouble.fatal) {
        diagnostics_.error("bad-escape", where, trouble.message);
      } else {
        diagnostics_.warning("unknown-escape", where, trouble.message,
                             "write \\\\ where a backslash is meant");
      }
    }
    if (text.size() > kMostStringBytes) return long_string(begin);
    if (current_.text.find('\n') != std::string_view::npos) long_string_ = current_.span;
    advance();
  }
  value.data.emplace<Text>(Text::lent(diagnostics_.sources().keep(text)));
  value.span = since(begin);
  return true;
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
    return wrong("a value");
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
    auto instance = std::make_shared<Instance>();
    if (!expect_name(instance->class_name, "the name of a class")) return false;
    instance->span = since(begin);
    instance->name_space = name_space_;
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
                       did_you_mean(current_.text, symbol_names(),
                                    "a text stands in quotes; a macro must be defined above"));
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
  if (!expect('{', "to begin the instance")) return false;
  bool good = true;
  const std::size_t inside = brace_depth_;
  while (!current_.is('}') && current_.kind != TokenKind::end) {
    if (property_value(instance, depth)) continue;
    good = false;
    if (depth > 0) return false;  // the outermost instance knows best where to go on
    skip_feature(inside);
  }
  return expect('}', "at the end of the instance") && good;
}

bool Parser::property_value(Instance& instance, unsigned depth) {
  PropertyValue one;
  if (current_.is('[') && !qualifier_list(one.qualifiers)) return false;
  one.span = current_.span;
  if (!expect_name(one.name, "the name of a property")) return false;
  if (!expect('=', "behind the property's name")) return false;
  if (!value(one.value, depth)) return false;
  if (instance.values.size() >= kMostProperties) {
    diagnostics_.error("property-count", one.span,
                       fmt::format("more than {} properties", kMostProperties));
    return false;
  }
  instance.values.push_back(std::move(one));
  return expect(';', "behind the value");
}

bool Parser::alias(Text& alias) {
  advance();
  if (current_.kind != TokenKind::alias) return wrong("an alias behind 'as'", "as $Name");
  alias = Text::lent(current_.text);
  advance();
  return true;
}

}  // namespace qm::mof

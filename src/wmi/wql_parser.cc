#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "wmi/wql_lexer.h"
#include "wmi/wql_syntax.h"

namespace qm::wmi::wql {
namespace {

constexpr std::string_view kSelectHint = "SELECT * FROM Class WHERE Property = value";

// What SQL has and WQL has not; instead.
struct Habit {
  std::string_view word, hint;
};
constexpr Habit kHabits[] = {
    {"BETWEEN", "WQL has no BETWEEN: Property >= 1 AND Property <= 2"},
    {"IN", "WQL has no IN: Property = 1 OR Property = 2"},
    {"ORDER", "WQL has no ORDER BY: sort what comes"},
    {"LIMIT", "WQL has no LIMIT: all that fit come"},
    {"JOIN", "one class is asked for at a time; ASSOCIATORS OF follows from one to the other"},
    {",", "one class is asked for at a time; ASSOCIATORS OF follows from one to the other"},
    {";", "a query ends without a semicolon"},
    {"(", "WQL has no functions: count what comes"},
};

class Parser {
 public:
  Parser(std::vector<Token> tokens, Diagnostics& diagnostics)
      : tokens_(std::move(tokens)), diagnostics_(diagnostics) {}

  std::optional<Query> query() {
    bool fine = false;
    if (take_word("SELECT")) {
      fine = select();
    } else if (now().is_word("ASSOCIATORS") || now().is_word("REFERENCES")) {
      fine = links();
    } else {
      wrong("bad-query", "a query begins with SELECT, ASSOCIATORS OF or REFERENCES OF",
            std::string(kSelectHint));
    }
    if (fine && now().kind != TokenKind::end) {
      fine =
          wrong("trailing-words", fmt::format("{} is not expected here", found()), trailing_hint());
    }
    return fine ? std::optional(std::move(query_)) : std::nullopt;
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  const Token& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  void advance() { at_ = std::min(at_ + 1, tokens_.size() - 1); }
  bool take_word(std::string_view keyword) {
    if (!now().is_word(keyword)) return false;
    advance();
    return true;
  }
  bool take(std::string_view symbol) {
    if (!now().is(symbol)) return false;
    advance();
    return true;
  }
  std::string found() const {
    if (now().kind == TokenKind::end) return "the end of the query";
    return fmt::format("'{}'", plain_text(now().text, 64));
  }
  bool wrong(std::string_view code, std::string message, std::string hint = {}) {
    diagnostics_.error(code, now().span, std::move(message), std::move(hint));
    return false;
  }
  bool expected(std::string_view what, std::string hint = {}) {
    return wrong("syntax", fmt::format("{} is expected here, not {}", what, found()),
                 std::move(hint));
  }
  std::string habit_hint() const {
    for (const Habit& one : kHabits) {
      if (now().is(one.word) || now().is_word(one.word)) return std::string(one.hint);
    }
    return {};
  }
  std::string trailing_hint() const {
    if (std::string hint = habit_hint(); !hint.empty()) return hint;
    if (now().is(")")) return "there is no bracket that this one closes";
    if (query_.form != Query::Form::select) return "the terms stand side by side, without AND";
    return query_.condition.nodes.empty() ? "a condition begins with WHERE"
                                          : "conditions are joined by AND or OR";
  }

  bool name(Name& out, std::string_view what) {
    if (now().kind != TokenKind::word) return expected(what);
    out = {std::string(now().text), now().span};
    advance();
    return true;
  }

  bool path(PropertyPath& out) {
    out = {};
    Name one;
    do {
      if (!name(one, "a property")) return false;
      out.names.push_back(one);
      if (out.names.size() > kMostPathNames) {
        return wrong("limit", fmt::format("more than {} names in a row", kMostPathNames));
      }
    } while (take("."));
    out.span = {out.names.front().span.begin, out.names.back().span.end};
    return true;
  }

  bool paths(std::vector<PropertyPath>& out) {
    do {
      PropertyPath one;
      if (!path(one)) return false;
      if (out.size() == kMostSelected) {
        return wrong("limit", fmt::format("more than {} properties", kMostSelected));
      }
      out.push_back(std::move(one));
    } while (take(","));
    return true;
  }

  bool select() {
    if (take("*")) {
      query_.all_properties = true;
    } else if (now().is_word("FROM")) {
      return expected("* or a property", std::string(kSelectHint));
    } else if (!paths(query_.selected)) {
      return false;
    }
    if (!take_word("FROM")) {
      const std::string hint = habit_hint();
      return expected("FROM", hint.empty() ? std::string(kSelectHint) : hint);
    }
    if (!name(query_.class_name, "a class")) return false;
    const std::uint32_t within_begin = now().span.begin;
    if (take_word("WITHIN")) {
      std::uint64_t within_ms = 0;
      if (!seconds(within_ms)) return false;
      query_.within_ms = within_ms;
      query_.within_span = {within_begin, tokens_[at_ - 1].span.end};
    }
    if (take_word("WHERE") && !condition()) return false;
    return !take_word("GROUP") || group();
  }

  bool seconds(std::uint64_t& out_ms) {
    double value = 0;
    if (const auto* integer = std::get_if<std::uint64_t>(&now().value.data)) {
      value = static_cast<double>(*integer);
    } else if (const auto* real = std::get_if<double>(&now().value.data)) {
      value = *real;
    } else {
      return expected("a number of seconds");
    }
    const double ms = value * 1000;
    if (!(ms >= static_cast<double>(kLeastWithinMs) && ms <= static_cast<double>(kMostWithinMs))) {
      return wrong("limit",
                   fmt::format("WITHIN takes {} to {} seconds",
                               static_cast<double>(kLeastWithinMs) / 1000, kMostWithinMs / 1000));
    }
    out_ms = static_cast<std::uint64_t>(std::llround(ms));
    advance();
    return true;
  }

  bool group() {
    Grouping grouping;
    if (!take_word("WITHIN")) return expected("WITHIN", "GROUP WITHIN 60 BY Property");
    if (!seconds(grouping.within_ms)) return false;
    if (take_word("BY") && !paths(grouping.by)) return false;
    if (take_word("HAVING")) {
      if (!take_word("NumberOfEvents")) return expected("NumberOfEvents");
      Operator op{};
      if (!comparison(op)) return expected("a comparison");
      const auto* events = std::get_if<std::uint64_t>(&now().value.data);
      if (events == nullptr) return expected("a number of events");
      grouping.having = op;
      grouping.events = *events;
      advance();
    }
    query_.grouping = std::move(grouping);
    return true;
  }

  bool condition() {
    std::uint32_t root = 0;
    return any_of(root);
  }

  std::uint32_t add(Node node) {
    query_.condition.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(query_.condition.nodes.size() - 1);
  }

  bool any_of(std::uint32_t& out) {
    Node node{Node::Kind::any_of, {}};
    do {
      std::uint32_t part = 0;
      if (!all_of(part)) return false;
      node.parts.push_back(part);
    } while (take_word("OR"));
    out = node.parts.size() == 1 ? node.parts.front() : add(std::move(node));
    return true;
  }

  bool all_of(std::uint32_t& out) {
    Node node{Node::Kind::all_of, {}};
    do {
      std::uint32_t part = 0;
      if (!negated(part)) return false;
      node.parts.push_back(part);
    } while (take_word("AND"));
    out = node.parts.size() == 1 ? node.parts.front() : add(std::move(node));
    return true;
  }

  bool negated(std::uint32_t& out) {
    const bool negates = now().is_word("NOT");
    if (!negates && !now().is("(")) return term(out);
    if (depth_ == kMostDepth) {
      return wrong("limit", fmt::format("brackets and NOT more than {} deep", kMostDepth));
    }
    ++depth_;
    advance();
    std::uint32_t inner = 0;
    if (negates) {
      if (!negated(inner)) return false;
      out = add({Node::Kind::negated, {inner}});
    } else {
      if (!any_of(out)) return false;
      if (!take(")")) return expected("AND, OR or )");
    }
    --depth_;
    return true;
  }

  bool comparison(Operator& out) {
    struct Row {
      std::string_view symbol;
      Operator op;
    };
    static constexpr Row kRows[] = {{"=", Operator::equal},         {"!=", Operator::not_equal},
                                    {"<>", Operator::not_equal},    {"<", Operator::less},
                                    {"<=", Operator::less_equal},   {">", Operator::greater},
                                    {">=", Operator::greater_equal}};
    for (const Row& row : kRows) {
      if (!take(row.symbol)) continue;
      out = row.op;
      return true;
    }
    return false;
  }

  static Operator turned(Operator op) {
    switch (op) {
      case Operator::less:
        return Operator::greater;
      case Operator::less_equal:
        return Operator::greater_equal;
      case Operator::greater:
        return Operator::less;
      case Operator::greater_equal:
        return Operator::less_equal;
      default:
        return op;
    }
  }

  bool is_literal() const {
    return now().kind == TokenKind::number || now().kind == TokenKind::string ||
           now().is_word("NULL") || now().is_word("TRUE") || now().is_word("FALSE");
  }

  Literal literal() {
    Literal out{now().value, now().span};
    if (now().is_word("TRUE")) out.value.data = true;
    if (now().is_word("FALSE")) out.value.data = false;
    advance();
    return out;
  }

  bool term(std::uint32_t& out) {
    if (query_.condition.terms.size() == kMostTerms) {
      return wrong("limit", fmt::format("more than {} comparisons", kMostTerms));
    }
    const std::uint32_t begin = now().span.begin;
    Term term;
    bool negates = false;
    const bool fine = is_literal() ? constant_first(term) : property_first(term, negates);
    if (!fine) return false;
    term.span = {begin, tokens_[at_ - 1].span.end};
    query_.condition.terms.push_back(std::move(term));
    out = add({Node::Kind::term, {static_cast<std::uint32_t>(query_.condition.terms.size() - 1)}});
    if (negates) out = add({Node::Kind::negated, {out}});
    return true;
  }

  bool constant_first(Term& term) {
    Literal constant = literal();
    if (!comparison(term.op)) return expected("a comparison");
    term.op = turned(term.op);
    if (is_literal()) {
      return wrong("no-property", "a constant is compared with a constant",
                   "one side must be a property");
    }
    term.right = std::move(constant);
    return path(term.left);
  }

  bool property_first(Term& term, bool& negates) {
    if (now().kind == TokenKind::symbol && now().is("*")) return expected("a property");
    if (!path(term.left)) return false;
    if (take_word("IS")) {
      term.op = take_word("NOT") ? Operator::not_equal : Operator::equal;
      if (!now().is_word("NULL")) return expected("NULL", "IS and IS NOT take NULL only; use =");
      term.right = literal();
      return true;
    }
    if (now().is_word("NOT") && following().is_word("LIKE")) {
      advance();
      negates = true;
    }
    if (take_word("LIKE")) {
      term.op = Operator::like;
      if (now().kind != TokenKind::string) return expected("a pattern in quotes");
      term.right = literal();
      return true;
    }
    if (take_word("ISA")) return derives(term);
    if (!comparison(term.op)) return expected("a comparison", comparison_hint(term.left));
    if (is_literal()) {
      term.right = literal();
      return true;
    }
    PropertyPath right;
    if (now().kind != TokenKind::word) {
      return expected("a value or a property", now().is("=") ? "equal is a single =" : "");
    }
    if (!path(right)) return false;
    term.right = std::move(right);
    return true;
  }

  std::string comparison_hint(const PropertyPath& left) const {
    if (now().kind == TokenKind::word) {
      if (std::string hint = habit_hint(); !hint.empty()) return hint;
    }
    if (now().is("=") || now().kind == TokenKind::symbol) {
      return "comparisons are = != <> < <= > >= LIKE, ISA, IS NULL and IS NOT NULL";
    }
    return fmt::format("a property alone is no condition: {} = TRUE", plain_text(left.text(), 64));
  }

  // ISA "Class"; without quotes too.
  bool derives(Term& term) {
    term.op = Operator::isa;
    Literal of{now().value, now().span};
    if (now().kind == TokenKind::word) {
      of.value.data = std::string(now().text);
    } else if (now().kind != TokenKind::string) {
      return expected("the name of a class in quotes");
    }
    advance();
    term.right = std::move(of);
    return true;
  }

  bool links() {
    query_.form = now().is_word("REFERENCES") ? Query::Form::references : Query::Form::associators;
    advance();
    if (!take_word("OF")) return expected("OF");
    if (now().kind != TokenKind::object) {
      return expected("a path between braces",
                      R"(ASSOCIATORS OF {Quickmode_Adapter.InstanceName="…"})");
    }
    query_.object = {std::string(now().text), now().span};
    advance();
    if (!take_word("WHERE")) return true;
    do {
      LinkTerm term;
      if (!name(term.keyword, "a term such as ResultClass")) return false;
      if (take("=")) {
        Name value;
        if (now().kind == TokenKind::string) {
          value = {std::get<std::string>(now().value.data), now().span};
          advance();
        } else if (!name(value, "a name")) {
          return false;
        }
        term.value = std::move(value);
      }
      if (query_.link_terms.size() == kMostLinkTerms) {
        return wrong("limit", fmt::format("more than {} terms", kMostLinkTerms));
      }
      query_.link_terms.push_back(std::move(term));
    } while (now().kind == TokenKind::word && !now().is_word("AND"));
    return true;
  }

  std::vector<Token> tokens_;
  Diagnostics& diagnostics_;
  Query query_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

std::string PropertyPath::text() const {
  std::string out;
  for (const Name& name : names) {
    if (!out.empty()) out += '.';
    out += name.text;
  }
  return out;
}

std::optional<Query> parse(std::string_view text, Diagnostics& diagnostics) {
  if (text.size() > kMostQueryBytes) {
    diagnostics.error("limit", {},
                      fmt::format("the query is longer than {} bytes", kMostQueryBytes));
    return std::nullopt;
  }
  const auto source = diagnostics.sources().add("query", std::string(text));
  if (!source) {
    diagnostics.error("limit", {}, source.error().message);
    return std::nullopt;
  }
  std::vector<Token> tokens;
  if (!split_words(**source, diagnostics, tokens)) return std::nullopt;
  return Parser(std::move(tokens), diagnostics).query();
}

}  // namespace qm::wmi::wql

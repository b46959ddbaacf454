// A WQL query as it is written: what the parser makes and the planner reads. Values only.
//
// Sources: Microsoft's "Querying with WQL", "WQL operators", "ASSOCIATORS OF", "REFERENCES OF",
// "WITHIN", "GROUP" and "HAVING" pages; docs/wql.md has the grammar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/diagnostics.h"
#include "wmi/value.h"

namespace qm::wmi::wql {

inline constexpr std::size_t kMostQueryBytes = 16'384;
inline constexpr std::size_t kMostDepth = 32;      // of brackets and NOT
inline constexpr std::size_t kMostTerms = 256;     // comparisons
inline constexpr std::size_t kMostSelected = 256;  // properties behind SELECT, and behind BY
inline constexpr std::size_t kMostPathNames = 4;   // a.b.c.d
inline constexpr std::size_t kMostLinkTerms = 16;  // behind the WHERE of ASSOCIATORS OF
inline constexpr std::uint64_t kLeastWithinMs = 10;
inline constexpr std::uint64_t kMostWithinMs = 86'400'000;

struct Name {
  std::string text;
  Span span;
};
struct PropertyPath {
  std::vector<Name> names;  // at least one
  Span span;
  std::string text() const;  // with dots
};

struct Literal {
  Value value;  // NULL, boolean, integer (signed when negative), real, string
  Span span;
};

enum class Operator : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  like,
  isa
};

// The constant always stands on the right: 5 < P was turned round.
struct Term {
  PropertyPath left;
  Operator op = Operator::equal;
  std::variant<Literal, PropertyPath> right;
  Span span;
};

// A node of a condition; children come before their parents.
struct Node {
  enum class Kind : std::uint8_t { all_of, any_of, negated, term };
  Kind kind = Kind::term;
  std::vector<std::uint32_t> parts;  // nodes; of a term, one: into Condition::terms
};
struct Condition {
  std::vector<Term> terms;
  std::vector<Node> nodes;  // the last is the root; empty: everything fits
};

struct Grouping {
  std::uint64_t within_ms = 0;
  std::vector<PropertyPath> by;
  std::optional<Operator> having;  // of NumberOfEvents
  std::uint64_t events = 0;
};

struct LinkTerm {  // Role = Antecedent, ClassDefsOnly
  Name keyword;
  std::optional<Name> value;
};

struct Query {
  enum class Form : std::uint8_t { select, associators, references };
  Form form = Form::select;
  bool all_properties = false;  // SELECT *
  std::vector<PropertyPath> selected;
  Name class_name;
  std::optional<std::uint64_t> within_ms;
  Span within_span;
  Condition condition;
  std::optional<Grouping> grouping;
  Name object;  // of ASSOCIATORS OF and REFERENCES OF: the path between the braces
  std::vector<LinkTerm> link_terms;
};

// The query, or nothing, and then an error in diagnostics says why. The text becomes the source
// "query" of diagnostics.
std::optional<Query> parse(std::string_view text, Diagnostics& diagnostics);

}  // namespace qm::wmi::wql

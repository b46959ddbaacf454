// Generated queries beside an evaluator that shares nothing with the one that is tested: it walks
// the tree that the query was written from, over rows of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "wmi/wql_testing.h"

namespace qm::wmi::wql::generated {

struct Sample {
  std::string name;
  bool active = true;
  std::optional<std::uint8_t> u8;
  std::int8_t s8 = 0;
  std::uint64_t u64 = 0;
  std::int64_t s64 = 0;
  double r64 = 0;
  bool flag = false;
  std::string text;
  std::string other;
};

inline const std::vector<Sample>& samples() {
  constexpr std::uint64_t kTop = std::numeric_limits<std::uint64_t>::max();
  static const std::vector<Sample> all = {
      {"a_0", true, 7, -1, kTop, INT64_MIN, -0.5, true, "alpha", "ALPHA"},
      {"b_0", true, std::nullopt, 0, kTop / 2, INT64_MAX, 7, false, "Alpha_1", ""},
      {"c_0", true, 255, 127, kTop / 2 + 1, -1, 7.5, true, "", "beta"},
      {"d_0", true, 0, -128, 7, 7, 1.8446744073709552e19, false, "7", "7"},
      {"e_0", false, 7, 7, 7, 7, 7, true, "off", "off"},
      {"f_0", true, 7, 7, 0, 0, -9.223372036854775808e18, false, "[x]", "100%"},
  };
  return all;
}

// A number, text or nothing; a boolean counts as a number here.
struct Plain {
  std::optional<long double> number;  // 64 bits of mantissa: exact for every value here
  std::optional<std::string> text;
  bool null() const { return !number && !text; }
};

inline constexpr std::string_view kNumbers[] = {"U8", "S8", "U64", "S64", "R64"};
inline constexpr std::string_view kTexts[] = {"Text", "Other", "InstanceName"};

inline Plain value_in(const Sample& row, std::string_view property) {
  const auto number = [](auto value) { return Plain{static_cast<long double>(value), {}}; };
  const auto text = [](const std::string& value) { return Plain{{}, value}; };
  if (property == "InstanceName") return text(row.name);
  if (!row.active) return {};
  if (property == "U8") return row.u8 ? number(*row.u8) : Plain{};
  if (property == "S8") return number(row.s8);
  if (property == "U64") return number(row.u64);
  if (property == "S64") return number(row.s64);
  if (property == "R64") return number(row.r64);
  if (property == "Flag") return number(row.flag ? 1 : 0);
  return text(property == "Text" ? row.text : row.other);
}

inline std::string small(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

// By recursion, over lower case; patterns here have sets of two letters only.
inline bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    return like(text, pattern.substr(1)) || (!text.empty() && like(text.substr(1), pattern));
  }
  if (text.empty()) return false;
  if (pattern[0] == '_') return like(text.substr(1), pattern.substr(1));
  if (pattern[0] == '[') {
    const std::size_t end = pattern.find(']', 2);
    const bool no = pattern[1] == '^';
    const std::string_view set = pattern.substr(no ? 2 : 1, end - (no ? 2 : 1));
    return (set.find(text[0]) != set.npos) != no && like(text.substr(1), pattern.substr(end + 1));
  }
  return text[0] == pattern[0] && like(text.substr(1), pattern.substr(1));
}

struct Tree {
  enum class Kind { all_of, any_of, negated, compare, properties, null, like } kind{};
  std::vector<Tree> parts;
  std::string left, op, right;  // right: as written
  Plain constant;
};

inline bool related(const Plain& a, std::string_view op, const Plain& b) {
  int order = 2;  // neither
  if (a.null() && b.null()) order = 0;
  if (a.number && b.number) order = *a.number < *b.number ? -1 : *a.number > *b.number ? 1 : 0;
  if (a.text && b.text) {
    const int compared = small(*a.text).compare(small(*b.text));
    order = compared < 0 ? -1 : compared > 0 ? 1 : 0;
  }
  if (op == "=") return order == 0;
  if (op == "<>" || op == "!=") return order != 0;
  if (order == 2 || a.null() || b.null()) return false;
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  return op == ">" ? order > 0 : order >= 0;
}

inline bool fits(const Tree& tree, const Sample& row) {
  const auto part = [&row](const Tree& one) { return fits(one, row); };
  switch (tree.kind) {
    case Tree::Kind::all_of:
      return std::ranges::all_of(tree.parts, part);
    case Tree::Kind::any_of:
      return std::ranges::any_of(tree.parts, part);
    case Tree::Kind::negated:
      return !fits(tree.parts[0], row);
    case Tree::Kind::compare:
      return related(value_in(row, tree.left), tree.op, tree.constant);
    case Tree::Kind::properties:
      return related(value_in(row, tree.left), tree.op, value_in(row, tree.right));
    case Tree::Kind::null:
      return value_in(row, tree.left).null();
    case Tree::Kind::like: {
      const Plain value = value_in(row, tree.left);
      return value.text && like(small(*value.text), small(*tree.constant.text));
    }
  }
  return false;
}

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  Tree tree(unsigned depth) {
    const std::size_t kind = depth == 0 ? 3 : pick(6);
    if (kind > 2) return term();
    Tree out;
    out.kind = kind == 0   ? Tree::Kind::all_of
               : kind == 1 ? Tree::Kind::any_of
                           : Tree::Kind::negated;
    const std::size_t parts = kind == 2 ? 1 : 2 + pick(2);
    for (std::size_t i = 0; i < parts; ++i) out.parts.push_back(tree(depth - 1));
    return out;
  }

  // With no more brackets than precedence asks for, and now and then with more.
  std::string written(const Tree& tree, int above = 0) {
    const int own = tree.kind == Tree::Kind::any_of    ? 1
                    : tree.kind == Tree::Kind::all_of  ? 2
                    : tree.kind == Tree::Kind::negated ? 3
                                                       : 4;
    std::string out;
    if (own == 1 || own == 2) {
      for (const Tree& part : tree.parts) {
        out += (out.empty() ? "" : own == 1 ? " OR " : " and ") + written(part, own);
      }
    } else if (own == 3) {
      out = "NOT " + written(tree.parts[0], 3);
    } else {
      out = term_text(tree);
    }
    return own < above || pick(8) == 0 ? "(" + out + ")" : out;
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  template <class T, std::size_t N>
  const T& one_of(const T (&list)[N]) {
    return list[pick(N)];
  }

  Tree term() {
    static constexpr std::string_view kOps[] = {"=", "<>", "!=", "<", "<=", ">", ">="};
    Tree out;
    out.op = one_of(kOps);
    const std::size_t kind = pick(10);
    const bool text = pick(3) == 0;
    out.left = text ? one_of(kTexts) : one_of(kNumbers);
    if (kind == 0) {
      out.kind = Tree::Kind::null;
    } else if (kind == 1) {
      out.kind = Tree::Kind::properties;
      out.right = text ? one_of(kTexts) : one_of(kNumbers);
    } else if (kind == 2) {
      out.kind = Tree::Kind::like;
      out.left = one_of(kTexts);
      static constexpr std::string_view kPatterns[] = {
          "%", "a%", "%A", "_", "Alpha[_]_", "%[ap]%", "[^ab]%", "[[]x]", "100[%]", "%_0", "7"};
      out.constant.text = one_of(kPatterns);
    } else if (kind == 3) {
      out.kind = Tree::Kind::compare;
      out.left = "Flag";
      out.op = pick(2) == 0 ? "=" : "<>";
      const bool value = pick(2) == 0;
      out.right = value ? "TRUE" : "false";
      out.constant.number = value ? 1 : 0;
    } else {
      out.kind = Tree::Kind::compare;
      text ? text_constant(out) : number_constant(out);
    }
    return out;
  }

  void number_constant(Tree& out) {
    static constexpr std::string_view kValues[] = {"0",
                                                   "7",
                                                   "-1",
                                                   "255",
                                                   "-128",
                                                   "9223372036854775807",
                                                   "9223372036854775808",
                                                   "-9223372036854775808",
                                                   "18446744073709551615",
                                                   "7.5",
                                                   "-0.5",
                                                   "1.8446744073709552e19"};
    out.right = one_of(kValues);
    const bool real = out.right.find('.') != std::string::npos;  // a double, then
    out.constant.number =
        real ? std::strtod(out.right.c_str(), nullptr) : std::strtold(out.right.c_str(), nullptr);
    if (pick(6) == 0) out.right = "'" + out.right + "'";
  }

  void text_constant(Tree& out) {
    static constexpr std::string_view kValues[] = {"alpha", "ALPHA_1", "",   "beta",
                                                   "7",     "a_0",     "D_0"};
    const std::string_view value = one_of(kValues);
    out.constant.text = value;
    out.right = '"' + std::string(value) + '"';
  }

  std::string term_text(const Tree& tree) {
    if (tree.kind == Tree::Kind::null) return tree.left + (pick(2) == 0 ? " IS NULL" : " = null");
    if (tree.kind == Tree::Kind::like) return tree.left + " LIKE '" + *tree.constant.text + "'";
    if (tree.kind == Tree::Kind::compare && pick(5) == 0) {
      const std::string turned = tree.op[0] == '<' && tree.op != "<>" ? ">" + tree.op.substr(1)
                                 : tree.op[0] == '>'                  ? "<" + tree.op.substr(1)
                                                                      : tree.op;
      return tree.right + turned + tree.left;
    }
    return tree.left + tree.op + tree.right;
  }

  std::mt19937 random_;
};

inline void publish(World& world) {
  std::vector<MadeInstance> instances;
  for (const Sample& row : samples()) {
    BlockBuilder block(world.the("Test_All"));
    block.set<std::uint8_t>("U8", row.u8.value_or(7)).set("S8", row.s8).set("U64", row.u64);
    block.set("S64", row.s64).set("R64", row.r64).set<std::uint8_t>("Flag", row.flag ? 1 : 0);
    block.text("Text", row.text).text("Other", row.other);
    if (!row.u8) block.quality("U8", QM_UNAVAILABLE, QM_REASON_NO_PROBE);
    instances.push_back({row.name, "", row.active, block.block(), block.qualities()});
  }
  const auto all_active = [](const MadeInstance& one) { return one.active; };
  std::vector<MadeInstance> evenly;
  std::ranges::copy_if(instances, std::back_inserter(evenly), all_active);
  for (MadeInstance& one : evenly) one.name += "_even";
  // One page with an instance that supplies nothing, and one that a scan may walk by its stride.
  world.source.publish(world.source.add(world.the("Test_All"), "a", 1), {5, 6},
                       std::move(instances));
  world.source.publish(world.source.add(world.the("Test_All"), "b", 1), {5, 6}, std::move(evenly));
}

// The first seed whose query finds something else than the naive evaluator, with both answers;
// nothing: there is none.
inline std::optional<std::string> first_difference(std::uint32_t count) {
  World world;
  publish(world);
  std::vector<Sample> rows = samples();
  for (const Sample& row : samples()) {
    if (!row.active) continue;
    rows.push_back(row);
    rows.back().name += "_even";
  }
  const auto joined = [](const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += " " + name;
    return out;
  };
  for (std::uint32_t seed = 0; seed < count; ++seed) {
    Generator generator(seed);
    const Tree tree = generator.tree(4);
    const std::string query = "SELECT * FROM Test_All WHERE " + generator.written(tree);
    std::vector<std::string> expected;
    for (const Sample& row : rows) {
      if (fits(tree, row)) expected.push_back(row.name);
    }
    const std::vector<std::string> found = world.names(query);
    if (found == expected) continue;
    return "seed " + std::to_string(seed) + ": " + query + "\n  found:   " + joined(found) +
           "\n  expected:" + joined(expected);
  }
  return std::nullopt;
}

}  // namespace qm::wmi::wql::generated

#include "wmi/wql_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/suggest.h"
#include "base/text.h"

namespace qm::wmi::wql {
namespace {

bool is_ordering(Operator op) {
  return op == Operator::less || op == Operator::less_equal || op == Operator::greater ||
         op == Operator::greater_equal;
}

bool is_signed(mof::Type type) {
  return type == mof::Type::sint8 || type == mof::Type::sint16 || type == mof::Type::sint32 ||
         type == mof::Type::sint64;
}

bool is_real(mof::Type type) {
  return type == mof::Type::real32 || type == mof::Type::real64;
}

std::string literal_text(const Value& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    return fmt::format("{}", *number);
  }
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return fmt::format("{}", *number);
  }
  if (const auto* number = std::get_if<double>(&value.data)) return fmt::format("{}", *number);
  return std::get<bool>(value.data) ? "TRUE" : "FALSE";
}

std::optional<Value> parsed_number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const char* const first = text.data();
  const char* const last = first + text.size();
  const auto whole = [last](const std::from_chars_result& read) {
    return read.ec == std::errc{} && read.ptr == last;
  };
  std::uint64_t positive = 0;
  if (whole(std::from_chars(first, last, positive))) return Value{positive};
  std::int64_t negative = 0;
  if (whole(std::from_chars(first, last, negative))) return Value{negative};
  double real = 0;
  if (whole(std::from_chars(first, last, real)) && real == real) return Value{real};
  return std::nullopt;
}

}  // namespace

std::nullopt_t ProgramMaker::wrong(std::string_view code, Span span, std::string message,
                                   std::string hint) {
  diagnostics_.error(code, span, std::move(message), std::move(hint));
  return std::nullopt;
}

std::optional<Program> ProgramMaker::make() {
  const std::size_t errors = diagnostics_.error_count();
  for (const Term& term : condition_.terms) {
    auto test = test_of(term);
    tests_.push_back(test ? std::move(*test) : Test{});
  }
  if (diagnostics_.error_count() != errors) return std::nullopt;
  program_.start_ = kAccept;
  if (condition_.nodes.empty()) return std::move(program_);
  const auto root = static_cast<std::uint32_t>(condition_.nodes.size() - 1);
  program_.start_ = emit(root, kAccept, kReject);
  program_.names_ = names_of(root);
  return std::move(program_);
}

std::uint32_t ProgramMaker::emit(std::uint32_t node, std::uint32_t on_true,
                                 std::uint32_t on_false) {
  const Node& one = condition_.nodes[node];
  switch (one.kind) {
    case Node::Kind::negated:
      return emit(one.parts.front(), on_false, on_true);
    case Node::Kind::term:
      program_.steps_.push_back({tests_[one.parts.front()], on_true, on_false});
      return static_cast<std::uint32_t>(program_.steps_.size() - 1);
    case Node::Kind::all_of:
      for (auto part = one.parts.rbegin(); part != one.parts.rend(); ++part) {
        on_true = emit(*part, on_true, on_false);
      }
      return on_true;
    case Node::Kind::any_of:
      for (auto part = one.parts.rbegin(); part != one.parts.rend(); ++part) {
        on_false = emit(*part, on_true, on_false);
      }
      return on_false;
  }
  return kReject;
}

ProgramMaker::Names ProgramMaker::names_of(std::uint32_t node) const {
  const Node& one = condition_.nodes[node];
  if (one.kind == Node::Kind::term) {
    const Test& test = tests_[one.parts.front()];
    const bool names = test.kind == Test::Kind::constant && test.op == Operator::equal &&
                       !test.negated && test.access.side == Side::target &&
                       test.access.entry != nullptr && !test.value.is_null() &&
                       test.access.entry->origin == Origin::instance_name;
    if (!names) return std::nullopt;
    return std::vector{std::get<std::string>(test.value.data)};
  }
  if (one.kind == Node::Kind::negated) return std::nullopt;
  Names out;
  for (const std::uint32_t part : one.parts) {
    Names names = names_of(part);
    if (one.kind == Node::Kind::all_of) {
      if (names && (!out || names->size() < out->size())) out = std::move(names);
    } else {
      if (!names) return std::nullopt;
      if (!out) out.emplace();
      out->insert(out->end(), names->begin(), names->end());
    }
  }
  return out;
}

bool ProgramMaker::comparable(const PropertyPath& path, const Access& access) {
  if (access.is_array) {
    wrong("array", path.span, fmt::format("{} is an array, which WQL cannot compare", path.text()));
    return false;
  }
  if (group_of(access.type) == Group::object) {
    wrong("object", path.span, fmt::format("{} is an object", path.text()),
          "an object is compared with NULL or by ISA; its properties stand behind a dot");
    return false;
  }
  return true;
}

std::optional<Program::Test> ProgramMaker::test_of(const Term& term) {
  auto access = resolve(term.left, scope_, diagnostics_);
  if (!access) return std::nullopt;
  const auto* literal = std::get_if<Literal>(&term.right);
  if (term.op == Operator::isa) return class_test(term, std::move(*access), *literal);
  const bool null = literal != nullptr && literal->value.is_null();
  if (!null && !comparable(term.left, *access)) return std::nullopt;
  if (term.op == Operator::like) return pattern_test(term, std::move(*access), *literal);
  if (literal == nullptr) {
    return compared_with_property(term, std::move(*access), std::get<PropertyPath>(term.right));
  }
  return compared_with_literal(term, std::move(*access), *literal);
}

std::optional<Program::Test> ProgramMaker::class_test(const Term& term, Access access,
                                                      const Literal& literal) {
  const auto& name = std::get<std::string>(literal.value.data);
  const bool row =
      access.entry == nullptr && (!access.system || *access.system == SystemProperty::self);
  const bool embedded = access.entry != nullptr && access.type == mof::Type::object;
  if (!row && !embedded) {
    return wrong("isa", term.left.span, "ISA asks for the class of an object",
                 "write __this ISA, or TargetInstance ISA in a query for events");
  }
  const ClassEntry* of = scope_.schema->find(name);
  if (of == nullptr) {
    std::vector<std::string> known;
    for (const ClassEntry* one : scope_.schema->classes()) known.push_back(one->name());
    std::string near = did_you_mean(name, known);
    return wrong("unknown-class", literal.span, fmt::format("there is no class {}", name),
                 near.empty() ? "" : near.substr(1));
  }
  Test test;
  test.op = term.op;
  if (embedded) {  // a property's class does not change from row to row
    const ClassEntry* declared = scope_.schema->find(access.entry->property->class_name);
    const bool is = declared != nullptr && derives(*declared, name) && access.inner.empty();
    test.kind = Test::Kind::never;
    test.negated = is;
    return test;
  }
  test.kind = Test::Kind::derives;
  test.access = std::move(access);
  test.value.data = name;
  return test;
}

std::optional<Program::Test> ProgramMaker::pattern_test(const Term& term, Access access,
                                                        const Literal& literal) {
  const Group group = group_of(access.type);
  if (group != Group::text && group != Group::time) {
    return wrong(
        "like", term.left.span,
        fmt::format("{} is {}, and LIKE compares text", term.left.text(), group_name(group)));
  }
  auto pattern = LikePattern::compile(std::get<std::string>(literal.value.data));
  if (!pattern) {
    return wrong(
        "bad-pattern", literal.span, pattern.error().message,
        "% any text, _ one character, [a-f] one of these; [%], [_] and [[] are themselves");
  }
  Test test;
  test.kind = Test::Kind::like;
  test.op = term.op;
  test.access = std::move(access);
  test.pattern = std::move(*pattern);
  return test;
}

std::optional<Value> ProgramMaker::number_from(const Literal& literal) {
  if (const auto* flag = std::get_if<bool>(&literal.value.data)) {
    return Value{std::uint64_t{*flag ? 1U : 0U}};
  }
  const auto* text = std::get_if<std::string>(&literal.value.data);
  if (text == nullptr) return literal.value;
  auto number = parsed_number(*text);
  if (!number) return wrong("type", literal.span, "this text is no number");
  return number;
}

std::optional<Value> ProgramMaker::converted(const Term& term, Group group,
                                             const Literal& literal) {
  const Value& value = literal.value;
  const auto* text = std::get_if<std::string>(&value.data);
  switch (group) {
    case Group::number:
      return number_from(literal);
    case Group::text:
      return text != nullptr ? value : Value{literal_text(value)};
    case Group::boolean:
      if (text != nullptr && !same_name(*text, "TRUE") && !same_name(*text, "FALSE")) {
        return wrong("type", literal.span, fmt::format("{} is a boolean", term.left.text()),
                     "booleans are TRUE and FALSE");
      }
      if (text != nullptr) return Value{same_name(*text, "TRUE")};
      if (std::holds_alternative<bool>(value.data)) return value;
      return Value{compare_numbers(value, {std::uint64_t{0}}) != 0};
    case Group::time:
      if (text == nullptr || !time_range(*text)) {
        return wrong("type", literal.span, fmt::format("{} is a datetime", term.left.text()),
                     "datetimes are CIM's: '20261123213000.000000+000', or "
                     "'00000002120000.000000:000' for an interval");
      }
      return value;
    case Group::object:
      break;
  }
  return std::nullopt;
}

bool ProgramMaker::may_order(const Term& term, Group group) {
  if (group != Group::boolean || !is_ordering(term.op)) return true;
  wrong("order", term.span, fmt::format("{} is a boolean, which has no order", term.left.text()),
        "compare it by = or <>");
  return false;
}

bool ProgramMaker::integer_test(const Access& access, Operator op, const Value& value, Test& test) {
  const Group group = group_of(access.type);
  const bool integer = group == Group::number && !is_real(access.type);
  const bool in_block = access.entry != nullptr && access.inner.empty() &&
                        access.entry->origin == Origin::data && access.side == Side::target &&
                        access.entry->plan.element_bytes == mof::type_bytes(access.type);
  if (!in_block || (!integer && group != Group::boolean)) return false;
  test.is_signed = is_signed(access.type);
  test.is_boolean = group == Group::boolean;
  test.negated = op == Operator::not_equal;
  const auto* flag = std::get_if<bool>(&value.data);
  const auto range = flag != nullptr ? std::optional(IntegerRange{*flag ? 1U : 0U, *flag ? 1U : 0U})
                                     : integer_range(test.is_signed, op, value);
  test.kind = range ? Test::Kind::integer : Test::Kind::never;
  if (!range) return true;
  test.first = range->first;
  test.span = range->last - range->first;
  test.bytes = static_cast<std::uint8_t>(access.entry->plan.element_bytes);
  test.offset_bytes = access.entry->plan.offset;
  test.item = access.entry->plan.data_id - 1;
  return true;
}

std::optional<Program::Test> ProgramMaker::compared_with_literal(const Term& term, Access access,
                                                                 const Literal& literal) {
  Test test;
  test.kind = Test::Kind::constant;
  test.op = term.op;
  test.group = group_of(access.type);
  if (literal.value.is_null()) {
    if (is_ordering(term.op)) {
      return wrong("null", literal.span, "nothing is less or greater than NULL",
                   "write IS NULL or IS NOT NULL");
    }
    test.access = std::move(access);
    return test;
  }
  auto value = converted(term, test.group, literal);
  if (!value || !may_order(term, test.group)) return std::nullopt;
  if (!integer_test(access, term.op, *value, test)) {
    test.value = std::move(*value);
    test.negated = term.op == Operator::not_equal;
    if (test.negated) test.op = Operator::equal;
  }
  test.access = std::move(access);
  return test;
}

std::optional<Program::Test> ProgramMaker::compared_with_property(const Term& term, Access access,
                                                                  const PropertyPath& other) {
  auto right = resolve(other, scope_, diagnostics_);
  if (!right || !comparable(other, *right)) return std::nullopt;
  const Group group = group_of(access.type);
  const Group right_group = group_of(right->type);
  if (group != right_group) {
    return wrong("type", term.span,
                 fmt::format("{} is {}, and {} is {}", term.left.text(), group_name(group),
                             other.text(), group_name(right_group)),
                 "properties of one kind can be compared with each other");
  }
  if (!may_order(term, group)) return std::nullopt;
  Test test;
  test.kind = Test::Kind::property;
  test.group = group;
  test.op = term.op;
  test.access = std::move(access);
  test.other = std::move(*right);
  return test;
}

std::optional<Program> Program::compile(const Condition& condition, const Scope& scope,
                                        Diagnostics& diagnostics) {
  return ProgramMaker(condition, scope, diagnostics).make();
}

}  // namespace qm::wmi::wql

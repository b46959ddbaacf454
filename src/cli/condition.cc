#include "cli/condition.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace qm::cli {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kSigns = "=<>!";

std::unexpected<Error> beyond(std::string_view text) {
  return fail(ErrorCode::unsupported,
              fmt::format("the condition \"{}\" is more than comparisons joined by AND",
                          plain_text(text, 256)));
}

// The next word, run of signs, or end; each stands for itself.
std::string_view next_token(std::string_view& rest) {
  const std::size_t begin = rest.find_first_not_of(kSpaces);
  rest.remove_prefix(begin == std::string_view::npos ? rest.size() : begin);
  if (rest.empty()) return {};
  const bool sign = kSigns.find(rest.front()) != std::string_view::npos;
  std::size_t end = 0;
  while (end < rest.size() && kSpaces.find(rest[end]) == std::string_view::npos &&
         (kSigns.find(rest[end]) != std::string_view::npos) == sign) {
    ++end;
  }
  const std::string_view token = rest.substr(0, end);
  rest.remove_prefix(end);
  return token;
}

}  // namespace

Result<Condition::Operator> Condition::operator_from(std::string_view text) {
  if (text == "=") return Operator::equal;
  if (text == "<>" || text == "!=") return Operator::unequal;
  if (text == "<") return Operator::less;
  if (text == "<=") return Operator::at_most;
  if (text == ">") return Operator::more;
  if (text == ">=") return Operator::at_least;
  return fail(ErrorCode::unsupported, "no comparison");
}

std::string_view Condition::operator_text(Operator op) {
  switch (op) {
    case Operator::equal:
      return "=";
    case Operator::unequal:
      return "<>";
    case Operator::less:
      return "<";
    case Operator::at_most:
      return "<=";
    case Operator::more:
      return ">";
    case Operator::at_least:
      break;
  }
  return ">=";
}

Result<Condition> Condition::parse(std::string_view text) {
  Condition condition;
  std::string_view rest = text;
  std::string_view token = next_token(rest);
  while (!token.empty()) {
    if (condition.terms_.size() == kMostTerms) {
      return fail(ErrorCode::limit, fmt::format("a condition of more than {} terms", kMostTerms));
    }
    Term term;
    term.property = token;
    const auto op = operator_from(next_token(rest));
    const std::string_view number = next_token(rest);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), term.number);
    if (!op || number.empty() || error != std::errc() || end != number.data() + number.size()) {
      return beyond(text);
    }
    term.op = *op;
    condition.terms_.push_back(std::move(term));
    token = next_token(rest);
    if (token.empty()) break;
    if (!same_name(token, "AND")) return beyond(text);
    token = next_token(rest);
    if (token.empty()) return beyond(text);
  }
  return condition;
}

bool Condition::holds(const Instance& instance) const {
  for (const Term& term : terms_) {
    const auto value = instance.number(term.property);
    if (!value) return false;
    const auto order = *value <=> term.number;
    const bool holds =
        (term.op == Operator::equal && order == 0) ||
        (term.op == Operator::unequal && order != 0) || (term.op == Operator::less && order < 0) ||
        (term.op == Operator::at_most && order <= 0) || (term.op == Operator::more && order > 0) ||
        (term.op == Operator::at_least && order >= 0);
    if (!holds) return false;
  }
  return true;
}

std::string Condition::text(const ClassInfo& info) const {
  std::string out;
  for (const Term& term : terms_) {
    const Property* property = info.find(term.property);
    const std::string* name =
        property == nullptr ? nullptr : property->value_name(boost::json::value(term.number));
    out +=
        fmt::format("{}{} {} {}", out.empty() ? "" : " AND ", term.property, operator_text(term.op),
                    name != nullptr ? *name : fmt::to_string(term.number));
  }
  return out;
}

}  // namespace qm::cli

#include "mof/condition.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "mof/limits.h"
#include "mof/literal.h"

namespace qm::mof {
namespace {

struct Operator {
  std::string_view text;
  int precedence;
};
constexpr std::array<Operator, 18> kOperators = {{{"||", 1},
                                                  {"&&", 2},
                                                  {"|", 3},
                                                  {"^", 4},
                                                  {"&", 5},
                                                  {"==", 6},
                                                  {"!=", 6},
                                                  {"<", 7},
                                                  {">", 7},
                                                  {"<=", 7},
                                                  {">=", 7},
                                                  {"<<", 8},
                                                  {">>", 8},
                                                  {"+", 9},
                                                  {"-", 9},
                                                  {"*", 10},
                                                  {"/", 10},
                                                  {"%", 10}}};

class Evaluation {
 public:
  explicit Evaluation(std::span<const Token> tokens) : tokens_(tokens) {}

  ConditionValue run() {
    result_.value = conditional();
    if (at_ < tokens_.size()) trouble("the condition should end here");
    return result_;
  }

 private:
  std::uint64_t trouble(std::string message) {
    if (!result_.trouble.empty()) return 0;
    result_.trouble = std::move(message);
    if (at_ < tokens_.size()) {
      result_.where = tokens_[at_].span;
    } else if (!tokens_.empty()) {
      result_.where = {tokens_.back().span.end, tokens_.back().span.end};
    }
    return 0;
  }

  bool take(char punctuation) {
    if (at_ >= tokens_.size() || !tokens_[at_].is(punctuation)) return false;
    ++at_;
    return true;
  }

  // What is not live is read, and may divide by zero, as behind "defined(N) &&".
  template <class Part>
  std::int64_t only_if(bool live, Part part) {
    if (live) return part();
    ++unused_;
    const std::int64_t value = part();
    --unused_;
    return value;
  }

  std::int64_t conditional() {
    const std::int64_t condition = binary(1);
    if (!take('?')) return condition;
    const std::int64_t yes = only_if(condition != 0, [this] { return nested(); });
    if (!take(':')) trouble("expected ':'");
    const std::int64_t no = only_if(condition == 0, [this] { return nested(); });
    return condition != 0 ? yes : no;
  }

  const Operator* operator_here() const {
    if (at_ >= tokens_.size() || tokens_[at_].kind != TokenKind::punctuation) return nullptr;
    for (const Operator& candidate : kOperators) {
      if (candidate.text == tokens_[at_].text) return &candidate;
    }
    return nullptr;
  }

  std::int64_t binary(int least) {
    std::int64_t left = unary();
    while (result_.trouble.empty()) {
      const Operator* op = operator_here();
      if (op == nullptr || op->precedence < least) break;
      ++at_;
      const bool decided = (op->text == "||" && left != 0) || (op->text == "&&" && left == 0);
      const std::int64_t right =
          only_if(!decided, [this, op] { return binary(op->precedence + 1); });
      left = apply(op->text, left, right);
    }
    return left;
  }

  std::int64_t unary() {
    return deeper([this] { return prefixed(); });
  }
  std::int64_t nested() {
    return deeper([this] { return conditional(); });
  }
  template <class Part>
  std::int64_t deeper(Part part) {
    if (depth_ >= kMostExpressionDepth) {
      return static_cast<std::int64_t>(trouble("the condition nests too deep"));
    }
    ++depth_;
    const std::int64_t value = part();
    --depth_;
    return value;
  }

  std::int64_t prefixed() {
    if (at_ >= tokens_.size()) {
      return static_cast<std::int64_t>(trouble("expected a value"));
    }
    const Token& token = tokens_[at_];
    if (token.kind == TokenKind::integer) return number(token);
    if (token.kind == TokenKind::character) return character(token);
    if (token.kind == TokenKind::identifier) {
      ++at_;
      return 0;
    }
    if (token.is('!') || token.is('-') || token.is('+') || token.is('~')) {
      ++at_;
      const auto value = static_cast<std::uint64_t>(unary());
      if (token.is('!')) return value == 0 ? 1 : 0;
      if (token.is('-')) return static_cast<std::int64_t>(~value + 1);
      return static_cast<std::int64_t>(token.is('~') ? ~value : value);
    }
    if (token.is('(')) {
      ++at_;
      const std::int64_t value = conditional();
      if (!take(')')) trouble("expected ')'");
      return value;
    }
    return static_cast<std::int64_t>(trouble("expected a value"));
  }

  std::int64_t number(const Token& token) {
    std::string_view digits = token.text;
    while (digits.size() > 1 && std::string_view("uUlL").find(digits.back()) < 4) {
      digits.remove_suffix(1);  // 0x0600UL, as Windows headers write
    }
    const Result<Value> value = parse_integer(digits, false);
    if (!value) return static_cast<std::int64_t>(trouble(value.error().message));
    ++at_;
    return static_cast<std::int64_t>(std::get<std::uint64_t>(value->data));
  }

  std::int64_t character(const Token& token) {
    const Result<std::uint16_t> value = parse_character(token.text);
    if (!value) return static_cast<std::int64_t>(trouble(value.error().message));
    ++at_;
    return *value;
  }

  std::int64_t apply(std::string_view op, std::int64_t left, std::int64_t right) {
    const auto a = static_cast<std::uint64_t>(left);
    const auto b = static_cast<std::uint64_t>(right);
    const auto wrapped = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    if (op == "||") return left != 0 || right != 0 ? 1 : 0;
    if (op == "&&") return left != 0 && right != 0 ? 1 : 0;
    if (op == "|") return wrapped(a | b);
    if (op == "^") return wrapped(a ^ b);
    if (op == "&") return wrapped(a & b);
    if (op == "==") return left == right ? 1 : 0;
    if (op == "!=") return left != right ? 1 : 0;
    if (op == "<") return left < right ? 1 : 0;
    if (op == ">") return left > right ? 1 : 0;
    if (op == "<=") return left <= right ? 1 : 0;
    if (op == ">=") return left >= right ? 1 : 0;
    if (op == "<<") return b < 64 ? wrapped(a << b) : 0;
    if (op == ">>") return b < 64 ? left >> b : 0;
    if (op == "+") return wrapped(a + b);
    if (op == "-") return wrapped(a - b);
    if (op == "*") return wrapped(a * b);
    if (right == 0) return unused_ > 0 ? 0 : wrapped(trouble("division by zero"));
    if (right == -1) return op == "/" ? wrapped(~a + 1) : 0;  // the one quotient that overflows
    return op == "/" ? left / right : left % right;
  }

  std::span<const Token> tokens_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  unsigned unused_ = 0;  // how many operands around this one do not count
  ConditionValue result_;
};

}  // namespace

ConditionValue evaluate_condition(std::span<const Token> tokens) {
  return Evaluation(tokens).run();
}

}  // namespace qm::mof

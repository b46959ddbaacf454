#include "wmi/wql_lexer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace qm::wmi::wql {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Names may hold any letter: bytes of UTF-8 beyond ASCII count as letters.
bool begins_word(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80U;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

class Lexer {
 public:
  Lexer(const SourceMap::Source& source, Diagnostics& diagnostics)
      : source_(source), text_(source.text), diagnostics_(diagnostics) {}

  bool next(Token& token) {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    token = {};
    begin_ = at_;
    if (at_ == text_.size()) return finish(token, TokenKind::end);
    const char c = text_[at_];
    if (begins_word(c)) {
      while (at_ < text_.size() && (begins_word(text_[at_]) || is_digit(text_[at_]))) ++at_;
      return finish(token, TokenKind::word);
    }
    const bool sign = (c == '-' || c == '+') && at_ + 1 < text_.size();
    const std::size_t digit = at_ + (sign ? 1 : 0);
    const bool point = text_[digit] == '.' && digit + 1 < text_.size() && !after_word_;
    if (is_digit(text_[digit]) || (point && is_digit(text_[digit + 1]))) return number(token);
    if (c == '"' || c == '\'') return string(token);
    if (c == '{') return object(token);
    const std::string_view two = text_.substr(at_, 2);
    at_ += two == "!=" || two == "<>" || two == "<=" || two == ">=" ? 2 : 1;
    return finish(token, TokenKind::symbol);
  }

 private:
  Span span(std::size_t begin, std::size_t end) const {
    return {source_.begin + static_cast<std::uint32_t>(begin),
            source_.begin + static_cast<std::uint32_t>(end)};
  }

  bool finish(Token& token, TokenKind kind) {
    token.kind = kind;
    token.span = span(begin_, at_);
    if (token.text.empty()) token.text = text_.substr(begin_, at_ - begin_);
    after_word_ = kind == TokenKind::word;
    return true;
  }

  bool wrong(std::string_view code, std::size_t begin, std::size_t end, std::string message,
             std::string hint) {
    diagnostics_.error(code, span(begin, end), std::move(message), std::move(hint));
    return false;
  }

  bool number(Token& token) {
    bool real = false;
    if (text_[at_] == '-' || text_[at_] == '+') ++at_;
    const std::size_t first = at_;
    const bool hex = at_ + 2 < text_.size() && text_[at_] == '0' &&
                     (text_[at_ + 1] == 'x' || text_[at_ + 1] == 'X');
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool exponent = !hex && (c == 'e' || c == 'E');
      const bool sign_of_exponent = !hex && real && (c == '-' || c == '+') &&
                                    (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      if (!is_digit(c) && !begins_word(c) && c != '.' && !sign_of_exponent) break;
      real = real || exponent || c == '.';
      ++at_;
    }
    const std::string_view digits = text_.substr(first, at_ - first);
    const bool fine = real ? real_value(digits, text_[begin_] == '-', token)
                           : integer_value(hex ? digits.substr(2) : digits, hex ? 16 : 10, token);
    return fine && finish(token, TokenKind::number);
  }

  bool real_value(std::string_view digits, bool negative, Token& token) {
    double value = 0;
    const char* const first = digits.data();
    const char* const last = first + digits.size();
    const auto [end, error] = std::from_chars(first, last, value);
    if (error != std::errc{} || end != last) return bad_number();
    token.value.data = negative ? -value : value;
    return true;
  }

  bool integer_value(std::string_view digits, int base, Token& token) {
    std::uint64_t value = 0;
    const char* const first = digits.data();
    const char* const last = first + digits.size();
    const auto [end, error] = std::from_chars(first, last, value, base);
    if (end != last || digits.empty()) return bad_number();
    const bool negative = text_[begin_] == '-';
    constexpr std::uint64_t kMostNegative = std::uint64_t{1} << 63U;
    if (error != std::errc{} || (negative && value > kMostNegative)) {
      return wrong("number-too-large", begin_, at_, "this integer does not fit into 64 bits",
                   "integers go from -9223372036854775808 to 18446744073709551615");
    }
    if (negative && value != 0) {
      token.value.data = static_cast<std::int64_t>(~value + 1);
    } else {
      token.value.data = value;
    }
    return true;
  }

  bool bad_number() {
    return wrong("bad-number", begin_, at_, "this is not a number",
                 "names begin with a letter; text stands in quotes");
  }

  bool string(Token& token) {
    const char quote = text_[at_++];
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_];
      if (c == '\\') {
        c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (c != '\\' && c != '"' && c != '\'') {
          return wrong("bad-escape", at_, at_ + 1, "a backslash that escapes nothing",
                       R"(in WQL a backslash is written twice: "PCI\\VEN_1077")");
        }
        ++at_;
      }
      value += c;
      ++at_;
    }
    if (at_ == text_.size()) {
      return wrong("open-string", begin_, begin_ + 1, "this string has no end",
                   fmt::format("close it with {}", quote));
    }
    ++at_;
    token.value.data = std::move(value);
    return finish(token, TokenKind::string);
  }

  // A path has strings of its own, which may hold braces.
  bool object(Token& token) {
    char quote = '\0';
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != '\0') {
        if (c == '\\') ++at_;
        if (c == quote) quote = '\0';
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '}') {
        token.text = text_.substr(begin_ + 1, at_ - begin_ - 1);
        ++at_;
        return finish(token, TokenKind::object);
      }
    }
    return wrong("open-brace", begin_, begin_ + 1, "this brace is not closed",
                 R"(a path stands between braces: {Quickmode_Adapter.InstanceName="…"})");
  }

  const SourceMap::Source& source_;
  std::string_view text_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  bool after_word_ = false;
};

}  // namespace

bool Token::is_word(std::string_view keyword) const {
  return kind == TokenKind::word && same_name(text, keyword);
}

bool split_words(const SourceMap::Source& source, Diagnostics& diagnostics,
                 std::vector<Token>& tokens) {
  Lexer lexer(source, diagnostics);
  while (true) {
    Token token;
    if (!lexer.next(token)) return false;
    tokens.push_back(std::move(token));
    if (tokens.back().kind == TokenKind::end) return true;
  }
}

}  // namespace qm::wmi::wql

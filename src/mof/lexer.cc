#include "mof/lexer.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>

#include "base/text.h"
#include "mof/limits.h"

namespace qm::mof {
namespace {

constexpr std::uint8_t kWordStart = 1;
constexpr std::uint8_t kWord = 2;
constexpr std::uint8_t kDigit = 4;
constexpr std::uint8_t kBlank = 8;
constexpr std::uint8_t kPunctuation = 16;
constexpr std::uint8_t kMayDouble = 32;  // may begin one of kDouble

constexpr std::string_view kSingle = "{}[](),;:=+-*/%!<>?&|^~#.";

constexpr std::array<std::uint8_t, 256> classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    // DSP0004 lets names hold anything from U+0080 on; sources are valid UTF-8 by now.
    if (letter || c >= 0x80) table[c] = kWordStart | kWord;
    if (c >= '0' && c <= '9') table[c] = kDigit | kWord;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') table[c] = kBlank;
  }
  for (const char c : kSingle) table[static_cast<unsigned char>(c)] = kPunctuation;
  for (const char c : std::string_view("&|=!<>#")) {
    table[static_cast<unsigned char>(c)] = kPunctuation | kMayDouble;
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> kClasses = classes();

bool is(char c, std::uint8_t wanted) {
  return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

// The first place from `at` on that is none of these. A source's text ends with a zero, which is
// of no class. The place is kept out of the Lexer meanwhile: a char may alias anything.
std::size_t run_end(std::string_view text, std::size_t at, std::uint8_t wanted) {
  const char* const data = text.data();
  while (is(data[at], wanted)) ++at;
  return at;
}

// Has any byte of the word that value? By Mycroft: the top bit of a byte that was zero.
constexpr std::uint64_t with_byte(std::uint64_t word, std::uint64_t value) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  const std::uint64_t zero_there = word ^ kOnes * value;
  return (zero_there - kOnes) & ~zero_there & kOnes << 7U;
}

// The first place from `at` on that is a quote, a backslash or a line end, eight bytes at a time.
std::size_t ordinary_end(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    // Bits above the first are not to be trusted; the first is.
    const std::uint64_t found = with_byte(word, '"') | with_byte(word, '\'') |
                                with_byte(word, '\\') | with_byte(word, '\n') |
                                with_byte(word, '\r');
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\'' && text[at] != '\\' &&
         text[at] != '\n' && text[at] != '\r') {
    ++at;
  }
  return at;
}

constexpr std::array<std::string_view, 9> kDouble = {
    "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "##"};

}  // namespace

// True when a new line was reached and is to be stopped at.
bool Lexer::skip_blanks(bool stop_at_line_end) {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (is(c, kBlank)) {
      at_ = run_end(text_, at_ + 1, kBlank);
    } else if (c == '\n') {
      if (stop_at_line_end) return true;
      ++at_;
      line_start_ = true;
    } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
      at_ += peek(1) == '\n' ? 2 : 3;
    } else if (c == '/' && peek(1) == '/') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '/' && peek(1) == '*') {
      if (!skip_block_comment()) return false;
    } else {
      return false;
    }
    after_space_ = true;
  }
  return stop_at_line_end;
}

// A comment over several lines is white space: it does not end a directive.
bool Lexer::skip_block_comment() {
  const std::size_t end = text_.find("*/", at_ + 2);
  if (end != std::string_view::npos) {
    at_ = end + 2;
    return true;
  }
  diagnostics_->error("open-comment", span(at_, at_ + 2), "this comment is never closed",
                      "end it with */");
  at_ = text_.size();
  unclosed_ = true;
  return false;
}

Token Lexer::made(TokenKind kind, std::size_t begin, std::size_t trim) {
  Token token;
  token.kind = kind;
  token.at_line_start = line_start_;
  token.after_space = after_space_;
  token.text = text_.substr(begin + trim, at_ - begin - 2 * trim);
  token.span = span(begin, at_);
  token.unclosed = unclosed_;
  line_start_ = false;
  after_space_ = false;
  return token;
}

Token Lexer::next() {
  skip_blanks(false);
  return scan();
}

Token Lexer::next_in_line() {
  if (skip_blanks(true)) return made(TokenKind::end_of_line, at_);
  if (at_end()) return made(TokenKind::end_of_line, at_);
  return scan();
}

std::string_view Lexer::rest_of_line() {
  skip_blanks(true);
  const std::size_t begin = at_;
  at_ = std::min(text_.find('\n', at_), text_.size());
  std::string_view rest = text_.substr(begin, at_ - begin);
  while (!rest.empty() && is(rest.back(), kBlank)) rest.remove_suffix(1);
  return rest;
}

Token Lexer::scan() {
  while (at_ < text_.size()) {
    const std::size_t begin = at_;
    const char c = text_[at_];
    if (is(c, kWordStart)) return word(begin);
    if (is(c, kDigit) || (c == '.' && is(peek(1), kDigit))) return number(begin);
    if (c == '"' || c == '\'') return quoted(begin, c);
    if (c == '$' && is(peek(1), kWordStart)) {
      ++at_;
      Token token = word(at_);
      token.kind = TokenKind::alias;
      --token.span.begin;
      return token;
    }
    if (is(c, kPunctuation)) return punctuation(begin);
    // Passes a whole run, so that a binary file gives one complaint and not thousands.
    while (at_ < text_.size() && !is(text_[at_], kWord | kBlank | kPunctuation) &&
           text_[at_] != '\n' && text_[at_] != '"') {
      ++at_;
    }
    if (at_ == begin) ++at_;
    diagnostics_->error(
        "stray-character", span(begin, at_),
        fmt::format("'{}' has no meaning here", plain_text(text_.substr(begin, at_ - begin), 40)));
    skip_blanks(false);
  }
  return made(TokenKind::end, at_);
}

Token Lexer::word(std::size_t begin) {
  at_ = run_end(text_, at_ + 1, kWord);
  if (at_ - begin > kMostIdentifierBytes) {
    diagnostics_->error(
        "long-name", span(begin, at_),
        fmt::format("a name of {} bytes; the limit is {}", at_ - begin, kMostIdentifierBytes));
  }
  return made(TokenKind::identifier, begin);
}

Token Lexer::number(std::size_t begin) {
  const bool is_hex = text_[at_] == '0' && (peek(1) == 'x' || peek(1) == 'X');
  bool is_real = false;
  while (at_ < text_.size() && (is(text_[at_], kWord) || text_[at_] == '.')) {
    const bool exponent = !is_hex && (text_[at_] == 'e' || text_[at_] == 'E');
    is_real = is_real || text_[at_] == '.' || exponent;
    ++at_;
    if (exponent && (peek() == '+' || peek() == '-')) ++at_;
  }
  return made(is_real ? TokenKind::real : TokenKind::integer, begin);
}

// Strings may run over lines, as Microsoft's published classes do; characters may not.
Token Lexer::quoted(std::size_t begin, char quote) {
  const bool is_string = quote == '"';
  bool plain = true;
  at_ = ordinary_end(text_, at_ + 1);
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] == '\n' && !is_string) break;
    const bool escaped = text_[at_] == '\\';
    plain = plain && !escaped && text_[at_] != '\n' && text_[at_] != '\r';
    at_ += escaped && at_ + 1 < text_.size() ? 2 : 1;
    at_ = ordinary_end(text_, at_);
  }
  if (at_ >= text_.size() || text_[at_] != quote) {
    at_ = std::min(at_, text_.size());
    diagnostics_->error(
        is_string ? "open-string" : "open-character", span(begin, begin + 1),
        is_string ? "this string is never closed" : "this character is never closed",
        fmt::format("end it with {}", quote));
    Token token = made(is_string ? TokenKind::string : TokenKind::character, begin);
    token.text.remove_prefix(1);
    token.unclosed = is_string;
    return token;
  }
  ++at_;
  Token token = made(is_string ? TokenKind::string : TokenKind::character, begin, 1);
  token.plain = plain;
  return token;
}

Token Lexer::punctuation(std::size_t begin) {
  const std::string_view two = text_.substr(at_, 2);
  if (!is(text_[at_], kMayDouble)) {
    ++at_;
    return made(TokenKind::punctuation, begin);
  }
  for (const std::string_view candidate : kDouble) {
    if (two == candidate) {
      at_ += 2;
      return made(TokenKind::punctuation, begin);
    }
  }
  ++at_;
  return made(TokenKind::punctuation, begin);
}

Token Lexer::next_skipped_directive() {
  while (at_ < text_.size()) {
    skip_blanks(false);
    if (line_start_ && peek() == '#') {
      ++at_;
      line_start_ = false;
      return next_in_line();
    }
    line_start_ = false;
    // Text that is left out need not be MOF: an apostrophe or a lone quote in it means nothing,
    // but a comment still hides a directive.
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (text_[at_] == '/' && (peek(1) == '/' || peek(1) == '*')) {
        skip_blanks(true);
      } else if (text_[at_] == '"') {
        const std::size_t close = text_.find_first_of("\"\n", at_ + 1);
        at_ =
            close == std::string_view::npos ? text_.size() : close + (text_[close] == '"' ? 1 : 0);
      } else {
        ++at_;
      }
    }
  }
  return made(TokenKind::end, at_);
}

}  // namespace qm::mof

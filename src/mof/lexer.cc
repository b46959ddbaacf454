#include "mof/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/text.h"
#include "mof/block16.h"
#include "mof/limits.h"

namespace qm::mof {
namespace {

constexpr std::uint8_t kWordStart = 1;
constexpr std::uint8_t kWord = 2;
constexpr std::uint8_t kDigit = 4;
constexpr std::uint8_t kBlank = 8;
constexpr std::uint8_t kPunctuation = 16;
constexpr std::uint8_t kAlone = 32;  // punctuation that is a token whatever follows it
constexpr std::uint8_t kGap = 64;    // may begin what stands between tokens

constexpr std::string_view kSingle = "{}[](),;:=+-*/%!<>?&|^~#.";
constexpr std::string_view kNotAlone = "&|=!<>#.";  // begin one of kDouble, or a number

constexpr std::array<std::uint8_t, 256> classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    // DSP0004 lets names hold anything from U+0080 on; sources are valid UTF-8 by now.
    if (letter || c >= 0x80) table[c] = kWordStart | kWord;
    if (c >= '0' && c <= '9') table[c] = kDigit | kWord;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') table[c] = kBlank | kGap;
  }
  for (const char c : kSingle) {
    const bool alone = kNotAlone.find(c) == std::string_view::npos;
    table[static_cast<unsigned char>(c)] = kPunctuation | (alone ? kAlone : 0);
  }
  table['\n'] |= kGap;
  table['/'] |= kGap;   // a comment
  table['\\'] |= kGap;  // a spliced line
  table[0xc2] |= kGap;  // kWideBlanks
  table[0xef] |= kGap;
  return table;
}
constexpr std::array<std::uint8_t, 256> kClasses = classes();

bool is(char c, std::uint8_t wanted) {
  return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

// The first place from `at` on that no name holds, and whether something before it lies beyond
// ASCII. The zero behind a source's text is in no name.
struct NameEnd {
  const char* end;
  bool beyond_ascii;
};
[[gnu::always_inline]] inline NameEnd name_end(const char* at, const char* end) {
  Block16::Mask beyond = 0;
  while (end - at >= Block16::kBytes) {
    const Block16 block(at);
    const Block16::Mask others = ~block.of_names() & Block16::kAll;
    if (others != 0) {
      const int length = std::countr_zero(others);
      beyond |= block.beyond_ascii() & ((1U << length) - 1);
      return {at + length, beyond != 0};
    }
    beyond |= block.beyond_ascii();
    at += Block16::kBytes;
  }
  for (; is(*at, kWord); ++at) beyond |= static_cast<unsigned char>(*at) & 0x80U;
  return {at, beyond != 0};
}

// The first place from `at` on that is the quote, a backslash or a line end.
[[gnu::always_inline]] inline const char* ordinary_end(const char* at, const char* end,
                                                       char quote) {
  while (end - at >= Block16::kBytes) {
    const Block16::Mask found = Block16(at).equal(quote, '\\', '\n', '\r');
    if (found != 0) return at + std::countr_zero(found);
    at += Block16::kBytes;
  }
  while (at < end && *at != quote && *at != '\\' && *at != '\n' && *at != '\r') ++at;
  return at;
}

// What DSP0004 counts among the letters and everybody takes for blanks: a no-break space, and the
// byte order mark that files which were put together hold in their middle.
constexpr std::array<std::string_view, 2> kWideBlanks = {"\xc2\xa0", "\xef\xbb\xbf"};

bool beyond_ascii(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0;
}

std::size_t wide_blank_bytes(std::string_view text) {
  for (const std::string_view blank : kWideBlanks) {
    if (text.starts_with(blank)) return blank.size();
  }
  return 0;
}

const char* first_blank(const char* begin, const char* end) {
  std::string_view word(begin, static_cast<std::size_t>(end - begin));
  for (const std::string_view blank : kWideBlanks) word = word.substr(0, word.find(blank));
  return begin + word.size();
}

constexpr std::array<std::string_view, 9> kDouble = {
    "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "##"};

// Ctrl-Z: what DOS editors put at the end of a text, and Windows still takes for it.
constexpr char kEndOfText = '\x1a';
bool ends_text(const char* at, const char* end) {
  return std::all_of(at, end, [](char c) { return c == kEndOfText || is(c, kBlank) || c == '\n'; });
}

}  // namespace

// Between most tokens stands nothing, one space, or a line end and an indent. The last goes a
// block at a time without a branch on what it is made of, which no processor could foresee.
void Lexer::skip_gap() {
  if (*at_ == ' ') {
    ++at_;
    after_space_ = true;
  }
  if (!is(*at_, kGap)) return;
  while (end_ - at_ >= Block16::kBytes) {
    const Block16 block(at_);
    const int length = std::countr_one(block.equal(' ', '\n', '\r', '\t'));
    line_start_ |= (block.equal('\n') & ((1U << length) - 1)) != 0;
    after_space_ |= length != 0;
    at_ += length;
    if (length != Block16::kBytes) break;
  }
  if (is(*at_, kGap)) skip_blanks(false);
}

// True when a new line was reached and is to be stopped at.
bool Lexer::skip_blanks(bool stop_at_line_end) {
  while (at_ < end_) {
    const char c = *at_;
    if (is(c, kBlank)) {
      ++at_;
    } else if (c == '\n') {
      if (stop_at_line_end) return true;
      ++at_;
      line_start_ = true;
    } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
      at_ += peek(1) == '\n' ? 2 : 3;
    } else if (beyond_ascii(c)) {
      const std::size_t bytes = wide_blank_bytes(text(at_, end_));
      if (bytes == 0) return false;
      at_ += bytes;
    } else if (c == '/' && peek(1) == '/') {
      at_ = line_end();
    } else if (c == '/' && peek(1) == '*') {
      if (!skip_block_comment()) return false;
    } else {
      return false;
    }
    after_space_ = true;
  }
  return stop_at_line_end;
}

const char* Lexer::line_end() const {
  const void* found = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
  return found == nullptr ? end_ : static_cast<const char*>(found);
}

// A comment over several lines is white space: it does not end a directive.
bool Lexer::skip_block_comment() {
  const std::string_view rest = text(at_, end_);
  const std::size_t close = rest.find("*/", 2);
  if (close != std::string_view::npos) {
    at_ += close + 2;
    return true;
  }
  if (!quiet_) {
    diagnostics_->error("open-comment", span(at_, at_ + 2), "this comment is never closed",
                        "end it with */");
  }
  at_ = end_;
  unclosed_ = true;
  return false;
}

[[gnu::always_inline]] inline void Lexer::finish(Token& token, TokenKind kind, const char* begin,
                                                 std::size_t trim) {
  token.kind = kind;
  token.at_line_start = line_start_;
  token.after_space = after_space_;
  token.unclosed = unclosed_;
  token.plain = false;
  token.cut = false;
  token.no_expand = false;
  token.after_trouble = false;
  token.symbol = '\0';
  token.text = {begin + trim, static_cast<std::size_t>(at_ - begin) - 2 * trim};
  token.span = span(begin, at_);
  line_start_ = false;
  after_space_ = false;
}

Token Lexer::made(TokenKind kind) {
  Token token;
  finish(token, kind, at_);
  return token;
}

void Lexer::next(Token& token) {
  if (is(*at_, kGap)) skip_gap();
  scan(token);
}

Token Lexer::next_in_line() {
  if (skip_blanks(true) || at_end()) return made(TokenKind::end_of_line);
  Token token;
  scan(token);
  return token;
}

std::string_view Lexer::rest_of_line() {
  skip_blanks(true);
  const char* const begin = at_;
  at_ = line_end();
  std::string_view rest = text(begin, at_);
  while (!rest.empty() && is(rest.back(), kBlank)) rest.remove_suffix(1);
  return rest;
}

[[gnu::always_inline]] inline void Lexer::scan(Token& token) {
  const char* const begin = at_;
  const char c = *begin;
  if (is(c, kWordStart)) {
    word(token, begin);
  } else if (is(c, kAlone)) {
    ++at_;
    finish(token, TokenKind::punctuation, begin);
    token.symbol = c;
  } else if (c == '"') {
    quoted(token, begin, c);
  } else {
    scan_odd(token);
  }
}

// What tokens begin with more rarely; false for what they never begin with.
bool Lexer::odd_token(Token& token) {
  const char* const begin = at_;
  const char c = *begin;
  if (is(c, kDigit) || (c == '.' && is(peek(1), kDigit))) {
    number(token, begin);
  } else if (c == '"' || c == '\'') {
    quoted(token, begin, c);
  } else if (is(c, kWordStart)) {
    word(token, begin);
  } else if (c == '$' && is(peek(1), kWordStart)) {
    ++at_;
    word(token, at_);
    token.kind = TokenKind::alias;
    --token.span.begin;
  } else if (is(c, kPunctuation)) {
    const bool twice =
        std::ranges::find(kDouble, text(begin, std::min(begin + 2, end_))) != kDouble.end();
    at_ += twice ? 2 : 1;
    finish(token, TokenKind::punctuation, begin);
    if (!twice) token.symbol = c;
  } else {
    return false;
  }
  return true;
}

void Lexer::scan_odd(Token& token) {
  bool stray = false;
  while (at_ < end_) {
    if (odd_token(token)) {
      token.after_trouble = stray;
      return;
    }
    const char* const begin = at_;
    const char c = *begin;
    if (c == kEndOfText && ends_text(begin, end_)) {
      at_ = end_;
      break;
    }
    // Passes a whole run, so that a binary file gives one complaint and not thousands.
    while (at_ < end_ && !is(*at_, kWord | kBlank | kPunctuation) && *at_ != '\n' && *at_ != '"') {
      ++at_;
    }
    if (at_ == begin) ++at_;
    if (!quiet_) {
      diagnostics_->error(
          "stray-character", span(begin, at_),
          fmt::format("'{}' has no meaning here", plain_text(text(begin, at_), 40)));
    }
    stray = true;
    skip_blanks(false);
  }
  finish(token, TokenKind::end, at_);
  token.after_trouble = stray;
}

[[gnu::always_inline]] inline void Lexer::word(Token& token, const char* begin) {
  const NameEnd name = name_end(begin, end_);
  at_ = name.beyond_ascii ? first_blank(begin, name.end) : name.end;
  if (static_cast<std::size_t>(at_ - begin) > kMostIdentifierBytes) [[unlikely]] {
    diagnostics_->error(
        "long-name", span(begin, at_),
        fmt::format("a name of {} bytes; the limit is {}", at_ - begin, kMostIdentifierBytes));
  }
  finish(token, TokenKind::identifier, begin);
}

void Lexer::number(Token& token, const char* begin) {
  const bool is_hex = *begin == '0' && (peek(1) == 'x' || peek(1) == 'X');
  bool is_real = false;
  while (at_ < end_ && (is(*at_, kWord) || *at_ == '.')) {
    const bool exponent = !is_hex && (*at_ == 'e' || *at_ == 'E');
    is_real = is_real || *at_ == '.' || exponent;
    ++at_;
    if (exponent && (peek(0) == '+' || peek(0) == '-')) ++at_;
  }
  at_ = first_blank(begin, at_);
  finish(token, is_real ? TokenKind::real : TokenKind::integer, begin);
}

// Strings may run over lines, as Microsoft's published classes do; characters may not.
[[gnu::always_inline]] inline void Lexer::quoted(Token& token, const char* begin, char quote) {
  const bool is_string = quote == '"';
  bool plain = true;
  bool over_lines = false;
  const char* at = ordinary_end(begin + 1, end_, quote);
  while (at < end_ && *at != quote) {
    plain = false;
    over_lines = over_lines || *at == '\n';
    if (over_lines && !is_string) break;
    at += *at == '\\' && at + 1 < end_ ? 2 : 1;
    at = ordinary_end(at, end_, quote);
  }
  if (at >= end_ || *at != quote) {
    at_ = at;
    return open_quote(token, begin, is_string);
  }
  if (over_lines && !ends_string(at + 1) && next_mof_line(begin) < at)
    return cut_string(token, begin);
  at_ = at + 1;
  finish(token, is_string ? TokenKind::string : TokenKind::character, begin, 1);
  token.plain = plain;
}

void Lexer::open_quote(Token& token, const char* begin, bool is_string) {
  if (is_string && next_mof_line(begin) != end_) return cut_string(token, begin);
  diagnostics_->error(is_string ? "open-string" : "open-character", span(begin, begin + 1),
                      is_string ? "this string is never closed" : "this character is never closed",
                      fmt::format("end it with {}", *begin));
  finish(token, is_string ? TokenKind::string : TokenKind::character, begin);
  token.text.remove_prefix(1);
  token.unclosed = is_string;
}

bool Lexer::string_follows() const {
  if (!is(*at_, kGap)) return *at_ == '"';
  Lexer ahead = *this;
  ahead.quiet_ = true;
  ahead.skip_gap();
  return *ahead.at_ == '"';
}

Span Lexer::next_plain_string() {
  Lexer ahead = *this;
  ahead.quiet_ = true;
  ahead.skip_gap();
  return take_plain_string(ahead.at_);
}

Span Lexer::next_plain_item(bool behind_comma) {
  Lexer ahead = *this;
  ahead.quiet_ = true;
  if (behind_comma) {
    ahead.skip_gap();
    if (*ahead.at_ != ',') return {};
    ++ahead.at_;
  }
  ahead.skip_gap();
  const Lexer before = *this;
  const Span found = take_plain_string(ahead.at_);
  if (found.none() || !string_follows()) return found;
  *this = before;
  return {};
}

// What is between the quotes of the plain string that begins there; it is passed then.
inline Span Lexer::take_plain_string(const char* begin) {
  if (*begin != '"') return {};
  const char* const close = ordinary_end(begin + 1, end_, '"');
  if (close >= end_ || *close != '"') return {};
  at_ = close + 1;
  line_start_ = false;
  after_space_ = false;
  return span(begin + 1, close);
}

// A quote that is missing turns all that follow inside out: the string then runs on to where the
// next one begins, and what that one says stands right behind it.
bool Lexer::ends_string(const char* behind) const {
  return behind >= end_ || !is(*behind, kWord);
}

// The first line below `from` that begins as members and declarations do; end_ without one.
const char* Lexer::next_mof_line(const char* from) const {
  for (const char* at = from; at < end_; ++at) {
    if (*at != '\n') continue;
    const char* word = at + 1;
    while (word < end_ && is(*word, kBlank)) ++word;
    if (word == end_) break;
    const std::string_view first = text(word, name_end(word, end_).end);
    const auto is_first = [&](std::string_view wanted) { return same_name(first, wanted); };
    if (*word == '[' || *word == '}' || *word == '#' || is_first("class") || is_first("instance") ||
        is_first("qualifier")) {
      return at;
    }
  }
  return end_;
}

// The string ends where the text becomes MOF again: one error, and the rest is understood.
void Lexer::cut_string(Token& token, const char* begin) {
  if (!quiet_) {
    diagnostics_->error("open-string", span(begin, begin + 1), "this string is never closed",
                        "end it with \"");
  }
  at_ = next_mof_line(begin);
  finish(token, TokenKind::string, begin);
  token.text.remove_prefix(1);
  token.cut = true;
}

Token Lexer::next_skipped_directive() {
  while (at_ < end_) {
    skip_blanks(false);
    if (line_start_ && peek(0) == '#') {
      ++at_;
      line_start_ = false;
      return next_in_line();
    }
    line_start_ = false;
    // Text that is left out need not be MOF: an apostrophe or a lone quote in it means nothing,
    // but a comment still hides a directive.
    while (at_ < end_ && *at_ != '\n') {
      if (*at_ == '/' && (peek(1) == '/' || peek(1) == '*')) {
        skip_blanks(true);
      } else if (*at_ == '"') {
        const std::size_t close = text(at_, end_).find_first_of("\"\n", 1);
        if (close == std::string_view::npos) {
          at_ = end_;
        } else {
          at_ += close + (at_[close] == '"' ? 1 : 0);
        }
      } else {
        ++at_;
      }
    }
  }
  return made(TokenKind::end);
}

}  // namespace qm::mof

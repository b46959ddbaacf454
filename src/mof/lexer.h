// One source text as tokens. Copies nothing; a copy of a Lexer is a bookmark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/diagnostics.h"
#include "mof/token.h"

namespace qm::mof {

class Lexer {
 public:
  // The source must outlive all tokens, as it does in a SourceMap.
  Lexer(const SourceMap::Source& source, Diagnostics& diagnostics)
      : at_(source.text.data()),
        begin_(at_),
        end_(at_ + source.text.size()),
        base_(source.begin),
        diagnostics_(&diagnostics) {}

  // The next token; comments, white space and spliced lines (a backslash before the line's end)
  // go unseen. `end` at the end, again and again. Bad characters are reported and passed over.
  // Fills what the caller has: a token copied at each layer costs a tenth of a compilation.
  void next(Token& token);
  Token next() {
    Token token;
    next(token);
    return token;
  }
  // The same within a directive: at the line's end it says end_of_line and stays before it.
  Token next_in_line();
  // Words between the present place and the line's end, for #error and <file> names.
  std::string_view rest_of_line();

  // In a group that #if leaves out: goes past whole lines up to the next directive and returns its
  // name (the Lexer then stands behind it); `end` when there is none.
  Token next_skipped_directive();

  bool at_end() const { return at_ >= end_; }

  // Whether a string comes next.
  bool string_follows() const;
  // What stands between its quotes, when a plain one comes next, which is then passed; else none.
  Span next_plain_string();
  // The same for an item of a list, one string that no other follows; behind a comma or not.
  Span next_plain_item(bool behind_comma);
  std::string_view text_of(Span span) const {
    return {begin_ + (span.begin - base_), span.end - span.begin};
  }

  // While the parser passes over what it did not understand, a missing quote is no news.
  void set_quiet(bool quiet) { quiet_ = quiet; }

 private:
  void skip_gap();
  Span take_plain_string(const char* begin);
  bool skip_blanks(bool stop_at_line_end);
  bool skip_block_comment();
  const char* line_end() const;
  void scan(Token& token);
  void scan_odd(Token& token);
  bool odd_token(Token& token);
  void word(Token& token, const char* begin);
  void number(Token& token, const char* begin);
  void quoted(Token& token, const char* begin, char quote);
  void open_quote(Token& token, const char* begin, bool is_string);
  void cut_string(Token& token, const char* begin);
  bool ends_string(const char* behind) const;
  const char* next_mof_line(const char* from) const;
  void finish(Token& token, TokenKind kind, const char* begin, std::size_t trim = 0);
  Token made(TokenKind kind);
  // The text ends with a zero, so that one byte beyond it may be looked at.
  char peek(std::ptrdiff_t ahead) const { return end_ - at_ > ahead ? at_[ahead] : '\0'; }
  std::string_view text(const char* from, const char* to) const { return {from, to}; }
  Span span(const char* from, const char* to) const {
    return {base_ + static_cast<std::uint32_t>(from - begin_),
            base_ + static_cast<std::uint32_t>(to - begin_)};
  }

  const char* at_;
  const char* begin_;
  const char* end_;
  std::uint32_t base_;
  bool line_start_ = true;
  bool after_space_ = false;
  bool unclosed_ = false;
  bool quiet_ = false;
  Diagnostics* diagnostics_;
};

}  // namespace qm::mof

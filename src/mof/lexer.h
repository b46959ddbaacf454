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
      : text_(source.text), base_(source.begin), diagnostics_(&diagnostics) {}

  // The next token; comments, white space and spliced lines (a backslash before the line's end)
  // go unseen. `end` at the end, again and again. Bad characters are reported and passed over.
  Token next();
  // The same within a directive: at the line's end it says end_of_line and stays before it.
  Token next_in_line();
  // Words between the present place and the line's end, for #error and <file> names.
  std::string_view rest_of_line();

  // In a group that #if leaves out: goes past whole lines up to the next directive and returns its
  // name (the Lexer then stands behind it); `end` when there is none.
  Token next_skipped_directive();

  bool at_end() const { return at_ >= text_.size(); }

 private:
  bool skip_blanks(bool stop_at_line_end);
  bool skip_block_comment();
  Token scan();
  Token word(std::size_t begin);
  Token number(std::size_t begin);
  Token quoted(std::size_t begin, char quote);
  Token punctuation(std::size_t begin);
  Token made(TokenKind kind, std::size_t begin, std::size_t trim = 0);
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  Span span(std::size_t begin, std::size_t end) const {
    return {base_ + static_cast<std::uint32_t>(begin), base_ + static_cast<std::uint32_t>(end)};
  }

  std::string_view text_;
  std::uint32_t base_;
  Diagnostics* diagnostics_;
  std::size_t at_ = 0;
  bool line_start_ = true;
  bool after_space_ = false;
  bool unclosed_ = false;
};

}  // namespace qm::mof

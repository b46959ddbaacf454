// What lexer, preprocessor and parser hand on: a token is a view into its source.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/source_map.h"

namespace qm::mof {

enum class TokenKind : std::uint8_t {
  end,          // of the input
  end_of_line,  // of a directive
  identifier,   // keywords too: MOF's are reserved in their places only
  integer,
  real,
  string,       // text: between the quotes, escapes not yet read
  character,    // likewise
  alias,        // text: without the $
  punctuation,  // text: one character, or a two-character operator of #if
  pragma,       // the start of a #pragma; its words follow, then end_of_line
};

struct Token {
  TokenKind kind = TokenKind::end;
  bool at_line_start = false;  // first on its line
  bool after_space = false;
  bool unclosed = false;   // the text ended inside it, or inside a comment before it
  bool plain = false;      // of a string: no escape, no line end within
  bool cut = false;        // of a string: its end is missing, as was said; it ends with its line
  bool no_expand = false;  // the name of a macro met inside its own expansion
  bool after_trouble = false;  // what is missing or wrong right before it was said
  char symbol = '\0';          // of punctuation of one character: that character
  std::string_view text;
  Span span;

  bool is(char punctuation) const { return symbol == punctuation; }
};

}  // namespace qm::mof

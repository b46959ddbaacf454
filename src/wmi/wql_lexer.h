// Words of a WQL query. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "wmi/value.h"

namespace qm::wmi::wql {

enum class TokenKind : std::uint8_t {
  end,
  word,    // a name or a keyword: which one depends on where it stands
  number,  // value
  string,  // value, without quotes and escapes
  object,  // {path}: text without the braces
  symbol   // ( ) , . * = != <> < <= > >= and a single character that means nothing
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  // as written; of an object what is inside
  Value value;
  Span span;
  bool is(std::string_view symbol) const { return kind == TokenKind::symbol && text == symbol; }
  bool is_word(std::string_view keyword) const;  // without case
};

// All words of the source, then `end`. False: an error was reported.
bool split_words(const SourceMap::Source& source, Diagnostics& diagnostics,
                 std::vector<Token>& tokens);

}  // namespace qm::wmi::wql

// The values that literals stand for. Pure. Source: DSP0004 2.x, Annex A, and the WMI dialect.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mof/model.h"

namespace qm::mof {

// What an escape could not say, and where in the literal's text it begins.
struct EscapeTrouble {
  std::size_t offset = 0;
  std::size_t bytes = 0;
  bool fatal = false;
  std::string message;
};

// Appends what stands between the quotes: \b \t \n \f \r \" \' \\ \xH… (1 to 4 digits, a UTF-16
// unit; two may make a pair), a spliced line vanishes, CR LF becomes LF. An escape that MOF does
// not know stays as it is. Returns the first trouble met, message "" without one.
EscapeTrouble append_string(std::string_view text, std::string& out);

// One UTF-16 unit from between the quotes of a character. Error `invalid`.
Result<std::uint16_t> parse_character(std::string_view text);

// Decimal, 0x hex, leading-zero octal, binary with a final b; at most 64 bits, or 63 and a sign.
// Gives uint64, or int64 when negative. Error `invalid` or `limit`, saying why.
Result<Value> parse_integer(std::string_view text, bool negative);

Result<double> parse_real(std::string_view text, bool negative);

}  // namespace qm::mof

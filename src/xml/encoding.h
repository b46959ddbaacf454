// In which encoding XML came, and the same as UTF-8. Pure.
//
// Sources: XML 1.0 appendix F, RFC 7303 (a byte order mark outranks the charset that a header
// names, which outranks what the document says of itself).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qm::xml {

enum class Encoding : std::uint8_t { utf8, utf16_le, utf16_be };

// "utf-8", "UTF8", "us-ascii", "utf-16", "utf-16le", "utf-16be": what is taken, without case.
bool is_known_charset(std::string_view name);

// Of a document's first bytes. charset: what the header named, or "". Errors: unsupported.
Result<Encoding> encoding_of(std::string_view bytes, std::string_view charset);

// Without the byte order mark. Errors: invalid (malformed UTF-16, an odd number of bytes). UTF-8 is
// taken as it is: expat judges it.
Result<std::string> as_utf8(std::string_view bytes, Encoding encoding);

// The charset parameter of a Content-Type; "" without one.
std::string charset_of(std::string_view content_type);

}  // namespace qm::xml

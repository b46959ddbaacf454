#include "xml/encoding.h"

#include <fmt/format.h>

#include "base/text.h"

namespace qm::xml {
namespace {

constexpr std::string_view kMark8 = "\xef\xbb\xbf";
constexpr std::string_view kMarkLittle = "\xff\xfe";
constexpr std::string_view kMarkBig = "\xfe\xff";

char32_t unit_at(std::string_view bytes, std::size_t at, bool little) {
  const auto first = static_cast<unsigned char>(bytes[at]);
  const auto second = static_cast<unsigned char>(bytes[at + 1]);
  return little ? static_cast<char32_t>(first | second << 8U)
                : static_cast<char32_t>(second | first << 8U);
}

void append_utf8(std::string& out, char32_t point) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | (point >> shift & 0x3fU));
  };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0U | point >> 6U);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0U | point >> 12U);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0U | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

bool is_known_charset(std::string_view name) {
  for (const std::string_view known :
       {"utf-8", "utf8", "us-ascii", "utf-16", "utf-16le", "utf-16be"}) {
    if (same_name(name, known)) return true;
  }
  return false;
}

Result<Encoding> encoding_of(std::string_view bytes, std::string_view charset) {
  if (!charset.empty() && !is_known_charset(charset)) {
    return fail(ErrorCode::unsupported,
                fmt::format("charset {}: only UTF-8 and UTF-16 are read", plain_text(charset, 64)));
  }
  // Four bytes that begin with a mark of UTF-16 may be UTF-32's, which XML 1.0 need not read.
  if (bytes.starts_with(kMark8)) return Encoding::utf8;
  if (bytes.starts_with(kMarkLittle)) return Encoding::utf16_le;
  if (bytes.starts_with(kMarkBig)) return Encoding::utf16_be;
  if (same_name(charset, "utf-16be")) return Encoding::utf16_be;
  if (same_name(charset, "utf-16le")) return Encoding::utf16_le;
  using namespace std::string_view_literals;
  if (bytes.starts_with("<\0"sv)) return Encoding::utf16_le;
  if (bytes.starts_with("\0<"sv)) return Encoding::utf16_be;
  return Encoding::utf8;
}

Result<std::string> as_utf8(std::string_view bytes, Encoding encoding) {
  if (encoding == Encoding::utf8) {
    return std::string(bytes.starts_with(kMark8) ? bytes.substr(kMark8.size()) : bytes);
  }
  const bool little = encoding == Encoding::utf16_le;
  if (bytes.starts_with(little ? kMarkLittle : kMarkBig)) bytes.remove_prefix(2);
  if (bytes.size() % 2 != 0) return fail(ErrorCode::invalid, "UTF-16 ends in half a character");
  std::string out;
  out.reserve(bytes.size() / 2 + bytes.size() / 8);
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    char32_t point = unit_at(bytes, at, little);
    if (point >= 0xd800 && point <= 0xdfff) {
      const char32_t low = at + 4 <= bytes.size() ? unit_at(bytes, at + 2, little) : 0;
      if (point >= 0xdc00 || low < 0xdc00 || low > 0xdfff) {
        return fail(ErrorCode::invalid,
                    fmt::format("malformed UTF-16: half a surrogate pair at byte {}", at));
      }
      point = 0x10000 + ((point - 0xd800) << 10U) + (low - 0xdc00);
      at += 2;
    }
    append_utf8(out, point);
  }
  return out;
}

std::string charset_of(std::string_view content_type) {
  std::size_t at = content_type.find(';');
  while (at != std::string_view::npos) {
    ++at;
    while (at < content_type.size() && is_space(content_type[at])) ++at;
    const std::size_t end = content_type.find(';', at);
    std::string_view parameter =
        content_type.substr(at, end == std::string_view::npos ? end : end - at);
    const std::size_t equals = parameter.find('=');
    if (equals != std::string_view::npos && same_name(parameter.substr(0, equals), "charset")) {
      parameter.remove_prefix(equals + 1);
      while (!parameter.empty() && is_space(parameter.back())) parameter.remove_suffix(1);
      if (parameter.size() >= 2 && parameter.front() == '"' && parameter.back() == '"') {
        parameter = parameter.substr(1, parameter.size() - 2);
      }
      return std::string(parameter);
    }
    at = end;
  }
  return "";
}

}  // namespace qm::xml

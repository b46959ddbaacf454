#include "base/guid.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace qm {
namespace {

template <class T>
bool hex_field(std::string_view text, std::size_t offset, std::size_t digits, T& out) {
  const char* end = text.data() + offset + digits;
  const auto result = std::from_chars(text.data() + offset, end, out, 16);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

Result<GUID> parse_guid(std::string_view text) {
  std::string_view body = text;
  if (body.size() == 38 && body.front() == '{' && body.back() == '}') body = body.substr(1, 36);
  GUID guid{};
  bool good = body.size() == 36 && body[8] == '-' && body[13] == '-' && body[18] == '-' &&
              body[23] == '-' && hex_field(body, 0, 8, guid.Data1) &&
              hex_field(body, 9, 4, guid.Data2) && hex_field(body, 14, 4, guid.Data3);
  for (std::size_t i = 0; good && i < 8; ++i) {
    good = hex_field(body, 19 + i * 2 + (i >= 2 ? 1 : 0), 2, guid.Data4[i]);
  }
  if (!good) {
    return fail(ErrorCode::invalid, "not a GUID; write 12345678-1234-1234-1234-123456789abc");
  }
  return guid;
}

std::string guid_text(const GUID& guid) {
  std::string text = fmt::format("{:08x}-{:04x}-{:04x}-", guid.Data1, guid.Data2, guid.Data3);
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == 2) text += '-';
    text += fmt::format("{:02x}", guid.Data4[i]);
  }
  return text;
}

bool equal(const GUID& a, const GUID& b) {
  return std::memcmp(&a, &b, sizeof(GUID)) == 0;
}

}  // namespace qm

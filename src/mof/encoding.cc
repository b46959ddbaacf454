#include "mof/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "mof/block16.h"

namespace qm::mof {
namespace {

// Windows-1252's own 0x80…0x9f; its five holes read as the C1 controls, as Windows does.
constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

Result<std::u16string> utf16_units(std::string_view bytes, bool big_endian) {
  if (bytes.size() % 2 != 0) {
    return fail(ErrorCode::invalid, "UTF-16 with an odd number of bytes; the file is cut short");
  }
  std::u16string units(bytes.size() / 2, u'\0');
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto first = static_cast<unsigned char>(bytes[2 * i]);
    const auto second = static_cast<unsigned char>(bytes[2 * i + 1]);
    units[i] = static_cast<char16_t>(big_endian ? first << 8U | second : second << 8U | first);
  }
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i] < 0xd800 || units[i] > 0xdfff) continue;
    const bool paired = units[i] <= 0xdbff && i + 1 < units.size() && units[i + 1] >= 0xdc00 &&
                        units[i + 1] <= 0xdfff;
    if (!paired) {
      return fail(ErrorCode::invalid,
                  fmt::format("not UTF-16: unpaired surrogate at byte {}", 2 + 2 * i));
    }
    ++i;
  }
  return units;
}

bool is_ascii(std::string_view bytes) {
  constexpr auto kBlock = static_cast<std::size_t>(Block16::kBytes);
  std::size_t at = 0;
  for (; at + 4 * kBlock <= bytes.size(); at += 4 * kBlock) {
    const char* const four = bytes.data() + at;
    const Block16::Mask beyond =
        Block16(four).beyond_ascii() | Block16(four + kBlock).beyond_ascii() |
        Block16(four + 2 * kBlock).beyond_ascii() | Block16(four + 3 * kBlock).beyond_ascii();
    if (beyond != 0) return false;
  }
  for (; at + kBlock <= bytes.size(); at += kBlock) {
    if (Block16(bytes.data() + at).beyond_ascii() != 0) return false;
  }
  return std::ranges::none_of(bytes.substr(at),
                              [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// is_plain_text() asks for more than validity, so this goes there and back.
bool is_utf8(std::string_view bytes) {
  return is_ascii(bytes) || utf8(utf16(bytes)) == bytes;
}

std::string from_windows1252(std::string_view bytes) {
  std::u16string units;
  units.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    units += byte >= 0x80 && byte <= 0x9f ? kWindows1252[byte - 0x80U] : char16_t{byte};
  }
  return utf8(units);
}

Result<DecodedSource> decoded_bytes(KeptText text) {
  using std::string_view_literals::operator""sv;
  std::string_view bytes = text.view();
  if (bytes.starts_with("\xff\xfe"sv) || bytes.starts_with("\xfe\xff"sv)) {
    const bool big_endian = bytes.front() == '\xfe';
    return DecodedSource{utf8(TRY(utf16_units(bytes.substr(2), big_endian))), {}};
  }
  if (bytes.starts_with("\xef\xbb\xbf"sv)) {
    text.remove_prefix(3);
    bytes = text.view();
  }
  if (bytes.size() >= 2 && (bytes[0] == '\0') != (bytes[1] == '\0')) {
    return fail(ErrorCode::invalid,
                "looks like UTF-16 without a byte order mark; save it with one, or as UTF-8");
  }
  if (is_utf8(bytes)) return DecodedSource{std::move(text), {}};
  return DecodedSource{from_windows1252(bytes), "not UTF-8; read as Windows-1252"};
}

// Lines that end as they did on a Macintosh: nothing would end a // comment else.
bool has_only_carriage_returns(std::string_view text) {
  return text.find('\n') == std::string_view::npos && text.find('\r') != std::string_view::npos;
}

}  // namespace

Result<DecodedSource> decode_source(KeptText bytes) {
  DecodedSource decoded = TRY(decoded_bytes(std::move(bytes)));
  if (has_only_carriage_returns(decoded.text.view())) {
    std::string lines(decoded.text.view());
    std::ranges::replace(lines, '\r', '\n');
    decoded.text = std::move(lines);
  }
  return decoded;
}

}  // namespace qm::mof

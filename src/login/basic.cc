#include "login/basic.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace qm::login {
namespace {

constexpr std::string_view kScheme = "Basic";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  std::uint8_t value = 0;
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    digits[static_cast<std::uint8_t>(c)] = value++;
  }
  return digits;
}();

// Nothing when it is not what an encoder would have made.
bool decode_base64(std::string_view text, std::string& out) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  out.reserve(text.size());  // no copy is left behind by growing
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::uint8_t digit = kDigits[static_cast<std::uint8_t>(c)];
    if (digit == kNoDigit) return false;
    bits = (bits << 6U) | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>((bits >> count) & 0xffU));
  }
  return (bits & ((1U << count) - 1U)) == 0;
}

bool is_utf8_without_controls(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') return false;
  }
  return utf8(utf16(text)) == text;
}

}  // namespace

bool is_basic(std::string_view authorization) {
  return authorization.size() >= kScheme.size() &&
         same_name(authorization.substr(0, kScheme.size()), kScheme) &&
         (authorization.size() == kScheme.size() || authorization[kScheme.size()] == ' ');
}

Result<Credentials> parse_basic(std::string_view authorization) {
  if (!is_basic(authorization)) {
    return fail(ErrorCode::invalid, "only the scheme Basic is spoken here");
  }
  if (authorization.size() > kMostAuthorizationBytes) {
    return fail(ErrorCode::limit, fmt::format("an Authorization field has {} bytes at most",
                                              kMostAuthorizationBytes));
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  std::string text;
  const bool decoded = decode_base64(authorization, text);
  Secret pair(std::move(text));
  if (!decoded) {
    return fail(ErrorCode::invalid, "the credentials are not base64");
  }
  const std::size_t colon = pair.text().find(':');
  if (colon == std::string::npos) {
    return fail(ErrorCode::invalid, "the credentials are not NAME:PASSWORD");
  }
  if (!is_utf8_without_controls(pair.text())) {
    return fail(ErrorCode::invalid, "the credentials are not plain UTF-8");
  }
  if (pair.text().size() - colon - 1 > kMostPasswordBytes) {
    return fail(ErrorCode::limit,
                fmt::format("a password has {} bytes at most", kMostPasswordBytes));
  }
  return Credentials{pair.text().substr(0, colon), Secret(pair.text().substr(colon + 1))};
}

Result<void> check_password(std::string_view password) {
  if (password.size() < kLeastPasswordBytes || password.size() > kMostPasswordBytes) {
    return fail(ErrorCode::limit, fmt::format("a password has {} to {} bytes", kLeastPasswordBytes,
                                              kMostPasswordBytes));
  }
  if (!is_utf8_without_controls(password)) {
    return fail(ErrorCode::invalid, "a password is UTF-8 without control characters");
  }
  return {};
}

}  // namespace qm::login

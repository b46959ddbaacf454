// The Authorization field of HTTP's scheme Basic (RFC 7617, UTF-8). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "login/secret.h"

namespace qm::login {

inline constexpr std::size_t kMostPasswordBytes = 256;
inline constexpr std::size_t kLeastPasswordBytes = 8;        // of a new one
inline constexpr std::size_t kMostAuthorizationBytes = 512;  // the field as sent

// What a 401 carries in WWW-Authenticate.
inline constexpr std::string_view kChallenge = "Basic realm=\"quickmode\", charset=\"UTF-8\"";

struct Credentials {
  std::string name;
  Secret password;
};

bool is_basic(std::string_view authorization);  // by its scheme's name, whatever follows

// Errors: invalid (not Basic, not base64 as RFC 4648 section 4 pads it, no colon, control
// characters, not UTF-8), limit. No message repeats any of the field.
Result<Credentials> parse_basic(std::string_view authorization);

// Whether it may become somebody's password: UTF-8 without control characters, within the limits.
// Errors: invalid, limit.
Result<void> check_password(std::string_view password);

}  // namespace qm::login

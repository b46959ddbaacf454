// Passwords as crypt(5) keeps them, by libcrypt: yescrypt. password_linux.cc.
#pragma once

#include <string>

#include "base/result.h"
#include "login/secret.h"

namespace qm::login {

// yescrypt's cost factor: 5 takes 16 MiB and some 30 ms. Each step doubles both.
inline constexpr unsigned long kYescryptCost = 5;

// Errors: unsupported (this libcrypt has no yescrypt), io (no random bytes).
Result<std::string> hash_password(const Secret& password);

// False, too, for a hash that libcrypt does not know. Takes as long for any password.
bool verify_password(const std::string& hash, const Secret& password);

// To check the password of a name that nobody has: takes the same time, fits no password.
Result<std::string> nobodys_hash();

void yield_to_others();  // the calling thread's priority sinks below the event loop's

}  // namespace qm::login

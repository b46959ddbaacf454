// A password from the terminal or standard input. prompt_linux.cc.
//
// Limits: login/basic.h's kMostPasswordBytes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "login/secret.h"

namespace qm::cli {

// Asks at the controlling terminal, without echo, which comes back whatever happens. Backspace and
// Ctrl-U work. Errors: state with kInterrupted after Ctrl-C; not_found where there is no terminal;
// limit, io.
Result<login::Secret> ask_password(const std::string& prompt);

// The first line of standard input, without its end. Errors: limit, io, invalid (nothing there).
Result<login::Secret> read_password();

}  // namespace qm::cli

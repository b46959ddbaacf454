// Errors are values: every function that can fail by its input returns Result<T>.
// Nothing here throws (but allocation); a programmer's mistake is QM_ASSERT, on in release too.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace qm {

enum class ErrorCode : std::uint8_t {
  invalid,      // malformed input
  limit,        // well-formed, but beyond a named limit
  not_found,    // what was asked for does not exist
  denied,       // the caller may not
  unsupported,  // this kernel, host or build cannot
  io,           // the system said no; message carries errno's text
  timeout,      // a deadline passed
  state,        // not now: closed, not connected, already done
};

struct Error {
  ErrorCode code = ErrorCode::invalid;
  std::string message;  // what happened, where, what to do next; no trailing newline

  // Adds what was being done when it happened: "reading /sys/…: permission denied".
  Error in(std::string_view what) && {
    return {code, std::string(what) + ": " + std::move(message)};
  }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// An Error of code io (denied for EPERM and EACCES) from an errno value.
Error system_error(std::string_view what, int errno_value);

}  // namespace qm

// The value of a Result, or return its error from the enclosing function. The only macro.
#define TRY(expression)                                                           \
  __extension__({                                                                 \
    auto qm_try_result = (expression);                                            \
    if (!qm_try_result) return std::unexpected(std::move(qm_try_result).error()); \
    std::move(qm_try_result).value();                                             \
  })

#define QM_ASSERT(condition)                                                                     \
  ((condition)                                                                                   \
       ? static_cast<void>(0)                                                                    \
       : (std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition), \
          std::abort()))

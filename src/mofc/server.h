// A running quickmode-serve, told of classes over its query socket (docs/api.md), as mofcomp tells
// WMI of them. All system calls are in server_linux.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qm::mofc {

inline constexpr std::size_t kMostServerAnswerBytes = 1U << 20U;
inline constexpr std::chrono::milliseconds kServerDeadline{15'000};  // a whole request

// Where serve is: $QUICKMODE_RUNTIME_DIR, else /run/quickmode.
std::string usual_runtime_dir();

// Sends the request and gives the answer's body. Errors: `state` when nobody serves there, `denied`
// when the caller may not connect or change classes, `invalid` with the service's own words for
// what it refused, `timeout`, `limit`, `io`.
Result<std::string> tell_server(const std::string& runtime_dir, std::string_view method,
                                std::string_view target, std::string_view body);

// The body of a whole HTTP/1.1 answer that ended with its connection; the error that an answer of
// another status than 200 tells. Pure.
Result<std::string> read_server_answer(std::string_view answer);

}  // namespace qm::mofc

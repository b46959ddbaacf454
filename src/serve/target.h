// The request target of HTTP (RFC 9112 section 3.2): path and parameters, decoded. Pure.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace qm::serve {

inline constexpr std::size_t kMostTargetBytes = 8'192;  // as sent
inline constexpr std::size_t kMostPathSegments = 8;
inline constexpr std::size_t kMostParameters = 24;

// Why a request gets no answer: an HTTP status, and a sentence for the one who asked.
struct Refusal {
  unsigned status = 400;
  std::string message;
  std::string report = {};  // several lines: where in a query it is, with a caret
};
template <class T>
using Asked = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(unsigned status, std::string message) {
  return std::unexpected(Refusal{status, std::move(message)});
}

struct Parameter {
  std::string name;
  std::string value;
};

struct Target {
  std::string authority;          // of absolute form ("http://HOST/…"), else ""
  std::vector<std::string> path;  // segments: "/api/v1/x" and "/api/v1/x/" are {"api", "v1", "x"}
  std::vector<Parameter> parameters;  // in their order; names may repeat
};

// 414 too long; 400: not a target, a bad %-escape, text that is not plain, too many parts.
// In parameters + is a space, as forms encode it (WHATWG URL); a plus is %2B.
Asked<Target> parse_target(std::string_view raw);

}  // namespace qm::serve

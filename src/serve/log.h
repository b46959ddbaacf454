// What the service has to say, a line at a time, to stderr (where systemd puts it into the
// journal).
//
// Promise: a line is one line of plain text whatever went into it, and no client or provider can
// make it write faster than kMostLogLinesPerSecond; what was left out is counted and said.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace qm::serve {

inline constexpr unsigned kMostLogLinesPerSecond = 20;
inline constexpr std::size_t kMostLogLineBytes = 1'024;

class Log {
 public:
  using Sink = std::function<void(const std::string& line)>;  // without the final newline
  explicit Log(Sink sink) : sink_(std::move(sink)) {}
  void say(std::string_view text, std::uint64_t now_ns);

 private:
  Sink sink_;
  std::uint64_t second_ = ~std::uint64_t{0};
  unsigned lines_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace qm::serve

#include "serve/log.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace qm::serve {

void Log::say(std::string_view text, std::uint64_t now_ns) {
  if (!sink_) return;
  const std::uint64_t second = now_ns / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    lines_ = 0;
    if (const std::uint64_t left_out = std::exchange(left_out_, 0); left_out != 0) {
      sink_(fmt::format("{} more lines were left out", left_out));
    }
  }
  if (++lines_ > kMostLogLinesPerSecond) {
    ++left_out_;
    return;
  }
  sink_(plain_text(text, kMostLogLineBytes));
}

}  // namespace qm::serve

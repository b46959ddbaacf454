// What quickmode-serve answers (docs/api.md), and how it is asked.
//
// Limits: kMostAnswerBytes, kMostAnswerMs, JSON nested kMostJsonDepth deep. An answer that breaks
// one, or that is not what docs/api.md says, is an Error and never a guess.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qm::cli {

inline constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20U;
inline constexpr std::size_t kMostHeaderBytes = std::size_t{16} << 10U;
inline constexpr std::uint64_t kMostAnswerMs = 10'000;  // serve itself waits for at most 1 s
inline constexpr std::size_t kMostJsonDepth = 32;

// The message of the error with which a request ends when the user interrupts it.
inline constexpr std::string_view kInterrupted = "interrupted";

struct Answer {
  unsigned status = 0;  // HTTP's
  std::string body;
};

class Api {
 public:
  Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  virtual ~Api() = default;

  // GET target (path and query, percent-encoded). Errors: state (serve is not there), denied,
  // timeout, limit, invalid, io; a refusal by serve is an Answer with its status.
  virtual Result<Answer> get(std::string_view target) = 0;
};

// Over RUNTIME_DIR/query.sock (api_linux.cc).
class SocketApi final : public Api {
 public:
  // pacer: an interrupt that it has seen ends a request with kInterrupted; nullptr: none does.
  SocketApi(std::string runtime_dir, const class SignalPacer* pacer,
            std::uint64_t most_answer_ms = kMostAnswerMs)
      : runtime_dir_(std::move(runtime_dir)), pacer_(pacer), most_answer_ms_(most_answer_ms) {}
  Result<Answer> get(std::string_view target) override;

 private:
  std::string runtime_dir_;
  const class SignalPacer* pacer_;
  std::uint64_t most_answer_ms_;
};

// For one part of a path or query: everything but RFC 3986's unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

// The JSON of a 200; serve's own message as not_found for 404, as state for anything else.
Result<boost::json::value> get_json(Api& api, std::string_view target);
// The same of an answer that is there already; target is for messages.
Result<boost::json::value> json_from(const Answer& answer, std::string_view target);
// The text of a 200, errors as above.
Result<std::string> get_text(Api& api, std::string_view target);

// "/api/v1/snapshot?class=A&class=B".
std::string snapshot_target(std::span<const std::string_view> classes);

}  // namespace qm::cli

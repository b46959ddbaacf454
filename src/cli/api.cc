#include "cli/api.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "base/text.h"

namespace qm::cli {
namespace {

constexpr std::size_t kMostMessageBytes = 1024;

Error refusal(const Answer& answer) {
  std::string message;
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(answer.body, error);
  if (!error) {
    if (const auto* said = parsed.if_object()) {
      const auto* detail = said->if_contains("error");
      const auto* fields = detail == nullptr ? nullptr : detail->if_object();
      const auto* text = fields == nullptr ? nullptr : fields->if_contains("message");
      if (text != nullptr && text->is_string()) {
        message = plain_text(text->get_string(), kMostMessageBytes);
      }
    }
  }
  if (message.empty()) message = "no reason given";
  if (answer.status == 404) return {ErrorCode::not_found, message};
  return {ErrorCode::state,
          fmt::format("quickmode-serve refused with {}: {}", answer.status, message)};
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<std::string> get_text(Api& api, std::string_view target) {
  Answer answer = TRY(api.get(target));
  if (answer.status != 200) return std::unexpected(refusal(answer));
  return std::move(answer.body);
}

Result<boost::json::value> get_json(Api& api, std::string_view target) {
  return json_from(TRY(api.get(target)), target);
}

Result<boost::json::value> json_from(const Answer& answer, std::string_view target) {
  if (answer.status != 200) return std::unexpected(refusal(answer));
  boost::json::parse_options options;
  options.max_depth = kMostJsonDepth;
  boost::system::error_code error;
  boost::json::value parsed = boost::json::parse(answer.body, error, {}, options);
  if (error) {
    return fail(ErrorCode::invalid,
                fmt::format("the answer of quickmode-serve to {} is not JSON: {}", target,
                            error.message()));
  }
  return parsed;
}

std::string snapshot_target(std::span<const std::string_view> classes) {
  std::string target = "/api/v1/snapshot";
  char separator = '?';
  for (const std::string_view name : classes) {
    target += fmt::format("{}class={}", separator, percent_encoded(name));
    separator = '&';
  }
  return target;
}

}  // namespace qm::cli

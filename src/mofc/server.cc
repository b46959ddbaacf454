#include "mofc/server.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/text.h"

namespace qm::mofc {
namespace {

// What an error's body says; the status alone when it says nothing.
std::string message_of(unsigned status, std::string_view body) {
  boost::system::error_code ec;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, ec);
  const auto* root = ec ? nullptr : value.if_object();
  const auto* error = root == nullptr ? nullptr : root->if_contains("error");
  const auto* object = error == nullptr ? nullptr : error->if_object();
  const auto* message = object == nullptr ? nullptr : object->if_contains("message");
  const auto* text = message == nullptr ? nullptr : message->if_string();
  if (text == nullptr) return fmt::format("quickmode-serve answered with status {}", status);
  return plain_text({text->data(), text->size()});
}

}  // namespace

Result<std::string> read_server_answer(std::string_view answer) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t head_end = answer.find("\r\n\r\n");
  unsigned status = 0;
  if (answer.starts_with(kVersion)) {
    const char* const begin = answer.data() + kVersion.size();
    std::from_chars(begin, answer.data() + answer.size(), status);
  }
  if (head_end == std::string_view::npos || status < 100 || status > 599) {
    return fail(ErrorCode::invalid, "what listens there does not answer as quickmode-serve does");
  }
  const std::string_view body = answer.substr(head_end + 4);
  if (status == 200) return std::string(body);
  const ErrorCode code = status == 403 ? ErrorCode::denied : ErrorCode::invalid;
  return fail(code, message_of(status, body));
}

}  // namespace qm::mofc

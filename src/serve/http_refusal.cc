#include "serve/http_refusal.h"

#include <boost/beast/http/error.hpp>

namespace qm::serve {

namespace http = boost::beast::http;

std::optional<Refusal> refusal_of(boost::system::error_code ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    return Refusal{431, "the request's header is longer than the limit"};
  }
  if (ec == http::error::body_limit) {
    return Refusal{413, "the request's body is longer than the limit"};
  }
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return std::nullopt;
  if (ec.category() == http::make_error_code(http::error::bad_method).category()) {
    return Refusal{400, "malformed HTTP: " + ec.message()};
  }
  return std::nullopt;
}

}  // namespace qm::serve

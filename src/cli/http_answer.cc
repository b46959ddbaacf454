#include "cli/http_answer.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace qm::cli {
namespace http = boost::beast::http;

struct HttpAnswer::State {
  http::response_parser<http::string_body> parser;
  std::string pending;  // bytes of a header that is not whole yet
};

HttpAnswer::HttpAnswer() : state_(std::make_unique<State>()) {
  state_->parser.eager(true);
  state_->parser.header_limit(kMostHeaderBytes);
  state_->parser.body_limit(kMostAnswerBytes);
}

HttpAnswer::~HttpAnswer() = default;

Result<bool> HttpAnswer::feed(std::string_view bytes) {
  auto& [parser, pending] = *state_;
  if (parser.is_done()) return true;
  pending += bytes;
  while (!pending.empty() && !parser.is_done()) {
    boost::system::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(pending), error);
    pending.erase(0, used);
    if (error == http::error::need_more) break;
    if (error == http::error::body_limit || error == http::error::header_limit) {
      return fail(ErrorCode::limit, "the answer of quickmode-serve is longer than 64 MiB");
    }
    if (error) {
      return fail(ErrorCode::invalid,
                  "the answer of quickmode-serve is not HTTP: " + error.message());
    }
    if (used == 0) break;
  }
  // A header that never ends would otherwise be kept and read again with each piece.
  if (!parser.is_header_done() && pending.size() > kMostHeaderBytes) {
    return fail(ErrorCode::limit, "the header of quickmode-serve's answer is longer than 16 KiB");
  }
  return parser.is_done();
}

Result<Answer> HttpAnswer::finish() {
  auto& parser = state_->parser;
  if (!parser.is_done()) {
    boost::system::error_code error;
    if (parser.is_header_done()) parser.put_eof(error);
    if (error || !parser.is_done()) {
      return fail(ErrorCode::invalid, "quickmode-serve ended its answer half-way");
    }
  }
  return Answer{parser.get().result_int(), std::move(parser.get().body())};
}

}  // namespace qm::cli

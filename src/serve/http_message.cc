#include "serve/http_message.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/verb.hpp>

namespace qm::serve {

namespace http = boost::beast::http;

namespace {

bool is_mandatory(const Message& message) {
  return view(message.method_string()) == "M-POST";
}

// RFC 2774: Man: "http://…" ; ns=73 makes CIMOperation 73-CIMOperation.
std::string extension_prefix(const Message& message) {
  const std::string_view man = view(message["Man"]);
  const std::size_t at = man.rfind("ns=");
  std::string out;
  for (std::size_t i = at; at != std::string_view::npos && i + 3 < man.size(); ++i) {
    const char digit = man[i + 3];
    if (digit < '0' || digit > '9') break;
    out += digit;
  }
  return out.empty() ? out : out + '-';
}

void take_cim_fields(CimFields& cim, const Message& message, const std::string& prefix) {
  const auto field = [&](std::string_view name) {
    return view(message[beast_view(prefix + std::string(name))]);
  };
  cim.operation = field("CIMOperation");
  if (cim.operation.empty()) return;  // nobody's but CIM-XML's
  cim.method = field("CIMMethod");
  cim.object = field("CIMObject");
  cim.batch = field("CIMBatch");
  cim.protocol = field("CIMProtocolVersion");
}

}  // namespace

std::optional<Verb> verb_of(const Message& message) {
  switch (message.method()) {
    case http::verb::get:
    case http::verb::head:
      return Verb::get;
    case http::verb::post:
      return Verb::post;
    case http::verb::delete_:
      return Verb::remove;
    default:
      break;
  }
  return is_mandatory(message) ? std::optional(Verb::post) : std::nullopt;
}

void take_fields(Request& request, const Message& message) {
  request.accept = view(message[http::field::accept]);
  request.accept_encoding = view(message[http::field::accept_encoding]);
  request.authorization = view(message[http::field::authorization]);
  request.content_type = view(message[http::field::content_type]);
  request.if_none_match = view(message[http::field::if_none_match]);
  request.mandatory = is_mandatory(message);
  if (request.verb != Verb::post) return;
  take_cim_fields(request.cim, message, request.mandatory ? extension_prefix(message) : "");
}

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

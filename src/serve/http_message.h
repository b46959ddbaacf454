// What Beast read of a request, as the handlers know it, and which status says what is wrong. Pure.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"

namespace qm::serve {

using Message = boost::beast::http::request<boost::beast::http::string_body>;

inline std::string_view view(boost::string_view text) {
  return {text.data(), text.size()};
}

inline boost::string_view beast_view(std::string_view text) {
  return {text.data(), text.size()};
}

// How an answer is sent.
struct HeadSetting {
  bool keep_alive = true;
  bool old = false;  // the request is HTTP/1.0
  std::optional<std::size_t>
      content_bytes;           // none: there is no body, or its end is the connection's
  std::string_view date = {};  // "": no field
};

// The Date that whoever has a clock must send (RFC 9110 section 6.6.1), written once a second.
class HttpDate {
 public:
  std::string_view at(std::uint64_t unix_s);

 private:
  std::uint64_t unix_s_ = 0;
  std::string text_;
};

// Status line and fields, with the empty line behind them.
std::string head_of(const Answer& answer, const HeadSetting& setting);

// HEAD, too, is a GET, and M-POST (RFC 2774) a POST.
Verb verb_of(const Message& message);

// The fields that handlers ask for; the verb is known. Views are of message.
void take_fields(Request& request, const Message& message);

// None: the connection itself is broken.
std::optional<Refusal> refusal_of(boost::system::error_code ec);

}  // namespace qm::serve

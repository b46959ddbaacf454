// What Beast read of a request, as the handlers know it, and which status says what is wrong. Pure.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/optional.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "serve/http.h"

namespace qm::serve {

using Message = boost::beast::http::request<boost::beast::http::string_body>;

inline std::string_view view(boost::string_view text) {
  return {text.data(), text.size()};
}

inline boost::string_view beast_view(std::string_view text) {
  return {text.data(), text.size()};
}

// An answer's body, as Beast asks for one: it is sent from where it is.
struct PiecesBody {
  using value_type = Pieces;
  static std::uint64_t size(const value_type& body) { return body.size(); }

  class writer {
   public:
    using const_buffers_type = std::array<boost::asio::const_buffer, 3>;
    template <bool is_request, class Fields>
    writer(const boost::beast::http::header<is_request, Fields>&, const value_type& body)
        : body_(body) {}
    static void init(boost::system::error_code& ec) { ec = {}; }
    boost::optional<std::pair<const_buffers_type, bool>> get(boost::system::error_code& ec) const {
      ec = {};
      const auto middle = body_.middle == nullptr ? boost::asio::const_buffer()
                                                  : boost::asio::buffer(*body_.middle);
      return {
          {{boost::asio::buffer(body_.before), middle, boost::asio::buffer(body_.after)}, false}};
    }

   private:
    const value_type& body_;
  };
};

// HEAD, too, is a GET, and M-POST (RFC 2774) a POST. None: it is not served.
std::optional<Verb> verb_of(const Message& message);

// The fields that handlers ask for; the verb is known. Views are of message.
void take_fields(Request& request, const Message& message);

// None: the connection itself is broken.
std::optional<Refusal> refusal_of(boost::system::error_code ec);

}  // namespace qm::serve

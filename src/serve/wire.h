// A connection's byte stream, with TLS around it or without: what Asio and Beast ask of an
// asynchronous stream; without TLS that costs one branch. Threads: one.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_stream.hpp>
#include <optional>
#include <utility>

namespace qm::serve {

using Socket = boost::asio::generic::stream_protocol::socket;

class Wire {
 public:
  using executor_type = Socket::executor_type;

  explicit Wire(Socket socket) : socket_(std::move(socket)) {}
  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool secure() const { return tls_.has_value(); }

  // begun: the client's first bytes, which stay until handler(error, used bytes) is called.
  template <class Buffers, class Handler>
  void async_handshake(boost::asio::ssl::context& context, const Buffers& begun,
                       Handler&& handler) {
    tls_.emplace(socket_, context);
    tls_->next_layer().async_handshake(boost::asio::ssl::stream_base::server, begun,
                                       std::forward<Handler>(handler));
  }
  template <class Handler>
  void async_goodbye(Handler&& handler) {  // close_notify, and the peer's
    tls_->next_layer().async_shutdown(std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_.async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

 private:
  Socket socket_;
  // Flat: a header and a short body go out as one record.
  std::optional<boost::beast::flat_stream<boost::asio::ssl::stream<Socket&>>> tls_;
};

}  // namespace qm::serve

// One HTTP connection, as the server knows it. Threads: one.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "serve/http.h"
#include "serve/http_message.h"
#include "serve/wire.h"

namespace qm::serve {

class Connection;

// Where a connection came in.
struct Caller {
  login::Door door = login::Door::loopback;
  Address peer = {};  // of TCP
};

// What connections share; the server's.
struct HttpShared {
  Handler& handler;
  HttpLimits limits;
  std::vector<std::string> own_names;
  login::Access access{login::Access::Rules{}};
  Gate* gate = nullptr;
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::size_t handshakes = 0;
  HttpCounts counts;
  std::size_t queued_bytes = 0;
  std::function<void(Connection*)> gone;
  HttpDate date = {};
};

class Connection {
 public:
  // What it does at the moment; what waits for the peer can make room for others.
  enum class Phase : std::uint8_t { handshake, idle, reading, login, busy };
  using Clock = boost::asio::steady_timer::clock_type;

  static std::shared_ptr<Connection> make(Socket socket, const Caller& caller,
                                          std::shared_ptr<HttpShared> shared);
  virtual ~Connection() = default;
  // Runs until closed; keeps itself alive.
  virtual void begin() = 0;
  virtual void close() = 0;
  virtual Phase phase() const = 0;  // idle: waits for a request's first byte
  virtual Clock::time_point since() const = 0;
};

}  // namespace qm::serve

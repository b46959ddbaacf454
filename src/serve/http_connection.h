// One HTTP connection, as the server knows it. Threads: one.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "serve/http.h"

namespace qm::serve {

using Socket = boost::asio::generic::stream_protocol::socket;

class Connection;

// What connections share; the server's.
struct HttpShared {
  Handler& handler;
  HttpLimits limits;
  std::vector<std::string> own_names;
  HttpCounts counts;
  std::size_t queued_bytes = 0;
  std::function<void(Connection*)> gone;
};

class Connection {
 public:
  // local: of the query socket, where the Host tells nothing. Runs until closed; keeps itself
  // alive.
  static std::shared_ptr<Connection> start(Socket socket, bool local,
                                           std::shared_ptr<HttpShared> shared);
  virtual ~Connection() = default;
  virtual void close() = 0;
  virtual bool idle() const = 0;  // waits for a request's first byte
};

}  // namespace qm::serve

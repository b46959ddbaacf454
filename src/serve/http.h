// The HTTP/1.1 server: listeners, connections and their limits. What is asked and answered is the
// Handler's.
//
// Promise: a client that is slow, silent, greedy or hostile costs a bounded share of memory,
// descriptors and time, and delays nobody else: every phase of a connection has a deadline, every
// buffer a size; when all connections are taken, the one that has been idle longest makes room.
// Answers never leave for a browser's other pages: no CORS, and on TCP the Host must be local.
// Threads: one, the io_context's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "serve/answers.h"

namespace boost::asio {
class io_context;
}

namespace qm::serve {

inline constexpr std::size_t kMostHeaderBytes = 16'384;     // request line and fields
inline constexpr std::size_t kMostBodyBytes = 65'536;       // read and ignored
inline constexpr std::size_t kMostChangeBytes = 1U << 20U;  // of who may change something
inline constexpr std::size_t kMostTcpConnections = 512;
inline constexpr std::size_t kMostLocalConnections = 128;  // of the query socket, apart: any user
                                                           // may exhaust loopback TCP
inline constexpr std::size_t kMostRequestsPerConnection = 10'000;
inline constexpr std::size_t kMostQueuedBytes = std::size_t{256} << 20U;  // answers being sent
inline constexpr std::size_t kMostLingerBytes = std::size_t{1} << 20U;    // drained after an error
inline constexpr std::chrono::milliseconds kIdleDeadline{30'000};         // between requests
inline constexpr std::chrono::milliseconds kRequestDeadline{10'000};      // first to last byte
inline constexpr std::chrono::milliseconds kWriteDeadline{30'000};        // a whole answer
inline constexpr std::chrono::milliseconds kLingerDeadline{1'000};  // until the peer closes too

// The same, so that tests need not wait.
struct HttpLimits {
  std::size_t header_bytes = kMostHeaderBytes;
  std::size_t body_bytes = kMostBodyBytes;
  std::size_t change_bytes = kMostChangeBytes;
  std::size_t tcp_connections = kMostTcpConnections;
  std::size_t local_connections = kMostLocalConnections;
  std::size_t requests_per_connection = kMostRequestsPerConnection;
  std::size_t queued_bytes = kMostQueuedBytes;
  std::chrono::milliseconds idle = kIdleDeadline;
  std::chrono::milliseconds request = kRequestDeadline;
  std::chrono::milliseconds write = kWriteDeadline;
  std::chrono::milliseconds linger = kLingerDeadline;
};

// What changes something here: only root and the service's own user may ask for it, and only over
// the query socket.
struct Change {
  enum class Verb : std::uint8_t { post, remove };
  Verb verb = Verb::post;
  std::string_view target;  // as sent
  std::string_view body;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Of a GET (or HEAD) for this target, which is as sent. done is called once, maybe at once, and
  // before long: it has its own deadlines.
  virtual void handle(std::string_view target, std::function<void(Answer)> done) = 0;
  // Of a POST or DELETE that may be asked for. At once.
  virtual Answer change(const Change& change);
};

struct HttpCounts {
  std::uint64_t requests = 0;     // answered
  std::uint64_t refused = 0;      // of those with an error, and connections turned away
  std::uint64_t connections = 0;  // open now
  std::uint64_t evicted = 0;      // idle ones that made room
};

class HttpServer {
 public:
  // handler must outlive it. own_names: what this host is called, besides localhost.
  static std::unique_ptr<HttpServer> make(boost::asio::io_context& io, Handler& handler,
                                          std::vector<std::string> own_names,
                                          HttpLimits limits = {});
  virtual ~HttpServer() = default;

  // Port 0 picks one. Returns what it listens on. Errors: io, denied.
  virtual Result<Endpoint> listen(const Endpoint& on) = 0;
  // Takes a listening Unix stream socket; the descriptor is its own from here on.
  virtual Result<void> listen_local(int fd) = 0;
  virtual void close() = 0;  // stops listening, drops all connections
  virtual HttpCounts counts() const = 0;
};

}  // namespace qm::serve

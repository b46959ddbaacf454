// The HTTP/1.1 server: listeners, connections and their limits. What is asked and answered is the
// Handler's.
//
// Promise: a client that is slow, silent, greedy or hostile costs a bounded share of memory,
// descriptors and time, and delays nobody else: every phase of a connection has a deadline, every
// buffer a size; when all connections are taken, the one that has been idle longest makes room.
// Answers never leave for a browser's other pages: no CORS; on loopback the Host must be local, and
// so must be the Origin of a POST; over TLS the Origin must be the Host. Who gets in as what is
// login/access.h's decision, made before a body is taken; over TLS nobody does without a login.
// Threads: one, the io_context's.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "login/access.h"
#include "serve/answers.h"
#include "serve/target.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace qm::serve {

inline constexpr std::size_t kMostHeaderBytes = 16'384;    // request line and fields
inline constexpr std::size_t kMostBodyBytes = 65'536;      // that nobody asked for: ignored
inline constexpr std::size_t kMostTakenBytes = 1U << 20U;  // of a body that a handler takes
inline constexpr std::size_t kMostTcpConnections = 512;
inline constexpr std::size_t kMostTlsConnections = 512;    // apart: strangers may come here
inline constexpr std::size_t kMostHandshakes = 256;        // of those; the next ends the oldest
inline constexpr std::size_t kMostLocalConnections = 128;  // of the query socket, apart: any user
                                                           // may exhaust loopback TCP
inline constexpr std::size_t kMostRequestsPerConnection = 10'000;
inline constexpr std::size_t kMostQueuedBytes = std::size_t{256} << 20U;  // answers being sent
inline constexpr int kSendBytes = 262'144;      // of the kernel, for each connection of TCP
inline constexpr int kEventSendBytes = 65'536;  // of the kernel, for a reader of events: a slow
                                                // one is found out before much has piled up
inline constexpr std::size_t kMostLingerBytes = std::size_t{1} << 20U;  // drained after an error
inline constexpr std::chrono::milliseconds kIdleDeadline{30'000};       // between requests
inline constexpr std::chrono::milliseconds kRequestDeadline{10'000};    // first to last byte
inline constexpr std::chrono::milliseconds kHandshakeDeadline{5'000};   // TLS, from the first byte
inline constexpr std::chrono::milliseconds kLoginDeadline{15'000};      // a check and its pauses
inline constexpr std::chrono::milliseconds kWriteDeadline{30'000};      // a whole answer
inline constexpr std::chrono::milliseconds kSlow{1'000};  // who has sent half a request for so long
                                                          // makes room before those that are idle
inline constexpr std::chrono::milliseconds kLingerDeadline{1'000};  // until the peer closes too

// The same, so that tests need not wait.
struct HttpLimits {
  std::size_t header_bytes = kMostHeaderBytes;
  std::size_t body_bytes = kMostBodyBytes;
  std::size_t taken_bytes = kMostTakenBytes;
  std::size_t tcp_connections = kMostTcpConnections;
  std::size_t tls_connections = kMostTlsConnections;
  std::size_t handshakes = kMostHandshakes;
  std::size_t local_connections = kMostLocalConnections;
  std::size_t requests_per_connection = kMostRequestsPerConnection;
  std::size_t queued_bytes = kMostQueuedBytes;
  std::chrono::milliseconds idle = kIdleDeadline;
  std::chrono::milliseconds request = kRequestDeadline;
  std::chrono::milliseconds handshake = kHandshakeDeadline;
  std::chrono::milliseconds login = kLoginDeadline;
  std::chrono::milliseconds write = kWriteDeadline;
  std::chrono::milliseconds linger = kLingerDeadline;
};

// HEAD is a GET to everybody but the server. other: none is served; it is refused with what is.
enum class Verb : std::uint8_t { get, post, remove, options, other };

// The fields that CIM-XML reads (DSP0200 section 7.2), as M-POST prefixes them or as they are.
struct CimFields {
  std::string_view operation = {};
  std::string_view method = {};
  std::string_view object = {};
  std::string_view batch = {};
  std::string_view protocol = {};  // CIMProtocolVersion
};

// Views are of the connection's, and hold until done was called. A field that is absent is "", of
// one that is repeated the first counts.
struct Request {
  Verb verb = Verb::get;
  bool local = false;  // over the query socket
  // What the asker may do. none: a stranger, who gets an answer to WS-Management's Identify only.
  login::Role role = login::Role::none;
  std::string_view user = {};  // who has logged in; "": nobody had to
  std::string_view sent_target;
  Target target;          // the same, decoded
  std::string_view body;  // "" of a GET
  std::string_view accept = {};
  std::string_view accept_encoding = {};
  std::string_view authorization = {};
  std::string_view content_type = {};
  std::string_view if_none_match = {};
  CimFields cim = {};
  bool mandatory = false;  // M-POST (RFC 2774): a handler that does not know it must refuse
};

// For what is limited by client: a user, or one of those who need no login.
inline std::string whose_share(const Request& request) {
  if (!request.user.empty()) return fmt::format("user {}", request.user);
  if (request.role == login::Role::none) return "strangers";
  return request.local ? "the query socket" : "loopback";
}

class Handler {
 public:
  using Done = std::function<void(Answer)>;
  virtual ~Handler() = default;
  // Whether this POST or DELETE may be asked for, and how many bytes its body may have (beyond
  // HttpLimits::taken_bytes: that many). Called before the body is read, so that nobody's body is
  // kept in vain. This class serves none: 405.
  virtual Asked<std::size_t> admit(const Request& request);
  // Whether admit and handle know what to do with a request whose role is none; else it gets 401.
  virtual bool serves_strangers(const Request&) const { return false; }
  // The methods that are served there, for Allow.
  virtual std::string_view allowed(const Request&) const { return "GET, HEAD, OPTIONS"; }
  // Of OPTIONS (RFC 9110 section 9.3.7), what it has beside Allow. Nothing is done, no body is
  // read.
  virtual std::vector<Field> options(const Request&) const { return {}; }
  // Of a GET, or of what was admitted. done is called once, maybe at once, and before long: the
  // handler has its own deadlines. It copies what it needs of the request after it returns.
  virtual void handle(const Request& request, Done done) = 0;
};

struct Pass {
  login::Role role = login::Role::none;
  std::string user;
};

// Who checks credentials.
class Gate {
 public:
  using Done = std::function<void(std::expected<Pass, Answer>)>;
  virtual ~Gate() = default;
  // authorization: of scheme Basic; copied. done is called once, maybe at once, else before long.
  virtual void check(std::string_view authorization, const Address& peer, Done done) = 0;
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

  // Before anything is listened on: who gets in, and who checks credentials (it must outlive this).
  // Without: as login::Access says of no rules, and credentials are not looked at.
  virtual void guard(login::Access access, Gate& gate) = 0;
  // Port 0 picks one. Returns what it listens on. Errors: io, denied.
  virtual Result<Endpoint> listen(const Endpoint& on) = 0;  // loopback
  virtual Result<Endpoint> listen_tls(const Endpoint& on) = 0;
  // What TLS connections begin with from here on; without one they are closed.
  virtual void use_tls(std::shared_ptr<boost::asio::ssl::context> context) = 0;
  // Takes a listening Unix stream socket; the descriptor is its own from here on.
  virtual Result<void> listen_local(int fd) = 0;
  virtual void close() = 0;  // stops listening, drops all connections
  virtual HttpCounts counts() const = 0;
};

}  // namespace qm::serve

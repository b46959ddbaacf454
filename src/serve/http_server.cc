#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <list>
#include <utility>

#include "serve/http_connection.h"

namespace qm::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

// After accept failed for want of descriptors or memory: trying at once would spin.
constexpr std::chrono::milliseconds kAcceptPause{100};

using Phase = Connection::Phase;
constexpr unsigned kStays = 5;  // beyond every rank of eviction

Error error_of(const std::string& what, error_code ec) {
  if (ec.category() == boost::system::system_category()) return system_error(what, ec.value());
  return {ErrorCode::io, what + ": " + ec.message()};
}

asio::ip::address address_of(const Address& address) {
  if (address.family == Family::v6) return asio::ip::address_v6(address.bytes);
  asio::ip::address_v4::bytes_type octets;
  std::copy_n(address.bytes.begin(), octets.size(), octets.begin());
  return asio::ip::address_v4(octets);
}

Address address_of(const asio::ip::address& address) {
  if (address.is_v4()) return Address::v4(address.to_v4().to_bytes());
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return Address::v4(asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_bytes());
  }
  return Address::v6(v6.to_bytes());
}

// "" when it has left already.
Address peer_of(const tcp::socket& socket) {
  error_code ec;
  const tcp::endpoint peer = socket.remote_endpoint(ec);
  return ec ? Address{} : address_of(peer.address());
}
Address peer_of(const Local::socket&) {
  return {};
}

// Answers are written whole: nothing is gained by waiting for more of them, and one that fits into
// the kernel's buffer is written at once.
void prepare(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(kSendBytes), ignored);
}
void prepare(Local::socket&) {}

// Connections of one kind, oldest first, and how many there may be.
struct Pool {
  login::Door door = login::Door::loopback;
  std::size_t most = 0;
  std::list<std::shared_ptr<Connection>> open;
};

class Server final : public HttpServer {
 public:
  Server(asio::io_context& io, Handler& handler, std::vector<std::string> own_names,
         HttpLimits limits)
      : io_(io),
        shared_(std::make_shared<HttpShared>(HttpShared{handler,
                                                        limits,
                                                        std::move(own_names),
                                                        login::Access(login::Access::Rules{}),
                                                        nullptr,
                                                        nullptr,
                                                        0,
                                                        {},
                                                        0,
                                                        [this](Connection* c) { forget(c); }})),
        tcp_pool_{login::Door::loopback, limits.tcp_connections, {}},
        tls_pool_{login::Door::tls, limits.tls_connections, {}},
        local_pool_{login::Door::query_socket, limits.local_connections, {}} {}

  ~Server() override { close(); }

  void guard(login::Access access, Gate& gate) override {
    shared_->access = access;
    shared_->gate = &gate;
  }

  void use_tls(std::shared_ptr<asio::ssl::context> context) override {
    shared_->tls = std::move(context);
  }

  Result<Endpoint> listen(const Endpoint& on) override { return listen_for(on, tcp_pool_); }
  Result<Endpoint> listen_tls(const Endpoint& on) override { return listen_for(on, tls_pool_); }

  Result<Endpoint> listen_for(const Endpoint& on, Pool& pool) {
    const tcp::endpoint endpoint(address_of(on.address), on.port);
    tcp::acceptor acceptor(io_);
    error_code ec;
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) return std::unexpected(error_of("listen on " + on.text(), ec));
    const Endpoint bound{on.address, acceptor.local_endpoint(ec).port()};
    tcp_listeners_.push_back({std::move(acceptor), asio::steady_timer(io_)});
    accept(tcp_listeners_.back(), pool);
    return bound;
  }

  Result<void> listen_local(int fd) override {
    Local::acceptor acceptor(io_);
    error_code ec;
    acceptor.assign(Local(), fd, ec);
    if (ec) return std::unexpected(error_of("the query socket", ec));
    local_listeners_.push_back({std::move(acceptor), asio::steady_timer(io_)});
    accept(local_listeners_.back(), local_pool_);
    return {};
  }

  void close() override {
    shared_->gone = nullptr;
    error_code ignored;
    for (auto& listener : tcp_listeners_) listener.acceptor.close(ignored);
    for (auto& listener : local_listeners_) listener.acceptor.close(ignored);
    for (auto& listener : tcp_listeners_) listener.pause.cancel(ignored);
    for (auto& listener : local_listeners_) listener.pause.cancel(ignored);
    for (Pool* pool : {&tcp_pool_, &tls_pool_, &local_pool_}) {
      for (const auto& connection : pool->open) connection->close();
      pool->open.clear();
    }
    closed_ = true;
  }

  HttpCounts counts() const override {
    HttpCounts counts = shared_->counts;
    counts.connections = tcp_pool_.open.size() + tls_pool_.open.size() + local_pool_.open.size();
    return counts;
  }

 private:
  template <class Acceptor>
  struct Listener {
    Acceptor acceptor;
    asio::steady_timer pause;
  };

  // Handlers hold *alive_ weakly: the server may be gone when an aborted accept comes back.
  template <class Acceptor>
  void accept(Listener<Acceptor>& listener, Pool& pool) {
    const std::weak_ptr<bool> alive = alive_;
    listener.acceptor.async_accept([this, alive, &listener, &pool](error_code ec, auto socket) {
      if (alive.expired() || closed_ || ec == asio::error::operation_aborted) return;
      if (!ec) {
        const Address peer = peer_of(socket);
        prepare(socket);
        admit(Socket(std::move(socket)), peer, pool);
      }
      // A peer that left between its arrival and our turn is no reason to pause.
      if (!ec || ec == asio::error::connection_aborted) return accept(listener, pool);
      listener.pause.expires_after(kAcceptPause);
      listener.pause.async_wait([this, alive, &listener, &pool](error_code stopped) {
        if (!stopped && !alive.expired() && !closed_) accept(listener, pool);
      });
    });
  }

  void admit(Socket socket, const Address& peer, Pool& pool) {
    if (pool.door == login::Door::tls && shared_->handshakes >= shared_->limits.handshakes) {
      evict(pool,
            [](const Connection& one) { return one.phase() == Phase::handshake ? 0 : kStays; });
    }
    if (pool.open.size() >= pool.most && !evict(pool, eviction_rank)) {
      ++shared_->counts.refused;
      return turn_away(std::move(socket), pool);
    }
    const auto connection = Connection::make(std::move(socket), {pool.door, peer}, shared_);
    pool.open.push_back(connection);
    connection->begin();
  }

  // Who makes room first: who dawdles over a request, then who has asked nothing for a while. Of
  // those that are new who asks comes last: his request may be under way.
  static unsigned eviction_rank(const Connection& one) {
    const bool slow = Connection::Clock::now() - one.since() > kSlow;
    switch (one.phase()) {
      case Phase::handshake:
      case Phase::reading:
        return slow ? 0 : 2;
      case Phase::idle:
        return slow ? 1 : 3;
      case Phase::login:
        return 4;
      case Phase::busy:
        break;
    }
    return kStays;
  }

  // Ends the oldest of those with the lowest rank. False: all stay.
  template <class Rank>
  bool evict(Pool& pool, Rank rank_of) {
    std::shared_ptr<Connection> first;
    unsigned lowest = kStays;
    for (const auto& connection : pool.open) {
      const unsigned rank = rank_of(*connection);
      if (rank >= lowest) continue;
      lowest = rank;
      first = connection;
      if (rank == 0) break;
    }
    if (!first) return false;
    ++shared_->counts.evicted;
    first->close();  // takes it out of the list
    return true;
  }

  // One try: whoever does not have room in its socket buffer for this line gets nothing.
  static void turn_away(Socket socket, const Pool& pool) {
    if (pool.door == login::Door::tls) return;
    const Answer answer = refusal_answer({503, "too many connections; try again"});
    const std::string text =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\nContent-Length: " +
        std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(Socket::shutdown_send, ignored);
  }

  void forget(Connection* gone) {
    for (Pool* pool : {&tcp_pool_, &tls_pool_, &local_pool_}) {
      pool->open.remove_if([gone](const auto& connection) { return connection.get() == gone; });
    }
  }

  asio::io_context& io_;
  std::shared_ptr<HttpShared> shared_;
  Pool tcp_pool_;
  Pool tls_pool_;
  Pool local_pool_;
  std::list<Listener<tcp::acceptor>> tcp_listeners_;  // lists: handlers keep references
  std::list<Listener<Local::acceptor>> local_listeners_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool closed_ = false;
};

}  // namespace

Asked<std::size_t> Handler::admit(const Request&) {
  return refuse(405, "only GET and HEAD are served here");
}

std::unique_ptr<HttpServer> HttpServer::make(asio::io_context& io, Handler& handler,
                                             std::vector<std::string> own_names,
                                             HttpLimits limits) {
  return std::make_unique<Server>(io, handler, std::move(own_names), limits);
}

}  // namespace qm::serve

// The host's TCP connections and what each has counted, by sock_diag: how the growth of an SA that
// several adapters share is told apart (hba/split.h). Coding is pure (connections.cc); asking is in
// connections_linux.cc and needs no capability.
//
// Promise: what can't be read is an error, never a guess; a reading is whole or says that it is
// not. Threads: one a ConnectionSocket. Limits: kMostConnections of a reading, kMostPeersAsked.
// Sources: sock_diag(7), include/uapi/linux/inet_diag.h, tcp.h; net/ipv4/inet_diag.c, tcp.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostConnections = 65'536;  // of one reading
inline constexpr std::size_t kMostPeersAsked = 64;       // in one request; more: all are asked for

inline constexpr std::uint8_t kTcpOptionTimestamps = 1, kTcpOptionSack = 2,  // TCPI_OPT_…
    kTcpOptionWindowScale = 4;

enum class TcpState : std::uint8_t {  // include/net/tcp_states.h
  established = 1,
  syn_sent,
  syn_received,
  fin_wait1,
  fin_wait2,
  time_wait,
  close,
  close_wait,
  last_ack,
  listen,
  closing,
  new_syn_received,
};

// struct tcp_info, as far as it bears on SAs. The 32-bit ones wrap in the kernel.
struct TcpCounters {
  std::uint64_t received_bytes = 0;       // each byte once; a FIN counts as one
  std::uint64_t acked_bytes = 0;          // by the peer; our SYN and FIN count as one each
  std::uint64_t sent_bytes = 0;           // again and again
  std::uint64_t retransmitted_bytes = 0;  // of these
  std::uint32_t in_segments = 0;          // duplicates too
  std::uint32_t out_segments = 0;         // counted before IPsec sees them: it may drop some
  friend bool operator==(const TcpCounters&, const TcpCounters&) = default;
};

struct TcpConnection {
  std::uint64_t cookie = 0;  // the socket's own, never used again
  Endpoint local, remote;    // of IPv4 when IPv6's are mapped ones
  TcpState state = TcpState::established;
  bool counted = false;  // its counters could be read; false: a remnant (TIME_WAIT), or a request
  bool timestamps = false, sack = false, window_scale = false;  // what both have agreed on
  std::uint32_t send_mss = 0;
  // How long ago: it sent data, received some, received an acknowledgement.
  std::uint32_t data_sent_ms = 0, data_received_ms = 0, ack_received_ms = 0;
  bool fin_received = false;  // as far as the state tells
  TcpCounters counters;
  friend bool operator==(const TcpConnection&, const TcpConnection&) = default;
};

// An IPv4 connection of an IPv6 socket has ::ffff:a.b.c.d; that becomes a.b.c.d.
Address unmapped(const Address& address);

// A dump of one family's connections, listeners left out; with peers only theirs.
std::vector<std::byte> request_connections(Family family, std::span<const Address> peers,
                                           std::uint32_t seq);

// One datagram of the answer. Appends what it holds; done: the answer is complete.
// Errors: unsupported (the kernel has no tcp_diag, or one without these counters), invalid (it
// breaks the format, or answers something else), limit.
Result<void> parse_connections(Bytes datagram, std::uint32_t seq, std::vector<TcpConnection>& out,
                               bool& done);

// Of one connection, by its ends, as fast as the kernel finds a packet's socket.
std::vector<std::byte> request_connection(const Endpoint& local, const Endpoint& remote,
                                          std::uint32_t seq);
// The answer, one datagram; nothing: there is no such connection, or no tcp_diag (read_these()
// tells the two apart). Errors: invalid.
Result<std::optional<TcpConnection>> parse_connection(Bytes datagram, std::uint32_t seq);

inline constexpr std::uint32_t kEmptyReadingsADump = 60;  // a minute, at a reading a second

class ConnectionSocket {
 public:
  static Result<ConnectionSocket> open();
  ConnectionSocket(ConnectionSocket&& other) noexcept;
  ConnectionSocket& operator=(ConnectionSocket&& other) noexcept;
  ~ConnectionSocket();

  // Of both families. Empty peers: all. Errors: parse_connections', timeout, io.
  Result<std::vector<TcpConnection>> read(std::span<const Address> peers);
  // Those that are there and have counters, of these (local and remote end). Errors: the same.
  Result<std::vector<TcpConnection>> read_these(
      std::span<const std::pair<Endpoint, Endpoint>> ends);

 private:
  explicit ConnectionSocket(int fd) : fd_(fd) {}
  Result<void> send(const std::vector<std::byte>& request);
  Result<Bytes> receive();
  Result<void> read_family(Family family, std::span<const Address> peers,
                           std::vector<TcpConnection>& out);

  int fd_ = -1;
  std::uint32_t seq_ = 0;
  std::uint32_t empty_readings_ = 0;  // of read_these() in a row
  std::vector<std::byte> answer_;
};

}  // namespace qm::xfrm

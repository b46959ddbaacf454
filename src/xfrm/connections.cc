#include "xfrm/connections.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "xfrm/encode_parts.h"

namespace qm::xfrm {
namespace {

constexpr std::uint8_t kTcp = 6;
// All but listeners and sockets that were never connected.
constexpr std::uint32_t kStates = ~((1U << static_cast<unsigned>(TcpState::listen)) |
                                    (1U << static_cast<unsigned>(TcpState::close)));
constexpr std::int32_t kNoPort = -1;

// ---- the request

// One test of the filter's program: the peer is this address. What it does not match goes to the
// next test, which lies behind the jump to the end (net/ipv4/inet_diag.c, inet_diag_bc_run).
struct PeerTest {
  inet_diag_bc_op op{};
  std::uint8_t family = 0;  // from here on inet_diag_hostcond
  std::uint8_t prefix_bits = 0;
  std::uint16_t unused = 0;
  std::int32_t port = kNoPort;
};
static_assert(sizeof(PeerTest) == sizeof(inet_diag_bc_op) + sizeof(inet_diag_hostcond));
constexpr std::size_t kJumpBytes = sizeof(inet_diag_bc_op);

std::vector<std::byte> filter_of(std::span<const Address> peers) {
  std::size_t size = 0;
  for (const Address& peer : peers) size += sizeof(PeerTest) + peer.bits() / 8 + kJumpBytes;
  if (!peers.empty()) size -= kJumpBytes;  // behind the last there is the end
  std::vector<std::byte> program;
  for (const Address& peer : peers) {
    const std::size_t bytes = sizeof(PeerTest) + peer.bits() / 8;
    PeerTest test;
    test.op = {INET_DIAG_BC_D_COND, static_cast<unsigned char>(bytes),
               static_cast<unsigned short>(bytes + kJumpBytes)};
    test.family = static_cast<std::uint8_t>(peer.family);
    test.prefix_bits = static_cast<std::uint8_t>(peer.bits());
    append(program, test);
    const std::size_t at = program.size();
    program.resize(at + peer.bits() / 8);
    std::memcpy(program.data() + at, peer.bytes.data(), peer.bits() / 8);
    if (program.size() == size) break;
    append(program, inet_diag_bc_op{INET_DIAG_BC_JMP, kJumpBytes,
                                    static_cast<unsigned short>(size - program.size())});
  }
  return program;
}

// ---- the answer

Address address_of(std::uint8_t family, const __be32 (&words)[4]) {
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), words, octets.size());
  const std::span<const std::uint8_t, 16> all(octets);
  if (family == static_cast<std::uint8_t>(Family::v4)) return Address::v4(all.first<4>());
  return unmapped(Address::v6(all));
}

bool has_counters(TcpState state) {
  return state != TcpState::time_wait && state != TcpState::new_syn_received;
}

bool has_received_fin(TcpState state) {
  return state == TcpState::close_wait || state == TcpState::last_ack ||
         state == TcpState::closing || state == TcpState::time_wait;
}

// The attribute grows with the kernel's version; what is asked for here has been there since 4.19.
bool read_counters(Bytes value, TcpConnection& out) {
  constexpr std::size_t kLeast = offsetof(tcp_info, tcpi_bytes_retrans) + sizeof(__u64);
  if (value.size() < kLeast) return false;
  tcp_info info{};
  std::memcpy(&info, value.data(), std::min(value.size(), sizeof(info)));
  out.counted = true;
  out.timestamps = (info.tcpi_options & kTcpOptionTimestamps) != 0;
  out.sack = (info.tcpi_options & kTcpOptionSack) != 0;
  out.window_scale = (info.tcpi_options & kTcpOptionWindowScale) != 0;
  out.send_mss = info.tcpi_snd_mss;
  out.data_sent_ms = info.tcpi_last_data_sent;
  out.data_received_ms = info.tcpi_last_data_recv;
  out.ack_received_ms = info.tcpi_last_ack_recv;
  out.counters = {.received_bytes = info.tcpi_bytes_received,
                  .acked_bytes = info.tcpi_bytes_acked,
                  .sent_bytes = info.tcpi_bytes_sent,
                  .retransmitted_bytes = info.tcpi_bytes_retrans,
                  .in_segments = info.tcpi_segs_in,
                  .out_segments = info.tcpi_segs_out};
  return true;
}

Result<void> read_attributes(Bytes attributes, TcpConnection& out) {
  std::size_t at = 0;
  AttributeHeader header;
  while (read_at(attributes, at, header)) {
    Bytes value;
    if (header.length < sizeof(header) ||
        !slice(attributes, at + sizeof(header), header.length - sizeof(header), value)) {
      return fail(ErrorCode::invalid, "a socket's attribute breaks the frame");
    }
    if ((header.type & kAttributeTypeBits) == INET_DIAG_INFO && has_counters(out.state) &&
        !read_counters(value, out)) {
      return fail(ErrorCode::unsupported,
                  "this kernel's tcp_info lacks the bytes that a connection has sent");
    }
    at += aligned(header.length);
  }
  return {};
}

Result<void> read_connection(Bytes payload, TcpConnection& out) {
  inet_diag_msg message{};
  if (!read_at(payload, 0, message)) return fail(ErrorCode::invalid, "a socket cut short");
  const bool known_family = message.idiag_family == static_cast<std::uint8_t>(Family::v4) ||
                            message.idiag_family == static_cast<std::uint8_t>(Family::v6);
  if (!known_family) return fail(ErrorCode::invalid, "a socket of an unknown family");
  if (message.idiag_state < static_cast<std::uint8_t>(TcpState::established) ||
      message.idiag_state > static_cast<std::uint8_t>(TcpState::new_syn_received)) {
    return fail(ErrorCode::invalid, "a socket in an unknown state");
  }
  out.cookie = std::uint64_t{message.id.idiag_cookie[1]} << 32U | message.id.idiag_cookie[0];
  out.local = {address_of(message.idiag_family, message.id.idiag_src),
               big_endian16(message.id.idiag_sport)};
  out.remote = {address_of(message.idiag_family, message.id.idiag_dst),
                big_endian16(message.id.idiag_dport)};
  out.state = static_cast<TcpState>(message.idiag_state);
  out.fin_received = has_received_fin(out.state);
  return read_attributes(payload.subspan(std::min(aligned(sizeof(message)), payload.size())), out);
}

// The kernel's word on a family or protocol that it has no module for.
bool is_missing(std::int32_t error) {
  return error == -ENOENT || error == -EOPNOTSUPP || error == -EPROTONOSUPPORT;
}

Result<void> read_end(Bytes payload, bool& done) {
  std::int32_t error = 0;
  if (!read_at(payload, 0, error)) return fail(ErrorCode::invalid, "an end of a dump cut short");
  if (is_missing(error)) {
    return fail(ErrorCode::unsupported, "this kernel tells no sockets: try `modprobe tcp_diag`");
  }
  if (error < 0)
    return std::unexpected(system_error("asking for the connections", answered_errno(error)));
  done = true;
  return {};
}

}  // namespace

Address unmapped(const Address& address) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const std::span<const std::uint8_t, 16> all(address.bytes);
  const bool mapped = address.family == Family::v6 && std::ranges::equal(kMapped, all.first<12>());
  return mapped ? Address::v4(all.last<4>()) : address;
}

std::vector<std::byte> request_connections(Family family, std::span<const Address> peers,
                                           std::uint32_t seq) {
  std::vector<std::byte> out;
  const std::size_t at = start(out, SOCK_DIAG_BY_FAMILY, kDump, seq);
  inet_diag_req_v2 fixed{};
  fixed.sdiag_family = static_cast<std::uint8_t>(family);
  fixed.sdiag_protocol = kTcp;
  fixed.idiag_ext = 1U << (INET_DIAG_INFO - 1U);
  fixed.idiag_states = kStates;
  append(out, fixed);
  if (!peers.empty() && peers.size() <= kMostPeersAsked) {
    const std::vector<std::byte> program = filter_of(peers);
    append(out,
           AttributeHeader{static_cast<std::uint16_t>(sizeof(AttributeHeader) + program.size()),
                           INET_DIAG_REQ_BYTECODE});
    out.insert(out.end(), program.begin(), program.end());
  }
  finish(out, at);
  return out;
}

Result<void> parse_connections(Bytes datagram, std::uint32_t seq, std::vector<TcpConnection>& out,
                               bool& done) {
  std::size_t at = 0;
  while (at < datagram.size() && !done) {
    MessageHeader header;
    Bytes message;
    if (!read_at(datagram, at, header) || header.length < sizeof(header) ||
        !slice(datagram, at, header.length, message)) {
      return fail(ErrorCode::invalid, "sock_diag's answer breaks the frame");
    }
    const Bytes payload = message.subspan(sizeof(header));
    if (header.seq != seq) {
      // Of an earlier request that was given up.
    } else if (header.type == kDone || header.type == kError) {
      TRY(read_end(payload, done));
    } else if (header.type == SOCK_DIAG_BY_FAMILY) {
      if (out.size() >= kMostConnections) {
        return fail(ErrorCode::limit, "more than " + std::to_string(kMostConnections) +
                                          " connections: those of shared SAs can't be told");
      }
      TcpConnection connection;
      TRY(read_connection(payload, connection));
      out.push_back(connection);
    }
    at += aligned(header.length);
  }
  return {};
}

std::vector<std::byte> request_connection(const Endpoint& local, const Endpoint& remote,
                                          std::uint32_t seq) {
  std::vector<std::byte> out;
  const std::size_t at = start(out, SOCK_DIAG_BY_FAMILY, kRequest, seq);
  inet_diag_req_v2 fixed{};
  fixed.sdiag_family = static_cast<std::uint8_t>(local.address.family);
  fixed.sdiag_protocol = kTcp;
  fixed.idiag_ext = 1U << (INET_DIAG_INFO - 1U);
  fixed.idiag_states = kStates;
  fixed.id.idiag_sport = big_endian16(local.port);
  fixed.id.idiag_dport = big_endian16(remote.port);
  std::memcpy(fixed.id.idiag_src, local.address.bytes.data(), sizeof(fixed.id.idiag_src));
  std::memcpy(fixed.id.idiag_dst, remote.address.bytes.data(), sizeof(fixed.id.idiag_dst));
  fixed.id.idiag_cookie[0] = fixed.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  append(out, fixed);
  finish(out, at);
  return out;
}

Result<std::optional<TcpConnection>> parse_connection(Bytes datagram, std::uint32_t seq) {
  MessageHeader header;
  Bytes message;
  if (!read_at(datagram, 0, header) || header.length < sizeof(header) ||
      !slice(datagram, 0, header.length, message)) {
    return fail(ErrorCode::invalid, "sock_diag's answer breaks the frame");
  }
  const Bytes payload = message.subspan(sizeof(header));
  if (header.seq != seq) return fail(ErrorCode::invalid, "sock_diag answers something else");
  if (header.type == kError) {
    std::int32_t error = 0;
    if (!read_at(payload, 0, error)) return fail(ErrorCode::invalid, "an error cut short");
    if (is_missing(error)) return std::nullopt;
    return std::unexpected(system_error("asking for a connection", answered_errno(error)));
  }
  if (header.type != SOCK_DIAG_BY_FAMILY) {
    return fail(ErrorCode::invalid, "sock_diag answers something else");
  }
  TcpConnection connection;
  TRY(read_connection(payload, connection));
  return connection;
}

}  // namespace qm::xfrm

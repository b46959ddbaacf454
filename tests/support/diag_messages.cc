#include "support/diag_messages.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

#include <cstring>

#include "xfrm/frame.h"

namespace qm::test {
namespace {

using Raw = std::vector<std::byte>;

template <class T>
void put(Raw& out, const T& value) {
  const std::size_t at = out.size();
  out.resize(at + xfrm::aligned(sizeof(value)));
  std::memcpy(out.data() + at, &value, sizeof(value));
}

std::size_t begin(Raw& out, std::uint16_t type, std::uint32_t seq) {
  const std::size_t at = out.size();
  put(out, xfrm::MessageHeader{0, type, 2, seq, 4242});  // NLM_F_MULTI
  return at;
}

void end(Raw& out, std::size_t at) {
  const auto length = static_cast<std::uint32_t>(out.size() - at);
  std::memcpy(out.data() + at, &length, sizeof(length));
}

template <class T>
void put_attribute(Raw& out, std::uint16_t type, const T& value) {
  put(out, xfrm::AttributeHeader{static_cast<std::uint16_t>(4 + sizeof(value)), type});
  put(out, value);
}

tcp_info info_of(const xfrm::TcpConnection& connection) {
  tcp_info info{};
  info.tcpi_state = static_cast<__u8>(connection.state);
  info.tcpi_options =
      static_cast<__u8>((connection.timestamps ? xfrm::kTcpOptionTimestamps : 0) |
                        (connection.sack ? xfrm::kTcpOptionSack : 0) |
                        (connection.window_scale ? xfrm::kTcpOptionWindowScale : 0));
  info.tcpi_snd_mss = connection.send_mss;
  info.tcpi_last_data_sent = connection.data_sent_ms;
  info.tcpi_last_data_recv = connection.data_received_ms;
  info.tcpi_last_ack_recv = connection.ack_received_ms;
  info.tcpi_bytes_acked = connection.counters.acked_bytes;
  info.tcpi_bytes_received = connection.counters.received_bytes;
  info.tcpi_bytes_sent = connection.counters.sent_bytes;
  info.tcpi_bytes_retrans = connection.counters.retransmitted_bytes;
  info.tcpi_segs_in = connection.counters.in_segments;
  info.tcpi_segs_out = connection.counters.out_segments;
  return info;
}

}  // namespace

Raw diag_row(const xfrm::TcpConnection& connection, std::uint32_t seq) {
  Raw out;
  const std::size_t at = begin(out, SOCK_DIAG_BY_FAMILY, seq);
  inet_diag_msg message{};
  message.idiag_family = static_cast<__u8>(connection.local.address.family);
  message.idiag_state = static_cast<__u8>(connection.state);
  message.id.idiag_sport = __builtin_bswap16(connection.local.port);
  message.id.idiag_dport = __builtin_bswap16(connection.remote.port);
  std::memcpy(message.id.idiag_src, connection.local.address.bytes.data(), 16);
  std::memcpy(message.id.idiag_dst, connection.remote.address.bytes.data(), 16);
  message.id.idiag_cookie[0] = static_cast<__u32>(connection.cookie);
  message.id.idiag_cookie[1] = static_cast<__u32>(connection.cookie >> 32U);
  put(out, message);
  put_attribute(out, INET_DIAG_SHUTDOWN, std::uint8_t{0});
  if (connection.counted) put_attribute(out, INET_DIAG_INFO, info_of(connection));
  end(out, at);
  return out;
}

Raw diag_end(std::uint32_t seq, std::int32_t error) {
  Raw out;
  const std::size_t at = begin(out, xfrm::kDone, seq);
  put(out, error);
  end(out, at);
  return out;
}

Raw diag_refusal(std::uint32_t seq, std::int32_t error) {
  Raw out;
  const std::size_t at = begin(out, xfrm::kError, seq);
  put(out, xfrm::ErrorHeader{error, {}});
  end(out, at);
  return out;
}

Raw diag_answer(const std::vector<xfrm::TcpConnection>& connections, std::uint32_t seq, bool done) {
  Raw out;
  for (const xfrm::TcpConnection& each : connections) {
    const Raw row = diag_row(each, seq);
    out.insert(out.end(), row.begin(), row.end());
  }
  if (done) {
    const Raw last = diag_end(seq);
    out.insert(out.end(), last.begin(), last.end());
  }
  return out;
}

}  // namespace qm::test

#include <fmt/format.h>
#include <netinet/in.h>

#include <cstring>

#include "base/bytes.h"
#include "xfrm/probe.h"

namespace qm::xfrm {
namespace {

Result<Address> address_of(const __u8 (&bytes)[16], std::uint32_t family) {
  const std::span<const std::uint8_t, 16> all(bytes);
  if (family == AF_INET) return Address::v4(all.first<4>());
  if (family == AF_INET6) return Address::v6(all);
  return fail(ErrorCode::invalid, "a probe's record of family " + std::to_string(family));
}

Result<ProbedSa> sa_of(const probe_sa& record) {
  ProbedSa sa;
  sa.id.daddr = TRY(address_of(record.daddr, record.family));
  sa.saddr = TRY(address_of(record.saddr, record.family));
  sa.id.spi = ntohl(record.spi);
  sa.id.proto = record.proto;
  sa.id.mark = {record.mark, record.mark_mask};
  sa.reqid = record.reqid;
  sa.if_id = record.if_id;
  sa.mode = static_cast<Mode>(record.mode);
  sa.add_time_s = record.add_time_s;
  return sa;
}

template <class T>
Result<T> exactly(Bytes bytes, const char* what) {
  T record{};
  if (bytes.size() < sizeof record || !read_at(bytes, 0, record)) {
    return fail(ErrorCode::invalid, fmt::format("a probe's {} of {} bytes, expected {}", what,
                                                bytes.size(), sizeof record));
  }
  return record;
}

}  // namespace

Result<SaFinal> decode_final(Bytes record) {
  const auto raw = TRY(exactly<probe_final>(record, "final"));
  SaFinal final;
  final.sa = TRY(sa_of(raw.sa));
  final.replay_window = raw.replay_window;
  final.counters = {raw.bytes, raw.packets};
  final.stats = {raw.replay_window_failures, raw.replay, raw.integrity_failed};
  final.not_decrypted = raw.not_decrypted;
  final.last = raw.last != 0;
  return final;
}

Result<SaFailures> decode_failures(Bytes value) {
  const auto raw = TRY(exactly<probe_failures>(value, "failures"));
  return SaFailures{TRY(sa_of(raw.sa)), raw.not_decrypted};
}

// An IPv6 socket may hold an IPv4 connection: ::ffff:a.b.c.d.
Result<ClosedConnection> decode_closed(Bytes record) {
  const auto raw = TRY(exactly<probe_closed>(record, "closed connection"));
  if (raw.cause < QM_PROBE_DISCONNECT || raw.cause > QM_PROBE_DESTROYED) {
    return fail(ErrorCode::invalid, "a probe's closed connection of cause " +
                                        std::to_string(static_cast<unsigned>(raw.cause)));
  }
  if (raw.state < static_cast<__u8>(TcpState::established) ||
      raw.state > static_cast<__u8>(TcpState::new_syn_received)) {
    return fail(ErrorCode::invalid, "a probe's closed connection in state " +
                                        std::to_string(static_cast<unsigned>(raw.state)));
  }
  ClosedConnection out;
  out.cause = static_cast<ClosedConnection::Cause>(raw.cause);
  TcpConnection& connection = out.connection;
  connection.cookie = raw.cookie;
  connection.local = {unmapped(TRY(address_of(raw.local, raw.family))), raw.local_port};
  connection.remote = {unmapped(TRY(address_of(raw.remote, raw.family))), raw.remote_port};
  connection.state = static_cast<TcpState>(raw.state);
  connection.counted = true;
  connection.timestamps = (raw.options & kTcpOptionTimestamps) != 0;
  connection.sack = (raw.options & kTcpOptionSack) != 0;
  connection.window_scale = (raw.options & kTcpOptionWindowScale) != 0;
  connection.send_mss = raw.send_mss;
  connection.fin_received = raw.fin_received != 0;
  connection.counters = {.received_bytes = raw.received_bytes,
                         .acked_bytes = raw.acked_bytes,
                         .sent_bytes = raw.sent_bytes,
                         .retransmitted_bytes = raw.retransmitted_bytes,
                         .in_segments = raw.in_segments,
                         .out_segments = raw.out_segments};
  return out;
}

Result<AddressPair> decode_pair(Bytes key) {
  const auto raw = TRY(exactly<probe_pair>(key, "pair"));
  return AddressPair{TRY(address_of(raw.source, raw.family)),
                     TRY(address_of(raw.destination, raw.family))};
}

Result<ProbeTotals> decode_totals(Bytes bytes) {
  const auto raw = TRY(exactly<probe_totals>(bytes, "totals"));
  return ProbeTotals{raw.finals,  raw.finals_lost,      raw.not_decrypted, raw.failures_unlisted,
                     raw.bad_spi, raw.bad_spi_unlisted, raw.closed,        raw.closed_lost};
}

probe_peer encode_peer(const Address& address) {
  probe_peer raw{};
  std::memcpy(raw.address, address.bytes.data(), sizeof raw.address);
  raw.family = static_cast<std::uint32_t>(address.family);
  return raw;
}

probe_peer encode_mapped_peer(const Address& address) {
  if (address.family != Family::v4) return encode_peer(address);
  probe_peer raw{};
  raw.address[10] = raw.address[11] = 0xff;
  std::memcpy(raw.address + 12, address.bytes.data(), 4);
  raw.family = static_cast<std::uint32_t>(Family::v6);
  return raw;
}

probe_pair encode_pair(const AddressPair& pair) {
  probe_pair raw{};
  std::memcpy(raw.source, pair.source.bytes.data(), sizeof raw.source);
  std::memcpy(raw.destination, pair.destination.bytes.data(), sizeof raw.destination);
  raw.family = static_cast<std::uint32_t>(pair.source.family);
  return raw;
}

std::string ProbeCoverage::text() const {
  if (missing.empty()) return "all";
  std::string said;
  for (const std::string& each : missing) said += (said.empty() ? "without " : "; ") + each;
  return said;
}

}  // namespace qm::xfrm

// Any bytes as sock_diag's answers.
#include <cstdint>
#include <span>

#include "xfrm/connections.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qm::xfrm;
  const qm::Bytes bytes = std::as_bytes(std::span(data, size));
  std::uint32_t seq = 0;
  static_cast<void>(qm::read_at(bytes, 8, seq));
  std::vector<TcpConnection> rows;
  bool done = false;
  static_cast<void>(parse_connections(bytes, seq, rows, done));
  // A row takes a header and an inet_diag_msg.
  if (rows.size() > size / 88) __builtin_trap();
  if (const auto one = parse_connection(bytes, seq); one && *one) rows.push_back(**one);
  for (const TcpConnection& row : rows) {
    const bool mapped = unmapped(row.local.address) != row.local.address;
    const bool empty = !row.counted && row.counters != TcpCounters{};
    if (mapped || empty) __builtin_trap();
  }
  return 0;
}

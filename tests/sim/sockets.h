// TCP connections on the lanes, as far as sock_diag and the SAs see of them.
//
// Modelled: SYNs and their options; segments with and without timestamps and SACK blocks; what
// IPsec or a firewall drops after TCP counted it, and what is held until there is an SA; what is
// counted on an SA and reaches its socket later, or never; duplicates; retransmissions; FINs;
// resets of either side; ports that sysfs shows late; connections that are no session's.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/truth.h"
#include "xfrm/probe.h"

namespace qm::sim {

struct Socket {
  xfrm::TcpConnection tcp;  // what sock_diag tells
  int lane = kNone;
  int adapter = kNone;  // kNone: no session's
  std::uint32_t sid = 0;
  bool open = true;
  bool passes_by = false;           // IPsec, by a policy of its own
  std::uint64_t unacked_bytes = 0;  // sent, and not lost
  std::uint64_t lost_bytes = 0;     // to be sent again
  std::uint64_t sent_ns = 0, received_ns = 0, acked_ns = 0;
};

// Segments between TCP and an SA.
struct UnderWay {
  std::uint64_t cookie = 0;
  std::uint32_t segments = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t bytes = 0;  // as an SA counts them, innermost
};

}  // namespace qm::sim

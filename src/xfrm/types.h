// What XFRM says, as values: SAs, policies, events. No structure here has a field that could hold
// key material; algorithms are known by name and length only.
// Terms: RFC 4301; field names as in the kernel's include/uapi/linux/xfrm.h.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace qm::xfrm {

inline constexpr std::uint8_t kEsp = 50;
inline constexpr std::uint8_t kAh = 51;
inline constexpr std::uint8_t kIpComp = 108;

enum class Mode : std::uint8_t {
  transport = 0,
  tunnel = 1,
  route_optimization = 2,
  in_trigger = 3,
  beet = 4,
  iptfs = 5  // RFC 9347, kernels from 6.14
};
enum class Direction : std::uint8_t { unknown = 0, in = 1, out = 2 };

struct Mark {
  std::uint32_t value = 0;
  std::uint32_t mask = 0;
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

// What is unique among the SAs that a netns holds at one moment.
struct SaId {
  Address daddr;
  std::uint32_t spi = 0;  // host order
  std::uint8_t proto = 0;
  Mark mark;
  friend auto operator<=>(const SaId&, const SaId&) = default;
};

struct Counters {  // curlft
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
};

struct Stats {  // xfrm_stats: 32 bits in the kernel, they wrap
  std::uint32_t replay_window = 0;
  std::uint32_t replay = 0;
  std::uint32_t integrity_failed = 0;
  friend bool operator==(const Stats&, const Stats&) = default;
};

struct Selector {
  Address saddr;
  Address daddr;
  std::uint8_t saddr_prefix_bits = 0;
  std::uint8_t daddr_prefix_bits = 0;
  std::uint16_t sport = 0, sport_mask = 0;  // host order
  std::uint16_t dport = 0, dport_mask = 0;
  Family family = Family::none;  // none: matches nothing by itself (tunnel-mode SAs)
  std::uint8_t proto = 0;        // 0: any
  std::int32_t ifindex = 0;      // 0: any
  std::uint32_t user = 0;
  friend bool operator==(const Selector&, const Selector&) = default;
};

// Text in a room of fixed size in the message, up to its first NUL. Where that is, is found when
// somebody asks: of most SAs nobody does.
class RoomText {
 public:
  RoomText() = default;
  RoomText(std::string_view room) : room_(room) {}
  RoomText(const char* text) : room_(text) {}
  bool empty() const { return room_.empty() || room_.front() == '\0'; }
  std::string_view text() const { return room_.substr(0, room_.find('\0')); }

 private:
  std::string_view room_;
};

struct Algorithm {
  RoomText name;               // empty: none
  std::uint32_t key_bits = 0;  // as the kernel says, an AEAD's salt included
  std::uint32_t icv_bits = 0;  // of the truncated or AEAD tag; 0 where it isn't said
};

// One SA as a message shows it. Valid as long as the message's bytes are.
struct Sa {
  SaId id;
  Address saddr;
  std::uint32_t reqid = 0;
  std::uint32_t if_id = 0;
  std::uint32_t seq = 0;
  Mode mode = Mode::transport;
  Direction direction = Direction::unknown;  // XFRMA_SA_DIR, newer kernels only
  std::uint8_t flags = 0;                    // XFRM_STATE_…
  bool larval = false;                       // no algorithm: a negotiation under way
  bool esn = false;
  bool offloaded = false;           // XFRMA_OFFLOAD_DEV
  bool packet_offload = false;      // … with XFRM_OFFLOAD_PACKET: counters may lag
  std::uint32_t replay_window = 0;  // attribute 23's, else the header's
  Counters counters;                // curlft
  Counters inherited;               // XFRMA_LTIME_VAL: what it was born with
  Stats stats;
  std::uint64_t add_time_s = 0;  // seconds since 1970
  std::uint64_t use_time_s = 0;
  std::uint64_t soft_add_expires_s = 0, hard_add_expires_s = 0;  // 0: none
  Algorithm encryption;                                          // attribute 2
  Algorithm authentication;                                      // attributes 20, 1
  Algorithm aead;                                                // attribute 18
  bool encap = false;                                            // NAT-T: only then there are
  std::uint16_t encap_sport = 0, encap_dport = 0;                // ports, in host order
};

struct Template {
  Address saddr, daddr;  // any() in transport mode
  Family family = Family::none;
  std::uint32_t spi = 0;  // host order; 0: any
  std::uint32_t reqid = 0;
  std::uint8_t proto = 0;
  Mode mode = Mode::transport;
  bool optional = false;
  friend bool operator==(const Template&, const Template&) = default;
};

inline constexpr std::size_t kMostTemplates = 6;  // XFRM_MAX_DEPTH

enum class PolicyDirection : std::uint8_t { in = 0, out = 1, forward = 2 };
enum class PolicyAction : std::uint8_t { allow = 0, block = 1 };

struct Policy {
  std::uint32_t index = 0;  // 0 in a DELPOLICY by selector: identified by the rest
  Selector selector;
  PolicyDirection direction = PolicyDirection::in;
  std::uint32_t priority = 0;  // the lower number wins
  PolicyAction action = PolicyAction::allow;
  Mark mark;
  std::uint32_t if_id = 0;
  std::uint8_t type = 0;  // XFRM_POLICY_TYPE_MAIN 0, SUB 1
  std::vector<Template> templates;
  friend bool operator==(const Policy&, const Policy&) = default;
};

struct DefaultPolicy {  // setdefault: true = packets without a policy are dropped
  bool block_in = false, block_forward = false, block_out = false;
  friend bool operator==(const DefaultPolicy&, const DefaultPolicy&) = default;
};

}  // namespace qm::xfrm

// What /proc and the interfaces say of IPsec (proc_linux.cc). Values only; nothing is kept.
// Threads: any. Limits: kMost… below. Sources: Documentation/networking/xfrm_proc.rst,
// ip-sysctl.rst.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "xfrm/codec.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostProcBytes = 64 << 10;     // of one file; more: limit
inline constexpr std::size_t kMostInterfaceName = 15;       // IFNAMSIZ without its NUL
inline constexpr std::size_t kMostLocalAddresses = 65'536;  // more: limit

// not_found: the kernel counts no XFRM errors (CONFIG_XFRM_STATISTICS is off).
Result<NetnsErrors> read_netns_errors(const std::string& path = "/proc/net/xfrm_stat");

// Whether an interface bypasses IPsec. As the kernel asks (IN_DEV_ORCONF): set for it or for all.
struct InterfaceIpsec {
  bool disable_xfrm = false;       // IPv4: nothing that leaves here is encrypted
  bool disable_policy = false;     // IPv4: nothing that arrives here is checked
  bool disable_policy_v6 = false;  // IPv6 has no disable_xfrm
};
// not_found: no such interface; invalid: no interface's name. A setting that this kernel lacks
// reads as false.
Result<InterfaceIpsec> read_interface_ipsec(std::string_view interface,
                                            const std::string& root = "/proc/sys/net");

// Whether packets wait for an SA that is being negotiated, and are sent when it is there; as a rule
// they are dropped (net.core.xfrm_larval_drop = 1).
Result<bool> read_holds_packets(const std::string& root = "/proc/sys/net");

struct LocalAddress {
  std::string interface;
  unsigned ifindex = 0;
  Address address;
};
Result<std::vector<LocalAddress>> read_local_addresses();  // of this netns, IPv4 and IPv6

}  // namespace qm::xfrm

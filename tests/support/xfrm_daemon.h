// The kernel that runs a test, in a network namespace of its own, and what an IKE daemon would do
// to its IPsec. Any kernel with XFRM will do: larval SAs need no ESP.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "xfrm/netlink.h"
#include "xfrm/types.h"

namespace qm::test {

// Changes the kernel's state, as an IKE daemon would.
class Daemon {
 public:
  static Result<Daemon> open();

  // The kernel's word on it: 0 or a negative errno.
  int ask(std::uint16_t type, Bytes payload, std::uint16_t flags = 0);
  int add_policy(const xfrm::Policy& policy);
  int delete_policy(const xfrm::Policy& policy);
  int add_larval(std::uint32_t spi);
  int delete_sa(const xfrm::SaId& id);

 private:
  Daemon(xfrm::NetlinkSocket socket, xfrm::SecretBuffer buffer);
  xfrm::NetlinkSocket socket_;
  xfrm::SecretBuffer buffer_;
};

// Of a larval that Daemon makes.
xfrm::SaId larval_id(std::uint32_t spi);
// An outbound one for TCP to this port.
xfrm::Policy policy_of_port(std::uint16_t port);

// Runs body in a fresh network namespace, on a thread of its own: unshare(2) moves one thread. Says
// why when it can't be: without root, without XFRM.
std::string in_own_netns(const std::function<void(Daemon&)>& body);

}  // namespace qm::test

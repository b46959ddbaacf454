#include "hba/privileges.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>

#include "base/confine.h"

namespace qm::hba {
namespace {

constexpr std::uint64_t kNetAdmin = 1U << CAP_NET_ADMIN;

constexpr std::array kFamilies{AF_UNIX};
// sock_diag(7) and uevents beside what XFRM and routes take; not netfilter, which this capability
// would open too.
constexpr std::array kNetlink{NETLINK_XFRM, NETLINK_ROUTE, NETLINK_SOCK_DIAG,
                              NETLINK_KOBJECT_UEVENT};
constexpr std::array<int, 4> kBpf{BPF_MAP_LOOKUP_ELEM, BPF_MAP_LOOKUP_BATCH, BPF_MAP_UPDATE_ELEM,
                                  BPF_MAP_GET_NEXT_KEY};

}  // namespace

bool has_net_admin() {
  return has_capability(CAP_NET_ADMIN);
}

Result<std::vector<std::string>> give_up_rights(const Configuration& configuration) {
  TRY(keep_capabilities(kNetAdmin));
  std::vector<std::string> missing;
  FileRules files;
  files.write_below = {configuration.runtime_dir, configuration.state_dir};
  files.read_anywhere = true;
  if (auto done = forbid_files(files); !done) missing.push_back(done.error().message);
  const CallRules calls{kFamilies, kNetlink, kBpf, kLeakChecked};
  if (auto done = forbid_calls(calls); !done) missing.push_back(done.error().message);
  return missing;
}

}  // namespace qm::hba

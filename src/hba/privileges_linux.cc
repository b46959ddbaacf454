#include "hba/privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace qm::hba {
namespace {

using CapabilityData = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

constexpr std::uint32_t kNetAdminBit = 1U << CAP_NET_ADMIN;  // in the first word

Result<CapabilityData> capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityData data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) {
    return std::unexpected(system_error("capget", errno));
  }
  return data;
}

}  // namespace

Result<void> harden() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    return std::unexpected(system_error("setrlimit(RLIMIT_CORE)", errno));
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return std::unexpected(system_error("prctl(PR_SET_DUMPABLE)", errno));
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::unexpected(system_error("prctl(PR_SET_NO_NEW_PRIVS)", errno));
  }
  return {};
}

Result<void> keep_net_admin_only() {
  // The bounding set first: it takes CAP_SETPCAP, which goes next. Without that right there is
  // nothing to drop that no_new_privs does not hold back already.
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (capability == CAP_NET_ADMIN) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) {
      return std::unexpected(system_error("dropping a capability", errno));
    }
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  CapabilityData data = TRY(capabilities());
  const std::uint32_t kept = data[0].permitted & kNetAdminBit;
  data = {};
  data[0].effective = kept;
  data[0].permitted = kept;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (syscall(SYS_capset, &header, data.data()) != 0) {
    return std::unexpected(system_error("capset", errno));
  }
  return {};
}

bool has_net_admin() {
  const auto data = capabilities();
  return data && ((*data)[0].effective & kNetAdminBit) != 0;
}

}  // namespace qm::hba

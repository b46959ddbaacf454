#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/confine.h"

namespace qm {
namespace {

using CapabilityData = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

Result<CapabilityData> capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityData data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) {
    return std::unexpected(system_error("capget", errno));
  }
  return data;
}

bool holds(std::uint64_t bits, int capability) {
  return capability < 64 && (bits >> capability & 1U) != 0;
}

}  // namespace

Result<void> harden(bool traceable) {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) {
    return std::unexpected(system_error("setrlimit(RLIMIT_CORE)", errno));
  }
  if (!traceable && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return std::unexpected(system_error("prctl(PR_SET_DUMPABLE)", errno));
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::unexpected(system_error("prctl(PR_SET_NO_NEW_PRIVS)", errno));
  }
  return {};
}

Result<void> keep_capabilities(std::uint64_t kept) {
  // The bounding set first: it takes CAP_SETPCAP, which goes next. Without that right there is
  // nothing to drop that no_new_privs does not hold back already.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (holds(kept, capability)) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) {
      return std::unexpected(system_error("dropping a capability", errno));
    }
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  CapabilityData data = TRY(capabilities());
  for (std::size_t word = 0; word < data.size(); ++word) {
    const auto wanted = static_cast<std::uint32_t>(kept >> (32 * word));
    data[word].permitted &= wanted;
    data[word].effective = data[word].permitted;
    data[word].inheritable = 0;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, data.data()) != 0) {
    return std::unexpected(system_error("capset", errno));
  }
  return {};
}

bool has_capability(int capability) {
  const auto data = capabilities();
  if (!data) return false;
  const auto effective =
      static_cast<std::uint64_t>((*data)[1].effective) << 32 | (*data)[0].effective;
  return holds(effective, capability);
}

}  // namespace qm

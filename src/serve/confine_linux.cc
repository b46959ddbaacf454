#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "serve/system.h"

// LeakSanitizer traces its own process at exit, which a process that is not dumpable forbids.
#if defined(__SANITIZE_ADDRESS__)
#define QM_LEAK_CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QM_LEAK_CHECKED 1
#endif
#endif
#ifndef QM_LEAK_CHECKED
#define QM_LEAK_CHECKED 0
#endif

namespace qm::serve {
namespace {

// The bounding set needs CAP_SETPCAP; without it there is nothing to regain by exec anyway, since
// no_new_privs is set.
void drop_bounding_set() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

}  // namespace

std::vector<std::string> confine() {
  std::vector<std::string> warnings;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    warnings.push_back(system_error("setting no_new_privs", errno).message);
  }
  if (!QM_LEAK_CHECKED && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    warnings.push_back(system_error("forbidding dumps", errno).message);
  }
  drop_bounding_set();
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (!drop_capabilities()) {
    warnings.push_back(system_error("dropping capabilities", errno).message);
  }
  if (::geteuid() == 0) {
    warnings.emplace_back(
        "running as root, if without capabilities: root still owns files; give the service a user "
        "of its own (User= in its systemd unit)");
  }
  return warnings;
}

}  // namespace qm::serve

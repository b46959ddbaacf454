// What a daemon gives up for the rest of its life, so that a fault in it is worth little: cores,
// tracing, capabilities, system calls, files. docs/security.md names what each daemon keeps.
//
// Promise: what was given up can't be taken back, also not by what the process starts; nothing is
// given up half-way without an error. Threads: call before the second one starts (forbid_calls
// reaches all, the others only the caller's and those it makes). Limits: kMostRoomPaths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace qm {

// LeakSanitizer traces its own process at exit and reads /proc: a build that has it can't forbid
// its programs to be traced.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kLeakChecked = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kLeakChecked = true;
#else
inline constexpr bool kLeakChecked = false;
#endif
#else
inline constexpr bool kLeakChecked = false;
#endif

inline constexpr std::size_t kMostRoomPaths = 16;

// No core file, no new rights by exec (which the two cages below take for granted), and, unless
// traceable, no tracing and no /proc/PID/mem for other processes of the same user.
Result<void> harden(bool traceable = false);

// Every capability but those whose bits are in kept goes: effective, permitted, inheritable,
// ambient, bounding. One that was not there before is not there afterwards either.
Result<void> keep_capabilities(std::uint64_t kept);
bool has_capability(int capability);  // CAP_*, in the effective set

// seccomp. What remains of the calls that open a door; every other door of kDeniedCalls
// (call_filter_linux.cc) is shut. A forbidden call fails with EPERM, and the kernel's audit log
// names it; clone3 fails with ENOSYS, so that the C library takes clone, whose flags can be read.
struct CallRules {
  std::span<const int> families;           // of socket(2), AF_*
  std::span<const int> netlink_protocols;  // NETLINK_*; any makes AF_NETLINK one of the families
  std::span<const int> bpf_commands;       // BPF_*, of bpf(2)
  bool traceable = false;                  // ptrace(2) and PR_SET_DUMPABLE stay
};
// Errors: unsupported (this kernel or processor has no filter for it), denied (not hardened).
Result<void> forbid_calls(const CallRules& rules);

// Landlock. All paths count from what they name now; one that does not exist is left out.
struct FileRules {
  std::vector<std::string> write_below;  // directories: files and sockets made, written, removed
  std::vector<std::string> read_below;   // directories
  bool read_anywhere = false;            // else below those alone
  bool open_tcp = false;                 // bind and connect; of listeners that exist, accept stays
};
// The newest kernel forbids more: truncating since 6.2, TCP since 6.7, ioctls of devices since
// 6.10, signals to strangers since 6.12. Errors: unsupported (the kernel has no Landlock, or it is
// not switched on), limit, denied.
Result<void> forbid_files(const FileRules& rules);

}  // namespace qm

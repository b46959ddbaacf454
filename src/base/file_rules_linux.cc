// Landlock: Documentation/userspace-api/landlock.rst of the kernel. Its header here is as old as
// the build machine; what newer kernels can do is named below and asked for where they have it.
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/confine.h"
#include "base/descriptor_linux.h"

namespace qm {
namespace {

// struct landlock_ruleset_attr of ABI 6; older kernels take it as long as what they don't know is
// 0.
struct Ruleset {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kTruncate = 1U << 14;       // LANDLOCK_ACCESS_FS_TRUNCATE, ABI 3
constexpr std::uint64_t kIoctlOfDevice = 1U << 15;  // LANDLOCK_ACCESS_FS_IOCTL_DEV, ABI 5
constexpr std::uint64_t kTcp = 0b11;                // LANDLOCK_ACCESS_NET_{BIND,CONNECT}_TCP, ABI 4
constexpr std::uint64_t kSignals = 1U << 1;         // LANDLOCK_SCOPE_SIGNAL, ABI 6

constexpr std::uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kInRoom = kReading | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_SOCK | kTruncate;

Ruleset ruleset_for(long abi, const FileRules& rules) {
  Ruleset set;
  set.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // all of ABI 1
  if (abi >= 2) set.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) set.handled_access_fs |= kTruncate;
  if (abi >= 5) set.handled_access_fs |= kIoctlOfDevice;
  if (rules.read_anywhere) set.handled_access_fs &= ~kReading;
  if (abi >= 4 && !rules.open_tcp) set.handled_access_net = kTcp;
  // Abstract sockets stay: the service manager's own may be one.
  if (abi >= 6) set.scoped = kSignals;
  return set;
}

Result<void> add_room(int ruleset, const std::string& path, std::uint64_t rights) {
  const Descriptor room(::open(path.c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY));
  if (room.get() < 0 && errno == ENOENT) return {};
  if (room.get() < 0) return std::unexpected(system_error(path, errno));
  const landlock_path_beneath_attr beneath{rights, room.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0) {
    return std::unexpected(system_error("giving leave to use what is below " + path, errno));
  }
  return {};
}

}  // namespace

Result<void> forbid_files(const FileRules& rules) {
  if (rules.write_below.size() + rules.read_below.size() > kMostRoomPaths) {
    return fail(ErrorCode::limit,
                "more than " + std::to_string(kMostRoomPaths) + " directories to write or read in");
  }
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    return fail(ErrorCode::unsupported,
                "this kernel does not confine files (Landlock: Linux 5.13, lsm=landlock,…)");
  }
  const Ruleset set = ruleset_for(abi, rules);
  const Descriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &set, sizeof set, 0)));
  if (ruleset.get() < 0) return std::unexpected(system_error("making rules for files", errno));
  for (const std::string& path : rules.write_below) {
    TRY(add_room(ruleset.get(), path, kInRoom & set.handled_access_fs));
  }
  for (const std::string& path : rules.read_below) {
    if (rules.read_anywhere) break;  // a rule without rights is none
    TRY(add_room(ruleset.get(), path, kReading & set.handled_access_fs));
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return std::unexpected(system_error("confining files", errno));
  }
  return {};
}

}  // namespace qm

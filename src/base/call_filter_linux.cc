// The filter is a straight list, read from its top: "is it this call? then this answer". Most calls
// cost nothing: the kernel remembers those whose answer does not depend on arguments (Linux 5.11).
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>

#include "base/confine.h"

namespace qm {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
// The x32 ABI has numbers of its own under the same architecture.
constexpr std::uint32_t kOtherNumbers = 0x40000000;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kOtherNumbers = UINT32_MAX;
#else
constexpr std::uint32_t kArchitecture = 0;  // no filter: clone's arguments differ among them
constexpr std::uint32_t kOtherNumbers = UINT32_MAX;
#endif

// What no daemon of this project does, and whoever took one over would like to: start another
// program, look into another process, change what the kernel runs or mounts, leave its namespaces,
// use the large and young parts of the kernel.
constexpr std::array kDeniedCalls{
    SYS_execve,
    SYS_execveat,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_kcmp,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_acct,
    SYS_setns,
    SYS_unshare,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    SYS_mknodat,
    SYS_truncate,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_syslog,
    SYS_personality,
    SYS_vhangup,
#if defined(__x86_64__)
    SYS_mknod,
    SYS_uselib,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

constexpr std::uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;

using Program = std::vector<sock_filter>;

void load(Program& program, std::size_t offset) {
  program.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)});
}

// The lower half: what the kernel reads of an int and of clone's flags.
void load_argument(Program& program, std::size_t index) {
  static_assert(std::endian::native == std::endian::little);
  load(program, offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}

void answer(Program& program, std::uint32_t with) {
  program.push_back({BPF_RET | BPF_K, 0, 0, with});
}

// body answers when what is loaded meets the test; else the program goes on behind it.
void when(Program& program, unsigned test, std::uint32_t value, const Program& body) {
  QM_ASSERT(body.size() <= UINT8_MAX);  // a jump's reach
  program.push_back({static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), 0,
                     static_cast<std::uint8_t>(body.size()), value});
  program.insert(program.end(), body.begin(), body.end());
}

void when(Program& program, unsigned test, std::uint32_t value, std::uint32_t with) {
  Program body;
  answer(body, with);
  when(program, test, value, body);
}

// Allows what is loaded when it is one of these, else denies.
void allow_only(Program& program, std::span<const int> values) {
  for (const int value : values) {
    when(program, BPF_JEQ, static_cast<std::uint32_t>(value), kAllow);
  }
  answer(program, kDeny);
}

Program socket_rules(const CallRules& rules) {
  Program program;
  load_argument(program, 0);
  if (!rules.netlink_protocols.empty()) {
    Program netlink;
    load_argument(netlink, 2);
    allow_only(netlink, rules.netlink_protocols);
    when(program, BPF_JEQ, AF_NETLINK, netlink);
  }
  allow_only(program, rules.families);
  return program;
}

Program argument_rules(std::span<const int> values) {
  Program program;
  load_argument(program, 0);
  allow_only(program, values);
  return program;
}

Program clone_rules() {
  Program program;
  load_argument(program, 0);
  when(program, BPF_JSET, kNamespaces, kDeny);
  answer(program, kAllow);
  return program;
}

// harden() took it; nobody gives it back.
Program prctl_rules() {
  Program program;
  load_argument(program, 0);
  when(program, BPF_JEQ, PR_SET_DUMPABLE, kDeny);
  answer(program, kAllow);
  return program;
}

Program filter_of(const CallRules& rules) {
  constexpr std::array kPairs{AF_UNIX};
  Program program;
  load(program, offsetof(seccomp_data, arch));
  // Numbers of another architecture (int 0x80) mean other calls; none of ours makes one.
  program.push_back({BPF_JMP | BPF_K | BPF_JEQ, 1, 0, kArchitecture});
  answer(program, SECCOMP_RET_KILL_PROCESS);
  load(program, offsetof(seccomp_data, nr));
  when(program, BPF_JGE, kOtherNumbers, kDeny);
  when(program, BPF_JEQ, SYS_socket, socket_rules(rules));
  when(program, BPF_JEQ, SYS_socketpair, argument_rules(kPairs));
  when(program, BPF_JEQ, SYS_bpf, argument_rules(rules.bpf_commands));
  when(program, BPF_JEQ, SYS_clone, clone_rules());
  when(program, BPF_JEQ, SYS_clone3, kAbsent);
  if (!rules.traceable) {
    when(program, BPF_JEQ, SYS_ptrace, kDeny);
    when(program, BPF_JEQ, SYS_prctl, prctl_rules());
  }
  for (const long call : kDeniedCalls) {
    when(program, BPF_JEQ, static_cast<std::uint32_t>(call), kDeny);
  }
  answer(program, kAllow);
  return program;
}

}  // namespace

Result<void> forbid_calls(const CallRules& rules) {
  if (kArchitecture == 0) {
    return fail(ErrorCode::unsupported, "system calls can't be filtered on this processor");
  }
  Program program = filter_of(rules);
  const sock_fprog filter{static_cast<std::uint16_t>(program.size()), program.data()};
  const long failed = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG, &filter);
  if (failed == 0) return {};
  if (failed > 0) return fail(ErrorCode::state, "a thread has another filter of system calls");
  if (errno == ENOSYS || errno == EINVAL) {
    return fail(ErrorCode::unsupported, "this kernel does not filter system calls (seccomp)");
  }
  return std::unexpected(system_error("filtering system calls", errno));
}

}  // namespace qm

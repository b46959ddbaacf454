// A child enters a daemon's cage and tries one act that is forbidden, or one that is not.
#include "base/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/descriptor_linux.h"

namespace qm {
namespace {

constexpr int kCageFailed = 250;
constexpr int kNobody = 65'534;

using Act = std::function<long()>;
using Cage = std::function<bool()>;

bool uncaged() {
  return true;
}

// errno of the act in a child behind the cage, 0 when it succeeded. An errno is below 134.
int outcome(const Cage& cage, const Act& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!cage()) ::_exit(kCageFailed);
    errno = 0;
    ::_exit(act() < 0 ? errno : 0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool calls(const CallRules& rules) {
  return harden() && forbid_calls(rules);
}

bool calls_of_serve() {
  constexpr std::array kFamilies{AF_UNIX, AF_INET, AF_INET6};
  return calls({kFamilies, {}, {}});
}

bool calls_of_collect() {
  constexpr std::array kFamilies{AF_UNIX};
  constexpr std::array kNetlink{NETLINK_ROUTE, NETLINK_XFRM};
  constexpr std::array<int, 2> kBpf{BPF_MAP_LOOKUP_ELEM, BPF_MAP_GET_NEXT_KEY};
  return calls({kFamilies, kNetlink, kBpf});
}

long bpf(int command) {
  bpf_attr attributes{};
  attributes.map_fd = 1'000'000;  // nobody's
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

Act raw(long call, long first = 0) {
  return [call, first] { return ::syscall(call, first, 0, 0, 0, 0, 0); };
}

Act socket_of(int family, int type, int protocol) {
  return [=] { return ::socket(family, type, protocol); };
}

struct Named {
  const char* name;
  Act act;
};

// CLONE_* without memory shared is a fork, whose child leaves at once.
Act clone_with(unsigned long flags) {
  return [flags]() -> long {
    const long pid = ::syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) ::_exit(0);
    return pid;
  };
}

const std::vector<Named>& forbidden_to_both() {
  static const std::vector<Named> acts{
      {"execve", [] { return ::execl("/bin/true", "true", nullptr); }},
      {"execveat", raw(SYS_execveat, AT_FDCWD)},
      {"ptrace", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
      {"PR_SET_DUMPABLE", raw(SYS_prctl, PR_SET_DUMPABLE)},
      {"process_vm_readv", raw(SYS_process_vm_readv, ::getpid())},
      {"process_vm_writev", raw(SYS_process_vm_writev, ::getpid())},
      {"pidfd_getfd", raw(SYS_pidfd_getfd, -1)},
      {"mount", raw(SYS_mount)},
      {"umount2", raw(SYS_umount2)},
      {"move_mount", raw(SYS_move_mount, -1)},
      {"open_tree", raw(SYS_open_tree, -1)},
      {"fsopen", raw(SYS_fsopen)},
      {"pivot_root", raw(SYS_pivot_root)},
      {"chroot", [] { return ::chroot("/"); }},
      {"perf_event_open", raw(SYS_perf_event_open)},
      {"kexec_load", raw(SYS_kexec_load)},
      {"init_module", raw(SYS_init_module)},
      {"finit_module", raw(SYS_finit_module, -1)},
      {"delete_module", raw(SYS_delete_module)},
      {"keyctl", raw(SYS_keyctl)},
      {"add_key", raw(SYS_add_key)},
      {"request_key", raw(SYS_request_key)},
      {"setns", raw(SYS_setns, -1)},
      {"unshare", raw(SYS_unshare, CLONE_NEWUSER)},
      {"clone into a user namespace", clone_with(CLONE_NEWUSER)},
      {"clone into a network namespace", clone_with(CLONE_NEWNET)},
      {"open_by_handle_at", raw(SYS_open_by_handle_at, -1)},
      {"userfaultfd", raw(SYS_userfaultfd)},
      {"io_uring_setup", raw(SYS_io_uring_setup, 1)},
      {"AF_PACKET", socket_of(AF_PACKET, SOCK_RAW, 0)},
      {"AF_VSOCK", socket_of(AF_VSOCK, SOCK_STREAM, 0)},
      {"AF_ALG", socket_of(AF_ALG, SOCK_SEQPACKET, 0)},
      {"NETLINK_NETFILTER", socket_of(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)},
      {"BPF_PROG_LOAD", [] { return bpf(BPF_PROG_LOAD); }},
      {"BPF_MAP_CREATE", [] { return bpf(BPF_MAP_CREATE); }},
      {"BPF_LINK_CREATE", [] { return bpf(BPF_LINK_CREATE); }},
  };
  return acts;
}

TEST(Calls, ForbiddenOnesAreRefusedByBothCages) {
  for (const auto& [name, act] : forbidden_to_both()) {
    EXPECT_EQ(outcome(calls_of_serve, act), EPERM) << "serve: " << name;
    EXPECT_EQ(outcome(calls_of_collect, act), EPERM) << "collect: " << name;
  }
}

// What the tests above see is the cage and not the machine they run on.
TEST(Calls, TheSameSucceedWithoutACage) {
  for (const auto& [name, act] : forbidden_to_both()) {
    const std::string_view tried = name;
    if (tried != "execve" && tried != "process_vm_readv" && tried != "execveat") continue;
    EXPECT_NE(outcome(uncaged, act), EPERM) << tried;
  }
}

TEST(Calls, EachCageLeavesWhatItsDaemonDoes) {
  const std::vector<Named> both{
      {"a Unix socket", socket_of(AF_UNIX, SOCK_STREAM, 0)},
      {"a pair of them",
       [] {
         std::array<int, 2> pair{};
         return ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data());
       }},
      {"a file", [] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }},
      {"a fork", clone_with(0)},
      {"memory", [] { return ::syscall(SYS_memfd_create, "test", 0); }},
  };
  for (const auto& [name, act] : both) {
    EXPECT_EQ(outcome(calls_of_serve, act), 0) << "serve: " << name;
    EXPECT_EQ(outcome(calls_of_collect, act), 0) << "collect: " << name;
  }
  const auto same = [](const Cage& cage, const Act& act, const char* what) {
    EXPECT_EQ(outcome(cage, act), outcome(uncaged, act)) << what;
  };
  same(calls_of_serve, socket_of(AF_INET, SOCK_STREAM, 0), "serve: TCP");
  same(calls_of_serve, socket_of(AF_INET6, SOCK_STREAM, 0), "serve: TCP, IPv6");
  same(calls_of_collect, socket_of(AF_NETLINK, SOCK_RAW, NETLINK_XFRM), "collect: XFRM");
  same(calls_of_collect, socket_of(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "collect: routes");
  same(calls_of_collect, [] { return bpf(BPF_MAP_LOOKUP_ELEM); }, "collect: a map's value");
  same(calls_of_collect, [] { return bpf(BPF_MAP_GET_NEXT_KEY); }, "collect: a map's keys");
}

TEST(Calls, EachCageShutsTheOthersDoor) {
  EXPECT_EQ(outcome(calls_of_serve, socket_of(AF_NETLINK, SOCK_RAW, NETLINK_XFRM)), EPERM);
  EXPECT_EQ(outcome(calls_of_serve, [] { return bpf(BPF_MAP_LOOKUP_ELEM); }), EPERM);
  EXPECT_EQ(outcome(calls_of_collect, socket_of(AF_INET, SOCK_STREAM, 0)), EPERM);
  EXPECT_EQ(outcome(calls_of_collect, socket_of(AF_INET6, SOCK_RAW, IPPROTO_RAW)), EPERM);
  EXPECT_EQ(outcome(calls_of_collect, [] { return bpf(BPF_MAP_UPDATE_ELEM); }), EPERM);
}

// A process that its own leak checker may trace (kLeakChecked) is in the cage for the rest.
TEST(Calls, ATraceableProcessMayBeTracedAndNoMore) {
  const auto cage = [] {
    CallRules rules;
    rules.traceable = true;
    return harden(true) && forbid_calls(rules);
  };
  EXPECT_EQ(outcome(cage, [] { return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? 0 : -1; }), 0);
  EXPECT_NE(outcome(cage, raw(SYS_ptrace, PTRACE_TRACEME)), EPERM);
  EXPECT_EQ(outcome(cage, raw(SYS_execveat, AT_FDCWD)), EPERM);
}

// clone3's flags lie in memory, where a filter can't look.
TEST(Calls, Clone3IsAbsentAndThreadsStartAllTheSame) {
  EXPECT_EQ(outcome(calls_of_serve, raw(SYS_clone3)), ENOSYS);
  const Act thread = [] {
    std::thread([] {}).join();
    return 0;
  };
  EXPECT_EQ(outcome(calls_of_serve, thread), 0);
}

TEST(Calls, AThreadThatRunsAlreadyIsCagedToo) {
  const auto act = [] {
    long answer = 0;
    std::atomic<bool> caged = false;
    std::thread other([&] {
      while (!caged) std::this_thread::yield();
      errno = 0;
      answer = ::socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM ? 0 : -1;
    });
    if (!calls_of_serve()) return -1L;
    caged = true;
    other.join();
    return answer;
  };
  EXPECT_EQ(outcome(uncaged, act), 0);
}

TEST(Calls, WithoutHardeningNobodyGetsAFilter) {
  const auto cage = [] {
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) return false;
    const auto done = forbid_calls({});
    return !done && done.error().code == ErrorCode::denied;
  };
  EXPECT_EQ(outcome(cage, [] { return 0; }), 0);
}

#if defined(__x86_64__)
// In the 32-bit table, number 11 is execve; in the 64-bit one, munmap.
TEST(Calls, AnotherArchitecturesNumbersKill) {
  const Act old_door = [] {
    long answer = 20;  // getpid
    __asm__ volatile("int $0x80" : "+a"(answer)::"memory");
    return answer;
  };
  if (outcome(uncaged, old_door) != 0) GTEST_SKIP() << "this kernel has no 32-bit calls";
  EXPECT_EQ(outcome(calls_of_serve, old_door), -SIGSYS);
  EXPECT_EQ(outcome(calls_of_serve, raw(0x40000000 + SYS_getpid)), EPERM) << "x32";
}
#endif

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "confine.XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    room_ = home_ + "/room";
    ASSERT_EQ(::mkdir(room_.c_str(), 0777), 0);
    std::ofstream(home_ + "/outside").close();
    const Act unsupported = [] {
      const auto done = forbid_files({});
      return done || done.error().code != ErrorCode::unsupported ? 0 : -1;
    };
    if (outcome([] { return harden().has_value(); }, unsupported) != 0) {
      GTEST_SKIP() << "this kernel has no Landlock";
    }
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  Cage cage(bool read_anywhere) const {
    return [this, read_anywhere] {
      FileRules rules;
      rules.write_below = {room_, home_ + "/missing"};
      rules.read_anywhere = read_anywhere;
      return harden() && forbid_files(rules);
    };
  }
  static Act opening(const std::string& path, int flags) {
    return [=] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); };
  }

  std::string home_, room_;
};

TEST_F(Files, NothingIsWrittenOutside) {
  for (const bool reads : {false, true}) {
    const Cage caged = cage(reads);
    EXPECT_EQ(outcome(caged, opening(home_ + "/outside", O_WRONLY)), EACCES);
    EXPECT_EQ(outcome(caged, opening(home_ + "/outside", O_RDWR | O_TRUNC)), EACCES);
    EXPECT_EQ(outcome(caged, opening(home_ + "/new", O_WRONLY | O_CREAT)), EACCES);
    EXPECT_EQ(outcome(caged, opening("/dev/null", O_WRONLY)), EACCES);
    EXPECT_EQ(outcome(caged, [this] { return ::unlink((home_ + "/outside").c_str()); }), EACCES);
    EXPECT_EQ(outcome(caged, [this] { return ::mkdir((home_ + "/new").c_str(), 0700); }), EACCES);
    EXPECT_EQ(outcome(caged, [this] { return ::symlink("/", (room_ + "/link").c_str()); }), EACCES);
    EXPECT_EQ(outcome(caged, opening(room_ + "/../outside", O_WRONLY)), EACCES);
  }
}

TEST_F(Files, TheRoomIsTheDaemonsOwn) {
  const Cage caged = cage(false);
  EXPECT_EQ(outcome(caged, opening(room_ + "/new", O_RDWR | O_CREAT)), 0);
  EXPECT_EQ(outcome(caged, opening(room_ + "/new", O_RDWR | O_TRUNC)), 0);
  EXPECT_EQ(outcome(caged, opening(room_, O_RDONLY | O_DIRECTORY)), 0);
  const Act renaming = [this] {
    return std::rename((room_ + "/new").c_str(), (room_ + "/newer").c_str());
  };
  EXPECT_EQ(outcome(caged, renaming), 0);
  EXPECT_EQ(outcome(caged, [this] { return ::unlink((room_ + "/newer").c_str()); }), 0);
}

TEST_F(Files, ReadingElsewhereIsAChoice) {
  EXPECT_EQ(outcome(cage(false), opening(home_ + "/outside", O_RDONLY)), EACCES);
  EXPECT_EQ(outcome(cage(false), opening("/etc/passwd", O_RDONLY)), EACCES);
  EXPECT_EQ(outcome(cage(false), opening("/", O_RDONLY | O_DIRECTORY)), EACCES);
  EXPECT_EQ(outcome(cage(true), opening(home_ + "/outside", O_RDONLY)), 0);
  EXPECT_EQ(outcome(cage(true), opening("/etc/passwd", O_RDONLY)), 0);
}

TEST_F(Files, WhatMayBeReadIsNotWritten) {
  for (const bool reads : {false, true}) {
    const Cage caged = [this, reads] {
      FileRules rules;
      rules.write_below = {room_};
      rules.read_below = {home_};
      rules.read_anywhere = reads;
      return harden() && forbid_files(rules);
    };
    EXPECT_EQ(outcome(caged, opening(home_ + "/outside", O_RDONLY)), 0);
    EXPECT_EQ(outcome(caged, opening(home_ + "/outside", O_WRONLY)), EACCES);
    EXPECT_EQ(outcome(caged, opening(room_ + "/new", O_RDWR | O_CREAT)), 0);
    EXPECT_EQ(outcome(caged, opening("/etc/passwd", O_RDONLY)), reads ? 0 : EACCES);
  }
}

// Linux 6.7; an older one lets it pass.
TEST_F(Files, NoNewListenerAndNoConnection) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1);
  if (abi < 4) GTEST_SKIP() << "this kernel's Landlock knows no TCP";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  const auto open = [] { return Descriptor(::socket(AF_INET, SOCK_STREAM, 0)); };
  const Act binding = [=] {
    const Descriptor own = open();
    return own.valid() ? ::bind(own.get(), to, sizeof address) : -1;
  };
  EXPECT_EQ(outcome(uncaged, binding), 0);
  EXPECT_EQ(outcome(cage(true), binding), EACCES);
  address.sin_port = htons(9);
  const Act connecting = [=] {
    const Descriptor own = open();
    return own.valid() ? ::connect(own.get(), to, sizeof address) : -1;
  };
  EXPECT_EQ(outcome(cage(true), connecting), EACCES);
}

TEST_F(Files, RoomsAreLimited) {
  for (const std::size_t more : {0U, 1U}) {
    const Act entering = [this, more] {
      FileRules rules;
      rules.write_below.assign(kMostRoomPaths + more, room_);
      const auto done = forbid_files(rules);
      const bool limited = !done && done.error().code == ErrorCode::limit;
      return (more == 0 ? done.has_value() : limited) ? 0 : -1;
    };
    EXPECT_EQ(outcome([] { return harden().has_value(); }, entering), 0) << more;
  }
}

TEST(Hardened, NoCoreNoTracingNoNewRights) {
  const Act looking = [] {
    rlimit core{1, 1};
    ::getrlimit(RLIMIT_CORE, &core);
    const bool so = core.rlim_cur == 0 && core.rlim_max == 0 &&
                    ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                    ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    return so ? 0 : -1;
  };
  EXPECT_EQ(outcome([] { return harden().has_value(); }, looking), 0);
}

TEST(Hardened, ItsMemoryIsClosedToItsOwnUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody";
  for (const bool hardened : {false, true}) {
    // A child of nobody's looks into its parent, nobody's too.
    const Cage nobody = [hardened] {
      if (::setresgid(kNobody, kNobody, kNobody) != 0) return false;
      if (::setresuid(kNobody, kNobody, kNobody) != 0) return false;
      ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // setresuid took it
      return !hardened || harden().has_value();
    };
    const Act looking = [] {
      const std::string path = "/proc/" + std::to_string(::getpid()) + "/mem";
      const pid_t child = ::fork();
      if (child == 0) ::_exit(::open(path.c_str(), O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
      int status = 0;
      ::waitpid(child, &status, 0);
      errno = WEXITSTATUS(status);
      return errno == 0 ? 0L : -1L;
    };
    EXPECT_EQ(outcome(nobody, looking), hardened ? EACCES : 0);
  }
}

TEST(Capabilities, RootWithoutThemIsNobodyMuch) {
  if (::geteuid() != 0 || !has_capability(CAP_SETUID)) GTEST_SKIP() << "needs root";
  const Cage nothing = [] {
    return harden() && keep_capabilities(0) && !has_capability(CAP_CHOWN);
  };
  EXPECT_EQ(outcome(uncaged, [] { return ::setuid(kNobody); }), 0);
  EXPECT_EQ(outcome(nothing, [] { return ::setuid(kNobody); }), EPERM);
  EXPECT_EQ(outcome(nothing, [] { return ::setgid(kNobody); }), EPERM);
  EXPECT_EQ(outcome(nothing, socket_of(AF_PACKET, SOCK_RAW, 0)), EPERM);
  const Act bounding = [] { return ::prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) == 0 ? 0 : -1; };
  EXPECT_EQ(outcome(nothing, bounding), 0);
}

TEST(Capabilities, OnesLeftAreNotThereToReturnToRoot) {
  if (::geteuid() != 0 || !has_capability(CAP_SETUID)) GTEST_SKIP() << "needs root";
  const Cage nobody = [] {
    return ::setresuid(kNobody, kNobody, kNobody) == 0 && harden() && keep_capabilities(0);
  };
  EXPECT_EQ(outcome(nobody, [] { return ::setuid(0); }), EPERM);
  EXPECT_EQ(outcome(nobody, [] { return ::setresuid(0, 0, 0); }), EPERM);
}

TEST(Capabilities, WhatIsKeptIsKeptAndAlone) {
  if (!has_capability(CAP_KILL)) GTEST_SKIP() << "needs a capability to keep";
  const Act looking = [] {
    const bool so = keep_capabilities(1U << CAP_KILL) && has_capability(CAP_KILL) &&
                    !has_capability(CAP_CHOWN) && !has_capability(CAP_SYS_ADMIN) &&
                    !has_capability(CAP_BPF);
    return so ? 0 : -1;
  };
  EXPECT_EQ(outcome(uncaged, looking), 0);
}

}  // namespace
}  // namespace qm

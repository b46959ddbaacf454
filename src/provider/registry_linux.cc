#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/descriptor_linux.h"
#include "provider/peer_linux.h"
#include "provider/registry.h"

namespace qm::provider {
namespace {

// What an epoll event is about; peers count on from kFirstPeer.
constexpr std::uint64_t kListener = 0;
constexpr std::uint64_t kTimer = 1;
constexpr std::uint64_t kFirstPeer = 2;
constexpr int kMostEvents = 64;  // of one handle()
constexpr int kBacklog = 64;

std::uint64_t clock_ms() {
  return now().boot_ns / 1'000'000U;
}

Error last_error(std::string_view what) {
  return system_error(what, errno);
}

struct Credentials {
  ucred user{};
  std::vector<gid_t> groups;  // the supplementary ones
};

std::optional<Credentials> credentials_of(int socket) {
  Credentials out;
  socklen_t size = sizeof out.user;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &out.user, &size) != 0) return {};
  // SO_PEERGROUPS (Linux 4.13) tells by ERANGE how long the list is. Without it the primary group
  // alone counts.
  size = 0;
  getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, nullptr, &size);
  out.groups.resize(size / sizeof(gid_t));
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, out.groups.data(), &size) != 0) {
    out.groups.clear();
  }
  return out;
}

bool admitted(const Admission& admission, const Credentials& peer) {
  const auto in = [](const auto& list, auto one) {
    return std::ranges::find(list, one) != list.end();
  };
  if (peer.user.uid == 0 || peer.user.uid == geteuid()) return true;
  if (in(admission.users, peer.user.uid) || in(admission.groups, peer.user.gid)) return true;
  return std::ranges::any_of(peer.groups, [&](gid_t group) { return in(admission.groups, group); });
}

class SocketRegistry final : public Registry {
 public:
  SocketRegistry(std::string path, Admission admission, ClassCheck check,
                 std::chrono::milliseconds hello_deadline)
      : path_(std::move(path)),
        admission_(std::move(admission)),
        patience_ms_(static_cast<std::uint64_t>(hello_deadline.count())) {
    roll_.check = std::move(check);
  }
  SocketRegistry(const SocketRegistry&) = delete;
  SocketRegistry& operator=(const SocketRegistry&) = delete;
  ~SocketRegistry() override;

  Result<void> open();
  int fd() const override { return epoll_.get(); }
  void handle() override;
  std::vector<Registration> registrations() const override;
  std::uint64_t changes() const override { return roll_.changes; }
  void refresh(const GUID* guid, std::chrono::milliseconds deadline,
               std::function<void(bool)> done) override;

 private:
  struct Waiter {
    std::uint64_t token = 0;
    std::uint64_t deadline_ms = 0;
    std::vector<std::uint64_t> peers;  // that have yet to answer
    bool all_answered = true;
    std::function<void(bool)> done;
  };

  Result<void> bind_path();
  Result<void> watch(int fd, std::uint64_t what) const;
  void accept_some(std::uint64_t now_ms);
  void accept_one(Descriptor socket, std::uint64_t now_ms);
  void drop(std::uint64_t peer);
  void expire(std::uint64_t now_ms);
  void settle(std::uint64_t now_ms);
  void set_timer(std::uint64_t now_ms) const;

  std::string path_;
  Admission admission_;
  std::uint64_t patience_ms_;  // for a hello
  Roll roll_;
  Descriptor listener_;
  Descriptor epoll_;
  Descriptor timer_;
  Descriptor spare_;  // given up for a moment when there are no more, to turn a caller away
  struct stat bound_{};
  std::map<std::uint64_t, Peer> peers_;
  std::uint64_t next_peer_ = kFirstPeer;
  std::vector<Waiter> waiters_;
  std::uint64_t next_token_ = 1;
};

SocketRegistry::~SocketRegistry() {
  struct stat there{};
  const bool ours = listener_.valid() && stat(path_.c_str(), &there) == 0 &&
                    there.st_dev == bound_.st_dev && there.st_ino == bound_.st_ino;
  if (ours) unlink(path_.c_str());
}

Result<void> SocketRegistry::bind_path() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::limit, fmt::format("the path is over {} bytes, a socket can't have it",
                                              sizeof address.sun_path - 1));
  }
  std::ranges::copy(path_, address.sun_path);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (bind(listener_.get(), name, sizeof address) == 0) return {};
  if (errno != EADDRINUSE) return std::unexpected(last_error("bind"));
  const Descriptor caller(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connect(caller.get(), name, sizeof address) == 0 || errno != ECONNREFUSED) {
    return fail(ErrorCode::state,
                "something is there already: is another quickmode-serve running? "
                "Give this one another --runtime-dir");
  }
  // Nobody listens. A regular file refuses as well, and is none of ours to remove.
  struct stat there{};
  if (lstat(path_.c_str(), &there) != 0 || !S_ISSOCK(there.st_mode)) {
    return fail(ErrorCode::state, "a file that is no socket is there already");
  }
  unlink(path_.c_str());
  if (bind(listener_.get(), name, sizeof address) != 0) return std::unexpected(last_error("bind"));
  return {};
}

Result<void> SocketRegistry::watch(int fd, std::uint64_t what) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = what;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return std::unexpected(last_error("epoll_ctl"));
  }
  return {};
}

Result<void> SocketRegistry::open() {
  listener_ = Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  timer_ = Descriptor(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  spare_ = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!listener_.valid() || !epoll_.valid() || !timer_.valid()) {
    return std::unexpected(last_error("making the sockets"));
  }
  TRY(bind_path());
  // Whoever can't reach the directory can't connect; whoever can is judged by credentials.
  if (chmod(path_.c_str(), 0666) != 0 || stat(path_.c_str(), &bound_) != 0) {
    return std::unexpected(last_error("chmod"));
  }
  if (::listen(listener_.get(), kBacklog) != 0) return std::unexpected(last_error("listen"));
  TRY(watch(listener_.get(), kListener));
  return watch(timer_.get(), kTimer);
}

void SocketRegistry::accept_some(std::uint64_t now_ms) {
  for (std::size_t i = 0; i < kMostAcceptsPerTurn; ++i) {
    Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid() && (errno == EMFILE || errno == ENFILE) && spare_.valid()) {
      // Left in the backlog, the caller would keep the event loop spinning.
      spare_.reset();
      socket = Descriptor(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      socket.reset();
      spare_ = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      continue;
    }
    if (!socket.valid()) return;
    accept_one(std::move(socket), now_ms);
  }
}

void SocketRegistry::accept_one(Descriptor socket, std::uint64_t now_ms) {
  const auto credentials = credentials_of(socket.get());
  if (!credentials) return;
  const int fd = socket.get();
  Peer peer(std::move(socket), credentials->user.pid, now_ms);
  if (!admitted(admission_, *credentials)) {
    peer.cut({ErrorCode::denied, fmt::format("user {} may not register providers: name the user or "
                                             "one of its groups in quickmode-serve's configuration",
                                             credentials->user.uid)});
    return;
  }
  if (peers_.size() >= kMostProviders) {
    peer.cut(
        {ErrorCode::limit, fmt::format("{} providers are connected, no more may", kMostProviders)});
    return;
  }
  const std::uint64_t id = next_peer_++;
  if (watch(fd, id)) peers_.emplace(id, std::move(peer));
}

void SocketRegistry::drop(std::uint64_t id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  roll_.changes += found->second.entries().size();
  peers_.erase(found);
  for (Waiter& waiter : waiters_) {
    if (std::erase(waiter.peers, id) > 0) waiter.all_answered = false;
  }
}

void SocketRegistry::expire(std::uint64_t now_ms) {
  std::vector<std::uint64_t> silent;
  for (auto& [id, peer] : peers_) {
    if (peer.greeted() || now_ms < peer.since_ms() + patience_ms_) continue;
    peer.cut({ErrorCode::timeout, "no hello came"});
    silent.push_back(id);
  }
  for (const std::uint64_t id : silent) drop(id);
}

// Ends the refreshes that are answered or too old. Their callbacks run last: they may add others.
void SocketRegistry::settle(std::uint64_t now_ms) {
  for (Waiter& waiter : waiters_) {
    std::erase_if(waiter.peers, [&](std::uint64_t id) {
      const auto found = peers_.find(id);
      return found != peers_.end() && found->second.answered() >= waiter.token;
    });
  }
  std::vector<Waiter> ended;
  std::vector<Waiter> waiting;
  for (Waiter& waiter : waiters_) {
    const bool over = waiter.peers.empty() || now_ms >= waiter.deadline_ms;
    (over ? ended : waiting).push_back(std::move(waiter));
  }
  waiters_ = std::move(waiting);
  for (const Waiter& waiter : ended) waiter.done(waiter.all_answered && waiter.peers.empty());
}

void SocketRegistry::set_timer(std::uint64_t now_ms) const {
  std::uint64_t next_ms = UINT64_MAX;
  for (const Waiter& waiter : waiters_) next_ms = std::min(next_ms, waiter.deadline_ms);
  for (const auto& [id, peer] : peers_) {
    if (!peer.greeted()) next_ms = std::min(next_ms, peer.since_ms() + patience_ms_);
  }
  itimerspec when{};  // zero disarms
  if (next_ms != UINT64_MAX) {
    const std::uint64_t wait_ms = next_ms > now_ms ? next_ms - now_ms : 1;
    when.it_value.tv_sec = static_cast<time_t>(wait_ms / 1000);
    when.it_value.tv_nsec = static_cast<long>(wait_ms % 1000) * 1'000'000;
  }
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void SocketRegistry::handle() {
  std::array<epoll_event, kMostEvents> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), kMostEvents, 0);
  const std::uint64_t now_ms = clock_ms();
  for (int i = 0; i < count; ++i) {
    const std::uint64_t what = events[static_cast<std::size_t>(i)].data.u64;
    if (what == kListener) {
      accept_some(now_ms);
    } else if (const auto found = peers_.find(what); found != peers_.end()) {
      if (!found->second.handle(now_ms, roll_)) drop(what);
    }
  }
  std::uint64_t ticks = 0;
  [[maybe_unused]] const ssize_t got = read(timer_.get(), &ticks, sizeof ticks);
  expire(now_ms);
  settle(now_ms);
  set_timer(now_ms);
}

std::vector<Registration> SocketRegistry::registrations() const {
  std::vector<Registration> out;
  for (const auto& [id, peer] : peers_) {
    for (const auto& [number, entry] : peer.entries()) {
      out.push_back({entry.id, peer.driver(), peer.pid(), entry.info, &entry.page});
    }
  }
  return out;
}

void SocketRegistry::refresh(const GUID* guid, std::chrono::milliseconds deadline,
                             std::function<void(bool)> done) {
  Waiter waiter;
  for (auto& [id, peer] : peers_) {
    if (peer.supplies(guid)) waiter.peers.push_back(id);
  }
  if (waiter.peers.empty()) return done(true);
  if (waiters_.size() >= kMostRefreshes) return done(false);
  const std::uint64_t now_ms = clock_ms();
  waiter.token = next_token_++;
  waiter.deadline_ms =
      now_ms + static_cast<std::uint64_t>(std::max<std::int64_t>(deadline.count(), 0));
  waiter.done = std::move(done);
  for (const std::uint64_t id : waiter.peers) peers_.at(id).ask(waiter.token);
  waiters_.push_back(std::move(waiter));
  set_timer(now_ms);
}

}  // namespace

Result<std::unique_ptr<Registry>> Registry::listen(const std::string& path, Admission admission,
                                                   ClassCheck check,
                                                   std::chrono::milliseconds hello_deadline) {
  auto registry = std::make_unique<SocketRegistry>(path, std::move(admission), std::move(check),
                                                   hello_deadline);
  if (auto opened = registry->open(); !opened) {
    return std::unexpected(std::move(opened).error().in(path));
  }
  return registry;
}

}  // namespace qm::provider

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/descriptor_linux.h"
#include "base/text.h"
#include "cli/api.h"
#include "cli/http_answer.h"
#include "cli/pacer.h"

namespace qm::cli {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10U;

class Conversation {
 public:
  Conversation(int fd, int interrupt_fd, std::uint64_t most_ms)
      : fd_(fd), interrupt_fd_(interrupt_fd), most_ms_(most_ms) {}

  Result<Answer> ask(std::string_view request) {
    while (!request.empty()) {
      const ssize_t sent = send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        request.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EINTR) {
        if (auto ready = wait_for(POLLOUT); !ready) return std::unexpected(ready.error());
      } else {
        return std::unexpected(system_error("asking quickmode-serve", errno));
      }
    }
    return read_answer();
  }

 private:
  Result<Answer> read_answer() {
    HttpAnswer answer;
    std::array<char, kReadBytes> buffer;
    for (;;) {
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
      if (got == 0) return answer.finish();
      if (got > 0) {
        if (TRY(answer.feed({buffer.data(), static_cast<std::size_t>(got)}))) {
          return answer.finish();
        }
      } else if (errno == EAGAIN || errno == EINTR) {
        if (auto ready = wait_for(POLLIN); !ready) return std::unexpected(ready.error());
      } else {
        return std::unexpected(system_error("reading quickmode-serve's answer", errno));
      }
    }
  }

  Result<bool> wait_for(short events) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    if (left.count() > 0) {
      std::array<pollfd, 2> waited{pollfd{fd_, events, 0}, pollfd{interrupt_fd_, POLLIN, 0}};
      const int ready = poll(waited.data(), waited.size(), static_cast<int>(left.count()));
      if (ready > 0 && waited[1].revents != 0)
        return fail(ErrorCode::state, std::string(kInterrupted));
      if (ready > 0 || (ready < 0 && errno == EINTR)) return true;
    }
    return fail(ErrorCode::timeout,
                fmt::format("quickmode-serve did not answer within {} s; see `journalctl -u "
                            "quickmode-serve`",
                            static_cast<double>(most_ms_) / 1000));
  }

  int fd_;
  int interrupt_fd_;
  std::uint64_t most_ms_;
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(most_ms_);
};

Error unreachable(const std::string& path, int reason) {
  const std::string shown = plain_text(path);
  if (reason == ENOENT || reason == ENOTDIR || reason == ECONNREFUSED) {
    return {ErrorCode::state,
            fmt::format("quickmode-serve is not running: {} {}. Start it with `systemctl start "
                        "quickmode-serve`, or try the lab: `make run`",
                        reason == ECONNREFUSED ? "nobody listens on" : "no", shown)};
  }
  if (reason == EACCES || reason == EPERM) {
    return {ErrorCode::denied,
            fmt::format("{}: permission denied. The socket names targets and peers, so only its "
                        "group may ask: `ls -l {}` says which",
                        shown, shown)};
  }
  return system_error("connecting to " + shown, reason);
}

}  // namespace

Result<Answer> SocketApi::get(std::string_view target) {
  const std::string path = runtime_dir_ + "/query.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::limit, fmt::format("{}: longer than a socket's path may be ({} bytes)",
                                              plain_text(path), sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return std::unexpected(system_error("making a socket", errno));
  // A local socket connects at once or, when serve's queue is full, says EAGAIN.
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == EAGAIN) {
      return fail(ErrorCode::timeout, "quickmode-serve has too many callers waiting; try again");
    }
    return std::unexpected(unreachable(path, errno));
  }
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/plain\r\n"
      "User-Agent: quickmode\r\nConnection: close\r\n\r\n",
      target);
  const int interrupt_fd = pacer_ == nullptr ? -1 : pacer_->interrupt_fd();
  return Conversation(socket.get(), interrupt_fd, most_answer_ms_).ask(request);
}

}  // namespace qm::cli

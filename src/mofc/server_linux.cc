#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/descriptor_linux.h"
#include "base/text.h"
#include "mofc/server.h"

namespace qm::mofc {
namespace {

using Clock = std::chrono::steady_clock;

class Conversation {
 public:
  explicit Conversation(int fd) : fd_(fd) {}

  Result<void> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EINTR) {
        TRY(wait_for(POLLOUT));
      } else if (errno == EPIPE || errno == ECONNRESET) {
        return {};  // it has answered before it read all: with a refusal
      } else {
        return std::unexpected(system_error("telling quickmode-serve", errno));
      }
    }
    return {};
  }

  // Until the peer closes.
  Result<std::string> read_all() {
    std::string text;
    std::array<char, 4'096> piece{};
    for (;;) {
      const ssize_t got = ::recv(fd_, piece.data(), piece.size(), 0);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return text;
      if (got > 0) {
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > kMostServerAnswerBytes) {
          return fail(ErrorCode::limit, "quickmode-serve's answer is too long");
        }
      } else if (errno == EAGAIN || errno == EINTR) {
        TRY(wait_for(POLLIN));
      } else {
        return std::unexpected(system_error("reading quickmode-serve's answer", errno));
      }
    }
  }

 private:
  Result<bool> wait_for(short events) const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
    pollfd waited{fd_, events, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&waited, 1, static_cast<int>(left.count()));
    if (ready > 0 || (ready < 0 && errno == EINTR)) return true;
    return fail(ErrorCode::timeout, "quickmode-serve does not answer");
  }

  int fd_;
  Clock::time_point deadline_ = Clock::now() + kServerDeadline;
};

Error unreachable(const std::string& path, int reason) {
  const std::string shown = plain_text(path);
  if (reason == ENOENT || reason == ENOTDIR || reason == ECONNREFUSED) {
    return {ErrorCode::state,
            fmt::format("quickmode-serve is not running: nobody listens on {}", shown)};
  }
  return system_error("connecting to " + shown, reason);
}

}  // namespace

std::string usual_runtime_dir() {
  const char* named = std::getenv("QUICKMODE_RUNTIME_DIR");
  return named != nullptr && *named != '\0' ? named : "/run/quickmode";
}

Result<std::string> tell_server(const std::string& runtime_dir, std::string_view method,
                                std::string_view target, std::string_view body) {
  const std::string path = runtime_dir + "/query.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::limit,
                fmt::format("{}: longer than a socket's path may be", plain_text(path)));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return std::unexpected(system_error("making a socket", errno));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) != 0) {
    return std::unexpected(unreachable(path, errno));
  }
  Conversation conversation(socket.get());
  TRY(
      conversation.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: mofc\r\n"
                                    "Content-Type: application/octet-stream\r\n"
                                    "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                                    method, target, body.size(), body)));
  return read_server_answer(TRY(conversation.read_all()));
}

}  // namespace qm::mofc

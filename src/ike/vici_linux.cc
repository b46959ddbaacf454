#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/text.h"
#include "ike/session.h"
#include "ike/vici.h"

namespace qm::ike {
namespace {

constexpr std::string_view kUnixScheme = "unix://";  // how strongSwan's configuration writes it
constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr int kMostReceives = 32;  // of one handle(): the loop has others to serve

std::string errno_text(int errno_value) {
  return std::generic_category().message(errno_value);
}

std::string without_scheme(std::string path) {
  return path.starts_with(kUnixScheme) ? path.substr(kUnixScheme.size()) : path;
}

class UnixViciClient final : public ViciClient {
 public:
  UnixViciClient(std::string socket_path, Listener listener)
      : path_(std::move(socket_path)), session_(path_, std::move(listener)) {}
  UnixViciClient(const UnixViciClient&) = delete;
  UnixViciClient& operator=(const UnixViciClient&) = delete;
  ~UnixViciClient() override { close_socket(); }

  int fd() const override { return fd_; }
  bool wants_write() const override { return session_.wants_write(); }
  std::uint64_t due_boot_ns() const override { return session_.due_boot_ns(); }
  bool up() const override { return session_.up(); }
  void request_sas() override { session_.request_sas(); }
  bool sas_pending() const override { return session_.sas_pending(); }
  const std::vector<IkeSa>& sas() const override { return session_.sas(); }
  std::uint64_t sas_at_boot_ns() const override { return session_.sas_at_boot_ns(); }
  std::string problem() const override { return session_.problem(); }

  void handle(Time now) override {
    if (fd_ < 0 && session_.connect_due(now)) connect_socket(now);
    if (fd_ >= 0) receive(now);
    session_.tick(now);
    if (session_.is_connected()) send_output(now);
    if (!session_.is_connected()) close_socket();
  }

 private:
  void close_socket() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  void connect_socket(Time now) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.empty() || path_.size() >= sizeof(address.sun_path)) {
      return session_.closed(fmt::format("{} is no path for a socket: 1 to {} bytes are possible",
                                         plain_text(path_), sizeof(address.sun_path) - 1),
                             now);
    }
    std::memcpy(address.sun_path, path_.data(), path_.size());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) return session_.closed("no socket for vici: " + errno_text(errno), now);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      return session_.connected(now);
    }
    session_.closed(why_not_connected(errno), now);
  }

  std::string why_not_connected(int errno_value) const {
    const std::string path = plain_text(path_);
    if (errno_value == EACCES || errno_value == EPERM) {
      return fmt::format(
          "access to the IKE daemon's socket {} is denied: it belongs to root's group by default; "
          "set \"group\" in the charon section (charon-systemd, where that runs) of "
          "strongswan.conf to a group that the collector's user is in",
          path);
    }
    return fmt::format("no IKE daemon answers at {}: {}", path, errno_text(errno_value));
  }

  void receive(Time now) {
    for (int i = 0; i < kMostReceives && session_.is_connected(); ++i) {
      const ssize_t got = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (got > 0) {
        session_.received(Bytes(buffer_).first(static_cast<std::size_t>(got)), now);
      } else if (got == 0) {
        session_.closed(
            fmt::format("the IKE daemon at {} closed the connection", plain_text(path_)), now);
      } else if (errno != EINTR) {
        lost(errno, now);
      }
    }
  }

  void send_output(Time now) {
    while (session_.is_connected() && !session_.output().empty()) {
      const std::string_view output = session_.output();
      const ssize_t put = ::send(fd_, output.data(), output.size(), MSG_NOSIGNAL);
      if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (put >= 0) {
        session_.sent(static_cast<std::size_t>(put));
      } else if (errno != EINTR) {
        lost(errno, now);
      }
    }
  }

  void lost(int errno_value, Time now) {
    session_.closed(fmt::format("the connection to the IKE daemon at {} broke: {}",
                                plain_text(path_), errno_text(errno_value)),
                    now);
  }

  std::string path_;
  Session session_;
  int fd_ = -1;
  std::array<std::byte, kReceiveBytes> buffer_{};
};

}  // namespace

std::unique_ptr<ViciClient> ViciClient::make(std::string socket_path, Listener listener) {
  return std::make_unique<UnixViciClient>(without_scheme(std::move(socket_path)),
                                          std::move(listener));
}

}  // namespace qm::ike

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "xfrm/connections.h"

namespace qm::xfrm {
namespace {

constexpr int kPartMs = 1000;  // for each part; the kernel makes it while it is waited for
// The kernel fills at most 32 KB of a dump's datagram (netlink_dump).
constexpr std::size_t kAnswerBytes = 32 << 10;

}  // namespace

Result<ConnectionSocket> ConnectionSocket::open() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return std::unexpected(system_error("opening sock_diag", errno));
  ConnectionSocket opened(fd);
  const timeval patience{kPartMs / 1000, kPartMs % 1000 * 1000L};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  opened.answer_.resize(kAnswerBytes);
  return opened;
}

ConnectionSocket::ConnectionSocket(ConnectionSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      seq_(other.seq_),
      empty_readings_(other.empty_readings_),
      answer_(std::move(other.answer_)) {}

ConnectionSocket& ConnectionSocket::operator=(ConnectionSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(seq_, other.seq_);
  std::swap(empty_readings_, other.empty_readings_);
  std::swap(answer_, other.answer_);
  return *this;
}

ConnectionSocket::~ConnectionSocket() {
  if (fd_ >= 0) close(fd_);
}

Result<void> ConnectionSocket::send(const std::vector<std::byte>& request) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd_, request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
             sizeof(kernel)) < 0) {
    return std::unexpected(system_error("asking sock_diag", errno));
  }
  return {};
}

// One datagram of the kernel's.
Result<Bytes> ConnectionSocket::receive() {
  for (;;) {
    sockaddr_nl sender{};
    socklen_t size = sizeof(sender);
    // MSG_TRUNC: the datagram's own length, so that a cut is seen.
    const ssize_t got = recvfrom(fd_, answer_.data(), answer_.size(), MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return fail(ErrorCode::timeout, "sock_diag did not answer in time");
    }
    if (got < 0) return std::unexpected(system_error("sock_diag", errno));
    if (sender.nl_pid != 0) continue;
    if (static_cast<std::size_t>(got) > answer_.size()) {
      return fail(ErrorCode::limit, "a part of sock_diag's answer was cut");
    }
    return Bytes(answer_).first(static_cast<std::size_t>(got));
  }
}

Result<void> ConnectionSocket::read_family(Family family, std::span<const Address> peers,
                                           std::vector<TcpConnection>& out) {
  const std::uint32_t seq = ++seq_;
  TRY(send(request_connections(family, peers, seq)));
  for (bool done = false; !done;) {
    const Bytes datagram = TRY(receive());
    TRY(parse_connections(datagram, seq, out, done));
  }
  return {};
}

Result<std::vector<TcpConnection>> ConnectionSocket::read(std::span<const Address> peers) {
  std::vector<TcpConnection> all;
  TRY(read_family(Family::v4, peers, all));
  const auto v6 = read_family(Family::v6, peers, all);
  // A kernel without IPv6 has none of its connections.
  if (!v6 && v6.error().code != ErrorCode::unsupported) return std::unexpected(v6.error());
  return all;
}

Result<std::vector<TcpConnection>> ConnectionSocket::read_these(
    std::span<const std::pair<Endpoint, Endpoint>> ends) {
  std::vector<TcpConnection> all;
  for (const auto& [local, remote] : ends) {
    const std::uint32_t seq = ++seq_;
    TRY(send(request_connection(local, remote, seq)));
    const Bytes datagram = TRY(receive());
    const auto found = TRY(parse_connection(datagram, seq));
    if (found && found->counted && found->local == local && found->remote == remote) {
      all.push_back(*found);
    }
  }
  // The kernel says the same (ENOENT) when it has no such connection, and when tcp_diag has been
  // unloaded and can't be loaded again. Of a dump it says it only then; where nothing is found for
  // long it is asked seldom.
  if (!all.empty()) empty_readings_ = 0;
  if (all.empty() && !ends.empty() && empty_readings_++ % kEmptyReadingsADump == 0) {
    const Endpoint& remote = ends.front().second;
    std::vector<TcpConnection> ignored;
    TRY(read_family(remote.address.family, std::span(&remote.address, 1), ignored));
  }
  return all;
}

}  // namespace qm::xfrm

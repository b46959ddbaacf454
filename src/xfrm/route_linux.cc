#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "xfrm/route.h"

namespace qm::xfrm {
namespace {

constexpr int kRouteAnswerMs = 1000;  // the kernel answers at once, in the sender's own time

}  // namespace

Result<RouteSocket> RouteSocket::open() {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return std::unexpected(system_error("opening rtnetlink", errno));
  RouteSocket opened(fd);
  const timeval patience{kRouteAnswerMs / 1000, kRouteAnswerMs % 1000 * 1000L};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  opened.answer_.resize(kMostRouteBytes);
  return opened;
}

RouteSocket::RouteSocket(RouteSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), seq_(other.seq_), answer_(std::move(other.answer_)) {}

RouteSocket& RouteSocket::operator=(RouteSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(seq_, other.seq_);
  std::swap(answer_, other.answer_);
  return *this;
}

RouteSocket::~RouteSocket() {
  if (fd_ >= 0) close(fd_);
}

Result<Bytes> RouteSocket::ask(const std::vector<std::byte>& request) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd_, request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
             sizeof(kernel)) < 0) {
    return std::unexpected(system_error("asking rtnetlink", errno));
  }
  for (;;) {
    sockaddr_nl sender{};
    socklen_t size = sizeof(sender);
    const ssize_t got = recvfrom(fd_, answer_.data(), answer_.size(), 0,
                                 reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(system_error("rtnetlink", errno));
    if (sender.nl_pid == 0) return Bytes(answer_).first(static_cast<std::size_t>(got));
  }
}

Result<std::int32_t> RouteSocket::output_device(const Address& local, const Address& remote) {
  const std::uint32_t seq = ++seq_;
  return parse_route(TRY(ask(request_route(local, remote, seq))), seq);
}

Result<Device> RouteSocket::device(std::int32_t ifindex) {
  const std::uint32_t seq = ++seq_;
  return parse_link(TRY(ask(request_link(ifindex, seq))), seq);
}

}  // namespace qm::xfrm

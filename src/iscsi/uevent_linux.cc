#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "iscsi/inventory.h"

namespace qm::iscsi {
namespace {

constexpr unsigned kKernelGroup = 1;                 // group 2 is udev's, sent by a process
constexpr int kBufferBytes = 1 << 20;                // a target with many disks sends many at once
constexpr std::size_t kMostUeventBytes = 16 * 1024;  // the kernel's own limit is 2 KB and a header
constexpr int kMostDatagrams = 4096;                 // of one drain(): the loop has others to serve

}  // namespace

UeventSocket::UeventSocket(int fd) : fd_(fd) {}
UeventSocket::UeventSocket(UeventSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UeventSocket& UeventSocket::operator=(UeventSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UeventSocket::~UeventSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<UeventSocket> UeventSocket::open() {
  const int fd =
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  if (fd < 0) return std::unexpected(system_error("opening a socket for uevents", errno));
  UeventSocket socket(fd);
  // A smaller buffer only means that an overrun is likelier, and drain() tells of those.
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof(kBufferBytes));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return std::unexpected(system_error("joining the kernel's uevents", errno));
  }
  return socket;
}

int UeventSocket::fd() const {
  return fd_;
}

bool UeventSocket::drain() {
  bool concerned = false;
  std::array<char, kMostUeventBytes> buffer{};
  for (int i = 0; i < kMostDatagrams; ++i) {
    sockaddr_nl sender{};
    socklen_t sender_bytes = sizeof(sender);
    const ssize_t got = ::recvfrom(fd_, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&sender), &sender_bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {
      concerned = true;  // events were lost: any of them may have been ours
      continue;
    }
    if (got < 0) return concerned;
    if (sender.nl_pid != 0) continue;  // any process may send to the group; only the kernel counts
    concerned =
        concerned || concerns_iscsi(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  }
  return true;  // so many that a look is due anyway
}

}  // namespace qm::iscsi

#include <linux/netlink.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "xfrm/netlink.h"

namespace qm::xfrm {
namespace {

Error open_error(int errno_value) {
  switch (errno_value) {
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return {ErrorCode::unsupported, "this kernel has no XFRM netlink; try `modprobe xfrm_user`"};
    case EPERM:
    case EACCES:
      return {ErrorCode::denied, "XFRM netlink needs CAP_NET_ADMIN; run as root or grant it"};
    default:
      return system_error("opening XFRM netlink", errno_value);
  }
}

}  // namespace

Result<SecretBuffer> SecretBuffer::make() {
  void* memory =
      mmap(nullptr, kReceiveBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return std::unexpected(system_error("mapping a buffer", errno));
  SecretBuffer buffer(static_cast<std::byte*>(memory));
  if (mlock(memory, kReceiveBytes) != 0) {
    return fail(ErrorCode::denied,
                "locking the buffer that receives keys: raise RLIMIT_MEMLOCK (LimitMEMLOCK=)");
  }
  for (const int advice : {MADV_DONTDUMP, MADV_WIPEONFORK}) {
    if (madvise(memory, kReceiveBytes, advice) != 0) {
      return std::unexpected(system_error("keeping keys out of dumps and children", errno));
    }
  }
  return buffer;
}

SecretBuffer::SecretBuffer(SecretBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)) {}

SecretBuffer& SecretBuffer::operator=(SecretBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  return *this;
}

SecretBuffer::~SecretBuffer() {
  if (data_ == nullptr) return;
  wipe(kReceiveBytes);
  munmap(data_, kReceiveBytes);
}

void SecretBuffer::wipe(std::size_t used_bytes) {
  explicit_bzero(data_, std::min(used_bytes, kReceiveBytes));
}

Result<NetlinkSocket> NetlinkSocket::open(std::uint32_t groups) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_XFRM);
  if (fd < 0) return std::unexpected(open_error(errno));
  NetlinkSocket opened(fd);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return std::unexpected(open_error(errno));
  }
  return opened;
}

NetlinkSocket::NetlinkSocket(NetlinkSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

NetlinkSocket::~NetlinkSocket() {
  if (fd_ >= 0) close(fd_);
}

int NetlinkSocket::resize(int bytes) {
  if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }
  return room();
}

int NetlinkSocket::room() const {
  int bytes = 0;
  socklen_t size = sizeof(bytes);
  getsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, &size);
  return bytes;
}

Result<void> NetlinkSocket::send(Bytes message) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t sent = sendto(fd_, message.data(), message.size(), 0,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel));
    if (sent >= 0) return {};  // netlink takes a datagram whole or not at all
    if (errno != EINTR) return std::unexpected(system_error("asking XFRM", errno));
  }
}

Result<NetlinkSocket::Got> NetlinkSocket::receive(SecretBuffer& buffer, Bytes& datagram) {
  sockaddr_nl sender{};
  iovec part{buffer.data(), kReceiveBytes};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof(sender);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t received = 0;
  do {
    received = recvmsg(fd_, &message, 0);
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Got::nothing;
    if (errno == ENOBUFS) return Got::lost;
    return std::unexpected(system_error("reading XFRM netlink", errno));
  }
  const auto size = static_cast<std::size_t>(received);
  if (message.msg_namelen != sizeof(sender) || sender.nl_pid != 0) {
    buffer.wipe(size);
    return Got::stranger;
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    buffer.wipe(size);
    return Got::lost;
  }
  datagram = Bytes(buffer.data(), size);
  return Got::datagram;
}

Result<void> NetlinkSocket::wait(int timeout_ms) {
  pollfd ready{fd_, POLLIN, 0};
  const int count = poll(&ready, 1, std::max(timeout_ms, 0));
  if (count < 0 && errno != EINTR) return std::unexpected(system_error("waiting for XFRM", errno));
  if (count == 0) return fail(ErrorCode::timeout, "the kernel did not answer in time");
  return {};
}

}  // namespace qm::xfrm

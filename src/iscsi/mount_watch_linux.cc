#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "iscsi/inventory.h"

namespace qm::iscsi {

MountWatch::MountWatch(MountWatch&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

MountWatch& MountWatch::operator=(MountWatch&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

MountWatch::~MountWatch() {
  if (fd_ >= 0) ::close(fd_);
}

Result<MountWatch> MountWatch::open() {
  const int fd = ::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error("watching /proc/self/mountinfo", errno));
  return MountWatch(fd);
}

// fs/proc_namespace.c mounts_poll: POLLPRI and POLLERR once for each change since the last poll.
bool MountWatch::changed() {
  pollfd watched{fd_, POLLPRI, 0};
  return ::poll(&watched, 1, 0) > 0 && (watched.revents & POLLPRI) != 0;
}

}  // namespace qm::iscsi

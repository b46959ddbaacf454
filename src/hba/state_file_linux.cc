#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/descriptor_linux.h"
#include "hba/state_file.h"

namespace qm::hba {

Result<void> write_whole(const std::string& path, Bytes bytes) {
  const std::string fresh = path + ".new";
  const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR));
  if (file.get() < 0) return std::unexpected(system_error("writing " + fresh, errno));
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : ENOSPC;
      ::unlink(fresh.c_str());
      return std::unexpected(system_error("writing " + fresh, error));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    return std::unexpected(system_error("renaming " + fresh, errno));
  }
  return {};
}

Result<std::vector<std::byte>> read_whole(const std::string& path, std::size_t most_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) {
    if (errno == ENOENT) return fail(ErrorCode::not_found, path + " is not there");
    return std::unexpected(system_error("reading " + path, errno));
  }
  std::vector<std::byte> bytes;
  constexpr std::size_t kPiece = 65'536;
  for (;;) {
    const std::size_t before = bytes.size();
    if (before > most_bytes) return fail(ErrorCode::limit, path + " is too long");
    bytes.resize(before + kPiece);
    const ssize_t got = ::read(file.get(), bytes.data() + before, kPiece);
    bytes.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(system_error("reading " + path, errno));
    if (got == 0) return bytes;
  }
}

Result<void> hold_alone(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (fd < 0) return {};
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return {};  // fd stays open: the lock lives as long
  const int error = errno;
  ::close(fd);
  if (error != EWOULDBLOCK) return std::unexpected(system_error("locking " + path, error));
  return fail(ErrorCode::state, "another quickmode-collect holds " + path +
                                    "; stop it, or run this one with another --runtime-dir");
}

std::string boot_id() {
  const auto bytes = read_whole("/proc/sys/kernel/random/boot_id", 256);
  if (!bytes) return {};
  std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace qm::hba

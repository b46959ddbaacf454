#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/descriptor_linux.h"
#include "iscsi/inventory.h"

namespace qm::iscsi {
namespace {

std::unexpected<Error> failed(const std::string& path, int errno_value) {
  Error error = system_error("reading " + path, errno_value);
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:  // a sysfs file that was open when its device went
    case ENXIO:
      error.code = ErrorCode::not_found;
      break;
    case ENOTCONN:
      error.code = ErrorCode::state;
      break;
    default:
      break;
  }
  return std::unexpected(std::move(error));
}

constexpr std::size_t kPieceBytes = 16'384;
static_assert(kMostAttributeBytes < kPieceBytes);

// in_one_piece: sysfs gives an attribute whole, so what is shorter than asked for is all of it. A
// table of /proc comes in pieces of the kernel's choice.
Result<std::string> read_all(int fd, const std::string& path, std::size_t most_bytes,
                             bool in_one_piece) {
  std::string text;
  std::array<char, kPieceBytes> buffer;  // not cleared: an idle host's scan is mostly this
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) {
      return fail(ErrorCode::limit,
                  "reading " + path + ": more than " + std::to_string(most_bytes) + " bytes");
    }
    if (in_one_piece) return text;
  }
}

class SystemTree final : public FileTree {
 public:
  Result<std::string> read(const std::string& path) const override {
    std::string text = TRY(read_file(path, kMostAttributeBytes, true));
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  Result<std::string> read_large(const std::string& path, std::size_t most_bytes) const override {
    return read_file(path, most_bytes, false);
  }

  Result<std::vector<std::string>> list(const std::string& path) const override {
    DIR* dir = ::opendir(path.c_str());
    if (dir == nullptr) return failed(path, errno);
    std::vector<std::string> names;
    int errno_value = 0;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(dir);
      if (entry == nullptr) {
        errno_value = errno;
        break;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (names.size() == kMostNames) {
        ::closedir(dir);
        return fail(ErrorCode::limit,
                    "reading " + path + ": more than " + std::to_string(kMostNames) + " names");
      }
      names.emplace_back(name);
    }
    ::closedir(dir);
    if (errno_value != 0) return failed(path, errno_value);
    std::ranges::sort(names);
    return names;
  }

  // The kernel resolves it in one step; realpath() asks for each part of the path, and half of a
  // scan's system calls were that.
  Result<std::string> link_target(const std::string& path) const override {
    const Descriptor at(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (at.get() < 0) return failed(path, errno);
    std::array<char, PATH_MAX> resolved;
    const std::string itself = "/proc/self/fd/" + std::to_string(at.get());
    const ssize_t size = ::readlink(itself.c_str(), resolved.data(), resolved.size());
    if (size < 0) return failed(path, errno);
    std::string target(resolved.data(), static_cast<std::size_t>(size));
    if (target.ends_with(" (deleted)")) return failed(path, ENOENT);  // it went meanwhile
    return target;
  }

 private:
  static Result<std::string> read_file(const std::string& path, std::size_t most_bytes,
                                       bool in_one_piece) {
    // O_NONBLOCK: a fifo in place of a record must not stop the collector.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0) return failed(path, errno);
    return read_all(file.get(), path, most_bytes, in_one_piece);
  }
};

}  // namespace

std::unique_ptr<FileTree> system_tree() {
  return std::make_unique<SystemTree>();
}

}  // namespace qm::iscsi

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

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

Result<std::string> read_all(int fd, const std::string& path, std::size_t most_bytes) {
  std::string text;
  std::array<char, 16384> buffer{};
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
  }
}

class SystemTree final : public FileTree {
 public:
  Result<std::string> read(const std::string& path) const override {
    std::string text = TRY(read_large(path, kMostAttributeBytes));
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  Result<std::string> read_large(const std::string& path, std::size_t most_bytes) const override {
    // O_NONBLOCK: a fifo in place of a record must not stop the collector.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return failed(path, errno);
    auto text = read_all(fd, path, most_bytes);
    ::close(fd);
    return text;
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

  Result<std::string> link_target(const std::string& path) const override {
    std::array<char, PATH_MAX> resolved{};
    if (::realpath(path.c_str(), resolved.data()) == nullptr) return failed(path, errno);
    return std::string(resolved.data());
  }
};

}  // namespace

std::unique_ptr<FileTree> system_tree() {
  return std::make_unique<SystemTree>();
}

}  // namespace qm::iscsi

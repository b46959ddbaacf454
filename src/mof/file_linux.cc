#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <tuple>

#include "base/descriptor_linux.h"
#include "mof/file.h"
#include "mof/limits.h"
#include "mof/mof.h"
#include "mof/pe_resource.h"

namespace qm::mof {
namespace {

std::unexpected<Error> too_long(std::size_t most_bytes) {
  return fail(ErrorCode::limit, fmt::format("more than {} MiB", most_bytes >> 20U));
}

// `expected` bytes are there as far as the file system knows; /sys and /proc know little.
Result<std::string> read_all(int fd, std::size_t expected, std::size_t most_bytes) {
  std::string text;
  // One more than there are, so that the read that fills it also meets the end.
  std::size_t piece = std::min(expected, most_bytes) + 1;
  while (true) {
    const std::size_t have = text.size();
    ssize_t got = 0;
    text.resize_and_overwrite(have + piece, [&](char* bytes, std::size_t) {
      got = ::read(fd, bytes + have, piece);
      return have + static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    });
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(system_error("read", errno));
    // All of a file on a disk; what /sys and /proc say of theirs is a guess, and never the truth.
    if (got == 0 || text.size() == expected) return text;
    if (static_cast<std::size_t>(got) == piece) piece = std::size_t{1} << 16U;
    // The rest of the room is enough to meet the end in.
    else
      piece -= static_cast<std::size_t>(got);
    if (text.size() > most_bytes) return too_long(most_bytes);
  }
}

// Can be read only once, and is looked at twice: for what it is, and for what it says.
const Result<std::string>& standard_input() {
  static const Result<std::string> text = read_all(STDIN_FILENO, 0, kMostPeBytes);
  return text;
}

Result<bool> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return std::unexpected(system_error("write", errno));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

Result<bool> fill(int fd, std::string_view bytes) {
  TRY(write_all(fd, bytes));
  // mkostemp makes it 0600; the result shall have what a plain creation would have given.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(fd, 0666U & ~mask) != 0) return std::unexpected(system_error("fchmod", errno));
  return true;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t most_bytes) {
  if (path == kStandardInput) {
    const Result<std::string>& text = standard_input();
    if (text && text->size() > most_bytes) return too_long(most_bytes);
    return text;
  }
  if (path.find('\0') != std::string::npos) {
    return fail(ErrorCode::not_found, "a path cannot hold the character 0");
  }
  // Not blocking: a FIFO in the place of a file must not hang the compiler.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(ErrorCode::not_found, "there is no such file");
    }
    return std::unexpected(system_error("open", errno));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return std::unexpected(system_error("fstat", errno));
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::invalid, "not a regular file");
  const auto expected = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  if (expected > most_bytes) return too_long(most_bytes);  // before a byte of it is copied
  return read_all(file.get(), expected, most_bytes);
}

Result<std::string> read_front(const std::string& path, std::size_t bytes) {
  if (path == kStandardInput) return TRY(standard_input()).substr(0, bytes);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return std::unexpected(system_error("open", errno));
  }
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::invalid, "not a regular file");
  std::string front(bytes, '\0');
  const ssize_t got = ::pread(file.get(), front.data(), bytes, 0);
  if (got < 0) return std::unexpected(system_error("read", errno));
  front.resize(static_cast<std::size_t>(got));
  return front;
}

void read_ahead(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() >= 0) std::ignore = ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_WILLNEED);
}

bool must_be_fetched(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char first = 0;
  const iovec room{&first, 1};
  // EOPNOTSUPP: the file system can't tell.
  return file.get() >= 0 && ::preadv2(file.get(), &room, 1, 0, RWF_NOWAIT) < 0 &&
         (errno == EAGAIN || errno == EOPNOTSUPP);
}

FileReader disk_reader() {
  return [](const std::string& path) { return read_file(path, kMostSourceBytes); };
}

Result<bool> write_file(const std::string& asked, std::string_view bytes) {
  std::string path = asked;
  if (char* resolved = ::realpath(asked.c_str(), nullptr)) {
    path = resolved;  // a link stays a link
    std::free(resolved);
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      const Descriptor device(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (device.get() < 0) return std::unexpected(system_error("cannot write " + path, errno));
      return write_all(device.get(), bytes);
    }
  }
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return std::unexpected(system_error("cannot write " + path, errno));
  Result<bool> done = fill(file.get(), bytes);
  if (done && std::rename(temporary.c_str(), path.c_str()) != 0) {
    done = std::unexpected(system_error("rename", errno));
  }
  if (!done) {
    ::unlink(temporary.c_str());
    return std::unexpected(std::move(done).error().in("cannot write " + path));
  }
  return done;
}

Result<bool> write_output(std::string_view bytes) {
  return write_all(STDOUT_FILENO, bytes);
}

void write_error(std::string_view bytes) {
  std::ignore = write_all(STDERR_FILENO, bytes);  // nobody is left to be told
}

bool error_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace qm::mof

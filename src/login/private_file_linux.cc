#include "login/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <thread>

namespace qm::login {
namespace {

constexpr std::chrono::milliseconds kLockPause{20};

std::unexpected<Error> file_error(const std::string& path, int reason) {
  if (reason == ENOENT) return fail(ErrorCode::not_found, path + ": there is none");
  return std::unexpected(system_error(path, reason));
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<Descriptor> open_directory(const std::string& directory) {
  Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) return file_error(directory, errno);
  return opened;
}

int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

// errno; 0: done.
int fill(int file, std::string_view text, const struct stat& directory) {
  // Only root may give files away; whoever else writes here owns the directory.
  const bool give = ::geteuid() == 0;
  if (give && ::fchown(file, directory.st_uid, directory.st_gid) != 0) return errno;
  if (const int failed = write_all(file, text); failed != 0) return failed;
  return ::fsync(file) == 0 ? 0 : errno;
}

}  // namespace

Result<FileStamp> stamp_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return file_error(path, errno);
  return FileStamp{info.st_dev, info.st_ino, info.st_size,
                   std::int64_t{info.st_ctim.tv_sec} * 1'000'000'000 + info.st_ctim.tv_nsec};
}

Result<std::string> read_private_file(const std::string& path, std::size_t most_bytes) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return file_error(path, errno);
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::invalid, path + " is not a regular file");
  std::string text;
  text.reserve(static_cast<std::size_t>(info.st_size) + 1);
  std::array<char, 4'096> piece{};
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(path, errno);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) {
      return fail(ErrorCode::limit, fmt::format("{} is longer than {} bytes", path, most_bytes));
    }
  }
}

Result<void> replace_private_file(const std::string& path, std::string_view text, unsigned mode) {
  const Descriptor directory = TRY(open_directory(directory_of(path)));
  struct stat info{};
  if (::fstat(directory.get(), &info) != 0) return file_error(path, errno);
  const std::string fresh = path + ".new";
  // What an earlier writer left when it was stopped half-way. The caller holds the lock.
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) return file_error(fresh, errno);
  const Descriptor file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (file.get() < 0) return file_error(fresh, errno);
  int failed = fill(file.get(), text, info);
  if (failed == 0 && ::rename(fresh.c_str(), path.c_str()) != 0) failed = errno;
  if (failed != 0) {
    ::unlink(fresh.c_str());
    return std::unexpected(system_error("writing " + path, failed));
  }
  if (::fsync(directory.get()) != 0) return file_error(path, errno);
  return {};
}

Result<Descriptor> lock_directory(const std::string& directory) {
  Descriptor lock = TRY(open_directory(directory));
  const auto give_up = std::chrono::steady_clock::now() + kLockPatience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return file_error(directory, errno);
    if (std::chrono::steady_clock::now() >= give_up) {
      return fail(ErrorCode::timeout,
                  fmt::format("{}: somebody else is changing it and does not end", directory));
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return lock;
}

}  // namespace qm::login

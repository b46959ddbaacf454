// Files that nobody else may read: logins, keys. private_file_linux.cc.
//
// Promise: replace_private_file() leaves the old file or the new one, whole, whatever happens
// meanwhile; a link in their place is not followed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/descriptor_linux.h"
#include "base/result.h"

namespace qm::login {

inline constexpr std::chrono::milliseconds kLockPatience{10'000};

// Tells one version of a file from another.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t changed_ns = 0;  // ctime: writing, renaming and touching move it
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

Result<FileStamp> stamp_of(
    const std::string& path);  // follows links. Errors: not_found, denied, io

// A regular file, up to most_bytes. Errors: not_found, denied, invalid, limit, io.
Result<std::string> read_private_file(const std::string& path, std::size_t most_bytes);

// Mode 0600 unless it is no secret, owned by its directory's owner (so that root may write what a
// service reads). On disk when it returns. Errors: not_found (no such directory), denied, io (a
// full disk among them).
Result<void> replace_private_file(const std::string& path, std::string_view text,
                                  unsigned mode = 0600);

// Held as long as the descriptor is, by one process at a time; waits for others up to
// kLockPatience. Errors: not_found, denied, timeout, io.
Result<Descriptor> lock_directory(const std::string& directory);

}  // namespace qm::login

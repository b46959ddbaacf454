#include "serve/system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace qm::serve {
namespace {

constexpr rlim_t kMostDescriptors = 16'384;
constexpr std::size_t kMostAccountBytes = 65'536;  // a group's line with all its members

// NAME as getpwnam_r and getgrnam_r find it, or a number as it stands.
template <class Id, class Entry, class Find>
Result<Id> id_of(const std::string& name, std::string_view kind, Id Entry::* member, Find find) {
  Id number{};
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (!name.empty() && parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) {
    return number;
  }
  Entry entry{};
  Entry* found = nullptr;
  std::vector<char> text(kMostAccountBytes);
  const int failed = find(name.c_str(), &entry, text.data(), text.size(), &found);
  if (found == nullptr) {
    if (failed != 0) return std::unexpected(system_error(fmt::format("{} {}", kind, name), failed));
    return fail(ErrorCode::not_found, fmt::format("there is no {} {} on this host", kind, name));
  }
  return entry.*member;
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::limit, fmt::format("{}: a socket's path holds at most {} bytes; take a "
                                              "shorter --runtime-dir",
                                              path, sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Until listen(), every connect is refused, whatever the mode is meanwhile.
Result<void> open_to(const std::string& path, unsigned mode, const std::string& group, int socket) {
  if (!group.empty()) {
    const gid_t gid = TRY(group_ids({&group, 1})).front();
    if (::chown(path.c_str(), static_cast<uid_t>(-1), gid) != 0) {
      return std::unexpected(system_error(
          fmt::format("giving {} to group {} (is the service's user in it?)", path, group), errno));
    }
  }
  if (::chmod(path.c_str(), mode) != 0 || ::listen(socket, SOMAXCONN) != 0) {
    return std::unexpected(system_error("listening at " + path, errno));
  }
  return {};
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t most_bytes) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) {
    return std::unexpected(system_error(path, errno));
  }
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::invalid, path + " is not a regular file");
  std::string text;
  std::array<char, 4'096> piece{};
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(system_error("reading " + path, errno));
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) {
      return fail(ErrorCode::limit, fmt::format("{} is longer than {} bytes", path, most_bytes));
    }
  }
}

Result<void> make_directory(const std::string& path) {
  struct stat info{};
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  if (errno != EEXIST) {
    return std::unexpected(system_error("making the directory " + path, errno));
  }
  if (::stat(path.c_str(), &info) != 0) return std::unexpected(system_error(path, errno));
  if (!S_ISDIR(info.st_mode)) return fail(ErrorCode::invalid, path + " is not a directory");
  return {};
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  return real ? std::string(real.get()) : path;
}

Result<Descriptor> lock_directory(const std::string& path) {
  // 0600: whoever can open the file could take its lock.
  const std::string file = path + "/serve.lock";
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return std::unexpected(system_error(file, errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return std::unexpected(system_error("locking " + file, errno));
  return fail(ErrorCode::state,
              fmt::format("another quickmode-serve runs in {}; stop it, or run this one with "
                          "another --runtime-dir",
                          path));
}

Result<Descriptor> listen_at(const std::string& path, unsigned mode, const std::string& group) {
  const sockaddr_un address = TRY(unix_address(path));
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) {
      return fail(ErrorCode::invalid, path + " exists and is not a socket; remove it");
    }
    if (::unlink(path.c_str()) != 0) return std::unexpected(system_error(path, errno));
  }
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return std::unexpected(system_error("socket", errno));
  const auto* generic = reinterpret_cast<const struct sockaddr*>(&address);
  if (::bind(socket.get(), generic, sizeof address) != 0) {
    return std::unexpected(system_error("binding " + path, errno));
  }
  if (auto ready = open_to(path, mode, group, socket.get()); !ready) {
    ::unlink(path.c_str());
    return std::unexpected(std::move(ready).error());
  }
  return socket;
}

void remove_socket(const std::string& path) {
  ::unlink(path.c_str());
}

Result<std::vector<uid_t>> user_ids(std::span<const std::string> names) {
  std::vector<uid_t> ids;
  for (const std::string& name : names) {
    ids.push_back(TRY(id_of(name, "user", &passwd::pw_uid, ::getpwnam_r)));
  }
  return ids;
}

Result<std::vector<gid_t>> group_ids(std::span<const std::string> names) {
  std::vector<gid_t> ids;
  for (const std::string& name : names) {
    ids.push_back(TRY(id_of(name, "group", &group::gr_gid, ::getgrnam_r)));
  }
  return ids;
}

std::vector<std::string> host_names() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return {};
  const std::string full = buffer.data();
  const std::string brief = full.substr(0, full.find('.'));
  if (brief == full) return {full};
  return {full, brief};
}

std::vector<Address> own_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(first, ::freeifaddrs);
  std::vector<Address> addresses;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0 ||
        (one->ifa_flags & IFF_LOOPBACK) != 0) {
      continue;
    }
    if (one->ifa_addr->sa_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, one->ifa_addr, sizeof v4);
      std::array<std::uint8_t, 4> octets{};
      std::memcpy(octets.data(), &v4.sin_addr, octets.size());
      addresses.push_back(Address::v4(octets));
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, one->ifa_addr, sizeof v6);
      if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) continue;
      addresses.push_back(Address::v6(v6.sin6_addr.s6_addr));
    }
  }
  return addresses;
}

bool peer_is_admin(int socket) {
  struct ucred peer{};
  socklen_t bytes = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

Result<std::vector<std::string>> files_ending(const std::string& directory, std::string_view suffix,
                                              std::size_t most) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  if (!open) {
    if (errno == ENOENT) return std::vector<std::string>();
    return std::unexpected(system_error(directory, errno));
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (!name.ends_with(suffix) || name.starts_with('.')) continue;
    if (names.size() >= most) {
      return fail(ErrorCode::limit,
                  fmt::format("{} holds more than {} files *{}", directory, most, suffix));
    }
    names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::int64_t process_id() {
  return ::getpid();
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, kMostDescriptors);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void notify(std::string_view state) {
  const char* const path = ::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  const Result<sockaddr_un> made = unix_address(path);
  if (!made) return;
  sockaddr_un address = *made;
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // abstract
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  if (socket.get() < 0) return;
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), bytes);
}

}  // namespace qm::serve

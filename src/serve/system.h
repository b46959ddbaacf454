// What the service asks of the system beyond sockets that Asio opens. All in system_linux.cc and
// confine_linux.cc; nothing here blocks for long.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/descriptor_linux.h"
#include "base/result.h"
#include "serve/config.h"

namespace qm::serve {

// A regular file's text, up to most_bytes (beyond: limit).
Result<std::string> read_text_file(const std::string& path, std::size_t most_bytes);

// Makes the directory (0755) where it does not exist; its parent must.
Result<void> make_directory(const std::string& path);

std::string directory_of(const std::string& path);  // "/a" of "/a/b"
std::string real_path(const std::string& path);     // without links; itself when it can't be told

// Held as long as the descriptor is: one service to a directory. Error state: another one runs.
Result<Descriptor> lock_directory(const std::string& path);

// A listening Unix stream socket with this mode and group ("": unchanged). What is at path must be
// a socket, and stale: hold the directory's lock. Nobody can connect before mode and group are set.
Result<Descriptor> listen_at(const std::string& path, unsigned mode, const std::string& group);
void remove_socket(const std::string& path);

Result<std::vector<uid_t>> user_ids(std::span<const std::string> names);  // names or numbers
Result<std::vector<gid_t>> group_ids(std::span<const std::string> names);

std::vector<std::string> host_names();  // as this host calls itself: full, and up to the first dot
// Of every interface that is up, but loopback's and link-local ones; none where that can't be told.
std::vector<Address> own_addresses();
std::int64_t process_id();

// Of a connected Unix socket: its peer (SO_PEERCRED) is root or the service's own user.
bool peer_is_admin(int socket);

// The names of regular files in the directory that end so, sorted; none when there is no such
// directory. Errors: limit beyond `most`; denied, io.
Result<std::vector<std::string>> files_ending(const std::string& directory, std::string_view suffix,
                                              std::size_t most);

// As many descriptors as the hard limit allows, up to what the service's own limits can use.
void raise_descriptor_limit();

// sd_notify(3), by hand: a datagram to $NOTIFY_SOCKET, where it is set. Failure is no matter.
void notify(std::string_view state);

// Gives up what the service needs no more once it listens: gaining privileges by exec, being dumped
// or traced, every capability, every file but those below its two directories and the
// certificate's, new TCP sockets, and the system calls of base/confine.h. Returns warnings for the
// log: what this kernel can't forbid.
std::vector<std::string> confine(const Config& config);

}  // namespace qm::serve

// The configuration file (TOML) and what is in force without one. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace qm::serve {

inline constexpr std::size_t kMostConfigBytes = 65'536;
inline constexpr std::size_t kMostConfigList = 64;  // entries of one list

struct Config {
  std::string runtime_dir = "/run/quickmode";  // sockets
  std::string state_dir = "/var/lib/quickmode";
  // [serve] listen: host.h's parse_listener each; an empty list: the query socket alone.
  std::vector<std::string> listen = {"127.0.0.1:5985"};
  // [tls] certificate, key: PEM files, both or none. "": one of one's own, in STATE_DIR/tls.
  std::string tls_certificate;
  std::string tls_key;
  // [login] loopback = "read" or "password": what is needed on plain loopback. identify: whether
  // strangers get an answer to WS-Management's Identify.
  bool loopback_password = false;
  bool identify = true;
  // [classes] dir: binary MOFs (*.bmf) read at start.
  std::string class_dir = "/usr/share/quickmode/mof";
  // [query] mode, group: who may connect to RUNTIME_DIR/query.sock. It shows names of targets and
  // peers. group "": the service's own.
  unsigned query_mode = 0660;
  std::string query_group;
  // [providers] users, groups: who may register, besides root and the service's own user.
  std::vector<std::string> provider_users;
  std::vector<std::string> provider_groups;
};

// text on top of base. Errors: invalid, "FILE:LINE: what is wrong, and what would be right"; a key
// that nobody knows is an error, since a typo would else silently weaken a setting.
Result<Config> parse_config(std::string_view text, std::string_view file_name, Config base = {});

}  // namespace qm::serve

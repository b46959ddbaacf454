#include "login/access.h"

namespace qm::login {

namespace {

// Windows has a place of its own for Identify without a login (MS-WSMV 3.1.4.1.20).
bool asks_wsman(std::span<const std::string> path) {
  if (path.size() == 1) return path[0] == "wsman";
  return path.size() == 2 && path[0] == "wsman-anon" && path[1] == "identify";
}

}  // namespace

Way Access::decide(const Asking& asking) const {
  if (asking.door == Door::query_socket) return asking.root ? Way::admin : Way::reader;
  if (asking.credentials) return Way::password;
  if (asking.door == Door::loopback && !rules_.loopback_password) return Way::reader;
  return asking.post && asks_wsman(asking.path) && rules_.identify ? Way::stranger : Way::challenge;
}

}  // namespace qm::login

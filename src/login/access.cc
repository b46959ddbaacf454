#include "login/access.h"

namespace qm::login {

Way Access::decide(const Asking& asking) const {
  if (asking.door == Door::query_socket) return asking.root ? Way::admin : Way::reader;
  if (asking.credentials) return Way::password;
  if (asking.door == Door::loopback && !rules_.loopback_password) return Way::reader;
  const bool wsman = asking.post && asking.path.size() == 1 && asking.path[0] == "wsman";
  return wsman && rules_.identify ? Way::stranger : Way::challenge;
}

}  // namespace qm::login

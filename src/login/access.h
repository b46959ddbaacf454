// Who gets in, as what: the one place where it is decided. Pure.
//
// | door              | without credentials                        | with (Basic)      |
// | query socket      | read; admin for root and the service's own | as without        |
// | loopback          | read, unless a password is asked for there | the user's role   |
// | TLS               | Identify of WS-Management alone, or none   | the user's role   |
//
// Wrong credentials let nobody in anywhere, not even where none were needed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "login/users.h"

namespace qm::login {

inline constexpr std::size_t kMostStrangerBytes = 4'096;  // the body of a stranger's Identify

enum class Door : std::uint8_t { query_socket, loopback, tls };

struct Asking {
  Door door = Door::tls;
  bool root = false;         // of the query socket: the peer is root or the service's own user
  bool credentials = false;  // of the scheme Basic; others are as none
  bool post = false;
  std::span<const std::string> path;  // segments, decoded
};

enum class Way : std::uint8_t {
  reader,     // in, as read
  admin,      // in, as admin
  password,   // by the credentials
  stranger,   // to Identify alone, without a role
  challenge,  // not without credentials
};

class Access {
 public:
  struct Rules {
    bool loopback_password = false;  // [login] loopback = "password"
    bool identify = true;            // [login] identify
  };
  explicit Access(Rules rules) : rules_(rules) {}
  Way decide(const Asking& asking) const;

 private:
  Rules rules_;
};

}  // namespace qm::login

// Who may log in: the file STATE_DIR/users, a line "NAME:ROLE:HASH" each. Pure.
//
// A line that does not fit is left out and told with its number; it never lets anybody in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace qm::login {

inline constexpr std::size_t kMostUsers = 256;
inline constexpr std::size_t kMostNameBytes = 64;
inline constexpr std::size_t kMostHashBytes = 128;  // yescrypt's are 73
inline constexpr std::size_t kMostUsersBytes = 65'536;

// Each may do what those before it may.
enum class Role : std::uint8_t {
  none,  // has not logged in
  read,  // ask for anything
  admin  // add and delete classes
};
std::string_view role_name(Role role);        // "none", "read", "admin"
Result<Role> role_of(std::string_view name);  // "read" or "admin"; errors: invalid

// A name is 1 to kMostNameBytes of plain text without spaces and colons (RFC 7617 can't carry
// one), and does not begin with '-'. Case counts. Errors: invalid, limit.
Result<void> check_name(std::string_view name);

struct User {
  std::string name;
  Role role = Role::read;
  std::string hash;  // crypt(5), yescrypt: "$y$…"
};

struct BadLine {
  std::size_t number = 0;  // from 1
  std::string what;
};

class Users {
 public:
  // bad gets what was left out.
  static Users parse(std::string_view text, std::vector<BadLine>& bad);
  std::string text() const;

  const std::vector<User>& all() const { return users_; }  // in the file's order
  const User* find(std::string_view name) const;           // nullptr: none
  Result<void> add(User user);  // errors: state (there already), limit, invalid
  // Errors: not_found.
  Result<void> set_hash(std::string_view name, std::string hash);
  Result<void> remove(std::string_view name);

 private:
  Result<User*> existing(std::string_view name);
  std::vector<User> users_;
};

}  // namespace qm::login

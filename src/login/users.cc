#include "login/users.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace qm::login {
namespace {

constexpr std::string_view kYescrypt = "$y$";

// crypt(5): printable ASCII without space, ':', ';', '*', '!', '\'.
bool is_hash(std::string_view hash) {
  return hash.size() <= kMostHashBytes && hash.starts_with(kYescrypt) &&
         std::ranges::all_of(hash, [](char c) {
           return c > ' ' && c <= '~' &&
                  std::string_view(":;*!\\").find(c) == std::string_view::npos;
         });
}

Result<User> user_of(std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = line.find(':', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return fail(ErrorCode::invalid, "want NAME:ROLE:HASH");
  User user{std::string(line.substr(0, first)), Role::none, std::string(line.substr(second + 1))};
  TRY(check_name(user.name));
  user.role = TRY(role_of(line.substr(first + 1, second - first - 1)));
  if (!is_hash(user.hash)) {
    return fail(ErrorCode::invalid, "the hash is not yescrypt's ($y$…); use quickmode user passwd");
  }
  return user;
}

}  // namespace

std::string_view role_name(Role role) {
  switch (role) {
    case Role::admin:
      return "admin";
    case Role::read:
      return "read";
    case Role::none:
      break;
  }
  return "none";
}

Result<Role> role_of(std::string_view name) {
  if (name == "read") return Role::read;
  if (name == "admin") return Role::admin;
  return fail(ErrorCode::invalid,
              fmt::format("there is no role {}; there are read and admin", plain_text(name, 32)));
}

Result<void> check_name(std::string_view name) {
  if (name.size() > kMostNameBytes) {
    return fail(ErrorCode::limit, fmt::format("a name has {} bytes at most", kMostNameBytes));
  }
  if (name.empty() || name.front() == '-' || name.find_first_of(": ") != std::string_view::npos ||
      !is_plain_text(name)) {
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" is no name for a user: 1 to {} bytes of plain text, without "
                            "spaces and colons, and no '-' first",
                            plain_text(name, 80), kMostNameBytes));
  }
  return {};
}

Users Users::parse(std::string_view text, std::vector<BadLine>& bad) {
  Users users;
  if (text.size() > kMostUsersBytes) {
    bad.push_back({1, fmt::format("the file is longer than {} bytes: all of it is left out",
                                  kMostUsersBytes)});
    return users;
  }
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Result<User> user = user_of(text.substr(0, end));
    Result<void> added;
    if (user) added = users.add(std::move(*user));
    if (!user) added = std::unexpected(std::move(user).error());
    if (!added) bad.push_back({number, std::move(added).error().message});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return users;
}

std::string Users::text() const {
  std::string out;
  for (const User& user : users_) {
    out += fmt::format("{}:{}:{}\n", user.name, role_name(user.role), user.hash);
  }
  return out;
}

const User* Users::find(std::string_view name) const {
  const auto found = std::ranges::find(users_, name, &User::name);
  return found == users_.end() ? nullptr : &*found;
}

Result<void> Users::add(User user) {
  TRY(check_name(user.name));
  if (user.role == Role::none || !is_hash(user.hash)) {
    return fail(ErrorCode::invalid, "a user has a role and a yescrypt hash");
  }
  if (find(user.name) != nullptr) {
    return fail(ErrorCode::state, fmt::format("there is a user {} already; quickmode user passwd "
                                              "gives a new password",
                                              user.name));
  }
  if (users_.size() >= kMostUsers) {
    return fail(ErrorCode::limit, fmt::format("there are {} users at most", kMostUsers));
  }
  users_.push_back(std::move(user));
  return {};
}

Result<User*> Users::existing(std::string_view name) {
  const auto found = std::ranges::find(users_, name, &User::name);
  if (found != users_.end()) return &*found;
  return fail(ErrorCode::not_found,
              fmt::format("there is no user {}; see quickmode user list", plain_text(name, 80)));
}

Result<void> Users::set_hash(std::string_view name, std::string hash) {
  if (!is_hash(hash)) return fail(ErrorCode::invalid, "this is no yescrypt hash");
  User* const user = TRY(existing(name));
  user->hash = std::move(hash);
  return {};
}

Result<void> Users::remove(std::string_view name) {
  const User* const user = TRY(existing(name));
  users_.erase(users_.begin() + (user - users_.data()));
  return {};
}

}  // namespace qm::login

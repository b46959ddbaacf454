// Credentials that were found right a moment ago, so that a client that asks each second costs one
// check a minute. Pure but for the random key it begins with.
//
// Kept is no password and nothing that could be tried offline: an HMAC-SHA256 of the field under a
// key that only this process has. Limits: kMostVerified, kVerifiedLifetime_ns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "login/users.h"

namespace qm::login {

inline constexpr std::size_t kMostVerified = 256;
inline constexpr std::uint64_t kVerifiedLifetime_ns = 60'000'000'000;

struct Identity {
  std::string user;
  Role role = Role::none;
};

class Verified {
 public:
  using Digest = std::array<unsigned char, 32>;
  explicit Verified(std::size_t most = kMostVerified);
  ~Verified();
  Verified(const Verified&) = delete;
  Verified& operator=(const Verified&) = delete;

  Digest digest(std::string_view authorization) const;
  // Until it is changed; nullptr: not known, or too long ago.
  const Identity* find(const Digest& digest, std::uint64_t now_ns) const;
  void add(const Digest& digest, Identity identity, std::uint64_t now_ns);
  void clear() { entries_.clear(); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Mac;
  struct Entry {
    Identity identity;
    std::uint64_t until_ns = 0;
  };
  std::size_t most_;
  std::unique_ptr<Mac> mac_;
  std::map<Digest, Entry> entries_;
};

}  // namespace qm::login

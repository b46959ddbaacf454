// Who guesses passwords gets slower. Pure: it is told the time.
//
// Each failure doubles how long the next try from the same address for the same user has to wait;
// an address that fails with many users waits whatever user it names. Addresses of IPv6 count by
// their /64, which one host has. Limits: kMostThrottled; when it is full, whoever failed longest
// ago is forgotten.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/address.h"

namespace qm::login {

inline constexpr std::size_t kMostThrottled = 4'096;
inline constexpr unsigned kFreeFailures = 20;  // of an address, over all users
inline constexpr std::uint64_t kLeastPause_ns = 250'000'000;
inline constexpr std::uint64_t kMostPause_ns = 4'000'000'000;
inline constexpr std::uint64_t kForgetFailures_ns = 900'000'000'000;

class Throttle {
 public:
  explicit Throttle(std::size_t most = kMostThrottled) : most_(most) {}

  // Until the next try may be made; 0: now.
  std::uint64_t wait_ns(const Address& peer, std::string_view user, std::uint64_t now_ns) const;
  // How long the answer to this failure is to wait.
  std::uint64_t failed(const Address& peer, std::string_view user, std::uint64_t now_ns);
  void succeeded(const Address& peer, std::string_view user);
  std::uint64_t failures(const Address& peer, std::string_view user) const;  // in a row
  std::size_t size() const { return order_.size(); }

 private:
  struct Entry {
    std::string key;
    std::uint64_t failures = 0;
    std::uint64_t last_ns = 0;
    std::uint64_t until_ns = 0;
  };
  const Entry* find(const std::string& key) const;
  std::uint64_t count(std::string key, unsigned free, std::uint64_t now_ns);

  std::size_t most_;
  std::list<Entry> order_;  // by their last failure, the oldest first
  std::unordered_map<std::string, std::list<Entry>::iterator> entries_;
};

}  // namespace qm::login

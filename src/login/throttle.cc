#include "login/throttle.h"

#include <algorithm>
#include <utility>

#include "login/users.h"

namespace qm::login {
namespace {

constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV6PrefixBytes = 8;
constexpr std::uint64_t kMostDoublings = 8;

// user "": the address alone. A name longer than any that exists is cut.
std::string throttle_key(const Address& peer, std::string_view user) {
  const std::size_t bytes = peer.family == Family::v4 ? kV4Bytes : kV6PrefixBytes;
  std::string key(1, static_cast<char>(peer.family));
  key.append(reinterpret_cast<const char*>(peer.bytes.data()), bytes);
  return key.append(user.substr(0, kMostNameBytes + 1));
}

}  // namespace

const Throttle::Entry* Throttle::find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &*found->second;
}

std::uint64_t Throttle::wait_ns(const Address& peer, std::string_view user,
                                std::uint64_t now_ns) const {
  std::uint64_t until_ns = 0;
  for (const Entry* entry : {find(throttle_key(peer, user)), find(throttle_key(peer, ""))}) {
    if (entry != nullptr) until_ns = std::max(until_ns, entry->until_ns);
  }
  return until_ns > now_ns ? until_ns - now_ns : 0;
}

std::uint64_t Throttle::failed(const Address& peer, std::string_view user, std::uint64_t now_ns) {
  const std::uint64_t pair_ns = count(throttle_key(peer, user), 0, now_ns);
  const std::uint64_t peer_ns = count(throttle_key(peer, ""), kFreeFailures, now_ns);
  return std::max(pair_ns, peer_ns);
}

std::uint64_t Throttle::count(std::string key, unsigned free, std::uint64_t now_ns) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    order_.splice(order_.end(), order_, found->second);
  } else {
    if (order_.size() >= most_) {
      entries_.erase(order_.front().key);
      order_.pop_front();
    }
    order_.push_back({key, 0, now_ns, 0});
    entries_.emplace(std::move(key), std::prev(order_.end()));
  }
  Entry& entry = order_.back();
  if (now_ns - std::min(entry.last_ns, now_ns) > kForgetFailures_ns) entry.failures = 0;
  entry.last_ns = now_ns;
  ++entry.failures;
  if (entry.failures <= free) return 0;
  const std::uint64_t doublings = std::min(entry.failures - free - 1, kMostDoublings);
  const std::uint64_t pause_ns = std::min(kLeastPause_ns << doublings, kMostPause_ns);
  entry.until_ns = now_ns + pause_ns;
  return pause_ns;
}

// The address's own count stays: an owner of one account must not guess at others' for free.
void Throttle::succeeded(const Address& peer, std::string_view user) {
  const auto found = entries_.find(throttle_key(peer, user));
  if (found == entries_.end()) return;
  order_.erase(found->second);
  entries_.erase(found);
}

std::uint64_t Throttle::failures(const Address& peer, std::string_view user) const {
  const Entry* const entry = find(throttle_key(peer, user));
  return entry == nullptr ? 0 : entry->failures;
}

}  // namespace qm::login

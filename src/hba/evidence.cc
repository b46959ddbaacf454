#include "hba/evidence.h"

#include <algorithm>
#include <ranges>

namespace qm::hba {
namespace {

template <class Map>
bool same_members(const Map& a, const Map& b) {
  return std::ranges::equal(a | std::views::keys, b | std::views::keys);
}

std::uint64_t sum(const std::map<std::uint32_t, std::uint64_t>& sas) {
  std::uint64_t all = 0;
  for (const auto& [id, count] : sas) all += count;
  return all;
}

std::uint64_t moved(const Evidence::Moved& before, const Evidence::Moved& now,
                    xfrm::Direction direction) {
  if (direction == xfrm::Direction::in) {
    return static_cast<std::uint32_t>(now.least_now - before.most_before);
  }
  return now.least_now > before.most_before ? now.least_now - before.most_before : 0;
}

}  // namespace

// False: too soon after the last reading, which stays the last.
bool Evidence::judge(State& state, const Path& path, Time now) {
  if (!state.begun) {
    if (now.boot_ns - state.last_boot_ns < kDeliveryNs) return false;
    state.begun = true;
    state.sas = sum(state.last.sas);  // read before these connections were
    state.connections = path.connections;
    state.boot_ns = now.boot_ns;
    return true;
  }
  std::uint64_t all = 0;
  for (const auto& [cookie, counts] : path.connections) {
    all += moved(state.connections.at(cookie), counts, path.direction);
  }
  if (all == 0) return true;
  state.says = sum(path.sas) - state.sas < all ? Says::missing : Says::agrees;
  state.begun = state.says == Says::agrees && now.boot_ns - state.boot_ns < kEvidenceNs;
  return true;
}

void Evidence::take(const std::map<AssociationKey, Path>& paths, Time now) {
  std::erase_if(states_, [&](const auto& each) { return !paths.contains(each.first); });
  for (const auto& [key, path] : paths) {
    const auto [found, is_new] = states_.try_emplace(key);
    State& state = found->second;
    const bool same_connections = same_members(state.last.connections, path.connections);
    if (!same_connections) state.says = Says::nothing;
    if (is_new || !same_connections || !path.read || !state.last.read ||
        !same_members(state.last.sas, path.sas)) {
      state.begun = false;
    } else if (!judge(state, path, now)) {
      continue;
    }
    state.last = path;
    state.last_boot_ns = now.boot_ns;
  }
}

void Evidence::interrupt() {
  for (auto& [key, state] : states_) {
    state.begun = false;
    state.last.read = false;  // an interval begins with SAs that the refresh before has read
  }
}

Evidence::Says Evidence::of(const AssociationKey& key) const {
  const auto found = states_.find(key);
  return found == states_.end() ? Says::nothing : found->second.says;
}

}  // namespace qm::hba

#include "hba/evidence.h"

#include <algorithm>
#include <utility>

namespace qm::hba {
namespace {

std::uint64_t sum(const Evidence::Path& path) {
  std::uint64_t all = 0;
  for (const auto& [id, count] : path.sas) all += count;
  return all;
}

std::vector<std::uint64_t> members_of(const Evidence::Path& path) {
  std::vector<std::uint64_t> members;
  members.reserve(path.connections.size() + path.sas.size());
  for (const auto& [cookie, counts] : path.connections) members.push_back(cookie);
  for (const auto& [id, count] : path.sas) members.push_back(id);
  return members;
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
    state.sas = state.last_sas;  // read before these connections were
    state.connections.clear();
    for (const auto& [cookie, counts] : path.connections) state.connections.push_back(counts);
    state.boot_ns = now.boot_ns;
    return true;
  }
  std::uint64_t all = 0;
  auto before = state.connections.begin();  // of the same ones, in the same order
  for (const auto& [cookie, counts] : path.connections) {
    all += moved(*before++, counts, path.direction);
  }
  if (all == 0) return true;
  state.says = sum(path) - state.sas < all ? Says::missing : Says::agrees;
  state.begun = state.says == Says::agrees && now.boot_ns - state.boot_ns < kEvidenceNs;
  return true;
}

void Evidence::take(const std::map<AssociationKey, Path>& paths, Time now) {
  std::erase_if(states_, [&](const auto& each) { return !paths.contains(each.first); });
  for (const auto& [key, path] : paths) {
    State& state = states_[key];
    std::vector<std::uint64_t> members = members_of(path);
    const auto cookies = static_cast<std::uint32_t>(path.connections.size());
    const bool same_connections =
        state.cookies == cookies &&
        std::equal(members.begin(), members.begin() + cookies, state.members.begin());
    if (!same_connections) state.says = Says::nothing;
    if (!same_connections || !path.read || !state.read || state.members != members) {
      state.begun = false;
    } else if (!judge(state, path, now)) {
      continue;
    }
    state.members = std::move(members);
    state.cookies = cookies;
    state.read = path.read;
    state.last_sas = sum(path);
    state.last_boot_ns = now.boot_ns;
  }
}

Evidence::Says Evidence::of(const AssociationKey& key) const {
  const auto found = states_.find(key);
  return found == states_.end() ? Says::nothing : found->second.says;
}

}  // namespace qm::hba

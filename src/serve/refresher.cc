#include "serve/refresher.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "base/guid.h"

namespace qm::serve {
namespace {

using GuidKey = std::array<std::byte, sizeof(GUID)>;
using ProviderKey = std::pair<pid_t, std::string>;

bool has(std::span<const GUID> guids, const GUID& guid) {
  return std::ranges::any_of(guids, [&](const GUID& one) { return equal(one, guid); });
}

}  // namespace

Refresher::Refresher(Ask ask, std::chrono::milliseconds deadline)
    : ask_(std::move(ask)), deadline_(deadline) {}

void Refresher::want(std::span<const GUID> guids, std::uint64_t now_ns, Done done) {
  if (guids.empty()) {
    done(true);
    return;
  }
  if (waiters_.size() >= kMostWaiters) {
    done(false);
    return;
  }
  const std::uint64_t id = ++last_id_;
  const auto deadline = std::chrono::nanoseconds(deadline_);
  waiters_[id] = {guids.size(), true, now_ns + static_cast<std::uint64_t>(deadline.count()),
                  std::move(done)};
  std::vector<Key> idle;
  for (const GUID& guid : guids) {
    const Key key = std::bit_cast<Key>(guid);
    Flight& flight = flights_[key];
    flight.next.push_back(id);
    if (!flight.flying) idle.push_back(key);
  }
  for (const Key& key : idle) launch(key);
}

void Refresher::launch(const Key& key) {
  const auto at = flights_.find(key);
  if (at == flights_.end() || at->second.flying) return;
  Flight& flight = at->second;
  std::erase_if(flight.next, [&](std::uint64_t id) { return !waiters_.contains(id); });
  if (flight.next.empty()) {
    flights_.erase(at);
    return;
  }
  flight.flying = true;
  flight.aboard = std::exchange(flight.next, {});
  const std::weak_ptr<const bool> alive = alive_;
  ask_(std::bit_cast<GUID>(key), deadline_, [this, alive, key](bool answered) {
    if (!alive.expired()) landed(key, answered);
  });
}

void Refresher::landed(const Key& key, bool answered) {
  const auto at = flights_.find(key);
  if (at == flights_.end() || !at->second.flying) return;
  at->second.flying = false;
  const std::vector<std::uint64_t> aboard = std::exchange(at->second.aboard, {});
  for (const std::uint64_t id : aboard) {
    const auto waiter = waiters_.find(id);
    if (waiter == waiters_.end()) continue;  // its deadline has passed
    waiter->second.all_answered = waiter->second.all_answered && answered;
    if (--waiter->second.open != 0) continue;
    const bool all_answered = waiter->second.all_answered;
    const Done done = std::move(waiter->second.done);
    waiters_.erase(waiter);
    done(all_answered);
  }
  launch(key);
}

void Refresher::tick(std::uint64_t now_ns) {
  while (!waiters_.empty() && waiters_.begin()->second.deadline_ns <= now_ns) {
    const Done done = std::move(waiters_.begin()->second.done);
    waiters_.erase(waiters_.begin());
    done(false);
  }
}

std::optional<std::uint64_t> Refresher::next_deadline_ns() const {
  if (waiters_.empty()) return std::nullopt;
  return waiters_.begin()->second.deadline_ns;
}

std::vector<GUID> questions_for(std::span<const provider::Registration> registrations,
                                std::span<const wmi::ClassEntry* const> classes) {
  const auto wanted = [&](const GUID& guid) {
    return std::ranges::any_of(classes, [&](const wmi::ClassEntry* entry) {
      return entry->guid && equal(*entry->guid, guid);
    });
  };
  std::map<GuidKey, std::size_t> counts;
  for (const provider::Registration& r : registrations)
    ++counts[std::bit_cast<GuidKey>(r.info.guid)];
  const auto count_of = [&](const provider::Registration& r) {
    return counts[std::bit_cast<GuidKey>(r.info.guid)];
  };
  // A provider's question: of its classes the one that fewest others have, the first of those.
  std::map<ProviderKey, const provider::Registration*> question;
  std::map<ProviderKey, bool> needed;
  for (const provider::Registration& registration : registrations) {
    const ProviderKey key(registration.pid, registration.driver);
    const provider::Registration*& best = question[key];
    if (best == nullptr || count_of(registration) < count_of(*best)) {
      best = &registration;
    }
    if (wanted(registration.info.guid)) needed[key] = true;
  }
  std::vector<GUID> guids;
  for (const auto& [key, registration] : question) {
    const GUID& guid = registration->info.guid;
    if (needed.contains(key) && !has(guids, guid)) guids.push_back(guid);
  }
  return guids;
}

}  // namespace qm::serve

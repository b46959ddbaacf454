#include "wmi/enumerations.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/random.h"

namespace qm::wmi {
namespace {

std::uint64_t bytes_of(const Part& part) {
  const provider::Generation& generation = part.generation;
  return generation.storage.size() +
         generation.quality_storage.size() * sizeof(provider::ItemQuality) +
         generation.instances.size() * sizeof(provider::InstanceData);
}

// Strings of made values are short; their buffers are counted with the value.
std::uint64_t bytes_of(const wql::Found& found) {
  constexpr std::uint64_t kTextBytes = 128;
  std::uint64_t bytes = found.rows.capacity() * sizeof(wql::Row);
  for (const std::vector<Value>& values : found.made) {
    bytes += values.size() * (sizeof(Value) + kTextBytes);
  }
  return bytes;
}

// When it is forgotten unless it is asked for.
std::uint64_t end_of(const Enumeration& one, std::uint64_t now_ms) {
  const std::uint64_t end_ms = now_ms + one.life_ms;
  return one.until_ms ? std::min(*one.until_ms, end_ms) : end_ms;
}

}  // namespace

Enumerations::Enumerations(EnumerationLimits limits, NewName new_name)
    : limits_(limits), new_name_(new_name ? std::move(new_name) : NewName(unguessable_name)) {}
Enumerations::~Enumerations() = default;

Result<std::string> Enumerations::open(std::string_view client, Enumeration enumeration,
                                       std::uint64_t now_ms) {
  forget_old(now_ms);
  if (open_.size() >= limits_.enumerations) {
    return fail(ErrorCode::limit, fmt::format("{} enumerations are open; no more are taken until "
                                              "some are finished or closed",
                                              limits_.enumerations));
  }
  auto share = of_client_.find(client);
  if (share != of_client_.end() && share->second >= limits_.of_client) {
    return fail(ErrorCode::limit,
                fmt::format("this client has {} enumerations open; finish or close some",
                            limits_.of_client));
  }
  Open one;
  one.client = client;
  one.own_bytes = bytes_of(enumeration.found);
  enumeration.life_ms = std::min(enumeration.life_ms, kMostEnumerationLifeMs);
  one.forget_ms = end_of(enumeration, now_ms);
  one.enumeration = std::move(enumeration);
  const auto& snapshot = one.enumeration.found.snapshot;
  if (snapshot) hold(*snapshot);
  held_bytes_ += one.own_bytes;
  if (held_bytes_ > limits_.bytes) {
    held_bytes_ -= one.own_bytes;
    if (snapshot) release(*snapshot);
    return fail(ErrorCode::limit, "open enumerations hold too much data already");
  }
  if (share == of_client_.end()) share = of_client_.emplace(client, 0).first;
  ++share->second;
  next_forget_ms_ = open_.empty() ? one.forget_ms : std::min(next_forget_ms_, one.forget_ms);
  std::string name = new_name_();
  open_.insert_or_assign(name, std::move(one));
  return name;
}

Enumeration* Enumerations::find(std::string_view client, std::string_view name,
                                std::uint64_t now_ms) {
  forget_old(now_ms);
  const auto at = open_.find(name);
  if (at == open_.end() || at->second.client != client) return nullptr;
  at->second.forget_ms = end_of(at->second.enumeration, now_ms);
  return &at->second.enumeration;
}

bool Enumerations::close(std::string_view client, std::string_view name, std::uint64_t now_ms) {
  forget_old(now_ms);
  const auto at = open_.find(name);
  if (at == open_.end() || at->second.client != client) return false;
  forget(at);
  return true;
}

void Enumerations::forget_old(std::uint64_t now_ms) {
  if (open_.empty() || now_ms < next_forget_ms_) return;
  next_forget_ms_ = std::numeric_limits<std::uint64_t>::max();
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->second.forget_ms <= now_ms) {
      at = forget(at);
    } else {
      next_forget_ms_ = std::min(next_forget_ms_, at->second.forget_ms);
      ++at;
    }
  }
}

Enumerations::ByName::iterator Enumerations::forget(ByName::iterator at) {
  const Open& one = at->second;
  held_bytes_ -= one.own_bytes;
  if (one.enumeration.found.snapshot) release(*one.enumeration.found.snapshot);
  const auto share = of_client_.find(one.client);
  if (--share->second == 0) of_client_.erase(share);
  return open_.erase(at);
}

void Enumerations::hold(const Snapshot& snapshot) {
  for (const auto& part : snapshot.parts) {
    if (++holders_[part.get()] == 1) held_bytes_ += bytes_of(*part);
  }
}

void Enumerations::release(const Snapshot& snapshot) {
  for (const auto& part : snapshot.parts) {
    const auto at = holders_.find(part.get());
    if (--at->second != 0) continue;
    held_bytes_ -= bytes_of(*part);
    holders_.erase(at);
  }
}

}  // namespace qm::wmi

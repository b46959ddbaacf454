// SAs that several adapters share: what they grow by, and who gets a part of it (split.h).
#include <algorithm>
#include <utility>

#include "hba/ledger.h"

namespace qm::hba {
namespace {

// What an entry adds to the growth of its association: what it contributes to its owner.
SharedGrowth growth_by(const Entry& entry) {
  const auto since = [](std::uint64_t now, std::uint64_t base) {
    return now > base ? now - base : 0;
  };
  SharedGrowth growth;
  growth.all = {since(entry.newest.bytes, entry.base.bytes),
                since(entry.newest.packets, entry.base.packets)};
  growth.replay_packets = entry.replay_detection ? growth.all.packets : 0;
  growth.errors = since(entry.integrity_failed, entry.integrity_base) +
                  since(entry.not_decrypted, entry.not_decrypted_base);
  return growth;
}

void add_growth(SharedGrowth& sum, const SharedGrowth& more) {
  sum.all.bytes += more.all.bytes;
  sum.all.packets += more.all.packets;
  sum.replay_packets += more.replay_packets;
  sum.errors += more.errors;
}

}  // namespace

Ledger::Pool* Ledger::pool_of(const Entry& entry) {
  if (entry.owner != kUnattributed || entry.pool == 0) return nullptr;
  const auto found = pools_.find(entry.association);
  return found != pools_.end() && found->second.number == entry.pool ? &found->second : nullptr;
}

void Ledger::enter_pool(Entry& entry) {
  entry.pool = 0;
  if (entry.owner != kUnattributed || pools_.empty()) return;
  const auto found = pools_.find(entry.association);
  if (found != pools_.end()) entry.pool = found->second.number;
}

// It ends, or goes to somebody: what it grew by until now stays known.
void Ledger::leave_pool(const Entry& entry) {
  if (Pool* pool = pool_of(entry)) add_growth(pool->ended, growth_by(entry));
}

void Ledger::correct_pool(const Recent& recent, const Entry& before) {
  Pool* pool = pool_of(recent.entry);
  if (pool == nullptr) return;
  const SharedGrowth old = growth_by(before);
  SharedGrowth more = growth_by(recent.entry);
  more.all.bytes -= old.all.bytes;
  more.all.packets -= old.all.packets;
  more.replay_packets -= old.replay_packets;
  more.errors -= old.errors;
  add_growth(pool->ended, more);
}

void Ledger::begin_sharing(const AssociationKey& key, std::span<const EntryId> live) {
  if (shares(key)) return;
  pools_[key].number = ++last_pool_;
  for (const EntryId id : live) {
    if (entries_.owner(id) != kUnattributed) continue;  // it enters when it is assigned
    Edited entry = edit(id);
    fold_so_far(*entry);
    enter_pool(*entry);
  }
}

SharedGrowth Ledger::growth_of(const AssociationKey& key, std::span<const EntryId> live) const {
  const auto found = pools_.find(key);
  if (found == pools_.end()) return {};
  SharedGrowth growth = found->second.ended;
  const auto is_in = [&](const Entry& entry) {
    return entry.owner == kUnattributed && entry.pool == found->second.number &&
           entry.association == key;
  };
  for (const EntryId id : live) {
    const Entry entry = entries_.at(id);
    if (!is_in(entry)) continue;
    add_growth(growth, growth_by(entry));
    growth.live = true;
  }
  growth.awaiting = std::ranges::any_of(
      awaited_, [&](const auto& row) { return is_in(recent_[row.second - first_recent_].entry); });
  return growth;
}

Quality Ledger::take_shared_loss(const AssociationKey& key) {
  const auto found = pools_.find(key);
  return found == pools_.end() ? Quality{} : std::exchange(found->second.loss, {});
}

void Ledger::grant(const AssociationKey& key, xfrm::Direction direction, OwnerId owner,
                   std::uint64_t bytes, std::uint64_t replay_packets) {
  const Totals part = counted_on(key, direction, false, bytes, replay_packets);
  owners_[owner].folded += part;
  owners_[kUnattributed].folded -= part;
}

void Ledger::lose_shared(const AssociationKey& key, xfrm::Direction direction, bool outer,
                         OwnerId owner, Quality loss) {
  const Totals touched = counted_on(key, direction, outer, 1, 1);
  for (std::size_t i = 0; i < kCounters; ++i) {
    if (touched.at(i) != 0) owners_[owner].shared[i].worsen(loss.quality, loss.reason);
  }
}

void Ledger::lose_shared(std::span<const CounterId> counters, OwnerId owner, Quality loss) {
  for (const CounterId id : counters) {
    owners_[owner].shared[id - 1U].worsen(loss.quality, loss.reason);
  }
}

void Ledger::reassociate(EntryId id, const AssociationKey& key) {
  Edited entry = edit(id);
  if (pool_of(*entry) != nullptr) {
    leave_pool(*entry);
    fold_so_far(*entry);
  }
  entry->association = key;
  enter_pool(*entry);
}

}  // namespace qm::hba

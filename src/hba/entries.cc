#include "hba/entries.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/result.h"

namespace qm::hba {

// ---- associations

std::size_t Associations::slot_of(const AssociationKey& key) const {
  std::size_t slot = home_of(key);
  while (slots_[slot] != kNone && records_[slots_[slot]].key != key) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

Associations::Id Associations::find(const AssociationKey& key) const {
  return slots_[slot_of(key)];
}

// There have never been as many: all records are held.
void Associations::grow() {
  slots_ = std::vector<Id>(slots_.size() * 2, kNone);
  for (Id id = 0; id < records_.size(); ++id) slots_[slot_of(records_[id].key)] = id;
}

Associations::Id Associations::hold(const AssociationKey& key) {
  if (const Id found = find(key); found != kNone) {
    ++records_[found].holders;
    return found;
  }
  // At least a quarter of the slots is free: a search ends soon.
  if (4 * (size_ + 1) > 3 * slots_.size()) grow();
  auto id = static_cast<Id>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  records_[id].key = key;
  records_[id].holders = 1;
  slots_[slot_of(key)] = id;
  ++size_;
  return id;
}

void Associations::release(Id id) {
  QM_ASSERT(records_[id].holders > 0);
  if (records_[id].holders > 1) {
    --records_[id].holders;
    return;
  }
  std::size_t hole = slot_of(records_[id].key);
  records_[id] = {};
  free_.push_back(id);
  --size_;
  // Those that a search finds by way of this slot move up.
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = (hole + 1) & mask; slots_[slot] != kNone; slot = (slot + 1) & mask) {
    const std::size_t home = home_of(records_[slots_[slot]].key);
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
    slots_[hole] = slots_[slot];
    hole = slot;
  }
  slots_[hole] = kNone;
}

const Claim* Associations::claim(const AssociationKey& key) const {
  const Id id = find(key);
  return id == kNone || records_[id].claimed == 0 ? nullptr : &records_[id].claim;
}

void Associations::set_claim(const AssociationKey& key, const Claim& claim) {
  const Id id = hold(key);
  Record& record = records_[id];
  record.claim = claim;
  if (record.claimed != 0) return release(id);
  record.claimed = 1;
  ++claims_;
}

// ---- entries

namespace {

using Switch = bool Entry::*;
constexpr std::array<Switch, 11> kSwitches{
    &Entry::replay_detection, &Entry::outer, &Entry::negotiated, &Entry::rekey,
    &Entry::rekey_inferred,   &Entry::moved, &Entry::timed_out,  &Entry::may_serve,
    &Entry::packet_offload,   &Entry::encap, &Entry::ambiguous};
constexpr unsigned kDirectionShift = 13, kSwitchShift = 2;
static_assert(kSwitchShift + kSwitches.size() == kDirectionShift);

bool fits(std::uint64_t value) {
  return value <= std::numeric_limits<std::uint32_t>::max();
}

}  // namespace

Entries::Rare Entries::rare_of(const Entry& entry) {
  Rare rare;
  rare.other_id =
      entry.id.daddr != entry.association.daddr || entry.id.proto != entry.association.proto;
  if (rare.other_id) {
    rare.daddr = entry.id.daddr;
    rare.proto = entry.id.proto;
  }
  rare.mark = entry.id.mark;
  rare.base = entry.base;
  rare.integrity_failed = entry.integrity_failed;
  rare.integrity_base = entry.integrity_base;
  rare.replay = entry.replay;
  rare.replay_window_failures = entry.replay_window_failures;
  rare.last_stats = entry.last_stats;
  rare.not_decrypted = entry.not_decrypted;
  rare.not_decrypted_base = entry.not_decrypted_base;
  rare.not_decrypted_told = entry.not_decrypted_told;
  rare.pool = entry.pool;
  rare.encap_sport = entry.encap_sport;
  rare.encap_dport = entry.encap_dport;
  if (!fits(entry.soft_add_expires_s)) rare.soft_add_expires_s = entry.soft_add_expires_s;
  if (!fits(entry.hard_add_expires_s)) rare.hard_add_expires_s = entry.hard_add_expires_s;
  return rare;
}

const Entries::Packed& Entries::used(Id id) const {
  QM_ASSERT(in_use(id));
  return packed_[id];
}

Entries::Packed& Entries::used(Id id) {
  return const_cast<Packed&>(std::as_const(*this).used(id));
}

Entries::Packed& Entries::unlinked(Id id) {
  QM_ASSERT((packed_[id].flags & kLinked) == 0);
  return used(id);
}

Entries::Id Entries::add(const Entry& entry) {
  Id id = end();
  if (free_.empty()) {
    packed_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  packed_[id].flags = kInUse;
  set(id, entry);
  return id;
}

void Entries::set(Id id, const Entry& entry) {
  Packed& packed = used(id);
  if (packed.association == Associations::kNone ||
      associations_.key(packed.association) != entry.association) {
    const Associations::Id before = unlinked(id).association;
    packed.association = associations_.hold(entry.association);
    if (before != Associations::kNone) associations_.release(before);
  }
  packed.spi = entry.id.spi;
  packed.owner = entry.owner;
  packed.newest = entry.newest;
  packed.add_time_s = entry.add_time_s;
  packed.since_boot_ns = entry.since_boot_ns;
  packed.grew_boot_ns = entry.grew_boot_ns;
  packed.read_boot_ns = entry.read_boot_ns;
  // One that does not fit is a rare one's.
  packed.soft_add_expires_s = static_cast<std::uint32_t>(entry.soft_add_expires_s);
  packed.hard_add_expires_s = static_cast<std::uint32_t>(entry.hard_add_expires_s);
  packed.suite = entry.suite;
  unsigned flags = packed.flags & (kInUse | kLinked);
  for (std::size_t i = 0; i < kSwitches.size(); ++i) {
    if (entry.*kSwitches[i]) flags |= 1U << (kSwitchShift + i);
  }
  flags |= static_cast<unsigned>(entry.direction) << kDirectionShift;
  packed.flags = static_cast<std::uint16_t>(flags);
  const Rare rare = rare_of(entry);
  if (rare == Rare{}) {
    packed.rare.reset();
  } else if (packed.rare) {
    *packed.rare = rare;
  } else {
    packed.rare = std::make_unique<Rare>(rare);
  }
}

Entry Entries::at(Id id) const {
  const Packed& packed = used(id);
  Entry entry;
  entry.association = associations_.key(packed.association);
  entry.id = {entry.association.daddr, packed.spi, entry.association.proto, {}};
  entry.owner = packed.owner;
  entry.newest = packed.newest;
  entry.add_time_s = packed.add_time_s;
  entry.since_boot_ns = packed.since_boot_ns;
  entry.grew_boot_ns = packed.grew_boot_ns;
  entry.read_boot_ns = packed.read_boot_ns;
  entry.soft_add_expires_s = packed.soft_add_expires_s;
  entry.hard_add_expires_s = packed.hard_add_expires_s;
  entry.suite = packed.suite;
  for (std::size_t i = 0; i < kSwitches.size(); ++i) {
    entry.*kSwitches[i] = (packed.flags >> (kSwitchShift + i) & 1U) != 0;
  }
  entry.direction = static_cast<xfrm::Direction>(packed.flags >> kDirectionShift);
  if (!packed.rare) return entry;
  const Rare& rare = *packed.rare;
  if (rare.other_id) {
    entry.id.daddr = rare.daddr;
    entry.id.proto = rare.proto;
  }
  entry.id.mark = rare.mark;
  entry.base = rare.base;
  entry.integrity_failed = rare.integrity_failed;
  entry.integrity_base = rare.integrity_base;
  entry.replay = rare.replay;
  entry.replay_window_failures = rare.replay_window_failures;
  entry.last_stats = rare.last_stats;
  entry.not_decrypted = rare.not_decrypted;
  entry.not_decrypted_base = rare.not_decrypted_base;
  entry.not_decrypted_told = rare.not_decrypted_told;
  entry.pool = rare.pool;
  entry.encap_sport = rare.encap_sport;
  entry.encap_dport = rare.encap_dport;
  if (rare.soft_add_expires_s != 0) entry.soft_add_expires_s = rare.soft_add_expires_s;
  if (rare.hard_add_expires_s != 0) entry.hard_add_expires_s = rare.hard_add_expires_s;
  return entry;
}

void Entries::erase(Id id) {
  Packed& packed = unlinked(id);
  associations_.release(packed.association);
  packed = {};
  free_.push_back(id);
}

void Entries::link(Id id) {
  Packed& packed = unlinked(id);
  packed.flags |= kLinked;
  packed.next = std::exchange(associations_.first_live(packed.association), id);
}

void Entries::unlink(Id id) {
  Packed& packed = packed_[id];
  QM_ASSERT((packed.flags & kLinked) != 0);
  Id* at = &associations_.first_live(packed.association);
  while (*at != id) at = &packed_[*at].next;
  *at = std::exchange(packed.next, kNone);
  packed.flags = static_cast<std::uint16_t>(packed.flags & ~kLinked);
}

std::vector<Entries::Id> Entries::of(const AssociationKey& key) const {
  std::vector<Id> ids;
  const Associations::Id association = associations_.find(key);
  if (association == Associations::kNone) return ids;
  for (Id id = associations_.first_live(association); id != kNone; id = packed_[id].next) {
    ids.push_back(id);
  }
  std::ranges::reverse(ids);
  return ids;
}

}  // namespace qm::hba

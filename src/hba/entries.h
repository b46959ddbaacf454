// The ledger's live entries, packed, and the associations that they or somebody's claims name.
// Pure.
//
// Promise: what is put in comes out the same. An SA takes below 256 bytes, its record in the SA
// table, its association and that one's claim among them (bench_refresh). Threads: one. Limits: the
// ledger's and the engine's (kMostEntries, kMostClaims).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "hba/entry.h"

namespace qm::hba {

// Whose an association is.
struct Claim {
  OwnerId owner = kNobody;
  xfrm::Direction direction = xfrm::Direction::unknown;
  bool outer = false;
  bool shared = false;   // several adapters use it now: its growth is nobody's
  bool changed = false;  // it had another owner before
};

// Each association once, as long as anybody holds it.
class Associations {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0xffff'ffff;

  Id find(const AssociationKey& key) const;
  Id hold(const AssociationKey& key);  // finds or makes it
  void release(Id id);
  const AssociationKey& key(Id id) const { return records_[id].key; }
  std::size_t size() const { return size_; }

  // Of the chain of its live entries (Entries).
  std::uint32_t& first_live(Id id) { return records_[id].first_live; }
  std::uint32_t first_live(Id id) const { return records_[id].first_live; }

  const Claim* claim(const AssociationKey& key) const;  // null: nobody's; valid until a change
  void set_claim(const AssociationKey& key, const Claim& claim);
  std::size_t claims() const { return claims_; }
  template <class Visit>
  void for_each_claim(Visit&& visit) const {
    for (const Record& each : records_) {
      if (each.claimed != 0) visit(each.key, each.claim);
    }
  }

 private:
  struct Record {
    AssociationKey key;
    std::uint32_t holders : 31 = 0;  // its claim is one; 0: the record is free
    std::uint32_t claimed : 1 = 0;
    std::uint32_t first_live = kNone;
    Claim claim;
  };
  // The place of a key among the slots, or of the free one where it would be.
  std::size_t slot_of(const AssociationKey& key) const;
  std::size_t home_of(const AssociationKey& key) const {
    return AssociationHash{}(key) & (slots_.size() - 1);
  }
  void grow();

  std::deque<Record> records_;
  std::vector<Id> free_;
  std::vector<Id> slots_ = std::vector<Id>(16, kNone);  // linear probing; a power of two
  std::size_t size_ = 0, claims_ = 0;
};

class Entries {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0xffff'ffff;

  Id add(const Entry& entry);
  Entry at(Id id) const;
  void set(Id id, const Entry& entry);
  void erase(Id id);  // not while it is linked

  Id end() const { return static_cast<Id>(packed_.size()); }  // all ids are below
  bool in_use(Id id) const { return (packed_[id].flags & kInUse) != 0; }
  std::size_t size() const { return packed_.size() - free_.size(); }
  OwnerId owner(Id id) const { return packed_[id].owner; }
  std::uint32_t spi(Id id) const { return packed_[id].spi; }

  // The live ones of an association; in the order in which they were linked.
  void link(Id id);
  void unlink(Id id);
  std::vector<Id> of(const AssociationKey& key) const;

  Associations& associations() { return associations_; }
  const Associations& associations() const { return associations_; }

 private:
  // What most SAs have none of.
  struct Rare {
    // Another id than the association suggests.
    bool other_id = false;
    Address daddr;
    std::uint8_t proto = 0;
    xfrm::Mark mark;
    xfrm::Counters base;
    std::uint64_t integrity_failed = 0, integrity_base = 0;
    std::uint64_t replay = 0, replay_window_failures = 0;
    xfrm::Stats last_stats;
    std::uint64_t not_decrypted = 0, not_decrypted_base = 0, not_decrypted_told = 0;
    std::uint32_t pool = 0;
    std::uint16_t encap_sport = 0, encap_dport = 0;
    std::uint64_t soft_add_expires_s = 0, hard_add_expires_s = 0;  // beyond 32 bits
    friend bool operator==(const Rare&, const Rare&) = default;
  };
  struct Packed {
    std::uint32_t spi = 0;
    OwnerId owner = kNobody;
    Associations::Id association = Associations::kNone;
    Id next = kNone;  // of its association, while it is linked
    xfrm::Counters newest;
    std::uint64_t add_time_s = 0;
    std::uint64_t since_boot_ns = 0, grew_boot_ns = 0, read_boot_ns = 0;
    std::uint32_t soft_add_expires_s = 0, hard_add_expires_s = 0;
    std::uint16_t flags = 0;
    SuiteId suite = kNoSuite;
    std::unique_ptr<Rare> rare;
  };
  static_assert(sizeof(Packed) == 88 || sizeof(void*) != 8);
  enum Flag : std::uint16_t { kInUse = 1, kLinked = 2 };
  static Rare rare_of(const Entry& entry);
  const Packed& used(Id id) const;
  Packed& used(Id id);
  Packed& unlinked(Id id);

  Associations associations_;
  std::deque<Packed> packed_;
  std::vector<Id> free_;
};

}  // namespace qm::hba

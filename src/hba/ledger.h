// The ledger: what IPsec did for each adapter, exact across rekeys. Pure.
//
// An SA dies at every rekey and takes its counters along; the ledger folds them into its owner's
// totals first. Promise: a total never falls; what is reported is never more than the truth; every
// deficit is marked with its reason; Σ owners (unattributed among them) = Σ SAs that serve iSCSI.
// Threads: one. Limits below; what exceeds them is refused, counted and marked as a gap.
//
// Words: an *entry* is an SA that serves iSCSI or may (its association matches one of interest). It
// is *pending* until an owner claims its association; the first claim gets its whole life. It is
// *folded* when it has ended: its contribution is then part of its owner's totals for good.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "hba/counters.h"
#include "hba/entries.h"
#include "xfrm/probe.h"

namespace qm::hba {

inline constexpr std::size_t kMostEntries = 1'000'000;
inline constexpr std::size_t kMostOwners = 4096;
inline constexpr std::size_t kMostRecent = 8192;  // ended SAs kept for late claims, corrections
inline constexpr std::uint64_t kQuietNs = 500'000'000;       // an SA that long unused has no packet
                                                             // in flight
inline constexpr std::uint64_t kPendingNs = 60'000'000'000;  // unclaimed so long: unattributed

// What the SAs of an association have counted since several adapters share it.
struct SharedGrowth {
  xfrm::Counters all;
  std::uint64_t replay_packets = 0;  // of these, on SAs with a replay window
  std::uint64_t errors = 0;          // packets that failed: they are nobody's
  bool live = false;                 // an SA of it lives
  bool awaiting = false;             // the last word on one that ended is still to come
  friend bool operator==(const SharedGrowth&, const SharedGrowth&) = default;
};

struct Owner {
  std::string key;  // the adapter's; empty for unattributed
  Totals folded;    // of SAs that have ended, and what was handed over
  // Sticky: what the totals may lack. All of them; or, when an SA took its last counters along, the
  // sums over outbound or inbound SAs.
  Quality loss, sent_loss, received_loss;
  // Not sticky: of SAs that have ended and whose final is still to come (rate_awaited).
  Quality awaited_sent, awaited_received;
  Quality rekeys;  // sticky: how ReKeys was told
  // Sticky: what PacketsNotAuthenticated may lack. Not saved: a restart is a loss of all.
  Quality failures;
  // Sticky: what it may lack of SAs that it shared; the unattributed have it, so the host does.
  Qualities shared;
};

// An SA that has ended, kept for a while: a late claim or a late final can still change it.
struct Recent {
  Entry entry;
  std::uint64_t ended_boot_ns = 0;
  Quality loss;               // what its counters may lack; its owner's, once it has one
  std::uint64_t tick = 0;     // it ended between this tick and the next
  bool awaits_final = false;  // the probe's last word will settle it: until then no loss is certain
  bool end_told = false;      // … its first has come
  Address source;             // … it names this one: an SA that moved on may keep all else
};

std::uint64_t hash_of(const xfrm::SaId& id, std::uint64_t add_time_s);

class Ledger {
 public:
  using EntryId = Entries::Id;
  static constexpr EntryId kNoEntry = Entries::kNone;

  Ledger();

  OwnerId owner(const std::string& key);  // finds or makes; kUnattributed when there are too many
  const std::vector<Owner>& owners() const { return owners_; }
  Owner& owner_at(OwnerId id) { return owners_[id]; }

  EntryId add(Entry entry);                                     // kNoEntry beyond kMostEntries
  const Entry at(EntryId id) const { return entries_.at(id); }  // a copy: edit() changes it
  // An entry for as long as it is being changed; meanwhile nothing else may change it.
  class Edited {
   public:
    Edited(Entries& entries, EntryId id) : entries_(entries), id_(id), entry_(entries.at(id)) {}
    Edited(const Edited&) = delete;
    Edited& operator=(const Edited&) = delete;
    ~Edited() { entries_.set(id_, entry_); }
    Entry& operator*() { return entry_; }
    Entry* operator->() { return &entry_; }

   private:
    Entries& entries_;
    EntryId id_;
    Entry entry_;
  };
  Edited edit(EntryId id) { return {entries_, id}; }
  bool has(EntryId id) const { return id < entries_.end() && entries_.in_use(id); }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (EntryId id = 0; id < entries_.end(); ++id) {
      if (entries_.in_use(id)) visit(id, entries_.at(id));
    }
  }
  template <class Visit>
  void for_each_of_spi(std::uint32_t spi, Visit&& visit) const {
    for (EntryId id = 0; id < entries_.end(); ++id) {
      if (entries_.spi(id) == spi && entries_.in_use(id)) visit(entries_.at(id));
    }
  }
  std::size_t live() const { return entries_.size(); }
  // Of an association: those that are known to live (one that an earlier process knew is not yet).
  void link(EntryId id) { entries_.link(id); }
  void unlink(EntryId id) { entries_.unlink(id); }
  std::vector<EntryId> live_of(const AssociationKey& key) const { return entries_.of(key); }
  Associations& associations() { return entries_.associations(); }
  const Associations& associations() const { return entries_.associations(); }
  Suites& suites() { return suites_; }
  const Suites& suites() const { return suites_; }
  std::size_t live_of(OwnerId owner) const;
  std::size_t pending() const { return live_of(kNobody); }

  // The SA ended; its newest counters are all there is. loss: what they may lack.
  enum class Told : std::uint8_t { nothing, awaits_both, awaits_last, all };  // by the probes
  void end(EntryId id, Time now, Quality loss, Told told = Told::nothing);
  // An SA that had no entry ended: kept in case its association is claimed soon.
  void end_unknown(Entry entry, Time now, Quality loss, Told told = Told::nothing);
  // A final (or a destroy probe's word) for an SA that has ended already: upward only.
  // False when no such SA is remembered.
  bool correct(const xfrm::Sa& final, Time now);
  // The probes' word on the SA that ended first of those that wait for it. The last one is exact;
  // the first leaves what may have been in flight. False when none waits.
  // died_boot_ns: the earliest moment at which it may have left the kernel's tables.
  bool settle(const xfrm::SaFinal& final, Time now, std::uint64_t died_boot_ns);
  std::size_t awaiting(const xfrm::ProbedSa& sa) const;  // how many such SAs wait for a word
  static Quality in_flight_loss(const Entry& entry, std::uint64_t died_boot_ns);
  void rate_awaited();  // fills the owners' awaited_… for a report
  // The SA that ended lately and goes on as this one. inherited: this one was born with counters;
  // then a NAT may have mapped its peer's port anew, and no address differs.
  Recent* find_moved(const xfrm::SaId& id, const AssociationKey& association,
                     std::uint64_t add_time_s, bool inherited = false);
  // It did not end but move. False: its end was published already and stands.
  bool undo_deletion(Recent& recent);

  // Gives a live entry to an owner: all of it when pending, else what comes from now on.
  void assign(EntryId id, OwnerId owner, xfrm::Direction direction, bool outer);
  void assign(Recent& recent, OwnerId owner, xfrm::Direction direction, bool outer);
  // The same for SAs of this association that ended lately and that nobody claimed.
  void assign_recent(const AssociationKey& key, OwnerId owner, xfrm::Direction direction,
                     bool outer);
  // ---- SAs that several adapters share (ledger_sharing.cc); unattributed, as a whole
  // From now on their growth is known; live: the association's entries.
  void begin_sharing(const AssociationKey& key, std::span<const EntryId> live);
  bool shares(const AssociationKey& key) const { return pools_.contains(key); }
  SharedGrowth growth_of(const AssociationKey& key, std::span<const EntryId> live) const;
  // What those that ended since the last call may lack.
  Quality take_shared_loss(const AssociationKey& key);
  void end_sharing(const AssociationKey& key) { pools_.erase(key); }
  // A part of the growth is this owner's.
  void grant(const AssociationKey& key, xfrm::Direction direction, OwnerId owner,
             std::uint64_t bytes, std::uint64_t replay_packets);
  // What an owner may lack of such a part.
  void lose_shared(const AssociationKey& key, xfrm::Direction direction, bool outer, OwnerId owner,
                   Quality loss);
  void lose_shared(std::span<const CounterId> counters, OwnerId owner, Quality loss);
  void reassociate(EntryId id, const AssociationKey& key);  // an inbound SA was moved

  // This outbound SA replaced another. unknown: no such SA is remembered.
  enum class Marked : std::uint8_t { unknown, already, now };
  // inferred: from an overlap; its owner's ReKeys are then no better.
  Marked mark_rekey(const Address& daddr, std::uint32_t spi, std::uint8_t proto,
                    bool inferred = false);

  // Time passes: what stayed pending too long goes to unattributed; recent ones are forgotten.
  void tick(Time now);
  void lose(OwnerId owner, Quality loss);  // its totals may lack something
  void lose_all(Quality loss);             // and those to come who may claim what ended meanwhile

  // An owner's counters now: folded + live. Counters 2 and 7 are not the ledger's: 0 here;
  // 8 is what the probes told of SAs.
  Totals totals(OwnerId owner) const;
  std::vector<Totals> all_totals() const;  // by OwnerId, in one pass

  // How many SAs have been folded that may have taken counts along.
  std::uint64_t losses() const { return losses_; }
  const std::deque<Recent>& recent() const { return recent_; }

 private:
  friend class LedgerState;  // saves and loads (ledger_state.h)
  void fold(const Recent& recent);
  void fold_so_far(Entry& entry);  // what it did stays with its owner; it counts from now on
  void rate_rekeys(const Entry& entry);
  void rate_failures(const Entry& entry);
  void remember(Recent recent);
  void forget_oldest();
  void charge(const Recent& recent);
  void forget_awaited(const Entry& entry, std::uint64_t number);
  void count_live(OwnerId owner, int change);
  struct Pool {  // of a shared association
    std::uint32_t number = 0;
    SharedGrowth ended;  // of entries that have ended, or went to somebody
    Quality loss;
  };
  Pool* pool_of(const Entry& entry);
  void enter_pool(Entry& entry);
  void leave_pool(const Entry& entry);
  void correct_pool(const Recent& recent, const Entry& before);

  std::unordered_map<AssociationKey, Pool, AssociationHash> pools_;
  std::uint32_t last_pool_ = 0;
  std::vector<Owner> owners_;
  std::unordered_map<std::string, OwnerId> owner_by_key_;
  Entries entries_;
  Suites suites_;
  std::vector<std::size_t> live_by_owner_;
  std::size_t pending_ = 0;
  std::deque<Recent> recent_;       // oldest first
  std::uint64_t first_recent_ = 0;  // number of the front one; they are numbered as they come
  std::unordered_multimap<std::uint64_t, std::uint64_t> awaited_;  // hash of the SA → number
  std::unordered_map<std::uint32_t, std::uint32_t> recent_spis_;   // how many of each
  std::uint64_t ticks_ = 0;
  std::uint64_t losses_ = 0;
  Quality lately_;  // what was lost for all, while an owner to come may claim of it
  std::uint64_t lately_boot_ns_ = 0;  // 0: since the last tick
};

}  // namespace qm::hba

// How an SA's life begins: births, moves, and which births are rekeys.
#include <algorithm>
#include <utility>

#include "hba/engine.h"

namespace qm::hba {
namespace {

using xfrm::SaTable;

std::uint64_t filter_hash(std::uint32_t reqid) {
  return reqid * 0x9e37'79b9'7f4a'7c15U;
}

xfrm::Counters least(const xfrm::Counters& a, const xfrm::Counters& b) {
  return {std::min(a.bytes, b.bytes), std::min(a.packets, b.packets)};
}

xfrm::Counters most(const xfrm::Counters& a, const xfrm::Counters& b) {
  return {std::max(a.bytes, b.bytes), std::max(a.packets, b.packets)};
}

}  // namespace

bool Engine::interesting(std::uint32_t reqid) const {
  const std::uint64_t hash = filter_hash(reqid);
  return (reqid_filter_[hash >> 58U] >> ((hash >> 52U) & 63U) & 1U) != 0;
}

void Engine::remember_reqid(std::uint32_t reqid) {
  const std::uint64_t hash = filter_hash(reqid);
  reqid_filter_[hash >> 58U] |= std::uint64_t{1} << ((hash >> 52U) & 63U);
}

bool Engine::place(Entry& entry) const {
  if (!interesting(entry.association.reqid)) return false;
  if (const Claim* claim = ledger_.associations().claim(entry.association)) {
    entry.owner = claim->shared ? kUnattributed : claim->owner;
    entry.direction = claim->direction;
    entry.outer = claim->outer;
    return true;
  }
  for (const Candidate& candidate : candidates_) {
    if (!candidate.matches(entry.association)) continue;
    entry.direction = candidate.direction;
    entry.outer = candidate.outer;
    entry.may_serve = true;
    return true;
  }
  return false;
}

// Of an SA that nobody has read since its birth. The kernel keeps 32 bits of each SA's failed
// packets, and 64 of all SAs'.
bool Engine::failures_are_ambiguous() const {
  return errors_ && errors_->in_state_proto_error >= kMayWrap;
}

Entry Engine::make_entry(const xfrm::Sa& sa, bool negotiated) const {
  Entry entry;
  entry.id = sa.id;
  entry.association = association_of(sa);
  entry.add_time_s = sa.add_time_s;
  entry.replay_detection = sa.replay_window > 0;
  entry.negotiated = negotiated;
  entry.since_boot_ns = now_.boot_ns;
  entry.ambiguous = failures_are_ambiguous();
  return entry;
}

Entry Engine::make_entry(const xfrm::SaRecord& record, std::uint32_t tag) const {
  Entry entry;
  entry.id = record.id;
  entry.association = {record.saddr, record.id.daddr, record.reqid,
                       record.if_id, record.id.proto, record.mode};
  entry.add_time_s = record.add_time_s;
  entry.replay_detection = record.replay_detection;
  entry.negotiated = tag != kBaseline;
  entry.rekey = tag == kTold;
  entry.since_boot_ns = now_.boot_ns;
  entry.ambiguous = failures_are_ambiguous();
  return entry;
}

Ledger::EntryId Engine::add_entry(Entry entry, SaTable::Handle handle) {
  const AssociationKey key = entry.association;
  const Ledger::EntryId id = ledger_.add(entry);
  if (id == Ledger::kNoEntry) {
    gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
    return id;
  }
  sas_.set_tag(handle, id + kFirstEntryTag);
  ledger_.link(id);
  if (split_.shares(key)) split_.growth_is_unread();
  return id;
}

// An earlier process knew an SA of this id; no dump has shown it yet.
bool Engine::awaits(const xfrm::SaId& id) const {
  const auto found = restored_entries_.lower_bound({id, 0});
  return found != restored_entries_.end() && found->first.first == id;
}

// An SA that an earlier process knew: it goes on where that one left off. What it has counted since
// is the next reading's, when it is known who uses it by now.
bool Engine::resume(const xfrm::Sa& sa, SaTable::Handle handle) {
  const auto found = restored_entries_.find({sa.id, sa.add_time_s});
  if (found == restored_entries_.end()) return false;
  const Ledger::EntryId id = found->second;
  restored_entries_.erase(found);
  const xfrm::Counters newest = ledger_.at(id).newest;
  if (sa.counters.bytes < newest.bytes || sa.counters.packets < newest.packets) {
    // Its SPI has been taken again within the second.
    ledger_.end(id, now_, {QM_AT_LEAST, QM_REASON_RESTART});
    return false;
  }
  {
    Ledger::Edited entry = ledger_.edit(id);
    entry->since_boot_ns = now_.boot_ns;
    entry->describe(sa, ledger_.suites().of(sa));
    entry->skip_back(sa.stats);
    entry->association = association_of(sa);  // inbound, it may have been moved
  }
  sas_.set_tag(handle, id + kFirstEntryTag);
  ledger_.link(id);
  return true;
}

void Engine::born(const xfrm::Sa& sa, SaTable::Handle handle, bool negotiated, bool updated) {
  if (!restored_entries_.empty() && resume(sa, handle)) return;
  Entry entry = make_entry(sa, negotiated);
  const bool placed = place(entry);
  const bool event = source_ == Source::event;
  // An event shows a new SA as it was born: what it counts already, it inherited.
  const bool inherited = event && sa.counters.packets > 0;
  if (event && negotiated) entry.ambiguous = false;
  Recent* moved = ledger_.find_moved(sa.id, association_of(sa), sa.add_time_s, inherited);
  if (moved != nullptr) go_on_from(*moved, entry);
  const auto old = moved == nullptr && !event ? live_predecessor(entry) : std::nullopt;
  if (!placed && !inherited && moved == nullptr && !old) {
    const bool told = negotiated && was_told(sa.id);
    sas_.set_tag(handle, told ? kTold : negotiated ? 0 : kBaseline);
    return;
  }
  if (inherited) {
    entry.base = sa.counters;
  } else if (moved != nullptr) {
    entry.base = updated ? moved->entry.newest : least(moved->entry.newest, sa.counters);
  } else if (old) {
    entry.base = least(old->newest, sa.counters);
    entry.negotiated = false;
  }
  // UPDSA on one that lives, and that no event told of, shows zeros whatever it has inherited.
  entry.newest = updated ? xfrm::Counters{} : entry.base;
  if (event) {
    entry.last_stats = sa.stats;
  } else {
    entry.take(sa.counters, sa.stats, now_.boot_ns);
  }
  entry.describe(sa, ledger_.suites().of(sa));
  const bool new_negotiation = entry.negotiated;
  const Ledger::EntryId id = add_entry(entry, handle);
  if (id == Ledger::kNoEntry) return;
  if (syncing_ && !event) born_in_sync_.push_back(id);
  if (new_negotiation) decide_rekey(id);
}

// An inbound SA that was moved keeps its id: without the events of it, only its source tells.
void Engine::follow(Ledger::EntryId id, const xfrm::Sa& sa) {
  const AssociationKey association = association_of(sa);
  if (ledger_.at(id).association == association) return;
  note_end(ledger_.at(id).association);
  note_end(association);  // for it, this one begins in the midst of its life
  ledger_.unlink(id);
  ledger_.reassociate(id, association);
  if (split_.shares(association)) split_.growth_is_unread();
  ledger_.link(id);
  ledger_.edit(id)->skip_back(sa.stats);  // they begin anew
}

// A moved SA is the one that ended, under another address: no negotiation, no deletion.
void Engine::go_on_from(Recent& moved, Entry& entry) {
  if (!ledger_.undo_deletion(moved)) return;  // its end has been published: it counts as a new one
  Entry& old = moved.entry;
  entry.negotiated = false;
  if (old.owner == kNobody) {
    // Who claims it will have it all.
    std::swap(entry.negotiated, old.negotiated);
    old.association = entry.association;
    if (entry.owner != kNobody) {
      ledger_.assign(moved, entry.owner, entry.direction, entry.outer);
    }
  } else if (entry.owner == kNobody) {
    entry.owner = old.owner;
    entry.direction = old.direction;
    entry.outer = old.outer;
    entry.timed_out = old.timed_out;
  }
}

// An SA of which no event told how it began: when it was moved, its predecessor's counters are
// among its own; fewer of them when that one went on counting after the daemon had read it. Events
// were lost, or the predecessor is still thought to live.
void Engine::start_from_moved(Entry& entry) {
  if (Recent* moved = ledger_.find_moved(entry.id, entry.association, entry.add_time_s)) {
    go_on_from(*moved, entry);
    entry.base = moved->entry.newest;
    return;
  }
  if (!behind_) return;
  ledger_.for_each_of_spi(entry.id.spi, [&](const Entry& old) {
    if (!is_moved(old, entry.id, entry.association, entry.add_time_s)) return;
    entry.base = old.newest;
  });
}

// A dump shows the SA under its new address, with what the old one counted; the end of that one is
// still to be told, or was lost.
std::optional<Entry> Engine::live_predecessor(const Entry& entry) const {
  const auto [first, last] = by_spi_.equal_range(entry.id.spi);
  for (auto row = first; row != last; ++row) {
    if (!ledger_.has(row->second)) continue;  // it has ended since the sync began
    Entry old = ledger_.at(row->second);
    if (is_moved(old, entry.id, entry.association, entry.add_time_s)) return old;
  }
  return std::nullopt;
}

// … and now it ends.
void Engine::moved_unseen(Ledger::EntryId ended) {
  const Entry old = ledger_.at(ended);
  for (const Ledger::EntryId id : born_in_sync_) {
    Entry entry = ledger_.at(id);
    if (!is_moved(old, entry.id, entry.association, entry.add_time_s)) continue;
    const xfrm::Counters inherited = least(old.newest, entry.newest);
    entry.base = most(entry.base, inherited);
    entry.negotiated = false;
    entry.rekey = entry.rekey_inferred = false;
    *ledger_.edit(id) = entry;
    if (entry.owner == kNobody && old.owner != kNobody) {
      ledger_.assign(id, old.owner, old.direction, old.outer);
      ledger_.edit(id)->timed_out = old.timed_out;
    }
    ledger_.edit(ended)->moved = true;
    return;
  }
}

// ---- rekeys

void Engine::ike_state(std::uint32_t daemons_up) {
  ike_daemons_ = daemons_up;
  if (daemons_up == 0) ike_sas_.clear();
}

void Engine::ike_rekey(const ike::ChildRekey& rekey) {
  const Ledger::Marked marked = ledger_.mark_rekey(rekey.remote, rekey.new_spi_out, rekey.proto);
  if (marked != Ledger::Marked::unknown) return;
  const SaTable::Handle handle = sas_.find({rekey.remote, rekey.new_spi_out, rekey.proto, {}});
  if (handle != SaTable::kNone && sas_.tag(handle) < kFirstEntryTag) {
    if (sas_.tag(handle) != kBaseline) sas_.set_tag(handle, kTold);
    return;
  }
  early_rekeys_.emplace_back(rekey, now_.boot_ns);
  if (early_rekeys_.size() > kMostEarlyRekeys) early_rekeys_.pop_front();
}

void Engine::set_ike_sas(std::vector<ike::IkeSa> sas, bool fresh) {
  ike_sas_ = std::move(sas);
  ike_sas_fresh_ = fresh;
}

// The IKE daemon said that this SA replaced another before the ledger knew of it.
bool Engine::was_told(const xfrm::SaId& id) {
  const auto word = std::ranges::find_if(early_rekeys_, [&](const auto& early) {
    return early.first.new_spi_out == id.spi && early.first.remote == id.daddr &&
           early.first.proto == id.proto;
  });
  if (word == early_rekeys_.end()) return false;
  early_rekeys_.erase(word);
  return true;
}

void Engine::decide_rekey(Ledger::EntryId id) {
  Ledger::Edited entry = ledger_.edit(id);
  entry->rekey = entry->rekey || was_told(entry->id);
  if (entry->rekey) return;
  if (entry->direction != xfrm::Direction::out || entry->outer) return;
  const bool overlaps = ledger_.live_of(entry->association).size() > 1;
  if (ike_daemons_ > 0) {
    if (overlaps) undecided_.push_back({entry->id, now_.boot_ns});
    return;
  }
  entry->rekey = overlaps;
  entry->rekey_inferred = true;
  if (entry->owner != kNobody) {
    ledger_.owner_at(entry->owner).rekeys.worsen(QM_INFERRED, QM_REASON_OVERLAP);
  }
}

void Engine::settle_rekeys() {
  while (!early_rekeys_.empty() && now_.boot_ns - early_rekeys_.front().second > kPendingNs) {
    early_rekeys_.pop_front();
  }
  // An IKE daemon is there but said nothing of this one: another daemon's SA, or a manual one.
  std::erase_if(undecided_, [this](const Undecided& undecided) {
    if (now_.boot_ns - undecided.since_boot_ns < kRekeyWordNs) return false;
    const xfrm::SaId& id = undecided.id;
    static_cast<void>(ledger_.mark_rekey(id.daddr, id.spi, id.proto, true));
    return true;
  });
}

}  // namespace qm::hba

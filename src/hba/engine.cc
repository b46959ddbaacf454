// What the kernel says, applied: births, ends, rekeys, syncs. Attribution is in
// engine_attribution.cc, the account of it all in engine_report.cc.
#include "hba/engine.h"

#include <algorithm>

#include "base/text.h"
#include "xfrm/ahead.h"

namespace qm::hba {
namespace {

using xfrm::SaTable;

bool counted(std::uint8_t proto) {
  return proto == xfrm::kEsp || proto == xfrm::kAh;
}

std::uint64_t filter_hash(std::uint32_t reqid) {
  return reqid * 0x9e37'79b9'7f4a'7c15U;
}

}  // namespace

Engine::Engine(Time start)
    : now_(start),
      started_filetime_(start.filetime_100ns),
      complete_since_filetime_(start.filetime_100ns) {}

// ---- syncs and gaps

void Engine::begin_sync() {
  syncing_ = true;
  ++dumps_;
  ended_in_sync_.clear();
  sas_.begin_dump();
  policies_.begin_dump();
}

void Engine::end_sync() {
  // What the dump did not show and no event ended has vanished while nobody told us.
  for (const SaTable::Handle handle : sas_.unseen()) {
    ended(handle, {QM_AT_LEAST, QM_REASON_GAP});
  }
  policies_.end_dump();
  if (first_sync_ && restored_) {
    // Nobody watched while the collector was down: what lived then and does not now took its last
    // counters along, and others may have come and gone.
    for (auto& [key, entry] : restored_entries_) {
      ledger_.end_unknown(std::move(entry), now_, {QM_AT_LEAST, QM_REASON_RESTART});
    }
    restored_entries_.clear();
    gap_everywhere({QM_AT_LEAST, QM_REASON_RESTART});
  }
  syncing_ = false;
  first_sync_ = false;
  ended_in_sync_.clear();
}

void Engine::abandon_sync() {
  syncing_ = false;
  ended_in_sync_.clear();
}

void Engine::overrun() {
  ++overruns_;
  gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
}

// One SA's last counters are lacking; the ledger marks its owner when it folds them.
void Engine::gap(Quality loss) {
  // With probes it is none yet: settle_gaps() tells when the final did not come.
  if (loss.quality == QM_EXACT || probed_.finals) return;
  ++gaps_;
  complete_since_filetime_ = now_.filetime_100ns;
}

void Engine::gap_everywhere(Quality loss) {
  ++gaps_;
  complete_since_filetime_ = now_.filetime_100ns;
  ledger_.lose_all(loss);
}

void Engine::set_kernel(bool readable, std::string problem) {
  kernel_readable_ = readable;
  if (!problem.empty()) problem_ = std::move(problem);
}

// ---- SAs

Ledger::EntryId Engine::entry_of(SaTable::Handle handle) const {
  const std::uint32_t tag = handle == SaTable::kNone ? 0 : sas_.tag(handle);
  return tag < kFirstEntryTag ? Ledger::kNoEntry : tag - kFirstEntryTag;
}

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
  if (const auto found = claims_.find(entry.association); found != claims_.end()) {
    entry.owner = found->second.shared ? kUnattributed : found->second.owner;
    entry.direction = found->second.direction;
    entry.outer = found->second.outer;
    entry.may_serve = true;
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

Entry Engine::make_entry(const xfrm::Sa& sa, bool negotiated) const {
  Entry entry;
  entry.id = sa.id;
  entry.association = association_of(sa);
  entry.add_time_s = sa.add_time_s;
  entry.replay_detection = sa.replay_window > 0;
  entry.negotiated = negotiated;
  entry.since_boot_ns = now_.boot_ns;
  entry.details_known = true;
  entry.details = details_of(sa);
  return entry;
}

Ledger::EntryId Engine::add_entry(Entry entry, SaTable::Handle handle) {
  const AssociationKey key = entry.association;
  const Ledger::EntryId id = ledger_.add(std::move(entry));
  if (id == Ledger::kNoEntry) {
    ++gaps_;
    complete_since_filetime_ = now_.filetime_100ns;
    return id;
  }
  sas_.set_tag(handle, id + kFirstEntryTag);
  by_association_[key].push_back(id);
  return id;
}

// An SA that an earlier process knew: it goes on where that one left off.
bool Engine::resume(const xfrm::Sa& sa, SaTable::Handle handle) {
  const auto found = restored_entries_.find({sa.id, sa.add_time_s});
  if (found == restored_entries_.end()) return false;
  Entry entry = std::move(found->second);
  restored_entries_.erase(found);
  entry.since_boot_ns = now_.boot_ns;
  entry.details_known = true;
  entry.details = details_of(sa);
  entry.take(sa.counters, sa.stats, now_.boot_ns);
  return add_entry(std::move(entry), handle) != Ledger::kNoEntry;
}

void Engine::born(const xfrm::Sa& sa, SaTable::Handle handle, bool negotiated) {
  if (!restored_entries_.empty() && resume(sa, handle)) return;
  Entry entry = make_entry(sa, negotiated);
  const bool placed = place(entry);
  const bool event = source_ == Source::event;
  const Recent* moved = event ? ledger_.find_moved(sa) : nullptr;
  if (moved != nullptr) {
    entry.negotiated = false;
    if (entry.owner == kNobody) {
      entry.owner = moved->entry.owner;
      entry.direction = moved->entry.direction;
      entry.outer = moved->entry.outer;
      entry.may_serve = moved->entry.may_serve;
    }
  }
  const bool inherited = event && sa.counters.packets > 0;
  if (!placed && !inherited && moved == nullptr) {
    sas_.set_tag(handle, negotiated ? 0 : kBaseline);
    return;
  }
  // An event shows a new SA as it was born: what it counts already, it inherited.
  if (inherited) entry.base = sa.counters;
  entry.newest = entry.base;
  if (event) {
    entry.last_stats = sa.stats;
  } else {
    entry.take(sa.counters, sa.stats, now_.boot_ns);
  }
  const Ledger::EntryId id = add_entry(std::move(entry), handle);
  if (id != Ledger::kNoEntry && negotiated) decide_rekey(id);
}

void Engine::on_datagram(Bytes datagram) {
  xfrm::prefetch_datagram(datagram, sas_);
}

void Engine::on_sa(const xfrm::Sa& sa, bool updated, std::uint32_t seq) {
  static_cast<void>(seq);
  if (source_ == Source::event) ++events_;
  if (!counted(sa.id.proto)) return;
  if (source_ == Source::read) {
    const SaTable::Handle handle = sas_.find(sa.id);
    const Ledger::EntryId id = entry_of(handle);
    if (id == Ledger::kNoEntry || ledger_.at(id).add_time_s != sa.add_time_s) return;
    ledger_.at(id).take(sa.counters, sa.stats, now_.boot_ns);
    ledger_.at(id).details = details_of(sa);
    ledger_.at(id).details_known = true;
    missing_.erase(id);
    return;
  }
  // A row that the kernel had prepared before an event that we have applied already.
  const bool stale_row = source_ == Source::dump && !ended_in_sync_.empty() &&
                         ended_in_sync_.contains({sa.id, sa.add_time_s});
  if (stale_row) return;
  const SaTable::Handle before = sas_.find(sa.id);
  const Ledger::EntryId before_entry = entry_of(before);
  const SaTable::Upserted upserted = sas_.upsert(sa, updated && source_ == Source::event);
  switch (upserted.change) {
    case SaTable::Change::refused:
      gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
      return;
    case SaTable::Change::same:
      if (source_ == Source::dump && before_entry != Ledger::kNoEntry) {
        ledger_.at(before_entry).take(sa.counters, sa.stats, now_.boot_ns);
      }
      return;
    case SaTable::Change::replaced:
      // Its end was not told; the event may still come (then it corrects upward).
      if (before_entry != Ledger::kNoEntry) {
        const Quality loss{QM_AT_LEAST, QM_REASON_GAP};
        gap(loss);
        drop_entry(before_entry, loss, told());
      }
      sas_.set_tag(upserted.handle, 0);
      [[fallthrough]];
    case SaTable::Change::added:
    case SaTable::Change::matured: {
      if (sa.larval) return;
      const bool baseline = source_ == Source::dump && first_sync_ && !restored_;
      born(sa, upserted.handle, !baseline);
      return;
    }
  }
}

void Engine::drop_entry(Ledger::EntryId id, Quality loss, Ledger::Told told) {
  const auto found = by_association_.find(ledger_.at(id).association);
  std::erase(found->second, id);
  if (found->second.empty()) by_association_.erase(found);
  missing_.erase(id);
  ledger_.end(id, now_, loss, told);
}

void Engine::ended(SaTable::Handle handle, Quality loss) {
  ended(handle, loss, told());
}

void Engine::ended(SaTable::Handle handle, Quality loss, Ledger::Told told) {
  const Ledger::EntryId id = entry_of(handle);
  const xfrm::SaRecord record = sas_.record(handle);
  if (id != Ledger::kNoEntry) {
    gap(loss);
    drop_entry(id, loss, told);
  }
  if (syncing_) ended_in_sync_.emplace(record.id, record.add_time_s);
  sas_.erase(record.id);
}

void Engine::unknown_ended(const xfrm::Sa& final) {
  if (ledger_.correct(final.id, final.add_time_s, final.counters, final.stats, now_)) return;
  const bool baseline = syncing_ && first_sync_ && !restored_;
  Entry entry = make_entry(final, !baseline);
  const auto restored = restored_entries_.find({final.id, final.add_time_s});
  if (restored != restored_entries_.end()) {
    entry = std::move(restored->second);
    restored_entries_.erase(restored);
  } else {
    place(entry);
  }
  entry.take(final.counters, final.stats, now_.boot_ns);
  const Quality loss = final_loss(entry);
  ledger_.end_unknown(std::move(entry), now_, loss, told());
  if (syncing_) ended_in_sync_.emplace(final.id, final.add_time_s);
}

void Engine::on_sa_deleted(const xfrm::Sa& final) {
  ++events_;
  if (!counted(final.id.proto)) return;
  const SaTable::Handle handle = sas_.find(final.id);
  if (handle == SaTable::kNone) {
    if (!final.larval) unknown_ended(final);
    return;
  }
  const xfrm::SaRecord record = sas_.record(handle);
  if (record.larval) {
    sas_.erase(final.id);
    return;
  }
  if (record.add_time_s != final.add_time_s && !final.larval) {
    // Not the one that lives now: an event that was overtaken by the dump.
    unknown_ended(final);
    return;
  }
  const Ledger::EntryId id = entry_of(handle);
  if (id == Ledger::kNoEntry) {
    // Nobody's so far; an adapter may claim its association any moment now.
    Entry entry = make_entry(final, sas_.tag(handle) != kBaseline);
    entry.take(final.counters, final.stats, now_.boot_ns);
    ledger_.end_unknown(std::move(entry), now_, {}, told());
    if (syncing_) ended_in_sync_.emplace(record.id, record.add_time_s);
    sas_.erase(final.id);
    return;
  }
  ledger_.at(id).take(final.counters, final.stats, now_.boot_ns);
  ended(handle, final_loss(ledger_.at(id)));
}

void Engine::on_sa_expired(const xfrm::Sa& state, bool hard) {
  if (hard) {
    // EXPIRE hard is the last word on an SA: no DELSA follows (facts §1). One that nobody knows and
    // that carried nothing was a larval: ALLOCSPI tells nobody of its birth.
    const bool known = sas_.find(state.id) != SaTable::kNone;
    if (known || state.counters.packets > 0) on_sa_deleted(state);
    return;
  }
  ++events_;
  const Ledger::EntryId id = entry_of(sas_.find(state.id));
  if (id == Ledger::kNoEntry || ledger_.at(id).add_time_s != state.add_time_s) return;
  ledger_.at(id).take(state.counters, state.stats, now_.boot_ns);
}

void Engine::on_sas_flushed(std::uint8_t proto) {
  ++events_;
  std::vector<SaTable::Handle> flushed;
  sas_.for_each([&](SaTable::Handle handle) {
    const bool all = proto == 0 || proto == 255;
    if (all || sas_.record(handle).id.proto == proto) flushed.push_back(handle);
  });
  for (const SaTable::Handle handle : flushed) {
    ended(handle, {QM_AT_LEAST, QM_REASON_FLUSH});
  }
}

void Engine::on_sa_counters(const xfrm::SaId& id, const xfrm::Counters& counters,
                            std::uint32_t seq) {
  static_cast<void>(seq);
  const Ledger::EntryId entry = entry_of(sas_.find(id));
  if (entry == Ledger::kNoEntry) return;
  ledger_.at(entry).take(counters, ledger_.at(entry).last_stats, now_.boot_ns);
}

bool Engine::note_missing(std::span<const xfrm::SaId> ids) {
  bool lost = false;
  for (const xfrm::SaId& sa : ids) {
    const SaTable::Handle handle = sas_.find(sa);
    const Ledger::EntryId id = entry_of(handle);
    if (id == Ledger::kNoEntry || ++missing_[id] < kMissingReads) continue;
    ended(handle, {QM_AT_LEAST, QM_REASON_GAP});
    lost = true;
  }
  if (lost) gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
  return lost;
}

std::vector<xfrm::SaId> Engine::sas_to_read() const {
  std::vector<xfrm::SaId> ids;
  ledger_.for_each([&](Ledger::EntryId, const Entry& entry) { ids.push_back(entry.id); });
  return ids;
}

// ---- policies and the rest

void Engine::on_policy(const xfrm::Policy& policy, std::uint32_t seq) {
  static_cast<void>(seq);
  if (source_ == Source::event) ++events_;
  policies_.upsert(policy);
}

void Engine::on_policy_deleted(const xfrm::Policy& policy) {
  ++events_;
  policies_.erase(policy);
}

void Engine::on_policies_flushed(std::uint8_t type) {
  ++events_;
  policies_.clear(type);
}

void Engine::on_default_policy(const xfrm::DefaultPolicy& policy) {
  policies_.set_default(policy);
}

void Engine::on_done(std::uint32_t seq, int error) {
  static_cast<void>(seq);
  static_cast<void>(error);
}

void Engine::on_error(std::uint32_t seq, int error) {
  static_cast<void>(seq);
  static_cast<void>(error);
}

void Engine::on_malformed(std::uint16_t type, std::string_view what) {
  ++decode_errors_;
  problem_ = "a kernel message of type " + std::to_string(type) +
             " could not be read: " + plain_text(what, 200);
  if (source_ == Source::event) gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
}

void Engine::on_other(std::uint16_t type) {
  static_cast<void>(type);
}

// ---- rekeys

void Engine::ike_state(std::uint32_t daemons_up) {
  ike_daemons_ = daemons_up;
  if (daemons_up == 0) ike_sas_.clear();
}

void Engine::ike_rekey(const ike::ChildRekey& rekey) {
  const Ledger::Marked marked = ledger_.mark_rekey(rekey.remote, rekey.new_spi_out, rekey.proto);
  if (marked != Ledger::Marked::unknown) return;
  early_rekeys_.emplace_back(rekey, now_.boot_ns);
  if (early_rekeys_.size() > kMostEarlyRekeys) early_rekeys_.pop_front();
}

void Engine::set_ike_sas(std::vector<ike::IkeSa> sas, bool fresh) {
  ike_sas_ = std::move(sas);
  ike_sas_fresh_ = fresh;
}

void Engine::decide_rekey(Ledger::EntryId id) {
  Entry& entry = ledger_.at(id);
  const auto word = std::ranges::find_if(early_rekeys_, [&](const auto& early) {
    return early.first.new_spi_out == entry.id.spi && early.first.remote == entry.id.daddr &&
           early.first.proto == entry.id.proto;
  });
  if (word != early_rekeys_.end()) {
    entry.rekey = true;
    early_rekeys_.erase(word);
    return;
  }
  if (entry.direction != xfrm::Direction::out || entry.outer) return;
  const bool overlaps = by_association_[entry.association].size() > 1;
  if (ike_daemons_ > 0) {
    if (overlaps) undecided_.push_back({entry.id, now_.boot_ns, entry.owner});
    return;
  }
  entry.rekey = overlaps;
  if (entry.owner != kNobody) {
    ledger_.owner_at(entry.owner).rekeys.worsen(QM_INFERRED, QM_REASON_OVERLAP);
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
    const bool marked = ledger_.mark_rekey(id.daddr, id.spi, id.proto) == Ledger::Marked::now;
    if (marked && undecided.owner != kNobody) {
      ledger_.owner_at(undecided.owner).rekeys.worsen(QM_INFERRED, QM_REASON_OVERLAP);
    }
    return true;
  });
}

}  // namespace qm::hba

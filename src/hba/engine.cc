// What the kernel says, applied: syncs, readings, ends. Births, moves and rekeys are in
// engine_births.cc, attribution is in engine_attribution.cc, the account in engine_report.cc.
#include "hba/engine.h"

#include <algorithm>

#include "base/text.h"
#include "xfrm/ahead.h"

namespace qm::hba {
namespace {

using xfrm::SaTable;

// But for the SPI, which an IKE daemon fills in at each rekey.
bool differs(const xfrm::Policy* known, const xfrm::Policy& policy) {
  if (known == nullptr) return true;
  xfrm::Policy before = *known;
  xfrm::Policy now = policy;
  for (xfrm::Template& each : before.templates) each.spi = 0;
  for (xfrm::Template& each : now.templates) each.spi = 0;
  return before != now;
}

bool counted(std::uint8_t proto) {
  return proto == xfrm::kEsp || proto == xfrm::kAh;
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
  hurt_in_sync_ = false;
  by_spi_ = {};
  ledger_.for_each(
      [this](Ledger::EntryId id, const Entry& entry) { by_spi_.emplace(entry.id.spi, id); });
  sas_.begin_dump();
  policies_.begin_dump();
}

void Engine::end_sync() {
  // What the dump did not show and no event ended has vanished while nobody told us.
  for (const SaTable::Handle handle : sas_.unseen()) {
    ended(handle, {QM_AT_LEAST, QM_REASON_GAP});
  }
  const std::uint64_t changes = policies_.changes();
  policies_.end_dump();
  if (policies_.changes() != changes) any_policy_changed_ns_ = now_.boot_ns;
  if (first_sync_ && restored_) {
    // Nobody watched while the collector was down: what lived then and does not now took its last
    // counters along, and others may have come and gone.
    for (const auto& [key, id] : restored_entries_) {
      moved_unseen(id);
      ledger_.end(id, now_, {QM_AT_LEAST, QM_REASON_RESTART});
    }
    restored_entries_.clear();
    gap_everywhere({QM_AT_LEAST, QM_REASON_RESTART});
  }
  if (began_s_ == std::numeric_limits<std::uint64_t>::max()) {
    began_s_ = now_.unix_s();
    sas_.for_each([this](SaTable::Handle handle) {
      began_s_ = std::max(began_s_, sas_.record(handle).add_time_s);
    });
  }
  if (first_sync_) watched_boot_ns_ = now_.boot_ns;
  syncing_ = false;
  first_sync_ = false;
  behind_ = hurt_in_sync_;
  ended_in_sync_.clear();
  born_in_sync_ = {};
  by_spi_ = {};  // its memory too: it is as large as the ledger
}

void Engine::abandon_sync() {
  syncing_ = false;
  behind_ = true;
  ended_in_sync_.clear();
}

void Engine::overrun() {
  ++overruns_;
  behind_ = hurt_in_sync_ = true;
  gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
}

void Engine::gap_everywhere(Quality loss) {
  ++gaps_;
  complete_since_filetime_ = now_.filetime_100ns;
  ledger_.lose_all(loss);
  lost_lately_ = true;
  split_.disturb_all();
}

void Engine::set_kernel(bool readable, std::string problem) {
  kernel_readable_ = readable;
  if (!problem.empty()) problem_ = std::move(problem);
}

// ---- SAs

Ledger::EntryId Engine::entry_of(SaTable::Handle handle) const {
  return entry_of_tag(handle == SaTable::kNone ? 0 : sas_.tag(handle));
}

void Engine::on_datagram(Bytes datagram) {
  xfrm::prefetch_datagram(datagram, sas_);
}

// Of a dump's rows nearly all show what is known, and nobody's: they take the shortest way.
void Engine::on_sa(const xfrm::Sa& sa, bool updated, std::uint32_t seq) {
  static_cast<void>(seq);
  const bool event = source_ == Source::event;
  if (event) ++events_;
  if (!counted(sa.id.proto)) return;
  if (source_ == Source::read) return on_read_sa(sa);
  const bool plain = event ? !updated && !syncing_ : !sa.larval && ended_in_sync_.empty();
  if (!plain && overtaken(sa, updated)) return;
  const SaTable::Upserted upserted = sas_.upsert(sa, updated && event);
  const Ledger::EntryId before = entry_of_tag(upserted.tag);
  if (upserted.change != SaTable::Change::same) return on_changed_sa(sa, updated, upserted);
  if (updated) return;
  // Its counters are the next reading's: a row may be its successor's, whose events are queued.
  if (before != Ledger::kNoEntry) return follow(before, sa);
  // A dump's row was faster than the event, which alone tells what it has inherited. One that has
  // nothing may stand in another's place, whose SPI it took within the second.
  if (event && sa.counters.packets > 0) born(sa, upserted.handle, true, updated);
}

void Engine::on_read_sa(const xfrm::Sa& sa) {
  const Ledger::EntryId id = entry_of(sas_.find(sa.id));
  if (id == Ledger::kNoEntry) return;
  const Entry entry = ledger_.at(id);
  if (entry.add_time_s != sa.add_time_s) return;
  if (entry.outlived_by(sa.counters, sa.stats)) {
    outlived_.push_back(id);
    return;
  }
  take_reading(id, sa);
  missing_.erase(id);
}

// Whether what came later has been told already. Remembers what an event has replaced.
bool Engine::overtaken(const xfrm::Sa& sa, bool updated) {
  if (source_ == Source::dump) {
    // A row that the kernel had prepared before an event that we have applied already.
    if (ended_in_sync_.contains({sa.id, sa.add_time_s})) return true;
    if (!sa.larval) return false;
    // Prepared while it was a larval; the event that told of its maturing was faster.
    const SaTable::Handle before = sas_.find(sa.id);
    return before != SaTable::kNone && !sas_.record(before).larval;
  }
  // UPDSA on an SA that an earlier process knew shows nothing of it (facts §13); the dump will.
  if (updated) return sas_.find(sa.id) == SaTable::kNone && awaits(sa.id);
  if (syncing_) remember_replaced(sa);
  return false;
}

void Engine::on_changed_sa(const xfrm::Sa& sa, bool updated, const SaTable::Upserted& upserted) {
  if (upserted.change == SaTable::Change::refused) {
    gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
    return;
  }
  if (upserted.change == SaTable::Change::replaced) {
    // Its end was not told; the event may still come (then it corrects upward).
    const Ledger::EntryId before = entry_of_tag(upserted.tag);
    if (before != Ledger::kNoEntry) drop_entry(before, {QM_AT_LEAST, QM_REASON_GAP}, told());
    sas_.set_tag(upserted.handle, 0);
  }
  if (sa.larval) return;
  // Before the first dump an UPDSA may speak of an SA that lived already.
  const bool negotiated = source_ == Source::event ? !first_sync_ || !updated : !is_baseline(sa);
  born(sa, upserted.handle, negotiated, updated);
}

// Its DELSA was lost; a row of it that the kernel prepared before may still come.
void Engine::remember_replaced(const xfrm::Sa& by) {
  const SaTable::Handle handle = sas_.find(by.id);
  if (handle == SaTable::kNone) return;
  const std::uint64_t add_time_s = sas_.record(handle).add_time_s;
  if (add_time_s != by.add_time_s) ended_in_sync_.emplace(by.id, add_time_s);
}

void Engine::take_reading(Ledger::EntryId id, const xfrm::Sa& sa) {
  Ledger::Edited entry = ledger_.edit(id);
  before_reading_.try_emplace(
      id, BeforeReading{entry->newest, entry->last_stats, entry->integrity_failed, entry->replay,
                        entry->replay_window_failures, entry->grew_boot_ns});
  entry->take(sa.counters, sa.stats, now_.boot_ns);
  entry->describe(sa, ledger_.suites().of(sa));
}

// Its last word is less than what was read: the reading was of its successor, which has taken the
// SPI again within the second. Nothing of it has been published: events are applied before that.
void Engine::take_final(Ledger::EntryId id, const xfrm::Counters& counters,
                        const xfrm::Stats& stats) {
  Ledger::Edited entry = ledger_.edit(id);
  const auto found = before_reading_.find(id);
  const bool less = counters.bytes < entry->newest.bytes ||
                    counters.packets < entry->newest.packets ||
                    stats.integrity_failed < entry->last_stats.integrity_failed;
  if (less && found != before_reading_.end()) {
    const BeforeReading& before = found->second;
    entry->newest = before.newest;
    entry->last_stats = before.last_stats;
    entry->integrity_failed = before.integrity_failed;
    entry->replay = before.replay;
    entry->replay_window_failures = before.replay_window_failures;
    entry->grew_boot_ns = before.grew_boot_ns;
  }
  entry->take(counters, stats, now_.boot_ns);
}

// Of what a dump shows: did it live before this ledger began? A restarted collector can't tell of
// one that served nobody then, unless it was added later than all of the baseline.
bool Engine::is_baseline(const xfrm::Sa& sa) const {
  return first_sync_ && sa.add_time_s <= began_s_;
}

void Engine::drop_entry(Ledger::EntryId id, Quality loss, Ledger::Told told) {
  note_end(ledger_.at(id).association);
  ledger_.unlink(id);
  missing_.erase(id);
  std::erase(outlived_, id);
  std::erase(born_in_sync_, id);
  moved_unseen(id);
  before_reading_.erase(id);
  ledger_.end(id, now_, loss, told);
}

void Engine::ended(SaTable::Handle handle, Quality loss) {
  ended(handle, loss, told());
}

void Engine::ended(SaTable::Handle handle, Quality loss, Ledger::Told told) {
  const Ledger::EntryId id = entry_of(handle);
  const xfrm::SaRecord record = sas_.record(handle);
  if (id != Ledger::kNoEntry) {
    drop_entry(id, loss, told);
  } else if (!record.larval && loss.quality != QM_EXACT && ledger_.recent().size() < kMostRecent) {
    // Nobody's so far: who claims its association soon shall know that it had one more.
    Entry entry = make_entry(record, sas_.tag(handle));
    place(entry);
    note_end(entry.association);
    ledger_.end_unknown(entry, now_, loss, told);
  }
  if (syncing_) ended_in_sync_.emplace(record.id, record.add_time_s);
  sas_.erase(record.id);
}

void Engine::unknown_ended(const xfrm::Sa& final) {
  if (syncing_) ended_in_sync_.emplace(final.id, final.add_time_s);
  const auto restored = restored_entries_.find({final.id, final.add_time_s});
  if (restored != restored_entries_.end()) {
    ledger_.edit(restored->second)->take(final.counters, final.stats, now_.boot_ns);
    const Quality loss = final_loss(ledger_.at(restored->second));
    ledger_.end(restored->second, now_, loss, told());
    restored_entries_.erase(restored);
    return;
  }
  if (ledger_.correct(final, now_)) return;
  Entry entry = make_entry(final, !is_baseline(final));
  entry.rekey = was_told(final.id);
  remember_end(entry, final.counters, final.stats, told());
}

// Of an SA without an entry: who claims its association soon gets it whole.
void Engine::remember_end(Entry entry, const xfrm::Counters& counters, const xfrm::Stats& stats,
                          Ledger::Told told) {
  place(entry);
  note_end(entry.association);
  start_from_moved(entry);
  entry.take(counters, stats, now_.boot_ns);
  const Quality loss = final_loss(entry);
  if (syncing_) ended_in_sync_.emplace(entry.id, entry.add_time_s);
  ledger_.end_unknown(entry, now_, loss, told);
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
    entry.replay_detection = record.replay_detection;  // EXPIRE has no attribute of large windows
    entry.rekey = sas_.tag(handle) == kTold || was_told(final.id);
    remember_end(entry, final.counters, final.stats, told());
    sas_.erase(final.id);
    return;
  }
  take_final(id, final.counters, final.stats);
  ended(handle, final_loss(ledger_.at(id)));
}

void Engine::on_sa_expired(const xfrm::Sa& state, bool hard) {
  if (hard) {
    // EXPIRE hard is the last word on an SA: no DELSA follows (facts §1). One that nobody knows and
    // that carried nothing was a larval: ALLOCSPI tells nobody of its birth.
    const bool known = sas_.find(state.id) != SaTable::kNone;
    if (known || state.counters.packets > 0) {
      on_sa_deleted(state);
    } else if (syncing_) {
      ended_in_sync_.emplace(state.id, state.add_time_s);
    }
    return;
  }
  ++events_;
  const Ledger::EntryId id = entry_of(sas_.find(state.id));
  if (id == Ledger::kNoEntry || ledger_.at(id).add_time_s != state.add_time_s) return;
  ledger_.edit(id)->take(state.counters, state.stats, now_.boot_ns);
}

void Engine::on_sas_flushed(std::uint8_t proto) {
  ++events_;
  hurt_in_sync_ = true;  // rows to come may have been prepared before
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
  const Ledger::EntryId found = entry_of(sas_.find(id));
  if (found == Ledger::kNoEntry) return;
  Ledger::Edited entry = ledger_.edit(found);
  entry->take(counters, entry->last_stats, now_.boot_ns);
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
  // The events are drained, and none has told of its end. Its successor is the next dump's to show.
  while (!outlived_.empty()) {
    ended(sas_.find(ledger_.at(outlived_.back()).id), {QM_AT_LEAST, QM_REASON_GAP});
    lost = behind_ = true;
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
  if (differs(policies_.find(policy.index), policy)) note_policy_change(policy);
  policies_.upsert(policy);
}

void Engine::on_policy_deleted(const xfrm::Policy& policy) {
  ++events_;
  note_policy_change(policy);
  policies_.erase(policy);
}

void Engine::on_policies_flushed(std::uint8_t type) {
  ++events_;
  any_policy_changed_ns_ = now_.boot_ns;
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
  if (source_ != Source::event) return;
  behind_ = hurt_in_sync_ = true;
  gap_everywhere({QM_AT_LEAST, QM_REASON_GAP});
}

void Engine::on_other(std::uint16_t type) {
  static_cast<void>(type);
}

}  // namespace qm::hba

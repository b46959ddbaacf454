#include "hba/ledger.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/result.h"

namespace qm::hba {
namespace {

std::uint64_t less(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

bool is_active_outbound(const Entry& entry) {
  return entry.direction == xfrm::Direction::out && !entry.outer;
}

}  // namespace

Totals Entry::legacy() const {
  Totals totals = contribution();
  totals[kActiveSa] = 0;
  totals[kActiveTunnels] = 0;
  totals[kKeyDeletions] = is_active_outbound(*this) && !moved ? 1 : 0;
  return totals;
}

Totals counted_on(const AssociationKey& key, xfrm::Direction direction, bool outer,
                  std::uint64_t bytes, std::uint64_t replay_packets) {
  Totals totals;
  const bool out = direction == xfrm::Direction::out;
  if (key.proto == xfrm::kEsp) {
    totals[out ? kConfidentialBytesSent : kConfidentialBytesReceived] = bytes;
  } else {
    totals[out ? kAuthenticatedBytesSent : kAuthenticatedBytesReceived] = bytes;
  }
  if (!outer && key.mode == xfrm::Mode::tunnel) {
    totals[out ? kTunnelBytesSent : kTunnelBytesReceived] = bytes;
  } else if (!outer) {
    totals[out ? kTransportBytesSent : kTransportBytesReceived] = bytes;
  }
  if (!out) totals[kPacketsWithReplayDetection] = replay_packets;
  return totals;
}

Totals Entry::contribution() const {
  if (direction == xfrm::Direction::unknown) return {};
  const std::uint64_t packets = replay_detection ? less(newest.packets, base.packets) : 0;
  Totals totals =
      counted_on(association, direction, outer, less(newest.bytes, base.bytes), packets);
  if (is_active_outbound(*this)) {
    totals[kActiveSa] = 1;
    totals[kKeyAdditions] = negotiated ? 1 : 0;
    totals[kReKeys] = rekey ? 1 : 0;
  }
  if (direction == xfrm::Direction::in) {
    if (id.proto == xfrm::kEsp) {
      totals[kPacketsNotDecrypted] = less(not_decrypted, not_decrypted_base);
    }
    totals[kPacketsNotAuthenticated] = less(integrity_failed, integrity_base);
  }
  return totals;
}

void Entry::take(const xfrm::Counters& counters, const xfrm::Stats& stats, std::uint64_t boot_ns) {
  const bool first = read_boot_ns == 0;
  read_boot_ns = std::max(read_boot_ns, boot_ns);
  // Messages can arrive out of order: a lower value is an older one.
  if (counters.bytes < newest.bytes || counters.packets < newest.packets) return;
  if (counters != newest) grew_boot_ns = boot_ns;
  newest = counters;
  // 32 bits that wrap: the difference modulo 2^32 is what was added, unless it went "back" by an
  // old message, which would look like nearly 2^32.
  const auto carry = [first](std::uint64_t& total, std::uint32_t& last, std::uint32_t now) {
    const std::uint32_t added = now - last;
    if (added > 0x8000'0000U && !first) return;
    total += added;
    last = now;
  };
  carry(integrity_failed, last_stats.integrity_failed, stats.integrity_failed);
  carry(replay, last_stats.replay, stats.replay);
  carry(replay_window_failures, last_stats.replay_window, stats.replay_window);
}

bool Entry::outlived_by(const xfrm::Counters& counters, const xfrm::Stats& stats) const {
  const bool wrong_way = stats.integrity_failed - last_stats.integrity_failed > 0x8000'0000U;
  return counters.bytes < newest.bytes || counters.packets < newest.packets ||
         (wrong_way && read_boot_ns != 0);
}

void Entry::skip_back(const xfrm::Stats& stats) {
  last_stats = {.replay_window = std::min(last_stats.replay_window, stats.replay_window),
                .replay = std::min(last_stats.replay, stats.replay),
                .integrity_failed = std::min(last_stats.integrity_failed, stats.integrity_failed)};
}

void Entry::take_failures(std::uint64_t not_decrypted_total) {
  if (not_decrypted_total <= not_decrypted_told) return;
  not_decrypted += not_decrypted_total - not_decrypted_told;
  not_decrypted_told = not_decrypted_total;
}

Ledger::Ledger() {
  owner("");
}

OwnerId Ledger::owner(const std::string& key) {
  if (const auto found = owner_by_key_.find(key); found != owner_by_key_.end()) {
    return found->second;
  }
  if (owners_.size() >= kMostOwners) {
    lose(kUnattributed, {QM_AT_LEAST, QM_REASON_GAP});
    return kUnattributed;
  }
  const auto id = static_cast<OwnerId>(owners_.size());
  Owner owner;
  owner.key = key;
  owner.loss = lately_;
  owners_.push_back(std::move(owner));
  live_by_owner_.push_back(0);
  owner_by_key_.emplace(key, id);
  return id;
}

void Ledger::count_live(OwnerId owner, int change) {
  std::size_t& count = owner == kNobody ? pending_ : live_by_owner_[owner];
  count += static_cast<std::size_t>(change);
}

std::size_t Ledger::live_of(OwnerId owner) const {
  return owner == kNobody ? pending_ : live_by_owner_[owner];
}

Ledger::EntryId Ledger::add(Entry entry) {
  if (live() >= kMostEntries) {
    lose_all({QM_AT_LEAST, QM_REASON_GAP});
    return kNoEntry;
  }
  enter_pool(entry);
  count_live(entry.owner, +1);
  rate_failures(entry);
  return entries_.add(entry);
}

void Ledger::end(EntryId id, Time now, Quality loss, Told told) {
  Entry entry = entries_.at(id);
  entries_.erase(id);
  count_live(entry.owner, -1);
  end_unknown(entry, now, loss, told);
}

void Ledger::end_unknown(Entry entry, Time now, Quality loss, Told told) {
  const bool awaits_final = told == Told::awaits_both || told == Told::awaits_last;
  const bool end_told = told == Told::awaits_last;
  const Address source = entry.association.saddr;
  Recent recent{entry, now.boot_ns, loss, ticks_, awaits_final, end_told, source};
  if (recent.entry.owner != kNobody) fold(recent);
  remember(recent);
}

void Ledger::fold(const Recent& recent) {
  leave_pool(recent.entry);
  owners_[recent.entry.owner].folded += recent.entry.legacy();
  rate_rekeys(recent.entry);
  rate_failures(recent.entry);
  if (!recent.awaits_final) charge(recent);
}

// What a folded SA may lack, its owner's totals lack from now on.
void Ledger::charge(const Recent& recent) {
  Owner& owner = owners_[recent.entry.owner];
  const bool out = recent.entry.direction == xfrm::Direction::out;
  (out ? owner.sent_loss : owner.received_loss).worsen(recent.loss.quality, recent.loss.reason);
  if (Pool* pool = pool_of(recent.entry)) {
    pool->loss.worsen(recent.loss.quality, recent.loss.reason);
  }
  if (recent.loss.quality != QM_EXACT) ++losses_;
}

void Ledger::remember(Recent recent) {
  if (recent_.size() >= kMostRecent) forget_oldest();
  if (recent.awaits_final) {
    awaited_.emplace(hash_of(recent.entry.id, recent.entry.add_time_s),
                     first_recent_ + recent_.size());
  }
  ++recent_spis_[recent.entry.id.spi];
  recent_.push_back(recent);
}

void Ledger::forget_oldest() {
  Recent& oldest = recent_.front();
  if (oldest.entry.owner == kNobody && oldest.entry.may_serve) {
    oldest.entry.owner = kUnattributed;
    fold(oldest);
  }
  if (oldest.awaits_final) {
    forget_awaited(oldest.entry, first_recent_);
    if (oldest.entry.owner != kNobody) charge(oldest);  // it never came
  }
  const auto spi = recent_spis_.find(oldest.entry.id.spi);
  if (--spi->second == 0) recent_spis_.erase(spi);
  recent_.pop_front();
  ++first_recent_;
}

bool Ledger::correct(const xfrm::Sa& final, Time now) {
  const auto found = std::find_if(recent_.rbegin(), recent_.rend(), [&](const Recent& recent) {
    return recent.entry.id == final.id && recent.entry.add_time_s == final.add_time_s &&
           recent.source == final.saddr;
  });
  if (found == recent_.rend()) return false;
  // When events were lost it may be another's, of the same second: the last word has all of its
  // own.
  if (found->awaits_final && found->end_told) return true;
  const Entry was = found->entry;
  const Totals before = was.legacy();
  found->entry.take(final.counters, final.stats, now.boot_ns);
  if (found->entry.owner == kNobody) return true;
  correct_pool(*found, was);
  const Totals after = found->entry.legacy();
  Totals& folded = owners_[found->entry.owner].folded;
  for (std::size_t i = 0; i < kCounters; ++i) folded.at(i) += after.at(i) - before.at(i);
  return true;
}

namespace {

bool same_but_for_addresses(const Entry& old, const xfrm::SaId& id,
                            const AssociationKey& association, std::uint64_t add_time_s) {
  const AssociationKey& key = old.association;
  return old.id.spi == id.spi && old.id.proto == id.proto && old.add_time_s == add_time_s &&
         key.reqid == association.reqid && key.mode == association.mode;
}

bool has_moved(const Entry& old, const AssociationKey& association) {
  const AssociationKey& key = old.association;
  return old.moved || key.saddr != association.saddr || key.daddr != association.daddr;
}

}  // namespace

bool is_moved(const Entry& old, const xfrm::SaId& id, const AssociationKey& association,
              std::uint64_t add_time_s) {
  return !old.moved && same_but_for_addresses(old, id, association, add_time_s) &&
         has_moved(old, association);
}

Recent* Ledger::find_moved(const xfrm::SaId& id, const AssociationKey& association,
                           std::uint64_t add_time_s, bool inherited) {
  if (!recent_spis_.contains(id.spi)) return nullptr;  // nearly always
  // The last of them alone: those before it had its SPI in the same second, and ended for good.
  const auto found = std::find_if(recent_.rbegin(), recent_.rend(), [&](const Recent& recent) {
    return same_but_for_addresses(recent.entry, id, association, add_time_s) &&
           (inherited || has_moved(recent.entry, association));
  });
  return found == recent_.rend() || found->entry.moved ? nullptr : &*found;
}

bool Ledger::undo_deletion(Recent& recent) {
  if (recent.tick != ticks_) return false;
  const Entry& entry = recent.entry;
  if (entry.owner != kNobody && is_active_outbound(entry)) {
    --owners_[entry.owner].folded[kKeyDeletions];
  }
  recent.entry.moved = true;
  return true;
}

void Ledger::fold_so_far(Entry& entry) {
  Totals done = entry.contribution();
  done[kActiveSa] = 0;
  owners_[entry.owner].folded += done;
  // Of one that was moved unseen no counter may be known yet but those that it inherited.
  entry.base = {std::max(entry.base.bytes, entry.newest.bytes),
                std::max(entry.base.packets, entry.newest.packets)};
  entry.integrity_base = entry.integrity_failed;
  entry.ambiguous = false;
  entry.not_decrypted_base = entry.not_decrypted;
  entry.negotiated = false;
  entry.rekey = entry.rekey_inferred = false;
}

void Ledger::assign(EntryId id, OwnerId owner, xfrm::Direction direction, bool outer) {
  if (entries_.owner(id) == owner) return;
  Edited entry = edit(id);
  count_live(entry->owner, -1);
  if (entry->owner != kNobody) {
    // Handed over: what it did so far stays with the earlier owner, which keeps its KeyAddition
    // too; the SA goes on as the new owner's, without one.
    leave_pool(*entry);
    fold_so_far(*entry);
  }
  entry->owner = owner;
  entry->direction = direction;
  entry->outer = outer;
  enter_pool(*entry);
  count_live(owner, +1);
  rate_rekeys(*entry);
  rate_failures(*entry);
}

void Ledger::assign(Recent& recent, OwnerId owner, xfrm::Direction direction, bool outer) {
  recent.entry.owner = owner;
  recent.entry.direction = direction;
  recent.entry.outer = outer;
  enter_pool(recent.entry);
  // Only now it is known that it sent: nothing of it was being decrypted.
  const bool sent = direction == xfrm::Direction::out;
  if (sent && recent.loss.reason == QM_REASON_IN_FLIGHT) recent.loss = {};
  fold(recent);
}

void Ledger::assign_recent(const AssociationKey& key, OwnerId owner, xfrm::Direction direction,
                           bool outer) {
  for (Recent& recent : recent_) {
    if (recent.entry.owner != kNobody || recent.entry.association != key) continue;
    assign(recent, owner, direction, outer);
  }
}

void Ledger::rate_rekeys(const Entry& entry) {
  if (!entry.rekey_inferred || entry.owner == kNobody) return;
  owners_[entry.owner].rekeys.worsen(QM_INFERRED, QM_REASON_OVERLAP);
}

void Ledger::rate_failures(const Entry& entry) {
  if (!entry.ambiguous || entry.owner == kNobody) return;
  if (entry.direction != xfrm::Direction::in) return;
  owners_[entry.owner].failures = {QM_AT_LEAST, QM_REASON_GAP};
}

Ledger::Marked Ledger::mark_rekey(const Address& daddr, std::uint32_t spi, std::uint8_t proto,
                                  bool inferred) {
  const auto same = [&](const Entry& entry) {
    return entry.id.spi == spi && entry.id.proto == proto && entry.id.daddr == daddr;
  };
  const auto mark = [&](Entry& entry) {
    if (entry.rekey) return Marked::already;
    entry.rekey = true;
    entry.rekey_inferred = inferred;
    rate_rekeys(entry);
    return Marked::now;
  };
  for (EntryId id = 0; id < entries_.end(); ++id) {
    if (!entries_.in_use(id) || entries_.spi(id) != spi || !same(entries_.at(id))) continue;
    return mark(*edit(id));
  }
  for (auto recent = recent_.rbegin(); recent != recent_.rend(); ++recent) {
    Entry& entry = recent->entry;
    if (!same(entry)) continue;
    const Marked marked = mark(entry);
    const bool folded = marked == Marked::now && entry.owner != kNobody;
    if (folded && is_active_outbound(entry)) ++owners_[entry.owner].folded[kReKeys];
    return marked;
  }
  return Marked::unknown;
}

void Ledger::tick(Time now) {
  ++ticks_;
  const auto overdue = [&](std::uint64_t since_ns) { return now.boot_ns - since_ns >= kPendingNs; };
  if (lately_boot_ns_ == 0) lately_boot_ns_ = now.boot_ns;
  if (overdue(lately_boot_ns_)) lately_ = {};
  while (!recent_.empty() && overdue(recent_.front().ended_boot_ns)) forget_oldest();
  if (pending_ == 0) return;
  for (EntryId id = 0; id < entries_.end(); ++id) {
    if (!entries_.in_use(id) || entries_.owner(id) != kNobody) continue;
    const Entry entry = entries_.at(id);
    if (!entry.may_serve || !overdue(entry.since_boot_ns)) continue;
    assign(id, kUnattributed, entry.direction, entry.outer);
    edit(id)->timed_out = true;
  }
}

void Ledger::lose(OwnerId owner, Quality loss) {
  owners_[owner].loss.worsen(loss.quality, loss.reason);
}

void Ledger::lose_all(Quality loss) {
  lately_.worsen(loss.quality, loss.reason);
  lately_boot_ns_ = 0;
  for (OwnerId id = 0; id < owners_.size(); ++id) lose(id, loss);
}

Totals Ledger::totals(OwnerId owner) const {
  return all_totals()[owner];
}

std::vector<Totals> Ledger::all_totals() const {
  std::vector<Totals> totals;
  totals.reserve(owners_.size());
  for (const Owner& owner : owners_) totals.push_back(owner.folded);
  std::set<std::tuple<OwnerId, std::uint32_t, std::uint32_t, Address, Address>> tunnels;
  for (EntryId id = 0; id < entries_.end(); ++id) {
    if (!entries_.in_use(id) || entries_.owner(id) == kNobody) continue;
    const Entry entry = entries_.at(id);
    totals[entry.owner] += entry.contribution();
    const AssociationKey& key = entry.association;
    if (entry.direction == xfrm::Direction::out && key.mode == xfrm::Mode::tunnel) {
      tunnels.emplace(entry.owner, key.reqid, key.if_id, key.saddr, key.daddr);
    }
  }
  for (const auto& tunnel : tunnels) ++totals[std::get<0>(tunnel)][kActiveTunnels];
  return totals;
}

}  // namespace qm::hba

// The destroy probe's word on SAs that have ended: it settles what netlink left open.
#include <algorithm>

#include "hba/ledger.h"

namespace qm::hba {

std::uint64_t hash_of(const xfrm::SaId& id, std::uint64_t add_time_s) {
  const AssociationKey key{id.daddr, id.daddr, id.spi, id.mark.value, id.proto, {}};
  return AssociationHash{}(key) ^ add_time_s;
}

void Ledger::forget_awaited(const Entry& entry, std::uint64_t number) {
  const auto [first, last] = awaited_.equal_range(hash_of(entry.id, entry.add_time_s));
  const auto found =
      std::find_if(first, last, [&](const auto& row) { return row.second == number; });
  if (found != last) awaited_.erase(found);
}

std::size_t Ledger::awaiting(const xfrm::ProbedSa& sa) const {
  const auto [first, last] = awaited_.equal_range(hash_of(sa.id, sa.add_time_s));
  const auto same = [&](const auto& row) {
    const Recent& waiting = recent_[row.second - first_recent_];
    return waiting.entry.id == sa.id && waiting.entry.add_time_s == sa.add_time_s &&
           waiting.source == sa.saddr;
  };
  return static_cast<std::size_t>(std::count_if(first, last, same));
}

bool Ledger::settle(const xfrm::SaFinal& final, Time now, std::uint64_t died_boot_ns) {
  const auto [first, last] = awaited_.equal_range(hash_of(final.sa.id, final.sa.add_time_s));
  auto earliest = last;
  for (auto row = first; row != last; ++row) {
    const Recent& waiting = recent_[row->second - first_recent_];
    const Entry& entry = waiting.entry;
    if (!final.last && waiting.end_told) continue;
    if (entry.id != final.sa.id || entry.add_time_s != final.sa.add_time_s) continue;
    if (waiting.source != final.sa.saddr) continue;
    if (earliest == last || row->second < earliest->second) earliest = row;
  }
  if (earliest == last) return false;
  Recent& recent = recent_[earliest->second - first_recent_];
  const Entry was = recent.entry;
  const Totals before = was.legacy();
  recent.entry.take(final.counters, final.stats, now.boot_ns);
  recent.entry.take_failures(final.not_decrypted);
  recent.end_told = true;
  recent.loss = final.last ? Quality{} : in_flight_loss(recent.entry, died_boot_ns);
  if (final.last) {
    awaited_.erase(earliest);
    recent.awaits_final = false;
  }
  if (recent.entry.owner == kNobody) return true;
  correct_pool(recent, was);
  const Totals after = recent.entry.legacy();
  Totals& folded = owners_[recent.entry.owner].folded;
  for (std::size_t i = 0; i < kCounters; ++i) folded.at(i) += after.at(i) - before.at(i);
  return true;
}

// The kernel counts an inbound packet after it has decrypted it, without the state's lock: one that
// was in flight when the SA left the tables is missing there (facts §1).
Quality Ledger::in_flight_loss(const Entry& entry, std::uint64_t died_boot_ns) {
  const bool may_lack = entry.direction != xfrm::Direction::out && entry.grew_boot_ns != 0 &&
                        died_boot_ns < entry.grew_boot_ns + kQuietNs;
  return may_lack ? Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT} : Quality{};
}

void Ledger::rate_awaited() {
  for (Owner& owner : owners_) owner.awaited_sent = owner.awaited_received = {};
  for (const auto& [hash, number] : awaited_) {
    const Recent& recent = recent_[number - first_recent_];
    if (recent.entry.owner == kNobody) continue;
    Owner& owner = owners_[recent.entry.owner];
    const bool out = recent.entry.direction == xfrm::Direction::out;
    (out ? owner.awaited_sent : owner.awaited_received)
        .worsen(recent.loss.quality, recent.loss.reason);
  }
}

}  // namespace qm::hba

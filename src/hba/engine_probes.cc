// What the eBPF probes tell, applied: finals of SAs, failed input, unknown SPIs by peer.
#include <algorithm>

#include "hba/engine.h"

namespace qm::hba {

bool Engine::probes_tell(CounterId id) const {
  return id == kBadSpiPackets ? probed_.bad_spi
                              : id == kPacketsNotDecrypted && probed_.not_decrypted;
}

// Three ways: its end is known and waits for this; its end is not known yet (a hard expiry and a
// flush tell when they are over); or the ledger never had it, or has forgotten it: then it is left
// out, as it could be counted twice.
// The first word comes at once, so that what is known under its id then is the one that ended. The
// last one may be late, and an SA that took the SPI in the same second stand in its place by then
// (when events are lost, nothing tells the two apart): it ends nothing that lives, unless the first
// one was lost.
void Engine::on_final(const xfrm::SaFinal& told) {
  xfrm::SaFinal final = told;
  if (!probed_.not_decrypted) final.not_decrypted = 0;  // the netns's counter has it
  const xfrm::SaTable::Handle handle = sas_.find(final.sa.id);
  const Ledger::EntryId id = entry_of(handle);
  // An inbound SA that moved keeps its id: then only the source tells it from the one that died.
  const Entry known = id == Ledger::kNoEntry ? Entry{} : ledger_.at(id);
  const bool lives = id != Ledger::kNoEntry && known.add_time_s == final.sa.add_time_s &&
                     known.association.saddr == final.sa.saddr;
  // An SPI taken again within the second makes two SAs alike. Their words come in the order of
  // their ends; when words were lost, nobody knows whose this is, and their gaps stay.
  const std::uint64_t died = std::min(now_.boot_ns, finals_read_boot_ns_);
  if (finals_were_lost_ && ledger_.awaiting(final.sa) + (lives ? 1U : 0U) > 1) return;
  if (ledger_.settle(final, now_, died)) return;
  if (final.last && !finals_were_lost_) return;
  if (id == Ledger::kNoEntry && !final.last) nobodys_ended(handle, final);
  if (!lives) return;
  take_final(id, final.counters, final.stats);
  ledger_.edit(id)->take_failures(final.not_decrypted);
  const Entry entry = ledger_.at(id);
  ended(handle, final.last ? Quality{} : Ledger::in_flight_loss(entry, died),
        final.last ? Ledger::Told::all : Ledger::Told::awaits_last);
}

// An adapter may claim its association any moment now.
void Engine::nobodys_ended(xfrm::SaTable::Handle handle, const xfrm::SaFinal& end) {
  if (handle == xfrm::SaTable::kNone) return;
  const xfrm::SaRecord record = sas_.record(handle);
  const bool same = record.add_time_s == end.sa.add_time_s && record.saddr == end.sa.saddr;
  if (record.larval || !same) return;
  Entry entry = make_entry(record, sas_.tag(handle));
  entry.take_failures(end.not_decrypted);
  remember_end(entry, end.counters, end.stats, Ledger::Told::awaits_last);
  sas_.erase(record.id);
}

void Engine::take_failures(const xfrm::ProbedSa& sa, std::uint64_t not_decrypted) {
  const Ledger::EntryId id = entry_of(sas_.find(sa.id));
  if (id == Ledger::kNoEntry || ledger_.at(id).add_time_s != sa.add_time_s) return;
  ledger_.edit(id)->take_failures(not_decrypted);
}

void Engine::take_finals(const xfrm::ProbeReading& reading) {
  finals_were_lost_ = finals_were_lost_ || reading.totals.finals_lost > 0;
  for (const xfrm::SaFinal& final : reading.finals) on_final(final);
  if (!reading.finals.empty()) split_.growth_is_newer();
  if (!reading.more) finals_read_boot_ns_ = now_.boot_ns;
}

void Engine::take_probes(const xfrm::ProbeReading& reading) {
  take_finals(reading);
  probe_totals_ = reading.totals;
  if (probed_.not_decrypted) {
    for (const xfrm::SaFailures& each : reading.failures) {
      take_failures(each.sa, each.not_decrypted);
    }
  }
  if (probed_.bad_spi) take_bad_spi(reading);
}

// ---- peers

void Engine::want_pair(const xfrm::AddressPair& pair, OwnerId owner,
                       std::map<xfrm::AddressPair, std::set<OwnerId>>& users) {
  if (pair.source.any() || pair.destination.any() || owner == kUnattributed) return;
  users[pair].insert(owner);
}

// Whose peer sends from an address to one of ours: by the sessions' connections, and by the
// inbound SAs' own addresses, which a tunnel has of its own. Sticky after a logout, as claims are.
void Engine::find_pairs() {
  if (!probed_.bad_spi) return;
  std::map<xfrm::AddressPair, std::set<OwnerId>> users;
  ledger_.associations().for_each_claim([&](const AssociationKey& key, const Claim& claim) {
    if (claim.direction != xfrm::Direction::in || claim.shared) return;
    want_pair({key.saddr, key.daddr}, claim.owner, users);
  });
  for (const iscsi::Session& session : inventory_.sessions) {
    const OwnerId owner = ledger_.owner(session.adapter_key);
    for (const iscsi::Connection& connection : session.connections) {
      want_pair({connection.remote.address, connection.local.address}, owner, users);
    }
  }
  shares_.resize(ledger_.owners().size());
  for (const auto& [pair, owners] : users) {
    auto found = pairs_.find(pair);
    if (found == pairs_.end()) {
      const bool full = pairs_.size() >= xfrm::kMostWatchedPairs;
      for (const OwnerId owner : owners) {
        shares_[owner].pair_missed =
            shares_[owner].pair_missed || full || probe_totals_.bad_spi_unlisted > 0;
      }
      if (full) continue;
      found = pairs_.emplace(pair, Pair{}).first;
      pairs_to_watch_.push_back(pair);
    }
    found->second.shared = owners.size() > 1;
    found->second.owner = *owners.begin();
    if (!found->second.shared) continue;
    for (const OwnerId owner : owners) shares_[owner].pair_shared = true;
  }
}

void Engine::take_bad_spi(const xfrm::ProbeReading& reading) {
  std::map<xfrm::AddressPair, std::uint64_t> told;
  for (const xfrm::BadSpi& each : reading.bad_spi) told[each.pair] += each.packets;
  for (const auto& [address_pair, packets] : told) {
    const auto found = pairs_.find(address_pair);
    // A stranger's count waits: if an adapter turns out to be meant, it gets all of it.
    if (found == pairs_.end()) continue;
    Pair& pair = found->second;
    if (packets <= pair.bad_spi_told) continue;
    if (!pair.shared && pair.owner != kNobody) {
      shares_[pair.owner].bad_spi += packets - pair.bad_spi_told;
    }
    pair.bad_spi_told = packets;
  }
}

}  // namespace qm::hba

// The account: every counter by DESIGN.md's table, with its quality.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.h"
#include "hba/engine.h"

namespace qm::hba {
namespace {

constexpr std::string_view kInstanceSuffix = "_0";  // WMI's, of a PDO's single instance
constexpr std::size_t kMostNameBytes = 400;         // of what others named; fits QM_MOST_NAME_BYTES

Quality& quality_of(Qualities& qualities, CounterId id) {
  return qualities[id - 1U];
}

std::string sa_name(const xfrm::SaId& id) {
  std::string name =
      fmt::format("{}:0x{:08x}@{}", id.proto == xfrm::kEsp ? "esp" : "ah", id.spi, id.daddr.text());
  if (id.mark != xfrm::Mark{}) {
    name += fmt::format(",mark=0x{:x}/0x{:x}", id.mark.value, id.mark.mask);
  }
  return name;
}

std::string session_name(const iscsi::Session& session) {
  return fmt::format("{}_{}", plain_text(session.target, kMostNameBytes), session.sid);
}

std::string instance_name(const iscsi::Adapter* adapter, const std::string& key) {
  // An adapter that is gone keeps its name: its key is what the name was made of.
  return (adapter != nullptr ? adapter->device_name : plain_text(key, kMostNameBytes)) +
         std::string(kInstanceSuffix);
}

void worsen_by_loss(Quality& quality, const Owner& owner, CounterId id) {
  quality.worsen(owner.loss.quality, owner.loss.reason);
  if (id < kPacketsNotAuthenticated) return;  // keys are counted from events, not from counters
  const bool sent = id == kConfidentialBytesSent || id == kAuthenticatedBytesSent ||
                    id == kTransportBytesSent || id == kTunnelBytesSent;
  const Quality& loss = sent ? owner.sent_loss : owner.received_loss;
  quality.worsen(loss.quality, loss.reason);
  const Quality& awaited = sent ? owner.awaited_sent : owner.awaited_received;
  quality.worsen(awaited.quality, awaited.reason);
  if (id != kPacketsNotAuthenticated) return;
  quality.worsen(owner.failures.quality, owner.failures.reason);
}

// No complete dump since events were lost: what lives may be more or fewer, what is counted less.
void worsen_behind(Qualities& qualities) {
  for (std::size_t i = 0; i < kCounters; ++i) {
    const bool gauge = is_gauge(static_cast<CounterId>(i + 1));
    qualities[i].worsen(gauge ? QM_INFERRED : QM_AT_LEAST, QM_REASON_GAP);
  }
}

// A reading broke off: what SAs counted since the one before is not in.
void worsen_unread(Qualities& qualities) {
  for (std::size_t i = kPacketsNotAuthenticated - 1U; i < kCounters; ++i) {
    qualities[i].worsen(QM_AT_LEAST, QM_REASON_GAP);
  }
}

void set_all(Qualities& qualities, qm_quality quality, qm_reason reason) {
  for (Quality& each : qualities) each.worsen(quality, reason);
}

}  // namespace

// The larvals of all SAs that are between the peers of some session. There may be a million others.
void Engine::find_negotiations() {
  std::set<std::pair<Address, Address>> peers;
  if (ike_daemons_ == 0 && sas_.larvals() > 0) {
    for (const iscsi::Session& session : inventory_.sessions) {
      for (const iscsi::Connection& connection : session.connections) {
        peers.emplace(connection.local.address, connection.remote.address);
      }
    }
  }
  Negotiations& last = negotiations_;
  if (peers == last.peers && sas_.larval_changes() == last.larval_changes) return;
  last = {.peers = std::move(peers), .larval_changes = sas_.larval_changes(), .found = {}};
  if (last.peers.empty()) return;
  sas_.for_each([&](xfrm::SaTable::Handle handle) {
    const xfrm::SaRecord sa = sas_.record(handle);
    if (!sa.larval) return;
    for (const auto& [local, remote] :
         {std::pair(sa.saddr, sa.id.daddr), std::pair(sa.id.daddr, sa.saddr)}) {
      if (last.peers.contains({local, remote})) last.found.emplace(local, remote, sa.id.proto);
    }
  });
}

// Counter 2. The IKE daemon's word where one answers; else what the larvals suggest.
void Engine::fill_pending_operations(AdapterReport& adapter) const {
  std::set<std::pair<Address, Address>> peers;
  for (const iscsi::Session& session : inventory_.sessions) {
    if (session.adapter_key != adapter.info.key) continue;
    for (const iscsi::Connection& connection : session.connections) {
      peers.emplace(connection.local.address, connection.remote.address);
    }
  }
  std::uint64_t& pending = adapter.totals[kPendingKeyOperations];
  Quality& quality = quality_of(adapter.qualities, kPendingKeyOperations);
  if (ike_daemons_ > 0) {
    for (const ike::IkeSa& sa : ike_sas_) {
      if (peers.contains({sa.local, sa.remote})) pending += sa.pending_operations;
    }
    if (!ike_sas_fresh_) quality.worsen(QM_INFERRED, QM_REASON_NO_IKE);
    return;
  }
  for (const auto& [local, remote, proto] : negotiations_.found) {
    if (peers.contains({local, remote})) ++pending;
  }
  quality.worsen(QM_INFERRED, QM_REASON_LARVALS);
}

// Counters 7 and 8: what the probes tell of peers and SAs (the ledger has the latter); without them
// per netns in the kernel, an adapter's only while nobody else uses IPsec.
void Engine::fill_netns_errors(AdapterReport& adapter, OwnerId owner) const {
  const HostShare share = owner < shares_.size() ? shares_[owner] : HostShare{};
  adapter.totals[kBadSpiPackets] = share.bad_spi;
  adapter.totals[kPacketsNotDecrypted] += share.not_decrypted_shown;
  for (const CounterId id : {kBadSpiPackets, kPacketsNotDecrypted}) {
    Quality& quality = quality_of(adapter.qualities, id);
    if (probes_tell(id)) {
      const bool bad_spi = id == kBadSpiPackets;
      if (bad_spi && share.pair_shared) quality.worsen(QM_AT_LEAST, QM_REASON_SHARED_SA);
      if (bad_spi && share.pair_missed) quality.worsen(QM_AT_LEAST, QM_REASON_GAP);
      // What an earlier process had from the netns's counters stays in the total.
      if (bad_spi ? share.netns_bad_spi : share.netns_not_decrypted) {
        quality.worsen(QM_INFERRED, QM_REASON_SOLE_USER);
      }
    } else if (!errors_ || !errors_->complete) {
      quality.worsen(QM_UNAVAILABLE, QM_REASON_NO_PROBE);
    } else if (!share.sole_now) {
      quality.worsen(QM_UNAVAILABLE, QM_REASON_NOT_SOLE_USER);
    } else if (share.was_shared) {
      quality.worsen(QM_AT_LEAST, QM_REASON_NOT_SOLE_USER);
    } else {
      quality.worsen(QM_INFERRED, QM_REASON_SOLE_USER);
    }
  }
}

void Engine::rate_counters(AdapterReport& adapter, const Owner& owner, OwnerId id,
                           bool offloads) const {
  for (std::size_t i = 0; i < kCounters; ++i) {
    const auto counter = static_cast<CounterId>(i + 1);
    if (is_gauge(counter)) continue;
    worsen_by_loss(adapter.qualities[i], owner, counter);
  }
  quality_of(adapter.qualities, kReKeys).worsen(owner.rekeys.quality, owner.rekeys.reason);
  const Qualities shared = shared_quality(id);
  for (std::size_t i = 0; i < kCounters; ++i) {
    adapter.qualities[i].worsen(shared[i].quality, shared[i].reason);
  }
  const bool sharing = std::ranges::any_of(verdicts_, [&](const SessionVerdict& verdict) {
    const auto index = static_cast<std::size_t>(&verdict - verdicts_.data());
    if (inventory_.sessions[index].adapter_key != owner.key) return false;
    return std::ranges::any_of(verdict.uses, [&](const Use& use) {
      const Claim* claim = ledger_.associations().claim(use.association);
      return claim != nullptr && claim->shared;
    });
  });
  // What goes to another adapter is nobody's until it has been read.
  const bool waits = std::ranges::any_of(handed_over_, [&](const AssociationKey& key) {
    const Claim* claim = ledger_.associations().claim(key);
    return claim != nullptr && claim->owner == id;
  });
  if (sharing || waits) {
    quality_of(adapter.qualities, kActiveSa).worsen(QM_AT_LEAST, QM_REASON_SHARED_SA);
    quality_of(adapter.qualities, kActiveTunnels).worsen(QM_AT_LEAST, QM_REASON_SHARED_SA);
  }
  // Offloading drivers tell the kernel their counts now and then only (facts §5).
  for (std::size_t i = kPacketsNotAuthenticated - 1U; offloads && i < kCounters; ++i) {
    adapter.qualities[i].worsen(QM_AT_LEAST, QM_REASON_BYPASS);
  }
}

void Engine::report_adapters(Report& report, const std::vector<Totals>& totals) const {
  std::set<OwnerId> offloading;
  ledger_.for_each([&](Ledger::EntryId, const Entry& entry) {
    if (entry.packet_offload) offloading.insert(entry.owner);
  });
  const auto add = [&](const iscsi::Adapter& info, OwnerId owner) {
    AdapterReport adapter;
    adapter.info = info;
    adapter.device_name = info.device_name;
    adapter.caption = info.caption;
    adapter.active = !info.bypasses_kernel;
    if (!kernel_readable_) set_all(adapter.qualities, QM_UNAVAILABLE, QM_REASON_NO_KERNEL);
    if (info.bypasses_kernel) set_all(adapter.qualities, QM_UNAVAILABLE, QM_REASON_BYPASS);
    if (behind_) worsen_behind(adapter.qualities);
    if (reading_failed_) worsen_unread(adapter.qualities);
    if (owner != kNobody) {
      adapter.totals = totals[owner];
      rate_counters(adapter, ledger_.owners()[owner], owner, offloading.contains(owner));
    }
    fill_pending_operations(adapter);
    fill_netns_errors(adapter, owner);
    for (std::size_t i = 0; i < verdicts_.size(); ++i) {
      if (inventory_.sessions[i].adapter_key != info.key) continue;
      ++adapter.sessions;
      const Protection protection = verdicts_[i].protection;
      if (protection == Protection::unprotected) {
        ++adapter.unprotected_sessions;
      } else if (protection == Protection::unknown) {
        ++adapter.unknown_sessions;
      } else {
        ++adapter.protected_sessions;
      }
    }
    report.adapters.push_back(std::move(adapter));
  };
  std::set<std::string> present;
  const auto& owners = ledger_.owners();
  for (const iscsi::Adapter& info : inventory_.adapters) {
    present.insert(info.key);
    const auto owner = std::ranges::find(owners, info.key, &Owner::key);
    add(info, owner == owners.end() ? kNobody
                                    : static_cast<OwnerId>(std::distance(owners.begin(), owner)));
  }
  for (OwnerId id = 1; id < owners.size(); ++id) {
    // Gone, but it has totals: a logout does not zero counters.
    const HostShare share = id < shares_.size() ? shares_[id] : HostShare{};
    const bool errors = share.bad_spi != 0 || share.not_decrypted_shown != 0;
    if (present.contains(owners[id].key) || (totals[id] == Totals{} && !errors)) continue;
    iscsi::Adapter info;
    info.key = owners[id].key;
    info.device_name = plain_text(info.key, kMostNameBytes);
    info.caption = "gone; its totals are kept";
    add(info, id);
  }
  std::ranges::sort(report.adapters, {}, &AdapterReport::device_name);
}

// Of all that a session's policies name: missing if it is anywhere, agrees if it does everywhere.
Evidence::Says Engine::evidence_of(const SessionVerdict& verdict) const {
  std::size_t paths = 0, agree = 0;
  for (const Use& use : verdict.uses) {
    if (use.outer) continue;
    const Evidence::Says says = evidence_.of(use.association);
    if (says == Evidence::Says::missing) return says;
    ++paths;
    if (says == Evidence::Says::agrees) ++agree;
  }
  return agree == paths && paths > 0 ? Evidence::Says::agrees : Evidence::Says::nothing;
}

void Engine::report_sessions(Report& report) const {
  for (std::size_t i = 0; i < verdicts_.size(); ++i) {
    const iscsi::Session& session = inventory_.sessions[i];
    SessionReport row;
    row.name = session_name(session);
    row.adapter_name = instance_name(adapter_of(session.adapter_key), session.adapter_key);
    row.session = session;
    row.verdict = verdicts_[i];
    row.evidence = evidence_of(row.verdict);
    for (const Use& use : row.verdict.uses) {
      for (const Ledger::EntryId id : ledger_.live_of(use.association)) {
        row.sa_names.push_back(sa_name(ledger_.at(id).id));
      }
    }
    std::ranges::sort(row.sa_names);
    report.sessions.push_back(std::move(row));
  }
}

void Engine::report_sas(Report& report) const {
  ledger_.for_each([&](Ledger::EntryId, const Entry& entry) {
    if (!entry.may_serve && entry.owner == kNobody) return;
    SaReport row;
    row.name = sa_name(entry.id);
    row.entry = entry;
    row.suite = ledger_.suites()[entry.suite];
    if (entry.owner != kNobody && entry.owner != kUnattributed) {
      const std::string& key = ledger_.owners()[entry.owner].key;
      row.adapter_name = instance_name(adapter_of(key), key);
    }
    report.sas.push_back(std::move(row));
  });
  std::ranges::sort(report.sas, {}, &SaReport::name);
}

void Engine::report_host(Report& report, const std::vector<Totals>& totals) const {
  HostReport& host = report.host;
  host.unattributed = totals[kUnattributed];
  host.totals = totals[kUnattributed];
  // Each counter's total is a sum: as good as its worst part. An adapter without IPsec of its own
  // contributes a certain zero, whatever its own instance can't know.
  if (!kernel_readable_) set_all(host.qualities, QM_UNAVAILABLE, QM_REASON_NO_KERNEL);
  if (behind_) worsen_behind(host.qualities);
  if (reading_failed_) worsen_unread(host.qualities);
  for (const Owner& owner : ledger_.owners()) {
    for (std::size_t i = 0; i < kCounters; ++i) {
      const auto counter = static_cast<CounterId>(i + 1);
      if (!is_gauge(counter)) worsen_by_loss(host.qualities[i], owner, counter);
    }
    quality_of(host.qualities, kReKeys).worsen(owner.rekeys.quality, owner.rekeys.reason);
  }
  for (const AdapterReport& adapter : report.adapters) {
    host.totals += adapter.totals;
    const Quality& pending = adapter.qualities[kPendingKeyOperations - 1U];
    if (pending.quality != QM_UNAVAILABLE) {
      quality_of(host.qualities, kPendingKeyOperations).worsen(pending.quality, pending.reason);
    }
  }
  // The netns's own counters are not iSCSI's alone, and the adapters' shares have holes.
  const bool known = std::ranges::any_of(report.adapters, [](const AdapterReport& adapter) {
    return adapter.qualities[kBadSpiPackets - 1U].quality != QM_UNAVAILABLE;
  });
  for (const CounterId id : {kBadSpiPackets, kPacketsNotDecrypted}) {
    if (probes_tell(id)) {
      for (const AdapterReport& adapter : report.adapters) {
        if (!adapter.active) continue;
        const Quality& part = adapter.qualities[id - 1U];
        quality_of(host.qualities, id).worsen(part.quality, part.reason);
      }
      continue;
    }
    quality_of(host.qualities, id)
        .worsen(known ? QM_INFERRED : QM_UNAVAILABLE,
                known ? QM_REASON_SOLE_USER : QM_REASON_NOT_SOLE_USER);
  }
}

void Engine::report_health(Report& report) const {
  HealthReport& health = report.health;
  health.complete_since_filetime = complete_since_filetime_;
  health.started_filetime = started_filetime_;
  health.events = events_;
  health.dumps = dumps_;
  health.overruns = overruns_;
  health.gaps = gaps_;
  health.decode_errors = decode_errors_;
  health.sas = static_cast<std::uint32_t>(sas_.size() - sas_.larvals());
  health.larvals = static_cast<std::uint32_t>(sas_.larvals());
  health.policies = static_cast<std::uint32_t>(policies_.size());
  health.claimed_sas = static_cast<std::uint32_t>(ledger_.live() - ledger_.pending());
  health.pending_sas = static_cast<std::uint32_t>(ledger_.pending());
  health.sessions = static_cast<std::uint32_t>(inventory_.sessions.size());
  health.refresh_ns = refresh_ns_;
  health.kernel_readable = kernel_readable_;
  health.ike_daemons = ike_daemons_;
  health.probes = probes_;
  health.last_problem = problem_;
  health.not_confined = not_confined_;
  health.probed = probed_.finals || probed_.bad_spi || probed_.not_decrypted;
  health.probe_ends_lost = probe_totals_.finals_lost;
  health.probe_failures_unlisted = probe_totals_.failures_unlisted;
  health.probe_spis_unlisted = probe_totals_.bad_spi_unlisted;
}

Report Engine::report() const {
  Report report;
  report.time = now_;
  const std::vector<Totals> totals = ledger_.all_totals();
  report_adapters(report, totals);
  report_sessions(report);
  report_sas(report);
  report_host(report, totals);
  report_health(report);
  return report;
}

}  // namespace qm::hba

#include "sim/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace qm::sim {
namespace {

using namespace hba;  // NOLINT: the counters' names

constexpr std::array<const char*, kCounters> kNames{"ActiveSA",
                                                    "PendingKeyOperations",
                                                    "KeyAdditions",
                                                    "KeyDeletions",
                                                    "ReKeys",
                                                    "ActiveTunnels",
                                                    "BadSPIPackets",
                                                    "PacketsNotDecrypted",
                                                    "PacketsNotAuthenticated",
                                                    "PacketsWithReplayDetection",
                                                    "ConfidentialBytesSent",
                                                    "ConfidentialBytesReceived",
                                                    "AuthenticatedBytesSent",
                                                    "AuthenticatedBytesReceived",
                                                    "TransportBytesSent",
                                                    "TransportBytesReceived",
                                                    "TunnelBytesSent",
                                                    "TunnelBytesReceived"};

CounterId id_of(std::size_t index) {
  return static_cast<CounterId>(index + 1);
}

// Those that the truth keeps as bounds.
bool is_bounded(CounterId id) {
  return !is_gauge(id) && id != kBadSpiPackets && id != kPacketsNotDecrypted;
}

int adapter_number(const std::string& key) {
  return key.size() == 2 && key[0] == 'a' ? key[1] - '0' : kNone;
}

}  // namespace

void Checker::collector_died() {
  fault_since_ = true;
  gaps_before_ = gaps_earlier_ = 0;
  deficit_before_.reset();
  passing_by_.clear();
}

void Checker::forget() {
  before_.clear();
  deficit_before_.reset();
}

Checker::Wrong Checker::check_sums(const Report& report) const {
  Totals sum = report.host.unattributed;
  for (const AdapterReport& adapter : report.adapters) sum += adapter.totals;
  if (sum == report.host.totals) return std::nullopt;
  return "the host's totals are not the sum of its adapters' and the unattributed";
}

Checker::Wrong Checker::check_falls(const Report& report) {
  const auto one = [&](const std::string& name, const Totals& totals,
                       const Qualities& qualities) -> Wrong {
    Totals& before = before_[name];
    for (std::size_t i = 0; i < kCounters; ++i) {
      if (is_gauge(id_of(i)) || qualities[i].quality == QM_UNAVAILABLE) continue;
      if (totals.at(i) < before.at(i)) {
        return fmt::format("{} of {} fell from {} to {}", kNames[i], name, before.at(i),
                           totals.at(i));
      }
      before.at(i) = totals.at(i);
    }
    return std::nullopt;
  };
  std::map<std::string, bool> shown;
  for (const AdapterReport& adapter : report.adapters) {
    shown[adapter.info.key] = true;
    if (Wrong wrong = one(adapter.info.key, adapter.totals, adapter.qualities)) return wrong;
  }
  for (const auto& [name, totals] : before_) {
    if (adapter_number(name) != kNone && !shown[name] && totals != Totals{}) {
      return fmt::format("{} is no longer shown though it has totals", name);
    }
  }
  // What is told apart later goes from the unattributed to an adapter: of the bytes, and of packets
  // with replay detection.
  Totals unattributed = report.host.unattributed;
  for (std::size_t i = kPacketsWithReplayDetection - 1U; i < kCounters; ++i) unattributed.at(i) = 0;
  if (Wrong wrong = one("unattributed", unattributed, report.host.qualities)) return wrong;
  return one("host", report.host.totals, report.host.qualities);
}

Checker::Wrong Checker::check_bounds(const std::string& name, const Totals& totals,
                                     const Qualities& qualities, const Totals& upper,
                                     const Totals& lower) const {
  for (std::size_t i = 0; i < kCounters; ++i) {
    const qm_quality quality = qualities[i].quality;
    if (!is_bounded(id_of(i))) continue;
    if (id_of(i) == kReKeys && quality > QM_AT_LEAST) continue;  // inferred: may be either
    if (totals.at(i) > upper.at(i)) {
      return fmt::format("{} of {} is {}, the truth at most {}", kNames[i], name, totals.at(i),
                         upper.at(i));
    }
    if (quality == QM_EXACT && totals.at(i) < lower.at(i)) {
      return fmt::format("{} of {} is {} and said to be exact, the truth is at least {}", kNames[i],
                         name, totals.at(i), lower.at(i));
    }
  }
  return std::nullopt;
}

Checker::Wrong Checker::check_gauges(const Collector::Published& published, World& world) const {
  if (published.disturbed) return std::nullopt;
  const Truth& truth = world.truth();
  const auto one = [&](const std::string& name, int number, std::uint64_t active,
                       const Quality& quality) -> Wrong {
    if (quality.quality > QM_AT_LEAST) return std::nullopt;
    const std::uint64_t most = truth.active_upper(number);
    const std::uint64_t least = truth.active_lower(number);
    const bool few = quality.quality == QM_EXACT && active < least;
    if (active <= most && !few) return std::nullopt;
    return fmt::format("ActiveSA of {} is {}, the truth {} to {}", name, active, least, most);
  };
  for (const AdapterReport& adapter : published.report.adapters) {
    if (Wrong wrong = one(adapter.info.key, adapter_number(adapter.info.key),
                          adapter.totals[kActiveSa], adapter.qualities[kActiveSa - 1U])) {
      return wrong;
    }
  }
  return one("host", kNone, published.report.host.totals[kActiveSa],
             published.report.host.qualities[kActiveSa - 1U]);
}

// Between two publications without a new gap the host's deficit does not grow. It is negative when
// the host's totals hold SAs that the lower bound does not. What was declared one publication ago
// may show in this one: the lower bound is as of the publication's beginning.
Checker::Wrong Checker::check_deficit(const Collector::Published& published) {
  std::array<std::int64_t, kCounters> deficit{}, deficit_after{};
  for (std::size_t i = 0; i < kCounters; ++i) {
    const std::uint64_t told = published.report.host.totals.at(i);
    deficit[i] = static_cast<std::int64_t>(published.lower.back().at(i) - told);
    deficit_after[i] = static_cast<std::int64_t>(published.lower_after.at(i) - told);
  }
  const bool comparable = deficit_before_ && published.report.health.gaps == gaps_earlier_ &&
                          !fault_since_ && !published.reading_failed && !published.finals_wait &&
                          !published.claimed_more;
  Wrong wrong;
  for (std::size_t i = 0; comparable && i < kCounters; ++i) {
    if (!is_bounded(id_of(i)) || id_of(i) == kReKeys) continue;
    if (deficit[i] <= std::max<std::int64_t>(0, (*deficit_before_)[i])) continue;
    wrong = fmt::format("{} of the host lacks {}, {} before, and no new gap says so", kNames[i],
                        deficit[i], (*deficit_before_)[i]);
  }
  deficit_before_ = deficit_after;
  return wrong;
}

// An interval that began before may hold enough to make up for what passes by; once it has become
// too old, the next one can't, as long as nothing is on the SAs. Nor is anything of its connections
// and SAs another than before, nor was anything lost: then an interval begins anew.
bool Checker::must_be_missing(PassingBy& watched, const Collector::Published& published,
                              const World::Path& path) const {
  using Stage = PassingBy::Stage;
  const auto row = published.connections.find(path.cookie);
  std::set<std::uint64_t> read;
  for (const auto& [cookie, segments] : published.connections) {
    if (path.connections.contains(cookie)) read.insert(cookie);
  }
  const bool clean = published.settled && !published.disturbed && !published.reading_failed &&
                     row != published.connections.end() && path.passes_by && path.in_policy;
  const std::uint64_t now_ns = published.report.time.boot_ns;
  const std::uint64_t gaps = published.report.health.gaps;
  if (!clean || watched.path != path || watched.read != read || watched.gaps != gaps) {
    watched = {.path = path, .read = read, .gaps = gaps, .since_ns = now_ns, .last_ns = now_ns};
    if (clean) watched.in_segments = row->second;
    if (!clean) watched.path = {};
    return false;
  }
  const bool moved = row->second != std::exchange(watched.in_segments, row->second);
  const std::uint64_t last_ns = std::exchange(watched.last_ns, now_ns);
  switch (watched.stage) {
    case Stage::waits:
      if (moved && now_ns - watched.since_ns > kEvidenceNs) watched.stage = Stage::no_old_interval;
      return false;
    case Stage::no_old_interval:
      if (now_ns - last_ns >= kDeliveryNs) watched.stage = Stage::an_interval;
      return false;
    default:
      return moved;
  }
}

// What the evidence says of a session's protection is true, and comes in time.
Checker::Wrong Checker::check_evidence(const Collector::Published& published, const World& world) {
  std::map<std::uint32_t, PassingBy> watched;
  for (const SessionReport& each : published.report.sessions) {
    const World::Path path = world.path_of(each.session.sid);
    const bool missing = each.evidence == Evidence::Says::missing;
    const Protection verdict = each.verdict.protection;
    if (missing && !path.cleared) {
      return fmt::format("{}: evidence is missing, but all was on its SAs", each.name);
    }
    if (missing && (verdict == Protection::protected_ || verdict == Protection::integrity_only)) {
      return fmt::format("{} is said to be protected, though evidence is missing", each.name);
    }
    for (const Use& use : each.verdict.uses) {
      const bool out = use.direction == xfrm::Direction::out;
      if (each.evidence != Evidence::Says::agrees || path.carried[out ? 1 : 0] > 0) continue;
      return fmt::format("{}: the evidence agrees, but nothing was on its SAs", each.name);
    }
    PassingBy& passing = watched[each.session.sid] = passing_by_[each.session.sid];
    if (must_be_missing(passing, published, path) && !missing) {
      return fmt::format("{} passes IPsec by, and the evidence does not say so", each.name);
    }
  }
  passing_by_ = std::move(watched);
  return std::nullopt;
}

std::optional<std::string> Checker::check(const Collector::Published& published, World& world) {
  const Report& report = published.report;
  const Truth& truth = world.truth();
  if (Wrong wrong = check_sums(report)) return wrong;
  if (Wrong wrong = check_falls(report)) return wrong;
  for (const AdapterReport& adapter : report.adapters) {
    const int number = adapter_number(adapter.info.key);
    if (Wrong wrong =
            check_bounds(adapter.info.key, adapter.totals, adapter.qualities, truth.upper(number),
                         published.lower[static_cast<std::size_t>(number)])) {
      return wrong;
    }
  }
  if (Wrong wrong = check_bounds("host", report.host.totals, report.host.qualities,
                                 truth.host_upper(), published.lower.back())) {
    return wrong;
  }
  if (Wrong wrong = check_gauges(published, world)) return wrong;
  if (Wrong wrong = check_evidence(published, world)) return wrong;
  if (Wrong wrong = check_deficit(published)) return wrong;
  const std::uint64_t gaps = report.health.gaps;
  const bool all_told = world.kernel().probes.attached && world.kernel().finals_lost() == 0 &&
                        !published.flushed_in_dump;
  if (world.faultless() && all_told && gaps > 0) {
    return fmt::format("{} gaps, though the probe told the last word of every SA", gaps);
  }
  if (world.faultless() && gaps > world.natural_gaps()) {
    return fmt::format("{} gaps, though only {} SAs ended that may have had packets in flight",
                       gaps, world.natural_gaps());
  }
  gaps_earlier_ = std::exchange(gaps_before_, gaps);
  fault_since_ = !published.settled;
  return std::nullopt;
}

}  // namespace qm::sim

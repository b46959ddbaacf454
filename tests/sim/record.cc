#include "sim/record.h"

#include <fmt/format.h>

#include <fstream>

namespace qm::sim {
namespace {

using namespace hba;  // NOLINT

// "3=500 11=40?1/2": by WmiDataId; after ?, quality and reason.
std::string counters(const Totals& totals, const Qualities& qualities) {
  std::string text;
  for (std::size_t i = 0; i < kCounters; ++i) {
    const Quality& each = qualities[i];
    if (totals.at(i) == 0 && each == Quality{}) continue;
    text += fmt::format(" {}={}", i + 1, totals.at(i));
    if (each != Quality{}) {
      text += fmt::format("?{}/{}", static_cast<int>(each.quality), static_cast<int>(each.reason));
    }
  }
  return text;
}

std::string adapter_line(const AdapterReport& adapter) {
  return fmt::format("{} '{}' {} sessions {}+{}+{}:{}\n", adapter.device_name, adapter.caption,
                     adapter.active ? "active" : "silent", adapter.protected_sessions,
                     adapter.unprotected_sessions, adapter.unknown_sessions,
                     counters(adapter.totals, adapter.qualities));
}

std::string session_line(const SessionReport& session) {
  std::string text =
      fmt::format("{} of {}: {} {} ({}) evidence {}:", session.name, session.adapter_name,
                  static_cast<int>(session.verdict.protection), session.verdict.reason,
                  session.verdict.advice, static_cast<int>(session.evidence));
  for (const std::string& name : session.sa_names) text += ' ' + name;
  return text + '\n';
}

std::string sa_line(const SaReport& sa) {
  const Entry& entry = sa.entry;
  std::string text = fmt::format("{} of '{}': {}/{} bytes, {}/{} packets, added {}", sa.name,
                                 sa.adapter_name, entry.newest.bytes, entry.base.bytes,
                                 entry.newest.packets, entry.base.packets, entry.add_time_s);
  const auto flag = [&](bool set, std::string_view name) {
    if (set) text += fmt::format(", {}", name);
  };
  flag(entry.direction == xfrm::Direction::out, "out");
  flag(entry.replay_detection, "replay window");
  flag(entry.outer, "outer");
  flag(entry.negotiated, "negotiated");
  flag(entry.rekey, "rekey");
  flag(entry.rekey_inferred, "inferred");
  flag(entry.timed_out, "timed out");
  flag(entry.suite != kNoSuite, sa.suite.encryption + ' ' + sa.suite.authentication);
  return text + fmt::format(", failed {}/{}, replayed {}+{}\n", entry.integrity_failed,
                            entry.integrity_base, entry.replay, entry.replay_window_failures);
}

std::string health_line(const HealthReport& health) {
  return fmt::format(
      "health: since {} complete since {}: {} events, {} dumps, {} overruns, {} gaps, {} "
      "malformed; "
      "{} SAs, {} larvals, {} policies, {} claimed, {} pending, {} sessions, probes '{}', '{}'\n",
      health.started_filetime, health.complete_since_filetime, health.events, health.dumps,
      health.overruns, health.gaps, health.decode_errors, health.sas, health.larvals,
      health.policies, health.claimed_sas, health.pending_sas, health.sessions, health.probes,
      health.last_problem);
}

}  // namespace

std::string text_of(const Report& report) {
  std::string text;
  for (const AdapterReport& each : report.adapters) text += adapter_line(each);
  for (const SessionReport& each : report.sessions) text += session_line(each);
  for (const SaReport& each : report.sas) text += sa_line(each);
  text += fmt::format("host:{}\n", counters(report.host.totals, report.host.qualities));
  text += fmt::format("unattributed:{}\n", counters(report.host.unattributed, {}));
  return text + health_line(report.health);
}

void Record::publish(std::string_view text) {
  ++publications_;
  for (const char letter : text) {
    digest_ = (digest_ ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  }
}

std::string Record::line() const {
  return fmt::format("{} publications, {:016x}", publications_, digest_);
}

std::map<std::uint64_t, std::string> read_records(const std::string& path) {
  std::map<std::uint64_t, std::string> records;
  std::ifstream file(path);
  std::uint64_t seed = 0;
  std::string line;
  while (file >> seed && file.ignore(2) && std::getline(file, line)) records[seed] = line;
  return records;
}

void write_records(const std::string& path, const std::map<std::uint64_t, std::string>& records) {
  std::ofstream file(path);
  for (const auto& [seed, line] : records) file << seed << ": " << line << '\n';
}

}  // namespace qm::sim

// One consistent account of everything the collector publishes: a value, made by Engine::report.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hba/attribution.h"
#include "hba/counters.h"
#include "hba/ledger.h"

namespace qm::hba {

struct AdapterReport {
  std::string device_name;  // without _0
  std::string caption;
  iscsi::Adapter info;  // as far as known; an adapter that is gone has its key only
  bool active = true;   // false: it supplies no data (it bypasses the kernel)
  Totals totals;
  Qualities qualities;
  std::uint32_t sessions = 0, protected_sessions = 0, unprotected_sessions = 0,
                unknown_sessions = 0;
};

struct SessionReport {
  std::string name;          // target_sid, plain text
  std::string adapter_name;  // InstanceName, with _0
  iscsi::Session session;
  SessionVerdict verdict;
  Evidence::Says evidence = Evidence::Says::nothing;  // of all its connections
  std::vector<std::string> sa_names;
};

struct SaReport {
  std::string name;
  std::string adapter_name;  // InstanceName, with _0; empty while pending
  Entry entry;
  Suite suite;
};

struct HostReport {
  Totals totals, unattributed;
  Qualities qualities;
};

struct HealthReport {
  std::uint64_t complete_since_filetime = 0, started_filetime = 0;
  std::uint64_t events = 0, dumps = 0, overruns = 0, gaps = 0, decode_errors = 0;
  std::uint32_t sas = 0, larvals = 0, policies = 0, claimed_sas = 0, pending_sas = 0, sessions = 0;
  std::uint64_t refresh_ns = 0;
  bool kernel_readable = false;
  std::uint32_t ike_daemons = 0;
  std::string probes, last_problem, not_confined;
  bool probed = false;  // without probes the next three say nothing
  std::uint64_t probe_ends_lost = 0, probe_failures_unlisted = 0, probe_spis_unlisted = 0;
};

struct Report {
  Time time;
  std::vector<AdapterReport> adapters;  // by device name
  std::vector<SessionReport> sessions;  // by sid
  std::vector<SaReport> sas;            // by name
  HostReport host;
  HealthReport health;
};

}  // namespace qm::hba

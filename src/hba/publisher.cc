#include "hba/publisher.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <span>

#include "base/text.h"
#include "generated/iscsiprf.h"
#include "generated/quickmode.h"
#include "quickmode/provider.h"

namespace qm::hba {
namespace {

// The bytes of a block: up to the end of its last item, as the MOF compiler lays it out.
#define QM_BLOCK_BYTES(type, last) \
  static_cast<std::uint32_t>(offsetof(type, last) + sizeof(type::last))

template <std::size_t kCapacity>
void set_text(WCHAR (&item)[kCapacity], const std::string& text) {
  qm_set_string(item, kCapacity, text.c_str());
}

// A CIM datetime, UTC, as WMI lays it out: 25 units, no terminator (DSP0004 2.2.1).
void set_time(WCHAR (&item)[25], std::uint64_t filetime_100ns) {
  const std::uint64_t unix_100ns = filetime_100ns - kFiletimeOfUnixEpoch;
  const std::chrono::sys_seconds seconds{std::chrono::seconds(unix_100ns / 10'000'000)};
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(seconds - day);
  const std::string text = fmt::format(
      "{:04}{:02}{:02}{:02}{:02}{:02}.{:06}+000", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
      clock.minutes().count(), clock.seconds().count(), unix_100ns % 10'000'000 / 10);
  for (std::size_t i = 0; i < 25; ++i) item[i] = static_cast<WCHAR>(text[i]);
}

void fill_counters(ULONGLONG* first, const Totals& totals) {
  for (std::size_t i = 0; i < kCounters; ++i) first[i] = totals.at(i);
}

void fill_qualities(qm_instance* instance, const Qualities& qualities, std::uint32_t first_id) {
  for (std::size_t i = 0; i < kCounters; ++i) {
    qm_set_quality(instance, first_id + static_cast<std::uint32_t>(i), qualities[i].quality,
                   qualities[i].reason);
  }
}

}  // namespace

struct Publisher::State {
  qm_provider* provider = nullptr;
  qm_registration* stats = nullptr;
  qm_registration* adapters = nullptr;
  qm_registration* sessions = nullptr;
  qm_registration* disks = nullptr;
  qm_registration* session_sas = nullptr;
  qm_registration* sas = nullptr;
  qm_registration* host = nullptr;
  qm_registration* health = nullptr;
  std::uint32_t unpublished = 0;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { qm_provider_close(provider); }

  Result<void> add(const GUID& guid, std::uint32_t flags, std::uint32_t block_bytes,
                   std::uint32_t items, std::uint32_t most, qm_registration** out) {
    const qm_class_info info{guid, flags, block_bytes, items, most, nullptr, 0};
    const int result = qm_register(provider, &info, out);
    if (result != 0) {
      return std::unexpected(system_error("registering a class", -result));
    }
    return {};
  }
  Result<void> add_all();

  // A new instance of a registration's generation; null when there is no room.
  template <class Block>
  Block* put(qm_registration* registration, const std::string& name, qm_instance** out) {
    if (qm_put(registration, name.c_str(), out) != 0) {
      ++unpublished;
      return nullptr;
    }
    return static_cast<Block*>(qm_block(*out));
  }

  void put_adapters(const Report& report);
  void put_sessions(const Report& report);
  void put_disks(const SessionReport& session);
  void put_sas(const Report& report);
  void put_host(const HostReport& host);
  void put_health(const HealthReport& health);
};

Result<void> Publisher::State::add_all() {
  constexpr std::uint32_t kNamed = QM_REG_LIST | QM_REG_DYNAMIC;
  TRY(add(MSiSCSI_QMIPSECStats_GUID, QM_REG_PDO, MSiSCSI_QMIPSECStats_SIZE,
          MSiSCSI_QMIPSECStats_TunnelBytesReceived_ID, kMostPublishedAdapters, &stats));
  TRY(add(Quickmode_Adapter_GUID, QM_REG_PDO, QM_BLOCK_BYTES(Quickmode_Adapter, UnknownSessions),
          Quickmode_Adapter_UnknownSessions_ID, kMostPublishedAdapters, &adapters));
  TRY(add(Quickmode_Session_GUID, kNamed, QM_BLOCK_BYTES(Quickmode_Session, Evidence),
          Quickmode_Session_Evidence_ID, kMostPublishedSessions, &sessions));
  TRY(add(Quickmode_SessionDisk_GUID, kNamed, QM_BLOCK_BYTES(Quickmode_SessionDisk, SizeBytes),
          Quickmode_SessionDisk_SizeBytes_ID, kMostPublishedRows, &disks));
  TRY(add(Quickmode_SessionSA_GUID, kNamed, QM_BLOCK_BYTES(Quickmode_SessionSA, SA),
          Quickmode_SessionSA_SA_ID, kMostPublishedRows, &session_sas));
  TRY(add(Quickmode_SA_GUID, kNamed, QM_BLOCK_BYTES(Quickmode_SA, ReplayWindowFailures),
          Quickmode_SA_ReplayWindowFailures_ID, kMostPublishedRows, &sas));
  TRY(add(Quickmode_HostIPSECStats_GUID, QM_REG_LIST,
          QM_BLOCK_BYTES(Quickmode_HostIPSECStats, UnattributedTunnelBytesReceived),
          Quickmode_HostIPSECStats_UnattributedTunnelBytesReceived_ID, 1, &host));
  TRY(add(Quickmode_CollectorHealth_GUID, QM_REG_LIST,
          QM_BLOCK_BYTES(Quickmode_CollectorHealth, ProbeSpisUnlisted),
          Quickmode_CollectorHealth_ProbeSpisUnlisted_ID, 1, &health));
  return {};
}

void Publisher::State::put_adapters(const Report& report) {
  static_assert(offsetof(MSiSCSI_QMIPSECStats, TunnelBytesReceived) ==
                (kCounters - 1) * sizeof(ULONGLONG));
  for (const AdapterReport& adapter : report.adapters) {
    qm_instance* instance = nullptr;
    if (auto* block = put<MSiSCSI_QMIPSECStats>(stats, adapter.device_name, &instance)) {
      fill_counters(&block->ActiveSA, adapter.totals);
      fill_qualities(instance, adapter.qualities, 1);
      qm_set_active(instance, adapter.active);
      qm_set_caption(instance, adapter.caption.c_str());
    }
    if (auto* block = put<Quickmode_Adapter>(adapters, adapter.device_name, &instance)) {
      set_text(block->Driver, adapter.info.driver);
      set_text(block->Iface, plain_text(adapter.info.iface));
      set_text(block->InitiatorName, plain_text(adapter.info.initiator_name));
      set_text(block->HardwareAddress, plain_text(adapter.info.hardware_address));
      set_text(block->NetDevice, plain_text(adapter.info.net_device));
      block->BypassesKernel = adapter.info.bypasses_kernel ? 1 : 0;
      block->Sessions = adapter.sessions;
      block->ProtectedSessions = adapter.protected_sessions;
      block->UnprotectedSessions = adapter.unprotected_sessions;
      block->UnknownSessions = adapter.unknown_sessions;
      qm_set_caption(instance, adapter.caption.c_str());
    }
  }
}

void Publisher::State::put_disks(const SessionReport& session) {
  std::size_t row = 0;
  const auto put_row = [&](const iscsi::Disk& disk, const iscsi::Mount& mount) {
    qm_instance* instance = nullptr;
    const std::string name = fmt::format("{}/{}", session.name, row++);
    auto* block = put<Quickmode_SessionDisk>(disks, name, &instance);
    if (block == nullptr) return;
    set_text(block->Session, session.name);
    set_text(block->Device, plain_text(disk.device));
    set_text(block->Map, plain_text(mount.map));
    set_text(block->MountPoint, plain_text(mount.mount_point));
    block->SizeBytes = disk.size_bytes;
  };
  for (const iscsi::Disk& disk : session.session.disks) {
    if (disk.mounts.empty()) put_row(disk, {});
    for (const iscsi::Mount& mount : disk.mounts) put_row(disk, mount);
  }
}

void Publisher::State::put_sessions(const Report& report) {
  for (const SessionReport& session : report.sessions) {
    qm_instance* instance = nullptr;
    auto* block = put<Quickmode_Session>(sessions, session.name, &instance);
    if (block == nullptr) continue;
    set_text(block->Adapter, session.adapter_name);
    set_text(block->Target, plain_text(session.session.target));
    const auto& connections = session.session.connections;
    const bool known = !connections.empty() && connections.front().remote.port != 0;
    set_text(block->Portal,
             (known ? connections.front().remote : session.session.persistent).text());
    set_text(block->LocalAddress, known ? connections.front().local.text() : std::string());
    block->Sid = session.session.sid;
    set_text(block->State, plain_text(session.session.state));
    block->Connections = static_cast<ULONG>(connections.size());
    block->Protection = static_cast<UCHAR>(session.verdict.protection);
    set_text(block->Reason, session.verdict.reason);
    set_text(block->Advice, session.verdict.advice);
    block->Evidence = static_cast<UCHAR>(session.evidence);
    put_disks(session);
    for (const std::string& sa : session.sa_names) {
      auto* pair = put<Quickmode_SessionSA>(session_sas, session.name + "/" + sa, &instance);
      if (pair == nullptr) continue;
      set_text(pair->Session, session.name);
      set_text(pair->SA, sa);
    }
  }
}

void Publisher::State::put_sas(const Report& report) {
  for (const SaReport& row : report.sas) {
    qm_instance* instance = nullptr;
    auto* block = put<Quickmode_SA>(sas, row.name, &instance);
    if (block == nullptr) continue;
    const Entry& entry = row.entry;
    const Suite& suite = row.suite;
    set_text(block->Adapter, row.adapter_name);
    block->Spi = entry.id.spi;
    block->Protocol = entry.id.proto;
    block->Mode = static_cast<UCHAR>(entry.association.mode);
    block->Direction = static_cast<UCHAR>(entry.direction);
    set_text(block->Source, entry.association.saddr.text());
    set_text(block->Destination, entry.id.daddr.text());
    block->ReqId = entry.association.reqid;
    block->IfId = entry.association.if_id;
    block->Mark = entry.id.mark.value;
    block->MarkMask = entry.id.mark.mask;
    set_text(block->Encryption, plain_text(suite.encryption));
    block->EncryptionKeyBits = suite.encryption_key_bits;
    set_text(block->Authentication, plain_text(suite.authentication));
    block->IntegrityBits = suite.integrity_bits;
    block->ReplayWindow = suite.replay_window;
    block->Esn = suite.esn ? 1 : 0;
    if (entry.encap) {
      set_text(block->Encapsulation, fmt::format("{}:{}", entry.encap_sport, entry.encap_dport));
    }
    set_time(block->AddedTime, kFiletimeOfUnixEpoch + entry.add_time_s * 10'000'000U);
    block->RekeyAfterSeconds = entry.soft_add_expires_s;
    block->ExpiresAfterSeconds = entry.hard_add_expires_s;
    block->Bytes = entry.newest.bytes;
    block->Packets = entry.newest.packets;
    block->IntegrityFailures = entry.integrity_failed;
    block->ReplayFailures = entry.replay;
    block->ReplayWindowFailures = entry.replay_window_failures;
    if (entry.suite == kNoSuite) {
      // Adopted this instant: its first reading is still to come.
      for (std::uint32_t id = Quickmode_SA_EncryptionKeyBits_ID - 1;
           id <= Quickmode_SA_ReplayWindowFailures_ID; ++id) {
        qm_set_quality(instance, id, QM_UNAVAILABLE, QM_REASON_NOT_SAMPLED);
      }
    }
  }
}

void Publisher::State::put_host(const HostReport& report) {
  static_assert(offsetof(Quickmode_HostIPSECStats, UnattributedActiveSA) ==
                kCounters * sizeof(ULONGLONG));
  qm_instance* instance = nullptr;
  auto* block = put<Quickmode_HostIPSECStats>(host, "Host", &instance);
  if (block == nullptr) return;
  fill_counters(&block->ActiveSA, report.totals);
  fill_counters(&block->UnattributedActiveSA, report.unattributed);
  fill_qualities(instance, report.qualities, 1);
  fill_qualities(instance, report.qualities, kCounters + 1);
  qm_set_caption(instance, "all SAs that serve iSCSI on this host");
}

void Publisher::State::put_health(const HealthReport& report) {
  qm_instance* instance = nullptr;
  auto* block = put<Quickmode_CollectorHealth>(health, "Collector", &instance);
  if (block == nullptr) return;
  set_time(block->CompleteSince, report.complete_since_filetime);
  set_time(block->Started, report.started_filetime);
  block->Events = report.events;
  block->Dumps = report.dumps;
  block->Overruns = report.overruns;
  block->Gaps = report.gaps;
  block->DecodeErrors = report.decode_errors;
  block->Sas = report.sas;
  block->Larvals = report.larvals;
  block->Policies = report.policies;
  block->ClaimedSas = report.claimed_sas;
  block->PendingSas = report.pending_sas;
  block->Sessions = report.sessions;
  block->Unpublished = unpublished;
  block->RefreshNanoseconds = report.refresh_ns;
  block->KernelReadable = report.kernel_readable ? 1 : 0;
  block->IkeDaemons = report.ike_daemons;
  set_text(block->Probes, report.probes);
  set_text(block->LastProblem, plain_text(report.last_problem));
  set_text(block->NotConfined, report.not_confined);
  block->ProbeEndsLost = report.probe_ends_lost;
  block->ProbeFailuresUnlisted = report.probe_failures_unlisted;
  block->ProbeSpisUnlisted = report.probe_spis_unlisted;
  if (report.probed) return;
  for (std::uint32_t id = Quickmode_CollectorHealth_ProbeEndsLost_ID;
       id <= Quickmode_CollectorHealth_ProbeSpisUnlisted_ID; ++id) {
    qm_set_quality(instance, id, QM_UNAVAILABLE, QM_REASON_NO_PROBE);
  }
}

Publisher::Publisher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Publisher::Publisher(Publisher&&) noexcept = default;
Publisher& Publisher::operator=(Publisher&&) noexcept = default;
Publisher::~Publisher() = default;

Result<Publisher> Publisher::open(const std::string& provider_socket) {
  auto state = std::make_unique<State>();
  const int result =
      qm_provider_open(provider_socket.c_str(), "quickmode-collect", &state->provider);
  if (result != 0) {
    return std::unexpected(system_error("the provider socket " + provider_socket, -result));
  }
  TRY(state->add_all());
  return Publisher(std::move(state));
}

int Publisher::fd() const {
  return qm_provider_fd(state_->provider);
}
bool Publisher::connected() const {
  return qm_connected(state_->provider);
}

Result<bool> Publisher::handle() {
  const int result = qm_dispatch(state_->provider, 0);
  if (result < 0) {
    const ErrorCode code = result == -EPERM ? ErrorCode::denied : ErrorCode::invalid;
    return fail(code, std::string("serve refused: ") + qm_error_text(state_->provider));
  }
  return result == 1;
}

void Publisher::refreshed() {
  qm_refreshed(state_->provider);
}

void Publisher::publish(const Report& report) {
  const qm_times times{report.time.boot_ns, report.time.filetime_100ns};
  const std::array<qm_registration*, 8> all{state_->stats, state_->adapters,    state_->sessions,
                                            state_->disks, state_->session_sas, state_->sas,
                                            state_->host,  state_->health};
  state_->unpublished = 0;
  for (qm_registration* registration : all) qm_begin(registration, &times);
  state_->put_adapters(report);
  state_->put_sessions(report);
  state_->put_sas(report);
  state_->put_host(report.host);
  state_->put_health(report.health);
  for (qm_registration* registration : all) qm_publish(registration);
}

}  // namespace qm::hba

#include "main/sim_adapter.h"

#include <string.h>

#include "generated/quickmode.h"

enum { kSecondMs = 1000, kKinds = 8, kTunnelKind = 4, kBypassKind = 7 };

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, 0 too. */
static uint64_t next_random(uint64_t* state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t mixed = *state;
  mixed = (mixed ^ (mixed >> 30U)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27U)) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ (mixed >> 31U);
}

static uint64_t below(sim_adapter* adapter, uint64_t bound) {
  return next_random(&adapter->random) % bound;
}

void sim_adapter_start(sim_adapter* adapter, uint64_t seed, unsigned index) {
  memset(adapter, 0, sizeof *adapter);
  adapter->random = seed + (uint64_t)index * UINT64_C(0xd1342543de82ef95);
  adapter->kind = index % kKinds;
  MSiSCSI_QMIPSECStats* now = &adapter->counters;
  now->KeyAdditions = 1 + below(adapter, 4);
  now->ActiveSA = now->KeyAdditions;
  now->ActiveTunnels = adapter->kind == kTunnelKind ? 1 : 0;
}

/* Whoever asks in between sees what has flowed until then: rates do not depend on who looks. */
void sim_adapter_flow(sim_adapter* adapter, unsigned ms) {
  MSiSCSI_QMIPSECStats* now = &adapter->counters;
  if (ms > kSecondMs) ms = kSecondMs;
  const uint64_t received = adapter->received + adapter->received_per_s * ms / kSecondMs;
  const uint64_t sent = adapter->sent + adapter->sent_per_s * ms / kSecondMs;
  now->ConfidentialBytesReceived = received;
  now->ConfidentialBytesSent = sent;
  now->PacketsWithReplayDetection = received / 1400;
  if (adapter->kind == kTunnelKind) {
    now->TunnelBytesReceived = received;
    now->TunnelBytesSent = sent;
  } else {
    now->TransportBytesReceived = received;
    now->TransportBytesSent = sent;
  }
}

/* Tides, and waves on them. */
static void move_bytes(sim_adapter* adapter) {
  adapter->received += adapter->received_per_s;
  adapter->sent += adapter->sent_per_s;
  const uint64_t received = below(adapter, 64) * 262144 + 48 * below(adapter, 2000);
  const uint64_t sent = below(adapter, 16) * 262144 + 48 * below(adapter, 2000);
  adapter->received_per_s = (3 * adapter->received_per_s + received) / 4;
  adapter->sent_per_s = (3 * adapter->sent_per_s + sent) / 4;
  sim_adapter_flow(adapter, 0);
}

static void move_keys(sim_adapter* adapter) {
  MSiSCSI_QMIPSECStats* now = &adapter->counters;
  now->PendingKeyOperations = 0;
  if (adapter->rekeying) {
    ++now->KeyDeletions;
    adapter->rekeying = false;
  } else if (below(adapter, 12) == 0) {
    ++now->KeyAdditions;
    ++now->ReKeys;
    adapter->rekeying = true;
  } else if (below(adapter, 12) == 0) {
    now->PendingKeyOperations = 1;
  }
  now->ActiveSA = now->KeyAdditions - now->KeyDeletions;
}

void sim_adapter_tick(sim_adapter* adapter) {
  MSiSCSI_QMIPSECStats* now = &adapter->counters;
  if (adapter->kind == kBypassKind) return;
  move_keys(adapter);
  move_bytes(adapter);
  if (below(adapter, 50) == 0) now->BadSPIPackets += 1 + below(adapter, 3);
  if (below(adapter, 80) == 0) ++now->PacketsNotAuthenticated;
  if (below(adapter, 120) == 0) ++now->PacketsNotDecrypted;
}

static void set_all(qm_instance* instance, qm_quality quality, qm_reason reason) {
  for (uint32_t id = 1; id <= QM_MOST_DATA_ITEMS; ++id) {
    qm_set_quality(instance, id, quality, reason); /* beyond the class's items it is ignored */
  }
}

/* So that every surface has each quality to show. */
static void fill_qmipsec_stats(const sim_adapter* adapter, qm_instance* instance) {
  memcpy(qm_block(instance), &adapter->counters, sizeof adapter->counters);
  switch (adapter->kind) {
    case 1:
      qm_set_quality(instance, MSiSCSI_QMIPSECStats_PendingKeyOperations_ID, QM_INFERRED,
                     QM_REASON_LARVALS);
      qm_set_quality(instance, MSiSCSI_QMIPSECStats_ReKeys_ID, QM_INFERRED, QM_REASON_OVERLAP);
      break;
    case 2:
      qm_set_quality(instance, MSiSCSI_QMIPSECStats_BadSPIPackets_ID, QM_UNAVAILABLE,
                     QM_REASON_NOT_SOLE_USER);
      qm_set_quality(instance, MSiSCSI_QMIPSECStats_PacketsNotDecrypted_ID, QM_UNAVAILABLE,
                     QM_REASON_NO_PROBE);
      break;
    case 3:
      for (uint32_t id = MSiSCSI_QMIPSECStats_ConfidentialBytesSent_ID;
           id <= MSiSCSI_QMIPSECStats_TunnelBytesReceived_ID; ++id) {
        qm_set_quality(instance, id, QM_AT_LEAST, QM_REASON_GAP);
      }
      break;
    case kBypassKind:
      qm_set_active(instance, false);
      set_all(instance, QM_UNAVAILABLE, QM_REASON_BYPASS);
      break;
    default:
      break;
  }
}

/* The host's totals begin with the adapter's 18 counters; what no adapter claimed stays 0. */
static void fill_host_stats(const sim_adapter* adapter, qm_instance* instance) {
  memcpy(qm_block(instance), &adapter->counters, sizeof adapter->counters);
}

_Static_assert(sizeof(Quickmode_HostIPSECStats) >= sizeof(MSiSCSI_QMIPSECStats) &&
                   FIELD_OFFSET(Quickmode_HostIPSECStats, UnattributedActiveSA) ==
                       sizeof(MSiSCSI_QMIPSECStats),
               "fill_host_stats copies the one into the other");

static const sim_class kClasses[] = {
    {"MSiSCSI_QMIPSECStats", &MSiSCSI_QMIPSECStats_GUID, QM_REG_PDO, sizeof(MSiSCSI_QMIPSECStats),
     MSiSCSI_QMIPSECStats_TunnelBytesReceived_ID, "SIM\\ISCSI\\ADAPTER%04u", fill_qmipsec_stats},
    {"Quickmode_HostIPSECStats", &Quickmode_HostIPSECStats_GUID, QM_REG_LIST,
     sizeof(Quickmode_HostIPSECStats), Quickmode_HostIPSECStats_UnattributedTunnelBytesReceived_ID,
     "SIM\\HOST%04u", fill_host_stats},
};

const sim_class* sim_find_class(const char* name) {
  for (size_t i = 0; i < sizeof kClasses / sizeof kClasses[0]; ++i) {
    if (strcmp(kClasses[i].name, name) == 0) return &kClasses[i];
  }
  return NULL;
}

const char* sim_class_name(unsigned index) {
  return index < sizeof kClasses / sizeof kClasses[0] ? kClasses[index].name : NULL;
}

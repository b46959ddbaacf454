/* A made-up adapter for quickmode-sim-provider: its counters move as those of a real one would.
 * Pure and deterministic: the same seed, ticks and milliseconds give the same values everywhere.
 * SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_MAIN_SIM_ADAPTER_H
#define QUICKMODE_MAIN_SIM_ADAPTER_H

#include "generated/iscsiprf.h"
#include "quickmode/provider.h"

typedef struct sim_adapter {
  uint64_t random; /* the generator's state */
  unsigned kind;   /* 0…7: which of its counters are how good, and how it is connected */
  bool rekeying;   /* the old SA of a rekey still lives beside the new one */
  MSiSCSI_QMIPSECStats counters;
  uint64_t received, sent;             /* bytes until the last tick */
  uint64_t received_per_s, sent_per_s; /* since then */
} sim_adapter;

/* Keeps MSiSCSI_QMIPSECStats' identities: ActiveSA = KeyAdditions - KeyDeletions, and
 * ConfidentialBytes = TransportBytes + TunnelBytes in each direction. */
void sim_adapter_start(sim_adapter* adapter, uint64_t seed, unsigned index);
void sim_adapter_tick(sim_adapter* adapter);              /* a second after the last one */
void sim_adapter_flow(sim_adapter* adapter, unsigned ms); /* so long after the last tick */

/* A class that the simulator can fill. */
typedef struct sim_class {
  const char* name;
  const GUID* guid;
  uint32_t flags;
  uint32_t block_bytes;
  uint32_t data_items;
  const char* name_format; /* of an instance, with its number from 1 */
  void (*fill)(const sim_adapter* adapter, qm_instance* instance);
} sim_class;

const sim_class* sim_find_class(const char* name); /* NULL: unknown */
const char* sim_class_name(unsigned index);        /* NULL: no more */

#endif

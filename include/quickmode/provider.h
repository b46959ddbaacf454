/* quickmode's provider interface: how a driver's agent publishes WMI data blocks on Linux.
 *
 * A provider connects to quickmode-serve, registers a class (its GUID, as the MOF compiler's header
 * defines it) and gets one page: memory that the provider writes and serve reads, with one instance
 * for each adapter. It fills the compiled structure, says how good each number is, and publishes.
 *
 *   qm_provider* provider;
 *   qm_provider_open(NULL, "my-hba-agent", &provider);
 *   qm_class_info info = {.guid = MSiSCSI_QMIPSECStats_GUID, .flags = QM_REG_PDO,
 *                         .block_bytes = MSiSCSI_QMIPSECStats_SIZE, .data_items = 18,
 *                         .most_instances = 8};
 *   qm_registration* stats;
 *   qm_register(provider, &info, &stats);
 *   for (;;) {
 *     qm_times times = qm_times_now();
 *     qm_begin(stats, &times);
 *     qm_instance* adapter;
 *     qm_put(stats, "PCI\\VEN_1077&DEV_8032\\0000:3b:00.0", &adapter);
 *     MSiSCSI_QMIPSECStats* block = qm_block(adapter);
 *     block->ActiveSA = …;
 *     qm_publish(stats);
 *     qm_dispatch(provider, 1000);   // waits at most 1 s; returns early when serve asks to refresh
 *   }
 *
 * Promise: C11, no dependencies but libc. qm_publish is wait-free and makes no system call. Every
 * generation (qm_begin … qm_publish) is one consistent snapshot of all instances: a reader sees all
 * of it or none, and a writer that dies before qm_publish leaves the last good one in force.
 * A provider outlives serve: qm_dispatch reconnects and registers again by itself; data published
 * meanwhile is seen after that. Threads: one provider and its registrations belong to one thread.
 *
 * All functions return 0, or a negative errno value; qm_error_text(provider) says more in words.
 * SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_H
#define QUICKMODE_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quickmode/wdm_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define QM_PROVIDER_SOCKET "/run/quickmode/provider.sock"

/* Limits; serve refuses what exceeds them. Bytes count UTF-8. */
enum {
  QM_MOST_NAME_BYTES = 511,       /* an instance's name, caption; plain text only */
  QM_MOST_DRIVER_NAME_BYTES = 63, /* a provider's name */
  QM_MOST_BLOCK_BYTES = 65536,    /* one data block */
  QM_MOST_DATA_ITEMS = 128,       /* WmiDataIds of one class */
  QM_MOST_INSTANCES = 65536,      /* of one registration */
  QM_MOST_REGISTRATIONS = 64,     /* of one provider */
  QM_MOST_PAGE_BYTES = 1 << 30,   /* one page, all instances */
  QM_MOST_BMOF_BYTES = 1 << 20    /* a binary MOF handed over at registration */
};

/* Registration flags, with WMI's names and values (WMIREG_FLAG_…). */
enum {
  QM_REG_EXPENSIVE = 0x1,  /* collect only while somebody reads */
  QM_REG_LIST = 0x4,       /* each instance has its own static name */
  QM_REG_BASENAME = 0x8,   /* serve appends an index to each name: name0, name1, … */
  QM_REG_PDO = 0x20,       /* the name is a device name: serve appends _0, as WMI does */
  QM_REG_DYNAMIC = 0x10000 /* names come and go with the things they name (quickmode's) */
};

/* How good a number is. Unavailable becomes NULL on every surface: unknown is never zero. */
typedef enum qm_quality {
  QM_EXACT = 0,      /* equal to the truth at sample time */
  QM_AT_LEAST = 1,   /* the truth is this or more */
  QM_INFERRED = 2,   /* derived from something that usually, not always, says the same */
  QM_UNAVAILABLE = 3 /* not known; the block's bytes mean nothing */
} qm_quality;

/* Why it is not exact. 0 goes with QM_EXACT. Texts for users: qm_reason_text. */
typedef enum qm_reason {
  QM_REASON_NONE = 0,
  QM_REASON_GAP = 1,           /* events were lost: what ended meanwhile is not in the total */
  QM_REASON_FLUSH = 2,         /* SAs were flushed: the kernel told no final counters */
  QM_REASON_IN_FLIGHT = 3,     /* packets in flight when an SA ended may be missing */
  QM_REASON_LARVALS = 4,       /* counted from larval SAs: no IKE daemon answers */
  QM_REASON_OVERLAP = 5,       /* rekeys told from SAs that overlap: no IKE daemon said so */
  QM_REASON_SOLE_USER = 6,     /* a per-host counter; every SA of the host is this adapter's */
  QM_REASON_NOT_SOLE_USER = 7, /* a per-host counter; others use IPsec too */
  QM_REASON_NO_PROBE = 8,      /* needs a kernel probe that is not there */
  QM_REASON_SHARED_SA = 9,     /* an SA carries several adapters' traffic, not split */
  QM_REASON_BYPASS = 10,       /* the adapter bypasses the kernel's IPsec */
  QM_REASON_NO_KERNEL = 11,    /* this kernel has no IPsec, or it may not be read */
  QM_REASON_NO_IKE = 12,       /* the IKE daemon does not answer */
  QM_REASON_NOT_SAMPLED = 13,  /* no sample yet */
  QM_REASON_RESTART = 14,      /* what ended while the collector was down is not in the total */
  QM_REASON_KIND = 15,         /* a kind of SA that this version does not count */
  QM_REASON_COUNT
} qm_reason;
const char* qm_quality_text(qm_quality quality); /* "exact", "at least", …; NULL out of range */
const char* qm_reason_text(qm_reason reason);    /* a sentence; NULL out of range */

/* When the values were true. */
typedef struct qm_times {
  uint64_t boot_ns;        /* CLOCK_BOOTTIME, ns: Timestamp_PerfTime */
  uint64_t filetime_100ns; /* 100 ns since 1601-01-01 UTC: Timestamp_Sys100NS, Timestamp_Object */
} qm_times;
qm_times qm_times_now(void);

typedef struct qm_provider qm_provider;
typedef struct qm_registration qm_registration;
typedef struct qm_instance qm_instance;

typedef struct qm_class_info {
  GUID guid;
  uint32_t flags;          /* QM_REG_… */
  uint32_t block_bytes;    /* the compiled structure's size, 1…QM_MOST_BLOCK_BYTES */
  uint32_t data_items;     /* highest WmiDataId, 1…QM_MOST_DATA_ITEMS */
  uint32_t most_instances; /* the page's capacity, 1…QM_MOST_INSTANCES */
  const void* bmof;        /* the class as binary MOF, or NULL; copied */
  size_t bmof_bytes;
} qm_class_info;

/* Makes a provider; connects now if serve is there, else qm_dispatch keeps trying (0 either way).
 * -EINVAL: a name that is not plain text or too long; -ENAMETOOLONG: the socket path. */
int qm_provider_open(const char* socket_path, const char* driver_name, qm_provider** out);
/* Frees its registrations too; its instances disappear. NULL is fine. */
void qm_provider_close(qm_provider* provider);
bool qm_connected(const qm_provider* provider);
const char* qm_error_text(const qm_provider* provider); /* of the last failure; "" if none */

/* For an event loop of one's own: the descriptor to wait for (readable), -1 while not connected;
 * it changes when qm_dispatch reconnects. */
int qm_provider_fd(const qm_provider* provider);
/* Handles what serve says, reconnects when it is time; waits up to timeout_ms (0: not at all).
 * Returns 1, once for each question, when serve asks for fresh data (qm_begin … qm_publish, then
 * qm_refreshed), else 0; a signal that was handled ends the wait with 0. A negative value is
 * serve's refusal, in words by qm_error_text: -EPERM (this user may not), -EINVAL (unknown class,
 * wrong size, a page it can't trust), -ENOSPC (a limit). It is returned once; registrations that
 * were not refused go on, and all are tried again after the next connection. */
int qm_dispatch(qm_provider* provider, int timeout_ms);
/* The provider's word that what serve asked for has been published. 0 also when nothing is asked;
 * -EAGAIN: the socket is full, say it again; else the connection is lost. */
int qm_refreshed(qm_provider* provider);

/* 0 while serve is away or has yet to agree: its refusal comes by qm_dispatch. -EINVAL: sizes or
 * flags out of range; -EEXIST: this provider has the class already; -ENOSPC: too many
 * registrations; -ENOMEM or another errno value: no memory to share. */
int qm_register(qm_provider* provider, const qm_class_info* info, qm_registration** out);
void qm_unregister(qm_registration* registration);

/* Starts the next generation: begins with no instance; every one that shall exist is put. */
void qm_begin(qm_registration* registration, const qm_times* times);
/* Puts an instance into the generation. Its block is zeroed, its qualities exact, Active true.
 * name: without WMI's suffix; plain text (see qm_is_plain_text), unique within the registration,
 * but with QM_REG_BASENAME, where the index tells instances apart.
 * -EINVAL: the name, or no qm_begin; -EEXIST: it is in this generation already; -ENOSPC: the page
 * is full; -ENOMEM. */
int qm_put(qm_registration* registration, const char* name, qm_instance** out);
void* qm_block(
    qm_instance* instance); /* block_bytes, 8-aligned; valid until qm_publish; then NULL */
/* WMI's meaning: this instance supplies data. */
void qm_set_active(qm_instance* instance, bool active);
/* Friendly text (Caption and Name); cut to QM_MOST_NAME_BYTES, made plain. It stays with the name
 * for as long as each generation puts that. */
void qm_set_caption(qm_instance* instance, const char* caption);
/* data_id 1…data_items; out of range is ignored. */
void qm_set_quality(qm_instance* instance, uint32_t data_id, qm_quality quality, qm_reason reason);
/* Makes the generation the one that readers see. Wait-free. */
void qm_publish(qm_registration* registration);

/* Valid UTF-8, no control or invisible characters, 1…QM_MOST_NAME_BYTES. */
bool qm_is_plain_text(const char* text);
/* Fills a string item of a block (USHORT byte count, then UTF-16, WCHAR[capacity]); cut at a
 * character when it does not fit; what is invalid becomes U+FFFD. */
void qm_set_string(WCHAR* item, size_t capacity, const char* utf8);

#ifdef __cplusplus
}
#endif
#endif

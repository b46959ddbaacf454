/* What the eBPF programs (probe.bpf.c) and their reader (probe_records.cc) share: C, fixed layouts,
 * native byte order unless said otherwise, no padding that is not named. */
#ifndef QM_XFRM_PROBE_LAYOUT_H
#define QM_XFRM_PROBE_LAYOUT_H

#include <linux/types.h>

/* Limits. What does not fit is counted in probe_totals, never silently left out. */
#define QM_PROBE_RING_BYTES (1U << 21) /* ends that wait for the reader: of about 5,000 SAs */
#define QM_PROBE_MOST_SAS 4096U        /* SAs with failures, living at one moment */
#define QM_PROBE_MOST_WATCHED 4096U    /* pairs of addresses that the reader asked for */
#define QM_PROBE_MOST_STRANGERS 1024U  /* other pairs that sent an unknown SPI */

/* An SA as struct xfrm_state holds it. Addresses: 16 bytes, IPv4 in the first 4, the rest 0. */
struct probe_sa {
  __u8 daddr[16];
  __u8 saddr[16];
  __u32 spi; /* network order */
  __u32 mark, mark_mask;
  __u32 reqid;
  __u32 if_id;
  __u16 family; /* AF_INET, AF_INET6 */
  __u8 proto;   /* IPPROTO_ESP, IPPROTO_AH, IPPROTO_COMP */
  __u8 mode;
  __u64 add_time_s; /* since 1970 */
};

/* The end of an SA, told twice: when it leaves the tables (it counts nothing new from then on, but
 * for packets in flight), and when its last reference goes (then nothing can count any more). The
 * second can be late: a processor at rest keeps a packet of the SA for as long as it likes. */
struct probe_final {
  struct probe_sa sa;
  __u64 bytes, packets; /* curlft */
  __u64 not_decrypted;  /* input failures that were not the ICV's, since the probes were attached */
  __u32 replay_window_failures, replay, integrity_failed; /* xfrm_stats: they wrap */
  __u32 replay_window;                                    /* 0: none */
  __u32 last;                                             /* 1: the second time */
  __u32 unused;
};

/* Value of the map of SAs whose input failed; its key is the state's address in the kernel. */
struct probe_failures {
  struct probe_sa sa;
  __u64 not_decrypted;
};

/* Key of the maps of unknown SPIs; their value is a __u64 count of packets. */
struct probe_pair {
  __u8 source[16];
  __u8 destination[16];
  __u32 family;
};

/* One for the network namespace, since the probes were attached; each only grows. */
struct probe_totals {
  __u64 finals;            /* handed over or lost; each of the two counts */
  __u64 finals_lost;       /* the ring was full */
  __u64 not_decrypted;     /* on all SAs */
  __u64 failures_unlisted; /* … of which on SAs beyond QM_PROBE_MOST_SAS */
  __u64 bad_spi;           /* of all pairs */
  __u64 bad_spi_unlisted;  /* … of which from pairs beyond QM_PROBE_MOST_STRANGERS */
};

#endif

/* What the eBPF programs (probe.bpf.c) and their reader (probe_records.cc) share: C, fixed layouts,
 * native byte order unless said otherwise, no padding that is not named. */
#ifndef QM_XFRM_PROBE_LAYOUT_H
#define QM_XFRM_PROBE_LAYOUT_H

#include <linux/types.h>

/* Limits. What does not fit is counted in probe_totals, never silently left out. */
#define QM_PROBE_RING_BYTES (1U << 21)   /* ends that wait for the reader: of about 5,000 SAs */
#define QM_PROBE_MOST_SAS 4096U          /* SAs with failures, living at one moment */
#define QM_PROBE_MOST_WATCHED 4096U      /* pairs of addresses that the reader asked for */
#define QM_PROBE_MOST_STRANGERS 1024U    /* other pairs that sent an unknown SPI */
#define QM_PROBE_CLOSED_BYTES (1U << 18) /* connections' ends that wait for it: about 2,000 */
#define QM_PROBE_MOST_PEERS 1024U        /* whose connections' ends are wanted */

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

/* A TCP connection near its end: before tcp_disconnect() zeroes what it has counted (as iscsid's
 * way of closing makes it do), after the reset that this sends, and when the socket is destroyed.
 * The last of the three may lack everything; of one cookie the largest counts are the final ones.
 */
struct probe_closed {
  __u64 cookie;                                                       /* sock_diag's */
  __u64 received_bytes, acked_bytes, sent_bytes, retransmitted_bytes; /* as struct tcp_info */
  __u32 in_segments, out_segments;                                    /* they wrap */
  __u32 send_mss;
  __u8 local[16];
  __u8 remote[16];
  __u16 local_port, remote_port; /* host order */
  __u16 family;                  /* AF_INET, AF_INET6 */
  __u8 state;
  __u8 options;      /* TCPI_OPT_TIMESTAMPS, _SACK, _WSCALE */
  __u8 fin_received; /* it is among the received bytes */
  __u8 cause;        /* QM_PROBE_DISCONNECT, … */
  __u8 unused[6];
};
enum { QM_PROBE_DISCONNECT = 1, QM_PROBE_RESET_SENT = 2, QM_PROBE_DESTROYED = 3 };

/* Key of the map of wanted peers; all zero: every peer. Its value is a __u32, 0: no more. */
struct probe_peer {
  __u8 address[16];
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
  __u64 closed;            /* ends of wanted connections, handed over or lost */
  __u64 closed_lost;       /* the ring was full */
};

#endif

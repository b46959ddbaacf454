/* The kernel's own word on what netlink does not tell: SAs' final counters, failed input by SA,
 * unknown SPIs by pair of addresses. One network namespace: the loader's.
 *
 * CO-RE: the structures below name only the fields that are read; libbpf finds their offsets in the
 * running kernel's BTF, so the build needs none. Kernel functions: 6.1's net/xfrm, net/ipv4/esp4.c
 * and alike. */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "xfrm/probe_layout.h"

#define AF_INET 2
#define AF_INET6 10
#define EBADMSG 74
#define EINPROGRESS 115

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef union {
  __be32 a6[4]; /* IPv4: the first */
} xfrm_address_t;

struct list_head {
  struct list_head* next;
};

struct ns_common {
  unsigned int inum;
};

struct net {
  struct ns_common ns;
};

typedef struct {
  struct net* net;
} possible_net_t;

struct net_device {
  possible_net_t nd_net;
};

struct xfrm_id {
  xfrm_address_t daddr;
  __be32 spi;
  __u8 proto;
};

struct xfrm_mark {
  __u32 v;
  __u32 m;
};

struct xfrm_lifetime_cur {
  __u64 bytes;
  __u64 packets;
  __u64 add_time;
};

struct xfrm_stats {
  __u32 replay_window;
  __u32 replay;
  __u32 integrity_failed;
};

struct xfrm_state_walk {
  struct list_head all;
  __u8 state;
};

enum { XFRM_STATE_DEAD = 5 };

struct xfrm_replay_state_esn {
  __u32 replay_window;
};

struct xfrm_type;

struct xfrm_state {
  possible_net_t xs_net;
  struct xfrm_id id;
  struct xfrm_mark mark;
  __u32 if_id;
  struct xfrm_state_walk km;
  struct {
    __u32 reqid;
    __u8 mode;
    __u8 replay_window;
    __u16 family;
    xfrm_address_t saddr;
  } props;
  struct xfrm_replay_state_esn* replay_esn;
  struct xfrm_stats stats;
  struct xfrm_lifetime_cur curlft;
  const struct xfrm_type* type;
};

struct skb_ext {
  __u8 offset[1];
};

struct sk_buff {
  struct net_device* dev;
  __u8 active_extensions;
  __u16 network_header;
  unsigned char* head;
  struct skb_ext* extensions;
};

enum skb_ext_id { SKB_EXT_SEC_PATH = 1 };

struct sec_path {
  int len;
  struct xfrm_state* xvec[6];
};

struct in6_addr {
  __u8 s6_addr[16];
};

struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
  unsigned long skc_flags;
};

struct sock {
  struct sock_common __sk_common;
};

enum sock_flags { SOCK_DEAD, SOCK_DONE };

struct tcp_options_received {
  __u16 saw_tstamp : 1, tstamp_ok : 1, dsack : 1, wscale_ok : 1, sack_ok : 3;
};

struct tcp_sock {
  __u64 bytes_received;
  __u64 bytes_acked;
  __u64 bytes_sent;
  __u64 bytes_retrans;
  __u32 segs_in;
  __u32 segs_out;
  __u32 mss_cache;
  struct tcp_options_received rx_opt;
};

#pragma clang attribute pop

/* The namespace that is watched; the loader sets it before the kernel sees the program. */
const volatile __u32 watched_netns = 0;

struct probe_totals totals = {};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, QM_PROBE_RING_BYTES);
} finals SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, QM_PROBE_MOST_SAS);
  __type(key, __u64);
  __type(value, struct probe_failures);
} failures SEC(".maps");

/* Only the reader adds pairs here, so that a spray of SPIs or of forged sources can't take the
 * place of a pair that matters. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, QM_PROBE_MOST_WATCHED);
  __type(key, struct probe_pair);
  __type(value, __u64);
} watched SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, QM_PROBE_MOST_STRANGERS);
  __type(key, struct probe_pair);
  __type(value, __u64);
} strangers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, QM_PROBE_CLOSED_BYTES);
} closed SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, QM_PROBE_MOST_PEERS);
  __type(key, struct probe_peer);
  __type(value, __u32);
} peers SEC(".maps");

static __always_inline void count(__u64* counter) {
  __sync_fetch_and_add(counter, 1);
}

/* Reads by helper, not by plain access: input_resume() finds its state behind a pointer whose type
 * the verifier can't know. */
static __always_inline void describe(struct probe_sa* out, const struct xfrm_state* x) {
  const __u16 family = BPF_CORE_READ(x, props.family);
  const __u32 size = family == AF_INET6 ? 16 : 4;
  bpf_core_read(out->daddr, size, &x->id.daddr);
  bpf_core_read(out->saddr, size, &x->props.saddr);
  out->spi = BPF_CORE_READ(x, id.spi);
  out->mark = BPF_CORE_READ(x, mark.v);
  out->mark_mask = BPF_CORE_READ(x, mark.m);
  out->reqid = BPF_CORE_READ(x, props.reqid);
  out->if_id = BPF_CORE_READ(x, if_id);
  out->family = family;
  out->proto = BPF_CORE_READ(x, id.proto);
  out->mode = BPF_CORE_READ(x, props.mode);
  out->add_time_s = BPF_CORE_READ(x, curlft.add_time);
}

static __always_inline int is_ours(const struct xfrm_state* x) {
  return BPF_CORE_READ(x, xs_net.net, ns.inum) == watched_netns;
}

/* Left out: larvals (no type yet), and states that never stood in the tables: UPDSA makes one to
 * carry its parameters to the live SA of the same id, and throws it away with zero counters. */
static __always_inline int is_told(const struct xfrm_state* x) {
  const void* listed = (const void*)&x->km.all;
  return BPF_CORE_READ(x, type) && BPF_CORE_READ(x, km.all.next) != listed;
}

static __always_inline void tell(const struct xfrm_state* x, __u64 not_decrypted, __u32 last) {
  count(&totals.finals);
  struct probe_final* out = bpf_ringbuf_reserve(&finals, sizeof *out, 0);
  if (!out) {
    count(&totals.finals_lost);
    return;
  }
  __builtin_memset(out, 0, sizeof *out);
  describe(&out->sa, x);
  out->bytes = BPF_CORE_READ(x, curlft.bytes);
  out->packets = BPF_CORE_READ(x, curlft.packets);
  out->not_decrypted = not_decrypted;
  out->replay_window_failures = BPF_CORE_READ(x, stats.replay_window);
  out->replay = BPF_CORE_READ(x, stats.replay);
  out->integrity_failed = BPF_CORE_READ(x, stats.integrity_failed);
  const struct xfrm_replay_state_esn* esn = BPF_CORE_READ(x, replay_esn);
  out->replay_window =
      esn ? BPF_CORE_READ(esn, replay_window) : BPF_CORE_READ(x, props.replay_window);
  out->last = last;
  /* The reader comes by anyway: netlink has told it of the same end. */
  bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

static __always_inline __u64 failures_of(__u64 key) {
  const struct probe_failures* failed = bpf_map_lookup_elem(&failures, &key);
  return failed ? failed->not_decrypted : 0;
}

/* Deletion, hard expiry, flush; a dead state comes here again when several want its end. */
SEC("fentry/__xfrm_state_delete")
int BPF_PROG(state_delete, struct xfrm_state* x) {
  if (!is_ours(x) || BPF_CORE_READ(x, km.state) == XFRM_STATE_DEAD || !is_told(x)) return 0;
  tell(x, failures_of((__u64)x), 0);
  return 0;
}

SEC("fentry/__xfrm_state_destroy")
int BPF_PROG(state_destroy, struct xfrm_state* x) {
  if (!is_ours(x)) return 0;
  const __u64 key = (__u64)x;
  const __u64 not_decrypted = failures_of(key);
  bpf_map_delete_elem(&failures, &key); /* the next state may get the same address */
  if (is_told(x)) tell(x, not_decrypted, 1);
  return 0;
}

/* ---- input that failed for another reason than the ICV (the state's own stats count those) */

static __always_inline void input_failed(const struct xfrm_state* x) {
  if (!is_ours(x)) return;
  count(&totals.not_decrypted);
  const __u64 key = (__u64)x;
  struct probe_failures* failed = bpf_map_lookup_elem(&failures, &key);
  if (!failed) {
    struct probe_failures fresh = {};
    describe(&fresh.sa, x);
    /* Another processor may be first: then this changes nothing. */
    bpf_map_update_elem(&failures, &key, &fresh, BPF_NOEXIST);
    failed = bpf_map_lookup_elem(&failures, &key);
  }
  if (failed) {
    count(&failed->not_decrypted);
  } else {
    count(&totals.failures_unlisted);
  }
}

static __always_inline int is_failure(int error) {
  return error < 0 && error != -EBADMSG && error != -EINPROGRESS;
}

/* Synchronous crypto: the verdict is the function's own; EINPROGRESS defers it. */
SEC("fexit/esp_input")
int BPF_PROG(esp4_input, struct xfrm_state* x, struct sk_buff* skb, int error) {
  if (is_failure(error)) input_failed(x);
  return 0;
}

SEC("fexit/esp6_input")
int BPF_PROG(esp6_input, struct xfrm_state* x, struct sk_buff* skb, int error) {
  if (is_failure(error)) input_failed(x);
  return 0;
}

SEC("fexit/ah_input")
int BPF_PROG(ah4_input, struct xfrm_state* x, struct sk_buff* skb, int error) {
  if (is_failure(error)) input_failed(x);
  return 0;
}

SEC("fexit/ah6_input")
int BPF_PROG(ah6_input, struct xfrm_state* x, struct sk_buff* skb, int error) {
  if (is_failure(error)) input_failed(x);
  return 0;
}

/* The state that a packet met last (xfrm_input_state). */
static __always_inline struct xfrm_state* state_of(const struct sk_buff* skb) {
  const __u32 id = bpf_core_enum_value(enum skb_ext_id, SKB_EXT_SEC_PATH);
  const __u8 active = skb->active_extensions;
  if (id > 7 || !(active & (1U << id))) return 0;
  const char* extensions = (const char*)BPF_CORE_READ(skb, extensions);
  __u8 offset = 0;
  bpf_probe_read_kernel(&offset, 1,
                        extensions + bpf_core_field_offset(struct skb_ext, offset) + id);
  const char* path = extensions + 8 * (__u32)offset; /* SKB_EXT_ALIGN_VALUE */
  int length = 0;
  bpf_probe_read_kernel(&length, sizeof length, path + bpf_core_field_offset(struct sec_path, len));
  if (length < 1 || length > 6) return 0; /* XFRM_MAX_DEPTH */
  struct xfrm_state* x = 0;
  bpf_probe_read_kernel(&x, sizeof x,
                        path + bpf_core_field_offset(struct sec_path, xvec) + 8 * (length - 1));
  return x;
}

/* Asynchronous crypto of ESP and AH, both families: esp_input_done, esp6_input_done,
 * ah_input_done and ah6_input_done hand their verdict to this one. */
SEC("fentry/xfrm_input_resume")
int BPF_PROG(input_resume, struct sk_buff* skb, int verdict) {
  if (!is_failure(verdict)) return 0;
  struct xfrm_state* x = state_of(skb);
  if (x) input_failed(x);
  return 0;
}

/* ---- packets that no SA wants */

static __always_inline void copy_pair(struct probe_pair* pair, const unsigned char* header,
                                      __u16 family) {
  pair->family = family;
  if (family == AF_INET) { /* struct iphdr */
    bpf_probe_read_kernel(pair->source, 4, header + 12);
    bpf_probe_read_kernel(pair->destination, 4, header + 16);
  } else { /* struct ipv6hdr */
    bpf_probe_read_kernel(pair->source, 16, header + 8);
    bpf_probe_read_kernel(pair->destination, 16, header + 24);
  }
}

/* The SPI is no key here: who sends a million of them is one pair. */
SEC("fentry/xfrm_audit_state_notfound")
int BPF_PROG(state_notfound, struct sk_buff* skb, __u16 family) {
  if (skb->dev->nd_net.net->ns.inum != watched_netns) return 0;
  count(&totals.bad_spi);
  struct probe_pair pair = {};
  copy_pair(&pair, skb->head + skb->network_header, family);
  __u64* packets = bpf_map_lookup_elem(&watched, &pair);
  if (!packets) packets = bpf_map_lookup_elem(&strangers, &pair);
  if (!packets) {
    const __u64 none = 0;
    bpf_map_update_elem(&strangers, &pair, &none, BPF_NOEXIST);
    packets = bpf_map_lookup_elem(&strangers, &pair);
  }
  count(packets ? packets : &totals.bad_spi_unlisted);
  return 0;
}

/* ---- the last counts of connections, while SAs are shared */

static __always_inline int is_wanted(const struct sock* sk) {
  struct probe_peer peer = {};
  const __u32* wanted = bpf_map_lookup_elem(&peers, &peer);
  if (wanted && *wanted) return 1;
  peer.family = BPF_CORE_READ(sk, __sk_common.skc_family);
  if (peer.family == AF_INET) {
    bpf_core_read(peer.address, 4, &sk->__sk_common.skc_daddr);
  } else {
    bpf_core_read(peer.address, 16, &sk->__sk_common.skc_v6_daddr);
  }
  wanted = bpf_map_lookup_elem(&peers, &peer);
  return wanted && *wanted;
}

static __always_inline void tell_closed(struct sock* sk, __u8 cause) {
  if (BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) != watched_netns) return;
  if (!is_wanted(sk)) return;
  const struct tcp_sock* tp = (const struct tcp_sock*)sk;
  if (!BPF_CORE_READ(tp, segs_in) && !BPF_CORE_READ(tp, segs_out)) return; /* zeroed, told before */
  count(&totals.closed);
  struct probe_closed* out = bpf_ringbuf_reserve(&closed, sizeof *out, 0);
  if (!out) {
    count(&totals.closed_lost);
    return;
  }
  __builtin_memset(out, 0, sizeof *out);
  out->cookie = bpf_get_socket_cookie(sk);
  out->received_bytes = BPF_CORE_READ(tp, bytes_received);
  out->acked_bytes = BPF_CORE_READ(tp, bytes_acked);
  out->sent_bytes = BPF_CORE_READ(tp, bytes_sent);
  out->retransmitted_bytes = BPF_CORE_READ(tp, bytes_retrans);
  out->in_segments = BPF_CORE_READ(tp, segs_in);
  out->out_segments = BPF_CORE_READ(tp, segs_out);
  out->send_mss = BPF_CORE_READ(tp, mss_cache);
  out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
  if (out->family == AF_INET) {
    bpf_core_read(out->local, 4, &sk->__sk_common.skc_rcv_saddr);
    bpf_core_read(out->remote, 4, &sk->__sk_common.skc_daddr);
  } else {
    bpf_core_read(out->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
    bpf_core_read(out->remote, 16, &sk->__sk_common.skc_v6_daddr);
  }
  out->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
  out->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
  out->state = BPF_CORE_READ(sk, __sk_common.skc_state);
  const struct tcp_options_received* options = &tp->rx_opt;
  if (BPF_CORE_READ_BITFIELD_PROBED(options, tstamp_ok)) out->options |= 1;
  if (BPF_CORE_READ_BITFIELD_PROBED(options, sack_ok)) out->options |= 2;
  if (BPF_CORE_READ_BITFIELD_PROBED(options, wscale_ok)) out->options |= 4;
  const __u32 done = bpf_core_enum_value(enum sock_flags, SOCK_DONE);
  out->fin_received = (BPF_CORE_READ(sk, __sk_common.skc_flags) >> (done & 63)) & 1;
  out->cause = cause;
  bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
}

/* Zeroes all counters (SO_LINGER with no time, as iscsid closes), after the reset it may send. */
SEC("fentry/tcp_disconnect")
int BPF_PROG(connection_disconnect, struct sock* sk) {
  tell_closed(sk, QM_PROBE_DISCONNECT);
  return 0;
}

SEC("fexit/tcp_send_active_reset")
int BPF_PROG(connection_reset, struct sock* sk) {
  tell_closed(sk, QM_PROBE_RESET_SENT);
  return 0;
}

/* Both families' (tcp_v6_destroy_sock calls it). */
SEC("fentry/tcp_v4_destroy_sock")
int BPF_PROG(connection_destroy, struct sock* sk) {
  tell_closed(sk, QM_PROBE_DESTROYED);
  return 0;
}

const char terms[] SEC("license") = "Dual MIT/GPL";

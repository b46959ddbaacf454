// XFRM netlink messages, read and written. Pure: bytes in, values out.
//
// Promise: any bytes at all are read without a crash or an over-read; what breaks the rules is
// reported and skipped, never guessed. No key byte is copied. Native byte order, as netlink.
// Cost: one pass, no allocation for SAs. Sources: linux/xfrm.h, net/xfrm/xfrm_user.c (6.1, 6.18).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "xfrm/types.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostAttributes = 64;     // of one message; more: malformed
inline constexpr std::size_t kMostAlgorithmName = 64;  // bytes, NUL included (kernel's CRYPTO)

// What a batch of messages says, one call a message. Views are valid during the call only.
class Sink {
 public:
  virtual ~Sink() = default;
  // First, once a datagram: a chance to look ahead (prefetch_datagram in ahead.h). The bytes may
  // hold keys and are wiped later: keep nothing of them.
  virtual void on_datagram(Bytes) {}
  // NEWSA: a dump's row (from_dump), an answer to GETSA, or an event.
  virtual void on_sa(const Sa& sa, bool updated, std::uint32_t seq) = 0;  // updated: UPDSA
  virtual void on_sa_deleted(const Sa& final) = 0;  // DELSA, with its last counters
  // EXPIRE. It carries no algorithms, so larval is false here whatever it is: the table knows.
  virtual void on_sa_expired(const Sa& state, bool hard) = 0;
  virtual void on_sas_flushed(std::uint8_t proto) = 0;                  // 0 or 255: all
  virtual void on_policy(const Policy& policy, std::uint32_t seq) = 0;  // NEW and UPDPOLICY: upsert
  virtual void on_policy_deleted(const Policy& policy) = 0;             // DELPOLICY, POLEXPIRE hard
  virtual void on_policies_flushed(std::uint8_t type) = 0;
  virtual void on_default_policy(const DefaultPolicy& policy) = 0;
  virtual void on_sa_counters(const SaId& id, const Counters& counters,
                              std::uint32_t seq) = 0;        // NEWAE
  virtual void on_sa_count(std::uint32_t, std::uint32_t) {}  // NEWSADINFO: count, larvals too; seq
  virtual void on_done(std::uint32_t seq, int error) = 0;    // NLMSG_DONE; error: negative errno
  virtual void on_error(std::uint32_t seq, int error) = 0;   // NLMSG_ERROR; 0 is an ack
  virtual void on_malformed(std::uint16_t type, std::string_view what) = 0;
  virtual void on_other(std::uint16_t type) = 0;  // well-formed, not of interest
};

// Ignores everything: a base for sinks that wait for one thing.
class SilentSink : public Sink {
 public:
  void on_sa(const Sa&, bool, std::uint32_t) override {}
  void on_sa_deleted(const Sa&) override {}
  void on_sa_expired(const Sa&, bool) override {}
  void on_sas_flushed(std::uint8_t) override {}
  void on_policy(const Policy&, std::uint32_t) override {}
  void on_policy_deleted(const Policy&) override {}
  void on_policies_flushed(std::uint8_t) override {}
  void on_default_policy(const DefaultPolicy&) override {}
  void on_sa_counters(const SaId&, const Counters&, std::uint32_t) override {}
  void on_done(std::uint32_t, int) override {}
  void on_error(std::uint32_t, int) override {}
  void on_malformed(std::uint16_t, std::string_view) override {}
  void on_other(std::uint16_t) override {}
};

// Reads all messages of one recv. Ends at the first whose length breaks the frame (on_malformed).
void decode(Bytes datagram, Sink& sink);

// Requests. Each returns a whole netlink message; seq is the caller's.
std::vector<std::byte> request_sa_dump(std::uint32_t seq, std::uint8_t proto = 0);
std::vector<std::byte> request_policy_dump(std::uint32_t seq);
std::vector<std::byte> request_default_policy(std::uint32_t seq);
std::vector<std::byte> request_sa_count(std::uint32_t seq);
// Appends a GETSA for one SA: many can go in one send.
void append_sa_request(std::vector<std::byte>& out, std::uint32_t seq, const SaId& id);

// The per-netns error counters of /proc/net/xfrm_stat that quickmode uses. Missing lines stay 0
// and unsaid (has_…); an unreadable file is the caller's to know.
struct NetnsErrors {
  std::uint64_t in_no_states = 0;
  std::uint64_t in_state_proto_error = 0;
  std::uint64_t in_state_seq_error = 0;
  bool complete = false;  // the lines that are used were all there
};
NetnsErrors parse_xfrm_stat(std::string_view text);

}  // namespace qm::xfrm

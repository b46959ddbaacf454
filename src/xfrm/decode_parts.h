// How messages are taken apart: what the decoders of SAs and policies share. Internal to xfrm.
//
// Promise: nothing is read outside the bytes given, nothing is guessed: what is not exactly as the
// kernel writes it is a complaint. Threads: any. Limits: those of codec.h.
#pragma once

#include <linux/netlink.h>
#include <linux/xfrm.h>

#include <cstdint>

#include "base/bytes.h"
#include "xfrm/codec.h"

namespace qm::xfrm {

// What is wrong with a message, for on_malformed; null: nothing.
using Complaint = const char*;

// Newer than Debian 12's linux/xfrm.h.
inline constexpr std::uint16_t kAttributeSaDirection = 33;  // XFRMA_SA_DIR, kernels from 6.10

struct Attribute {
  std::uint16_t type = 0;
  Bytes value;
};

// Walks netlink attributes, at most kMostAttributes.
class AttributeReader {
 public:
  explicit AttributeReader(Bytes bytes) : rest_(bytes) {}
  bool next(Attribute& out);  // false at the end, or when broken() says why
  Complaint broken() const { return broken_; }

 private:
  bool give_up(Complaint why) {
    broken_ = why;
    return false;
  }

  Bytes rest_;
  std::size_t count_ = 0;
  Complaint broken_ = nullptr;
};

// Notices an attribute that comes a second time. Only for those that are read: XFRMA_PAD may be
// repeated, and what newer kernels add is none of our concern.
class Once {
 public:
  bool again(std::uint16_t type) {
    const std::uint64_t bit = std::uint64_t{1} << (type & 63U);
    const bool seen = (seen_ & bit) != 0;
    seen_ |= bit;
    return seen;
  }
  bool has(std::uint16_t type) const { return (seen_ >> (type & 63U) & 1U) != 0; }

 private:
  std::uint64_t seen_ = 0;
};

// The whole attribute is one T, neither shorter nor longer.
template <class T>
bool read_exactly(Bytes value, T& out) {
  return value.size() == sizeof(T) && read_at(value, 0, out);
}

// The attributes behind a fixed part of fixed_size bytes; false when that does not fit.
inline bool attributes_behind(Bytes payload, std::size_t fixed_size, Bytes& out) {
  const std::size_t aligned = NLMSG_ALIGN(fixed_size);
  if (payload.size() < fixed_size) return false;
  out = payload.size() > aligned ? payload.subspan(aligned) : Bytes{};
  return true;
}

bool family_from(std::uint16_t wire, Family& out);
// IPv4 lies in the first four of the sixteen bytes; what the kernel leaves in the rest is dropped.
Address address_from(Family family, const xfrm_address_t& wire);
Complaint selector_from(const xfrm_selector& wire, Selector& out);

// Each reads one message's payload (behind its nlmsghdr).
Complaint read_sa(Bytes payload, Sa& out);
Complaint read_deleted_sa(Bytes payload, Sa& out);
Complaint read_expired_sa(Bytes payload, Sa& out, bool& hard);
Complaint read_sa_counters(Bytes payload, SaId& id, Counters& counters);
Complaint read_policy(Bytes payload, Policy& out);
Complaint read_deleted_policy(Bytes payload, Policy& out);
Complaint read_expired_policy(Bytes payload, Policy& out, bool& hard);
Complaint read_policy_flush(Bytes payload, std::uint8_t& type);
Complaint read_default_policy(Bytes payload, DefaultPolicy& out);

}  // namespace qm::xfrm

// How messages are taken apart: what the decoders of SAs and policies share. Internal to xfrm.
//
// Promise: nothing is read outside the bytes given, nothing is guessed: what is not exactly as the
// kernel writes it is a complaint. Threads: any. Limits: those of codec.h.
#pragma once

#include <linux/xfrm.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "xfrm/codec.h"
#include "xfrm/frame.h"

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
  explicit AttributeReader(Bytes bytes)
      : bytes_(bytes.data()), size_(static_cast<std::ptrdiff_t>(bytes.size())) {}
  // False at the end, or when broken() says why. It is most of what reading an SA costs.
  bool next(Attribute& out) {
    constexpr std::ptrdiff_t kHead = sizeof(AttributeHeader);
    const std::ptrdiff_t left = size_ - offset_;
    if (left < kHead) [[unlikely]] {
      return left > 0 && give_up("stray bytes behind the attributes");
    }
    AttributeHeader header;
    std::memcpy(&header, bytes_ + offset_, sizeof(header));
    if (header.length < kHead || header.length > left || --room_ < 0) [[unlikely]] {
      return give_up_at(header.length, left);
    }
    out.type = header.type & kAttributeTypeBits;
    out.value = Bytes(bytes_ + offset_ + kHead, header.length - sizeof(header));
    offset_ += static_cast<std::ptrdiff_t>(aligned(header.length));
    return true;
  }
  Complaint broken() const { return broken_; }

 private:
  bool give_up(Complaint why) {
    broken_ = why;
    return false;
  }
  bool give_up_at(std::ptrdiff_t length, std::ptrdiff_t left) {
    if (length < std::ptrdiff_t{sizeof(AttributeHeader)}) {
      return give_up("an attribute shorter than its header");
    }
    return give_up(length > left ? "an attribute longer than its message" : "too many attributes");
  }

  const std::byte* bytes_;
  std::ptrdiff_t size_;
  std::ptrdiff_t offset_ = 0;  // up to three behind size_: the last one's padding may lack
  std::ptrdiff_t room_ = kMostAttributes;
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

inline Complaint read_mark(Bytes value, Mark& out) {
  xfrm_mark mark{};
  if (!read_exactly(value, mark)) return "a mark of the wrong size";
  out = {mark.v, mark.m};
  return nullptr;
}

// The attributes behind a fixed part of fixed_size bytes; false when that does not fit.
inline bool attributes_behind(Bytes payload, std::size_t fixed_size, Bytes& out) {
  const std::size_t behind = aligned(fixed_size);
  if (payload.size() < fixed_size) return false;
  out = payload.size() > behind ? payload.subspan(behind) : Bytes{};
  return true;
}

inline bool family_from(std::uint16_t wire, Family& out) {
  if (wire != static_cast<std::uint16_t>(Family::v4) &&
      wire != static_cast<std::uint16_t>(Family::v6)) {
    return false;
  }
  out = static_cast<Family>(wire);
  return true;
}

// A T at from, which must hold one. Structures are read field by field where they lie: copying them
// first costs more than all the rest of decoding an SA.
template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// IPv4 lies in the first four of the sixteen bytes; what the kernel leaves in the rest is dropped.
// from holds sixteen bytes.
inline void set_address(Address& out, Family family, const std::byte* from) {
  using Sixteen __attribute__((vector_size(16))) = std::uint32_t;
  constexpr std::uint32_t kAll = 0xffff'ffff;
  Sixteen address = load<Sixteen>(from);
  if (family != Family::v6) address &= Sixteen{family == Family::v4 ? kAll : 0, 0, 0, 0};
  out.family = family;
  // In one piece, as it will be read: a load that needs two stores waits for both to be done.
  std::memcpy(out.bytes.data(), &address, sizeof(address));
}

inline std::uint16_t load_port(const std::byte* from) {
  return big_endian16(load<std::uint16_t>(from));
}

// from holds an xfrm_selector.
inline Complaint read_selector(const std::byte* from, Selector& out) {
  // No family is what tunnel-mode SAs have (XFRM_STATE_AF_UNSPEC): their addresses mean nothing.
  const auto family = load<std::uint16_t>(from + offsetof(xfrm_selector, family));
  out.family = Family::none;
  out.saddr_prefix_bits = out.daddr_prefix_bits = 0;
  if (family != 0 && !family_from(family, out.family)) {
    return "a selector of an unknown family";
  }
  set_address(out.saddr, out.family, from + offsetof(xfrm_selector, saddr));
  set_address(out.daddr, out.family, from + offsetof(xfrm_selector, daddr));
  if (out.family != Family::none) {
    const unsigned most_bits = out.family == Family::v4 ? 32 : 128;
    out.saddr_prefix_bits = load<std::uint8_t>(from + offsetof(xfrm_selector, prefixlen_s));
    out.daddr_prefix_bits = load<std::uint8_t>(from + offsetof(xfrm_selector, prefixlen_d));
    if (out.saddr_prefix_bits > most_bits || out.daddr_prefix_bits > most_bits) {
      return "a selector's prefix longer than its address";
    }
  }
  out.sport = load_port(from + offsetof(xfrm_selector, sport));
  out.sport_mask = load_port(from + offsetof(xfrm_selector, sport_mask));
  out.dport = load_port(from + offsetof(xfrm_selector, dport));
  out.dport_mask = load_port(from + offsetof(xfrm_selector, dport_mask));
  out.proto = load<std::uint8_t>(from + offsetof(xfrm_selector, proto));
  out.ifindex = load<std::int32_t>(from + offsetof(xfrm_selector, ifindex));
  out.user = load<std::uint32_t>(from + offsetof(xfrm_selector, user));
  return nullptr;
}

inline const std::byte* bytes_of(const xfrm_address_t& address) {
  return reinterpret_cast<const std::byte*>(&address);
}

// Each reads one message's payload (behind its nlmsghdr). Those of SAs set every field of out,
// whatever it held: one Sa serves for all messages of a datagram.
Complaint read_sa(Bytes payload, Sa& out);
Complaint read_deleted_sa(Bytes payload, Sa& out);
Complaint read_expired_sa(Bytes payload, Sa& out, bool& hard);
Complaint read_sa_counters(Bytes payload, SaId& id, Counters& counters);
Complaint read_sa_count(Bytes payload, std::uint32_t& count);
Complaint read_policy(Bytes payload, Policy& out);
Complaint read_deleted_policy(Bytes payload, Policy& out);
Complaint read_expired_policy(Bytes payload, Policy& out, bool& hard);
Complaint read_policy_flush(Bytes payload, std::uint8_t& type);
Complaint read_default_policy(Bytes payload, DefaultPolicy& out);

}  // namespace qm::xfrm

#include "xfrm/decode_parts.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace qm::xfrm {

bool AttributeReader::next(Attribute& out) {
  if (rest_.empty()) return false;
  nlattr header{};
  if (!read_at(rest_, 0, header)) return give_up("stray bytes behind the attributes");
  if (header.nla_len < sizeof(header)) return give_up("an attribute shorter than its header");
  if (header.nla_len > rest_.size()) return give_up("an attribute longer than its message");
  if (++count_ > kMostAttributes) return give_up("too many attributes");
  out.type = header.nla_type & NLA_TYPE_MASK;
  out.value = rest_.subspan(sizeof(header), header.nla_len - sizeof(header));
  rest_ = rest_.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), rest_.size()));
  return true;
}

bool family_from(std::uint16_t wire, Family& out) {
  if (wire != AF_INET && wire != AF_INET6) return false;
  out = static_cast<Family>(wire);
  return true;
}

Address address_from(Family family, const xfrm_address_t& wire) {
  Address address{family, {}};
  if (family == Family::v4) std::memcpy(address.bytes.data(), &wire, 4);
  if (family == Family::v6) std::memcpy(address.bytes.data(), &wire, 16);
  return address;
}

Complaint selector_from(const xfrm_selector& wire, Selector& out) {
  // No family is what tunnel-mode SAs have (XFRM_STATE_AF_UNSPEC): their addresses mean nothing.
  if (wire.family != AF_UNSPEC && !family_from(wire.family, out.family)) {
    return "a selector of an unknown family";
  }
  out.saddr = address_from(out.family, wire.saddr);
  out.daddr = address_from(out.family, wire.daddr);
  if (out.family != Family::none) {
    if (wire.prefixlen_s > out.saddr.bits() || wire.prefixlen_d > out.daddr.bits()) {
      return "a selector's prefix longer than its address";
    }
    out.saddr_prefix_bits = wire.prefixlen_s;
    out.daddr_prefix_bits = wire.prefixlen_d;
  }
  out.sport = big_endian16(wire.sport);
  out.sport_mask = big_endian16(wire.sport_mask);
  out.dport = big_endian16(wire.dport);
  out.dport_mask = big_endian16(wire.dport_mask);
  out.proto = wire.proto;
  out.ifindex = wire.ifindex;
  out.user = wire.user;
  return nullptr;
}

}  // namespace qm::xfrm

#include "xfrm/ahead.h"

#include <array>
#include <cstddef>
#include <cstring>

#include "xfrm/decode_parts.h"

namespace qm::xfrm {
namespace {

// Where a message's SaId stands.
struct Place {
  std::size_t daddr = 0;
  std::size_t spi = 0;
  std::size_t proto = 0;
  std::size_t family = 0;
};

constexpr std::size_t kInfo = NLMSG_HDRLEN;
constexpr std::size_t kInfoId = kInfo + offsetof(xfrm_usersa_info, id);
constexpr Place kInInfo{kInfoId + offsetof(xfrm_id, daddr), kInfoId + offsetof(xfrm_id, spi),
                        kInfoId + offsetof(xfrm_id, proto),
                        kInfo + offsetof(xfrm_usersa_info, family)};
constexpr Place kInId{
    kInfo + offsetof(xfrm_usersa_id, daddr), kInfo + offsetof(xfrm_usersa_id, spi),
    kInfo + offsetof(xfrm_usersa_id, proto), kInfo + offsetof(xfrm_usersa_id, family)};

const Place* place_of(const nlmsghdr& header) {
  switch (header.nlmsg_type) {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA:
    case XFRM_MSG_EXPIRE:
      return header.nlmsg_len >= kInfo + sizeof(xfrm_usersa_info) ? &kInInfo : nullptr;
    case XFRM_MSG_DELSA:
      return header.nlmsg_len >= kInfo + sizeof(xfrm_usersa_id) ? &kInId : nullptr;
    default:
      return nullptr;
  }
}

// message holds at least what place_of() asked for.
bool read_id(Bytes message, const Place& place, SaId& out) {
  std::uint16_t family = 0;
  xfrm_address_t daddr{};
  std::memcpy(&family, message.data() + place.family, sizeof(family));
  if (!family_from(family, out.daddr.family)) return false;
  std::memcpy(&daddr, message.data() + place.daddr, sizeof(daddr));
  out.daddr = address_from(out.daddr.family, daddr);
  std::memcpy(&out.spi, message.data() + place.spi, sizeof(out.spi));
  out.spi = big_endian32(out.spi);
  std::memcpy(&out.proto, message.data() + place.proto, sizeof(out.proto));
  return true;
}

}  // namespace

void prefetch_datagram(Bytes datagram, const SaTable& table) {
  std::array<std::uint64_t, kMostAhead> hashes;
  std::size_t count = 0;
  nlmsghdr header{};
  while (count < kMostAhead && read_at(datagram, 0, header)) {
    Bytes message;
    if (header.nlmsg_len < sizeof(header) || !slice(datagram, 0, header.nlmsg_len, message)) break;
    SaId id;
    const Place* place = place_of(header);
    if (place != nullptr && read_id(message, *place, id)) {
      hashes[count] = table.hash(id);
      table.prefetch(hashes[count]);
      ++count;
    }
    const std::size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (step >= datagram.size()) break;
    datagram = datagram.subspan(step);
  }
  for (std::size_t i = 0; i < count; ++i) table.prefetch_record(hashes[i]);
}

}  // namespace qm::xfrm

#include "xfrm/ahead.h"

#include <array>
#include <cstddef>

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

constexpr std::size_t kInfo = sizeof(MessageHeader);
constexpr std::size_t kInfoId = kInfo + offsetof(xfrm_usersa_info, id);
constexpr Place kInInfo{kInfoId + offsetof(xfrm_id, daddr), kInfoId + offsetof(xfrm_id, spi),
                        kInfoId + offsetof(xfrm_id, proto),
                        kInfo + offsetof(xfrm_usersa_info, family)};
constexpr Place kInId{
    kInfo + offsetof(xfrm_usersa_id, daddr), kInfo + offsetof(xfrm_usersa_id, spi),
    kInfo + offsetof(xfrm_usersa_id, proto), kInfo + offsetof(xfrm_usersa_id, family)};

const Place* place_of(const MessageHeader& header) {
  switch (header.type) {
    case XFRM_MSG_NEWSA:
    case XFRM_MSG_UPDSA:
    case XFRM_MSG_EXPIRE:
      return header.length >= kInfo + sizeof(xfrm_usersa_info) ? &kInInfo : nullptr;
    case XFRM_MSG_DELSA:
      return header.length >= kInfo + sizeof(xfrm_usersa_id) ? &kInId : nullptr;
    default:
      return nullptr;
  }
}

// message holds at least what place_of() asked for.
bool read_id(const std::byte* message, const Place& place, SaId& out) {
  Family family = Family::none;
  if (!family_from(load<std::uint16_t>(message + place.family), family)) return false;
  set_address(out.daddr, family, message + place.daddr);
  out.spi = big_endian32(load<std::uint32_t>(message + place.spi));
  out.proto = load<std::uint8_t>(message + place.proto);
  return true;
}

}  // namespace

void prefetch_datagram(Bytes datagram, const SaTable& table) {
  std::array<SaId, kAheadAtOnce> ids;
  std::size_t count = 0;
  std::size_t offset = 0;
  MessageHeader header;
  while (read_at(datagram, offset, header)) {
    const bool fits = header.length <= datagram.size() - offset;
    if (!fits || header.length < sizeof(header)) break;
    const Place* place = place_of(header);
    if (place != nullptr && read_id(datagram.data() + offset, *place, ids[count])) {
      if (count == 0 && table.expects(ids[0])) return;
      if (++count == ids.size()) break;
    }
    offset += aligned(header.length);
  }
  table.prefetch(std::span(ids).first(count));
}

}  // namespace qm::xfrm

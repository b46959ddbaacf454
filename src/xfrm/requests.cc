#include "xfrm/decode_parts.h"
#include "xfrm/encode_parts.h"

namespace qm::xfrm {

std::vector<std::byte> request_sa_dump(std::uint32_t seq, std::uint8_t proto) {
  std::vector<std::byte> out;
  const std::size_t at = start(out, XFRM_MSG_GETSA, kDump, seq);
  // A dump's attributes follow the header at once: xfrm_dump_sa parses with no fixed part.
  if (proto != 0) append_attribute(out, XFRMA_PROTO, proto);
  finish(out, at);
  return out;
}

std::vector<std::byte> request_policy_dump(std::uint32_t seq) {
  std::vector<std::byte> out;
  finish(out, start(out, XFRM_MSG_GETPOLICY, kDump, seq));
  return out;
}

std::vector<std::byte> request_default_policy(std::uint32_t seq) {
  std::vector<std::byte> out;
  const std::size_t at = start(out, XFRM_MSG_GETDEFAULT, 0, seq);
  append(out, xfrm_userpolicy_default{});
  finish(out, at);
  return out;
}

std::vector<std::byte> request_sa_count(std::uint32_t seq) {
  std::vector<std::byte> out;
  const std::size_t at = start(out, XFRM_MSG_GETSADINFO, 0, seq);
  append(out, std::uint32_t{0});  // flags, of which there are none
  finish(out, at);
  return out;
}

void append_sa_request(std::vector<std::byte>& out, std::uint32_t seq, const SaId& id) {
  const std::size_t at = start(out, XFRM_MSG_GETSA, 0, seq);
  xfrm_usersa_id wire{};
  std::memcpy(&wire.daddr, id.daddr.bytes.data(), id.daddr.bytes.size());
  wire.spi = big_endian32(id.spi);
  wire.family = static_cast<std::uint16_t>(id.daddr.family);
  wire.proto = id.proto;
  append(out, wire);
  if (id.mark != Mark{}) {
    append_attribute(out, XFRMA_MARK, xfrm_mark{id.mark.value, id.mark.mask});
  }
  finish(out, at);
}

}  // namespace qm::xfrm

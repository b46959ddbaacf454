#include "xfrm/route.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <string_view>

#include "xfrm/encode_parts.h"

namespace qm::xfrm {
namespace {

constexpr unsigned char kIpv4 = 2, kIpv6 = 10;  // AF_INET, AF_INET6

void append_address(std::vector<std::byte>& out, std::uint16_t type, const Address& address) {
  const std::size_t size = address.bits() / 8;
  append(out, AttributeHeader{static_cast<std::uint16_t>(sizeof(AttributeHeader) + size), type});
  const std::size_t at = out.size();
  out.resize(at + size);
  std::memcpy(out.data() + at, address.bytes.data(), size);
}

// The attribute of that type in a sequence of them; false when there is none.
bool find_attribute(Bytes attributes, std::uint16_t type, Bytes& payload) {
  std::size_t at = 0;
  AttributeHeader header;
  while (read_at(attributes, at, header)) {
    if (header.length < sizeof(header)) return false;
    if (!slice(attributes, at + sizeof(header), header.length - sizeof(header), payload)) {
      return false;
    }
    if ((header.type & kAttributeTypeBits) == type) return true;
    at += aligned(header.length);
  }
  return false;
}

std::string_view text_of(Bytes payload) {
  const std::string_view room(reinterpret_cast<const char*>(payload.data()), payload.size());
  return room.substr(0, room.find('\0'));
}

// What follows the fixed part of the message that answers.
Result<Bytes> attributes_of(Bytes answer, std::uint32_t seq, std::uint16_t type,
                            std::size_t fixed_bytes) {
  MessageHeader header;
  Bytes message;
  if (!read_at(answer, 0, header) || header.length < sizeof(header) ||
      !slice(answer, 0, header.length, message) || header.seq != seq) {
    return fail(ErrorCode::invalid, "not an answer of rtnetlink");
  }
  if (header.type == kError) {
    return fail(ErrorCode::not_found, "the kernel knows no such route or device");
  }
  const std::size_t skipped = sizeof(header) + aligned(fixed_bytes);
  Bytes attributes;
  if (header.type != type || message.size() < skipped ||
      !slice(message, skipped, message.size() - skipped, attributes)) {
    return fail(ErrorCode::invalid, "not the answer of rtnetlink that was asked for");
  }
  return attributes;
}

}  // namespace

std::vector<std::byte> request_route(const Address& local, const Address& remote,
                                     std::uint32_t seq) {
  rtmsg fixed{};
  fixed.rtm_family = remote.family == Family::v6 ? kIpv6 : kIpv4;
  fixed.rtm_dst_len = fixed.rtm_src_len = static_cast<unsigned char>(remote.bits());
  std::vector<std::byte> out;
  const std::size_t at = start(out, RTM_GETROUTE, 0, seq);
  append(out, fixed);
  append_address(out, RTA_DST, remote);
  append_address(out, RTA_SRC, local);
  finish(out, at);
  return out;
}

std::vector<std::byte> request_link(std::int32_t ifindex, std::uint32_t seq) {
  ifinfomsg fixed{};
  fixed.ifi_index = ifindex;
  std::vector<std::byte> out;
  const std::size_t at = start(out, RTM_GETLINK, 0, seq);
  append(out, fixed);
  finish(out, at);
  return out;
}

Result<std::int32_t> parse_route(Bytes answer, std::uint32_t seq) {
  const Bytes attributes = TRY(attributes_of(answer, seq, RTM_NEWROUTE, sizeof(rtmsg)));
  Bytes payload;
  std::int32_t ifindex = 0;
  if (!find_attribute(attributes, RTA_OIF, payload) || !read_at(payload, 0, ifindex)) {
    return fail(ErrorCode::invalid, "a route without a device");
  }
  return ifindex;
}

Result<Device> parse_link(Bytes answer, std::uint32_t seq) {
  const Bytes attributes = TRY(attributes_of(answer, seq, RTM_NEWLINK, sizeof(ifinfomsg)));
  Device device;
  Bytes payload;
  if (!find_attribute(attributes, IFLA_IFNAME, payload)) {
    return fail(ErrorCode::invalid, "a device without a name");
  }
  device.name = text_of(payload);
  Bytes kind, data, if_id;
  if (find_attribute(attributes, IFLA_LINKINFO, payload) &&
      find_attribute(payload, IFLA_INFO_KIND, kind) && text_of(kind) == "xfrm" &&
      find_attribute(payload, IFLA_INFO_DATA, data) &&
      find_attribute(data, IFLA_XFRM_IF_ID, if_id)) {
    static_cast<void>(read_at(if_id, 0, device.if_id));
  }
  return device;
}

}  // namespace qm::xfrm

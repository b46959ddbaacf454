// Netlink's frame: the headers of messages and attributes, as bytes (linux/netlink.h has them for
// those who make system calls; this is for those who only read and write). Pure.
// Source: RFC 3549 §2.2, include/uapi/linux/netlink.h.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace qm::xfrm {

struct MessageHeader {
  std::uint32_t length = 0;  // header included, padding behind it not
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t seq = 0;
  std::uint32_t port = 0;  // of the requester; in events too
};
static_assert(sizeof(MessageHeader) == 16);

inline constexpr std::uint16_t kError = 2;
inline constexpr std::uint16_t kDone = 3;
inline constexpr std::uint16_t kRequest = 1;   // flag
inline constexpr std::uint16_t kDump = 0x300;  // flags ROOT and MATCH

// The payload of kError: then the header of what it is about.
struct ErrorHeader {
  std::int32_t error = 0;  // a negative errno; 0: an ack
  MessageHeader request;
};
// The errno of such an error; EPROTO for what can be none (MAX_ERRNO is 4095).
constexpr int answered_errno(std::int32_t error) {
  return error < 0 && error >= -4095 ? -error : EPROTO;
}

struct AttributeHeader {
  std::uint16_t length = 0;  // header included, padding not
  std::uint16_t type = 0;    // below two flag bits
};
inline constexpr std::uint16_t kAttributeTypeBits = 0x3fff;

// Messages and attributes begin at multiples of four.
constexpr std::size_t aligned(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

}  // namespace qm::xfrm

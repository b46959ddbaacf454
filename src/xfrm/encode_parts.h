// Writing netlink messages, for what asks the kernel (requests.cc, route.cc). Internal to xfrm.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "xfrm/frame.h"

namespace qm::xfrm {

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
  const std::size_t at = out.size();
  out.resize(at + aligned(sizeof(value)));
  std::memcpy(out.data() + at, &value, sizeof(value));
}

template <class T>
void append_attribute(std::vector<std::byte>& out, std::uint16_t type, const T& value) {
  append(out, AttributeHeader{static_cast<std::uint16_t>(sizeof(AttributeHeader) + sizeof(value)),
                              type});
  append(out, value);
}

// Appends a header; finish() writes the message's length into it.
inline std::size_t start(std::vector<std::byte>& out, std::uint16_t type, std::uint16_t flags,
                         std::uint32_t seq) {
  const std::size_t at = out.size();
  MessageHeader header;
  header.type = type;
  header.flags = static_cast<std::uint16_t>(kRequest | flags);
  header.seq = seq;
  append(out, header);
  return at;
}

inline void finish(std::vector<std::byte>& out, std::size_t at) {
  const auto length = static_cast<std::uint32_t>(out.size() - at);
  std::memcpy(out.data() + at + offsetof(MessageHeader, length), &length, sizeof(length));
}

}  // namespace qm::xfrm

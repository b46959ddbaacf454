// Bounded reading of bytes that others wrote: every read says whether it fitted. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace qm {

using Bytes = std::span<const std::byte>;

// A T in native byte order at offset, copied (no alignment needed); false when it does not fit.
template <class T>
  requires std::is_trivially_copyable_v<T>
bool read_at(Bytes bytes, std::size_t offset, T& out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return true;
}

// bytes[offset, offset + size), or nothing when that is not inside.
inline bool slice(Bytes bytes, std::size_t offset, std::size_t size, Bytes& out) {
  if (offset > bytes.size() || bytes.size() - offset < size) return false;
  out = bytes.subspan(offset, size);
  return true;
}

constexpr std::uint16_t big_endian16(std::uint16_t value) {
  return __builtin_bswap16(value);
}
constexpr std::uint32_t big_endian32(std::uint32_t value) {
  return __builtin_bswap32(value);
}

}  // namespace qm

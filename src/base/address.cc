#include "base/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace qm {

Address Address::v4(std::span<const std::uint8_t, 4> octets) {
  Address address{Family::v4, {}};
  std::ranges::copy(octets, address.bytes.begin());
  return address;
}

Address Address::v6(std::span<const std::uint8_t, 16> octets) {
  Address address{Family::v6, {}};
  std::ranges::copy(octets, address.bytes.begin());
  return address;
}

Result<Address> Address::parse(std::string_view text) {
  std::string_view inner = text;
  const bool bracketed = inner.size() > 2 && inner.front() == '[' && inner.back() == ']';
  if (bracketed) inner = inner.substr(1, inner.size() - 2);
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (inner.size() < buffer.size()) {
    std::ranges::copy(inner, buffer.begin());
    Address address;
    if (!bracketed && inet_pton(AF_INET, buffer.data(), address.bytes.data()) == 1) {
      address.family = Family::v4;
      return address;
    }
    if (inet_pton(AF_INET6, buffer.data(), address.bytes.data()) == 1) {
      address.family = Family::v6;
      return address;
    }
  }
  return fail(ErrorCode::invalid, "not an IP address");
}

bool Address::any() const {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

unsigned Address::bits() const {
  if (family == Family::v4) return 32;
  return family == Family::v6 ? 128 : 0;
}

bool Address::in_prefix(const Address& prefix, unsigned prefix_bits) const {
  if (family != prefix.family || prefix_bits > bits()) return false;
  const std::size_t whole = prefix_bits / 8;
  if (std::memcmp(bytes.data(), prefix.bytes.data(), whole) != 0) return false;
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return ((bytes[whole] ^ prefix.bytes[whole]) & mask) == 0;
}

std::string Address::text() const {
  if (family == Family::none) return "";
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(static_cast<int>(family), bytes.data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::string Endpoint::text() const {
  const std::string host = address.text();
  return (address.family == Family::v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace qm

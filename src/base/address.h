// IP addresses, as values. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qm {

enum class Family : std::uint8_t { none = 0, v4 = 2, v6 = 10 };  // AF_UNSPEC, AF_INET, AF_INET6

struct Address {
  Family family = Family::none;
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 uses the first four, the rest are 0

  static Address v4(std::span<const std::uint8_t, 4> octets);
  static Address v6(std::span<const std::uint8_t, 16> octets);
  // "10.0.0.1", "fd00::1", "[fd00::1]"; a zone ("%eth0") is refused.
  static Result<Address> parse(std::string_view text);

  bool any() const;       // 0.0.0.0, :: or no family
  unsigned bits() const;  // 32, 128 or 0
  // Same family and the first prefix_bits bits equal; prefix 0 of the same family always matches.
  bool in_prefix(const Address& prefix, unsigned prefix_bits) const;
  std::string text() const;  // RFC 5952; "" without a family

  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  std::string text() const;  // "10.0.0.1:3260", "[fd00::1]:3260"
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace qm

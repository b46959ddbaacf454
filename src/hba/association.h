// What stays the same when an SA is rekeyed, and which the policy's template names. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "xfrm/types.h"

namespace qm::hba {

// All SAs with one AssociationKey carry the same traffic, one after the other.
struct AssociationKey {
  Address saddr, daddr;  // outer addresses
  std::uint32_t reqid = 0;
  std::uint32_t if_id = 0;
  std::uint8_t proto = 0;
  xfrm::Mode mode = xfrm::Mode::transport;
  friend auto operator<=>(const AssociationKey&, const AssociationKey&) = default;
};

inline AssociationKey association_of(const xfrm::Sa& sa) {
  return {sa.saddr, sa.id.daddr, sa.reqid, sa.if_id, sa.id.proto, sa.mode};
}

struct AssociationHash {
  std::size_t operator()(const AssociationKey& key) const {
    std::uint64_t hash = 0x9e37'79b9'7f4a'7c15U;
    const auto mix = [&hash](std::uint64_t word) {
      hash = (hash ^ word) * 0xff51'afd7'ed55'8ccdU;
      hash ^= hash >> 32U;
    };
    const auto mix_address = [&mix](const Address& address) {
      for (std::size_t i = 0; i < address.bytes.size(); i += 8) {
        std::uint64_t word = 0;
        __builtin_memcpy(&word, address.bytes.data() + i, sizeof word);
        mix(word);
      }
    };
    mix_address(key.saddr);
    mix_address(key.daddr);
    mix((std::uint64_t{key.reqid} << 32U) | key.if_id);
    mix((std::uint64_t{key.proto} << 8U) | static_cast<std::uint8_t>(key.mode));
    return hash;
  }
};

}  // namespace qm::hba

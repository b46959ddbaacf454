// The integers and qualities of a block, for those who read millions of them: without the variant
// that all types share. Pure.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/bytes.h"
#include "provider/page.h"
#include "wmi/block.h"

namespace qm::wmi {

template <class T>
bool load_integer_as(Bytes block, std::size_t offset, std::uint64_t& magnitude, bool& negative) {
  T value{};
  if (!read_at(block, offset, value)) return false;
  if constexpr (std::is_signed_v<T>) {
    negative = value < 0;
    magnitude = static_cast<std::uint64_t>(std::int64_t{value});
    if (negative) magnitude = 0 - magnitude;
  } else {
    magnitude = value;
  }
  return true;
}

// False: the item is no integer, or not in the block.
inline bool load_integer(Bytes block, const wmi::ItemPlan& item, std::uint64_t& magnitude,
                         bool& negative) {
  using mof::Type;
  switch (item.type) {
    case Type::uint64:
      return load_integer_as<std::uint64_t>(block, item.offset, magnitude, negative);
    case Type::uint32:
      return load_integer_as<std::uint32_t>(block, item.offset, magnitude, negative);
    case Type::uint16:
      return load_integer_as<std::uint16_t>(block, item.offset, magnitude, negative);
    case Type::uint8:
      return load_integer_as<std::uint8_t>(block, item.offset, magnitude, negative);
    case Type::sint64:
      return load_integer_as<std::int64_t>(block, item.offset, magnitude, negative);
    case Type::sint32:
      return load_integer_as<std::int32_t>(block, item.offset, magnitude, negative);
    case Type::sint16:
      return load_integer_as<std::int16_t>(block, item.offset, magnitude, negative);
    case Type::sint8:
      return load_integer_as<std::int8_t>(block, item.offset, magnitude, negative);
    default:
      return false;
  }
}

// False: the value is NULL, whatever the block holds.
inline bool is_available(const provider::InstanceData& instance, const wmi::ItemPlan& item) {
  const std::uint32_t at = item.data_id - 1;  // 0 - 1 is past any table
  return instance.active &&
         (at >= instance.qualities.size() || instance.qualities[at].quality != QM_UNAVAILABLE);
}

}  // namespace qm::wmi

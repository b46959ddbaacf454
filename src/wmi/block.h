// Items of a data block, decoded by the class's layout. Pure.
//
// Promise: whatever the bytes are, an item decodes to a value of its type or to NULL and
// "malformed"; nothing outside the block is read. Sources: the WMI tool suite's layout
// (mof/model.h, layout_of); a string is a USHORT byte count, then UTF-16; a datetime is 25 UTF-16
// units.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mof/model.h"
#include "wmi/value.h"

namespace qm::wmi {

// An item string holds at most 65,535 bytes of UTF-16; made plain, each unit takes 8 at most.
inline constexpr std::size_t kMostItemTextBytes = std::size_t{8} * 32'767;

// Where one item lies and what it is; made once for each class, so that decoding looks nothing up.
struct ItemPlan {
  std::string name;
  mof::Type type = mof::Type::none;
  std::uint32_t data_id = 0;
  std::uint32_t offset = 0;         // bytes from the start of the block or embedded structure
  std::uint32_t element_bytes = 0;  // of one element; 0: of variable length, decodes to NULL
  std::uint32_t count = 1;
  bool is_array = false;
  std::shared_ptr<const std::vector<ItemPlan>> embedded;  // of an object
};

// The plan of a class's block, by WmiDataId. Items of embedded classes included.
std::vector<ItemPlan> plan_of(const mof::Model& model, const mof::Class& the_class);

struct DecodedItem {
  Value value;
  std::uint32_t malformed = 0;  // elements that broke the format's rules, each NULL in value
};

DecodedItem decode_item(Bytes block, const ItemPlan& plan);

}  // namespace qm::wmi

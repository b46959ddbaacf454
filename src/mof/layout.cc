#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "mof/limits.h"
#include "mof/model.h"

namespace qm::mof {
namespace {

struct Extent {
  std::uint64_t bytes = 0;  // 0: variable, or unknown
  std::uint32_t alignment = 1;
};

// Extents of embedded classes, each worked out once: a chain of classes that each hold the next
// twice would otherwise cost 2^depth.
class Measure {
 public:
  explicit Measure(const Model& model) : model_(model) {}

  // One element of the property.
  Extent element(const Property& property, unsigned depth) {
    if (property.type == Type::string) {
      const auto most_units = uint_of(property.qualifiers, "MaxLen");
      if (!most_units || *most_units > kMostBlockBytes) return {0, 2};
      return {(*most_units + 1) * 2, 2};
    }
    if (property.type != Type::object) {
      return {type_bytes(property.type), std::max(1U, type_alignment(property.type))};
    }
    const Class* embedded = model_.find_class(property.class_name);
    if (embedded == nullptr || depth >= kMostEmbedDepth) return {0, 8};
    const auto known = embedded_.find(embedded);
    if (known != embedded_.end()) return known->second;
    embedded_[embedded] = {0, 8};  // met again below means that it holds itself
    const Extent extent = whole(*embedded, depth + 1);
    embedded_[embedded] = extent;
    return extent;
  }

  // sizeof the structure, or 0 when it has no fixed size.
  Extent whole(const Class& the_class, unsigned depth) {
    std::uint32_t alignment = 1;
    const Layout layout = lay_out(the_class, depth, alignment);
    if (!layout.fixed) return {0, alignment};
    const std::uint64_t padding = (alignment - layout.bytes % alignment) % alignment;
    return {layout.bytes + padding, alignment};
  }

  Layout lay_out(const Class& the_class, unsigned depth, std::uint32_t& alignment) {
    Layout layout;
    for (const Property& property : the_class.properties) {
      const auto id = uint_of(property.qualifiers, "WmiDataId");
      if (!id || *id > kMostDataId) continue;
      layout.fields.push_back({&property, static_cast<std::uint32_t>(*id), 0, 0, 1});
    }
    // By id, then by place in the text.
    std::ranges::sort(layout.fields, {},
                      [](const Field& field) { return std::pair(field.data_id, field.property); });
    std::uint64_t at = 0;
    for (Field& field : layout.fields) {
      const Extent extent = element(*field.property, depth);
      alignment = std::max(alignment, extent.alignment);
      if (!layout.fixed) continue;  // nothing behind a variable field has a place
      const std::uint64_t count = count_of(*field.property);
      at = (at + extent.alignment - 1) / extent.alignment * extent.alignment;
      if (extent.bytes == 0 || count == 0 || extent.bytes * count > kMostBlockBytes - at) {
        field.offset = static_cast<std::uint32_t>(at);
        layout.fixed = false;
      } else {
        field.offset = static_cast<std::uint32_t>(at);
        field.count = static_cast<std::uint32_t>(count);
        field.bytes = static_cast<std::uint32_t>(extent.bytes * count);
        at += field.bytes;
      }
      layout.bytes = static_cast<std::uint32_t>(at);
    }
    return layout;
  }

 private:
  // Elements of a fixed array; 1 for a plain property, 0 where the data itself tells.
  static std::uint64_t count_of(const Property& property) {
    if (!property.is_array) return 1;
    if (find(property.qualifiers, "WmiSizeIs") != nullptr) return 0;
    const std::uint64_t count = property.array_size
                                    ? *property.array_size
                                    : uint_of(property.qualifiers, "Max").value_or(0);
    return std::min<std::uint64_t>(count, kMostBlockBytes);
  }

  const Model& model_;
  std::map<const Class*, Extent> embedded_;
};

}  // namespace

Layout layout_of(const Model& model, const Class& the_class) {
  std::uint32_t alignment = 1;
  return Measure(model).lay_out(the_class, 0, alignment);
}

}  // namespace qm::mof

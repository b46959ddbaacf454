#include "wmi/part_index.h"

#include <algorithm>

#include "base/text.h"

namespace qm::wmi {
namespace {

using Instances = std::vector<provider::InstanceData>;

// FNV-1a of the name with ASCII case folded. Names that collide are told apart when found.
std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) {
    const char folded = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    hash = (hash ^ static_cast<unsigned char>(folded)) * 0x100000001b3U;
  }
  return hash;
}

PartIndex::Shape shape_of(const Instances& instances) {
  PartIndex::Shape shape;
  if (instances.empty()) return shape;
  const provider::InstanceData& first = instances.front();
  shape.blocks = first.block.data();
  shape.qualities = first.qualities.data();
  shape.block_bytes = first.block.size();
  shape.block_stride_bytes = shape.block_bytes;
  if (instances.size() > 1 && instances[1].block.data() > shape.blocks) {
    shape.block_stride_bytes = static_cast<std::size_t>(instances[1].block.data() - shape.blocks);
  }
  shape.quality_stride = first.qualities.size();
  shape.some_unavailable.resize(first.qualities.size());
  shape.even = true;
  for (std::size_t i = 0; i < instances.size() && shape.even; ++i) {
    const provider::InstanceData& one = instances[i];
    shape.even = one.block.size() == shape.block_bytes &&
                 one.qualities.size() == shape.quality_stride &&
                 one.block.data() == shape.blocks + i * shape.block_stride_bytes &&
                 one.qualities.data() == shape.qualities + i * shape.quality_stride;
    if (!shape.even) break;
    if (!one.active) {
      shape.inactive.resize((instances.size() + 63) / 64);
      shape.inactive[i / 64] |= std::uint64_t{1} << i % 64;
    }
    for (std::size_t item = 0; item < shape.quality_stride; ++item) {
      if (one.qualities[item].quality == QM_UNAVAILABLE) shape.some_unavailable[item] = true;
    }
  }
  return shape;
}

}  // namespace

const PartIndex::Shape& PartIndex::shape(const provider::Generation& generation) const {
  std::call_once(shape_once_, [&] { shape_ = shape_of(generation.instances); });
  return shape_;
}

std::vector<std::uint32_t> PartIndex::find(const provider::Generation& generation,
                                           std::string_view name) const {
  const Instances& instances = generation.instances;
  std::call_once(names_->once, [&] {
    names_->rows.reserve(instances.size());
    for (std::size_t i = 0; i < instances.size(); ++i) {
      names_->rows.emplace_back(hash_of(instances[i].name), static_cast<std::uint32_t>(i));
    }
    std::ranges::sort(names_->rows);
  });
  std::vector<std::uint32_t> found;
  const std::uint64_t hash = hash_of(name);
  auto at = std::ranges::lower_bound(names_->rows, std::pair(hash, std::uint32_t{0}));
  for (; at != names_->rows.end() && at->first == hash; ++at) {
    const bool there = at->second < instances.size() && same_name(instances[at->second].name, name);
    if (there) found.push_back(at->second);
  }
  return found;
}

}  // namespace qm::wmi

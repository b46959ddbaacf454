#include "metrics/columns.h"

#include <algorithm>
#include <type_traits>

#include "base/bytes.h"

namespace qm::metrics {
namespace {

template <class T>
Sign load_as(Bytes block, std::size_t offset, std::uint64_t& magnitude) {
  T value{};
  if (!read_at(block, offset, value)) return Sign::none;
  magnitude = static_cast<std::uint64_t>(value);
  if constexpr (std::is_signed_v<T>) {
    if (value < 0) {
      magnitude = 0 - magnitude;
      return Sign::minus;
    }
  }
  return Sign::plus;
}

// Without the variant that all types share: this is done for each of a million samples.
Sign load_integer(Bytes block, const wmi::ItemPlan& item, std::uint64_t& magnitude) {
  using mof::Type;
  switch (item.type) {
    case Type::uint64:
      return load_as<std::uint64_t>(block, item.offset, magnitude);
    case Type::uint32:
      return load_as<std::uint32_t>(block, item.offset, magnitude);
    case Type::uint16:
      return load_as<std::uint16_t>(block, item.offset, magnitude);
    case Type::uint8:
      return load_as<std::uint8_t>(block, item.offset, magnitude);
    case Type::sint64:
      return load_as<std::int64_t>(block, item.offset, magnitude);
    case Type::sint32:
      return load_as<std::int32_t>(block, item.offset, magnitude);
    case Type::sint16:
      return load_as<std::int16_t>(block, item.offset, magnitude);
    case Type::sint8:
      return load_as<std::int8_t>(block, item.offset, magnitude);
    default:
      return Sign::none;
  }
}

}  // namespace

bool is_available(const provider::InstanceData& instance, const wmi::ItemPlan& item) {
  const std::uint32_t at = item.data_id - 1;  // 0 - 1 is past any table
  return instance.active &&
         (at >= instance.qualities.size() || instance.qualities[at].quality != QM_UNAVAILABLE);
}

Columns::Columns(const ClassPlan& plan, Parts parts, std::size_t instances, std::size_t most_cells)
    : parts_(parts),
      instances_(instances),
      batch_(std::max<std::size_t>(1, most_cells / std::max<std::size_t>(1, instances))) {
  for (const Family& family : plan.families) {
    for (const Series& one : family.series) {
      if (one.reading == Reading::integer) series_.push_back(&one);
    }
  }
  batch_ = std::min(batch_, series_.size());
  magnitudes_.resize(batch_ * instances_);
  signs_.resize(batch_ * instances_);
}

Column Columns::next() {
  if (at_ == first_ + loaded_) load();
  const std::size_t row = (at_++ - first_) * instances_;
  return {magnitudes_.data() + row, signs_.data() + row};
}

void Columns::load() {
  first_ = at_;
  loaded_ = std::min(batch_, series_.size() - first_);
  std::size_t instance = 0;
  for (const auto& part : parts_) {
    for (const provider::InstanceData& one : part->generation.instances) {
      for (std::size_t i = 0; i < loaded_; ++i) {
        const wmi::ItemPlan& item = series_[first_ + i]->property->plan;
        const std::size_t cell = i * instances_ + instance;
        signs_[cell] =
            is_available(one, item) ? load_integer(one.block, item, magnitudes_[cell]) : Sign::none;
      }
      ++instance;
    }
  }
}

}  // namespace qm::metrics

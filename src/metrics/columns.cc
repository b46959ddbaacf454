#include "metrics/columns.h"

#include <algorithm>

#include "wmi/block_integers.h"

namespace qm::metrics {
namespace {

Sign load_one(const provider::InstanceData& instance, const wmi::ItemPlan& item,
              std::uint64_t& magnitude) {
  bool negative = false;
  if (!wmi::is_available(instance, item) ||
      !wmi::load_integer(instance.block, item, magnitude, negative)) {
    return Sign::none;
  }
  return negative ? Sign::minus : Sign::plus;
}

}  // namespace

Columns::Columns(const ClassPlan& plan, Parts parts, std::size_t instances, ColumnMemory& memory,
                 std::size_t most_cells)
    : parts_(parts),
      instances_(instances),
      batch_(std::max<std::size_t>(1, most_cells / std::max<std::size_t>(1, instances))),
      memory_(memory) {
  for (const Family& family : plan.families) {
    for (const Series& one : family.series) {
      if (one.reading == Reading::integer) series_.push_back(&one);
    }
  }
  batch_ = std::min(batch_, series_.size());
  const std::size_t cells = batch_ * instances_;
  if (memory_.signs.size() < cells) {
    memory_.magnitudes.resize(cells);
    memory_.signs.resize(cells);
  }
}

Column Columns::next() {
  if (at_ == first_ + loaded_) load();
  const std::size_t row = (at_++ - first_) * instances_;
  return {memory_.magnitudes.data() + row, memory_.signs.data() + row};
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
        memory_.signs[cell] = load_one(one, item, memory_.magnitudes[cell]);
      }
      ++instance;
    }
  }
}

}  // namespace qm::metrics

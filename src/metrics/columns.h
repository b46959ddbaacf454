// A class's integers, series by series. A page is written so, too, and to go through ten thousand
// instances for each of eighteen series is to wait for memory: each is read once here. Pure.
// Threads: one. Limits: kMostCells at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "metrics/plan.h"
#include "wmi/snapshot.h"

namespace qm::metrics {

inline constexpr std::size_t kMostCells = std::size_t{1} << 21U;  // 9 bytes each

enum class Sign : std::uint8_t { none, plus, minus };  // none: there is no value

// Of one series, by instance as in the snapshot.
struct Column {
  const std::uint64_t* magnitudes;
  const Sign* signs;
};

// Where columns lie; used again by whoever reads the next ones.
struct ColumnMemory {
  std::vector<std::uint64_t> magnitudes;
  std::vector<Sign> signs;
};

class Columns {
 public:
  using Parts = std::span<const std::shared_ptr<const wmi::Part>>;
  // plan, parts and memory must outlive it. instances: of all parts.
  Columns(const ClassPlan& plan, Parts parts, std::size_t instances, ColumnMemory& memory,
          std::size_t most_cells = kMostCells);

  // Of the next of the plan's series whose reading is integer; once for each. Valid until the next.
  Column next();

 private:
  void load();

  Parts parts_;
  std::size_t instances_;
  std::size_t batch_;                   // series that are read at a time
  std::vector<const Series*> series_;   // those with integers
  std::size_t at_ = 0;                  // of series_: the next
  std::size_t first_ = 0, loaded_ = 0;  // of series_: what is held
  ColumnMemory& memory_;
};

}  // namespace qm::metrics

#include "metrics/columns.h"

#include <gtest/gtest.h>

#include "metrics/page_testing.h"

namespace qm::metrics {
namespace {

constexpr std::string_view kClass = "MSiSCSI_QMIPSECStats";

// However many series are read at a time, each column is the same.
TEST(Columns, are_the_same_in_batches_of_every_size) {
  MadeHost host(wmi::Repository::built_in().value());
  std::vector<wmi::MadeInstance> instances;
  for (std::uint64_t i = 0; i < 3; ++i) {
    wmi::BlockBuilder block = host.block(kClass);
    std::uint64_t counter = 0;
    for (const wmi::PropertyEntry& entry : host.entry(kClass).properties) {
      if (entry.origin == wmi::Origin::data) block.set(entry.property->name, 100 * ++counter + i);
    }
    const std::string name = "a" + std::to_string(i);
    instances.push_back(MadeHost::instance(name, block, i != 1));
  }
  host.publish(kClass, std::move(instances));
  const auto snapshot = host.snapshot();
  const ClassPlan& plan = *host.plan().find(host.entry(kClass));
  const auto parts = snapshot->parts_of(host.entry(kClass));
  for (const std::size_t most_cells : {std::size_t{0}, std::size_t{3}, std::size_t{4},
                                       std::size_t{7}, std::size_t{54}, kMostCells}) {
    ColumnMemory memory;
    Columns columns(plan, parts, 3, memory, most_cells);
    std::size_t shown = 0;
    for (const Family& family : plan.families) {
      for (const Series& series : family.series) {
        if (series.reading != Reading::integer) continue;
        const Column column = columns.next();
        const std::uint64_t first = column.magnitudes[0];
        EXPECT_TRUE(first >= 100 && first <= 1800 && first % 100 == 0) << first;
        EXPECT_EQ(column.magnitudes[2], first + 2);
        EXPECT_EQ(column.signs[0], Sign::plus);
        EXPECT_EQ(column.signs[1], Sign::none) << "an instance that is not active has no value";
        EXPECT_EQ(column.signs[2], Sign::plus);
        ++shown;
      }
    }
    EXPECT_EQ(shown, 18U);
  }
}

}  // namespace
}  // namespace qm::metrics

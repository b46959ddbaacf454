#include "wmi/written.h"

#include <gtest/gtest.h>

#include "wmi/wql_testing.h"

namespace qm::wmi {
namespace {

class Written : public testing::Test {
 protected:
  Written() { publish(1); }

  void publish(std::uint64_t value) {
    BlockBuilder block(world_.the("Test_Small"));
    block.set<std::uint64_t>("U64", value);
    world_.source.publish(id_, {}, {{"one", "", true, block.block(), block.qualities()}});
  }
  wql::Found extent(std::string_view name) {
    Diagnostics ignored;
    const auto plan =
        wql::prepare("SELECT * FROM " + std::string(name), world_.repository, {}, ignored);
    return wql::run(plan.value(), world_.snapshot());
  }
  void keep(std::size_t key, const wql::Found& found, std::string text) {
    if (!extents_.fits(found, text.size())) return;
    extents_.keep(key, found, std::make_shared<const std::string>(std::move(text)));
  }
  std::string text_of(std::size_t key, const wql::Found& found) const {
    const auto* one = extents_.find(key, *found.snapshot);
    return one == nullptr ? "(none)" : *one->text;
  }

  wql::World world_;
  std::uint64_t id_ = world_.source.add(world_.the("Test_Small"), "driver", 1);
  WrittenExtents<std::size_t> extents_;
};

TEST_F(Written, IsKeptUpToALimit) {
  const wql::Found found = extent("Test_Small");
  for (std::size_t key = 0; key <= kMostWritten; ++key) {
    keep(key, found, "text " + std::to_string(key));
  }
  EXPECT_EQ(text_of(0, found), "(none)");  // made way
  for (std::size_t key = 1; key <= kMostWritten; ++key) {
    EXPECT_EQ(text_of(key, found), "text " + std::to_string(key));
  }
  keep(1, found, std::string(kMostWrittenBytes + 1, 'x'));
  EXPECT_EQ(text_of(1, found), "text 1");
  const std::string longest(kMostWrittenBytes, 'x');
  keep(1, found, longest);
  EXPECT_EQ(text_of(1, found), longest);
}

TEST_F(Written, HoldsUntilSomebodyPublishes) {
  const wql::Found before = extent("Test_Small");
  keep(1, before, "one");
  EXPECT_EQ(text_of(1, extent("Test_Small")), "one");
  publish(2);
  const wql::Found after = extent("Test_Small");
  EXPECT_EQ(text_of(1, after), "(none)");
  keep(1, after, "two");
  EXPECT_EQ(text_of(1, after), "two");
  EXPECT_EQ(text_of(1, before), "(none)");
}

TEST_F(Written, WhatIsMadeIsNotKept) {
  const wql::Found found = extent("Test_Fixed");
  ASSERT_FALSE(found.made.empty());
  keep(1, found, "text");
  EXPECT_EQ(text_of(1, found), "(none)");
}

}  // namespace
}  // namespace qm::wmi

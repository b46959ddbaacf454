#include "wmi/enumerations.h"

#include <gtest/gtest.h>

#include <set>

#include "wmi/wql_testing.h"

namespace qm::wmi {
namespace {

constexpr std::uint64_t kNow = 1'000'000;

Enumeration of_rows(std::size_t rows, std::uint64_t life_ms = kEnumerationLifeMs) {
  Enumeration one;
  one.found.rows.resize(rows);
  one.life_ms = life_ms;
  return one;
}

TEST(Enumerations, NamesAreUnlikeEachOther) {
  Enumerations table;
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) names.insert(table.open("a", of_rows(1), kNow).value());
  EXPECT_EQ(names.size(), 100U);
  EXPECT_EQ(names.begin()->size(), 32U);
}

TEST(Enumerations, AreFoundByTheirClientAlone) {
  Enumerations table;
  const std::string name = table.open("a", of_rows(3), kNow).value();
  EXPECT_EQ(table.find("b", name, kNow), nullptr);
  EXPECT_EQ(table.find("a", name + "0", kNow), nullptr);
  Enumeration* const one = table.find("a", name, kNow);
  ASSERT_NE(one, nullptr);
  one->next = 2;
  EXPECT_EQ(table.find("a", name, kNow)->left(), 1U);
  EXPECT_FALSE(table.close("b", name, kNow));
  EXPECT_TRUE(table.close("a", name, kNow));
  EXPECT_FALSE(table.close("a", name, kNow));
}

TEST(Enumerations, ExpireUnlessTheyAreAskedFor) {
  Enumerations table;
  const std::string asked = table.open("a", of_rows(1, 1'000), kNow).value();
  const std::string left = table.open("a", of_rows(1, 1'000), kNow).value();
  EXPECT_NE(table.find("a", asked, kNow + 999), nullptr);
  EXPECT_EQ(table.find("a", left, kNow + 1'000), nullptr);
  EXPECT_NE(table.find("a", asked, kNow + 1'998), nullptr);
  EXPECT_EQ(table.find("a", asked, kNow + 3'000), nullptr);
  EXPECT_EQ(table.open_count(), 0U);
  EXPECT_EQ(table.held_bytes(), 0U);
}

TEST(Enumerations, NobodyLivesLongerThanTheLongestLife) {
  Enumerations table;
  const std::string name = table.open("a", of_rows(1, ~std::uint64_t{0}), kNow).value();
  EXPECT_NE(table.find("a", name, kNow + kMostEnumerationLifeMs - 1), nullptr);
  EXPECT_EQ(table.find("a", name, kNow + 2 * kMostEnumerationLifeMs), nullptr);
}

TEST(Enumerations, AClientHasItsShareAndAllHaveALimit) {
  Enumerations table;
  for (std::size_t client = 0; client < kMostEnumerations / kMostEnumerationsOfClient; ++client) {
    const std::string who(1, static_cast<char>('a' + client));
    for (std::size_t i = 0; i < kMostEnumerationsOfClient; ++i) {
      ASSERT_TRUE(table.open(who, of_rows(1), kNow));
    }
    EXPECT_EQ(table.open(who, of_rows(1), kNow).error().code, ErrorCode::limit);
  }
  EXPECT_EQ(table.open("z", of_rows(1), kNow).error().code, ErrorCode::limit);
  EXPECT_TRUE(table.open("z", of_rows(1), kNow + kEnumerationLifeMs));
  EXPECT_EQ(table.open_count(), 1U);
}

TEST(Enumerations, WhatIsHeldIsCountedOnceAndHasALimit) {
  wql::World world;
  const std::uint64_t id = world.source.add(world.the("Test_Small"), "driver", 1);
  BlockBuilder block(world.the("Test_Small"));
  world.source.publish(id, {}, {{"one", "", true, block.block(), block.qualities()}});
  const auto of_snapshot = [&] {
    Enumeration one;
    one.found.snapshot = world.snapshot();
    return one;
  };
  Enumerations table;
  const std::string first = table.open("a", of_snapshot(), kNow).value();
  const std::uint64_t bytes = table.held_bytes();
  EXPECT_GT(bytes, 0U);
  const std::string second = table.open("a", of_snapshot(), kNow).value();
  EXPECT_EQ(table.held_bytes(), bytes);
  table.close("a", first, kNow);
  EXPECT_EQ(table.held_bytes(), bytes);
  table.close("a", second, kNow);
  EXPECT_EQ(table.held_bytes(), 0U);

  Enumerations enough({.bytes = bytes});
  EXPECT_TRUE(enough.open("a", of_snapshot(), kNow));
  Enumerations small({.bytes = bytes - 1});
  EXPECT_EQ(small.open("a", of_snapshot(), kNow).error().code, ErrorCode::limit);
  EXPECT_EQ(small.held_bytes(), 0U);
  EXPECT_EQ(small.open_count(), 0U);
}

}  // namespace
}  // namespace qm::wmi

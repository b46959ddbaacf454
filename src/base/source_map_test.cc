#include "base/source_map.h"

#include <gtest/gtest.h>

namespace qm {
namespace {

TEST(SourceMap, FindsLineAndColumnOfAPosition) {
  SourceMap map;
  ASSERT_TRUE(map.add("first", "one\ntwo\n"));
  const auto second = map.add("second", "a\r\n\tbé!c\n");
  ASSERT_TRUE(second);
  const std::uint32_t begin = (*second)->begin;
  const Place place = map.place(begin + 8);  // the c
  EXPECT_EQ(place.source, "second");
  EXPECT_EQ(place.line, 2U);
  EXPECT_EQ(place.column, 5U);  // tab, b, é, ! are one each
  EXPECT_EQ(place.line_text, "\tbé!c");
  EXPECT_EQ(map.place(begin).line_text, "a");
}

TEST(SourceMap, TextsStayForWhoeverHoldsThem) {
  std::shared_ptr<const void> texts;
  std::string_view source;
  std::string_view small;
  std::string_view large;
  {
    SourceMap map;
    EXPECT_EQ(map.texts(), nullptr);
    source = (*map.add("a", "its text"))->text;
    small = map.keep("small");
    large = map.keep(std::string(1U << 20U, 'x'));
    EXPECT_EQ(map.keep("").size(), 0U);
    for (int i = 0; i < 20'000; ++i) map.keep("more");
    texts = map.texts();
  }
  EXPECT_EQ(source, "its text");
  EXPECT_EQ(small, "small");
  EXPECT_EQ(large, std::string(1U << 20U, 'x'));
}

TEST(SourceMap, ThePositionBehindTheLastByteBelongsToItsText) {
  SourceMap map;
  const auto first = map.add("first", "ab");
  ASSERT_TRUE(first);
  ASSERT_TRUE(map.add("second", "x"));
  EXPECT_EQ(map.place((*first)->begin + 2).source, "first");
  EXPECT_EQ(map.place((*first)->begin + 3).source, "second");
}

TEST(SourceMap, PositionsOutsideHaveNoPlace) {
  SourceMap map;
  EXPECT_EQ(map.place(0).line, 0U);
  EXPECT_EQ(map.place(1).line, 0U);
  ASSERT_TRUE(map.add("empty", ""));
  EXPECT_EQ(map.place(1).line, 1U);
  EXPECT_EQ(map.place(2).line, 0U);
  EXPECT_EQ(map.text({7, 9}), "");
}

TEST(SourceMap, TextOfASpanEndsWithItsSource) {
  SourceMap map;
  ASSERT_TRUE(map.add("first", "abc"));
  ASSERT_TRUE(map.add("second", "def"));
  EXPECT_EQ(map.text({2, 3}), "b");
  EXPECT_EQ(map.text({2, 100}), "bc");
  EXPECT_EQ(map.text({3, 2}), "");
}

TEST(SourceMap, RefusesMoreSourcesThanItsLimit) {
  SourceMap map;
  for (std::size_t i = 0; i < SourceMap::kMostSources; ++i) ASSERT_TRUE(map.add("n", ""));
  const auto one_more = map.add("n", "");
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code, ErrorCode::limit);
}

TEST(SourceMap, RefusesMoreBytesThanItsLimit) {
  SourceMap map;
  ASSERT_TRUE(map.add("big", std::string(SourceMap::kMostBytes - 2, ' ')));
  EXPECT_FALSE(map.add("too much", " "));
  EXPECT_TRUE(map.add("empty", ""));  // one position was left
  EXPECT_FALSE(map.add("empty", ""));
}

TEST(SourceMap, RemembersExpansionsUpToItsLimit) {
  SourceMap map;
  ASSERT_TRUE(map.add("t", std::string(100, ' ')));
  map.add_expansion({10, 12}, "M", {1, 2});
  ASSERT_NE(map.expansion_at(11), nullptr);
  EXPECT_EQ(map.expansion_at(11)->macro, "M");
  EXPECT_EQ(map.expansion_at(12), nullptr);
  for (std::size_t i = 0; i < SourceMap::kMostRecordedExpansions; ++i) {
    map.add_expansion({50, 51}, "N", {1, 2});
  }
  map.add_expansion({60, 61}, "late", {1, 2});
  EXPECT_EQ(map.expansion_at(60), nullptr);
}

}  // namespace
}  // namespace qm

#include "base/output.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace qm {
namespace {

TEST(Output, integers_are_written_exactly) {
  std::vector<std::uint64_t> values = {0, 1, ~std::uint64_t{0}};
  for (std::uint64_t power = 10; values.size() < 60; power *= 10) {
    values.insert(values.end(), {power - 1, power, power + 1});
    if (power == 10'000'000'000'000'000'000U) break;
  }
  for (const std::uint64_t value : values) {
    char text[20];
    EXPECT_EQ(std::string(text, write_integer(text, value)), std::to_string(value));
  }
}

TEST(Output, grows_and_forgets_what_was_not_committed) {
  Output out(1);
  std::string expected;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    out.append("line ");
    std::memcpy(out.room(7), "not so ", 7);
    out.append_integer(i);
    expected += "line " + std::to_string(i);
  }
  EXPECT_EQ(out.bytes(), expected.size());
  EXPECT_EQ(std::move(out).take(), expected);
}

TEST(Output, what_was_written_can_be_forgotten_or_written_over) {
  Output out(1);
  out.append("one two");
  out.cut(4);
  out.append("three");
  std::memcpy(out.at(0), "ONE", 3);
  EXPECT_EQ(std::move(out).take(), "ONE three");
}

}  // namespace
}  // namespace qm

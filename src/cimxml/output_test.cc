#include "cimxml/output.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>
#include <string>

namespace qm::cimxml {
namespace {

template <class Integer>
std::string text_of(Integer value) {
  Output out(1);
  out.room(Output::kMostDigits + 1);
  out.number(value);
  return std::move(out).take();
}

TEST(CimOutput, NumbersOfEveryLength) {
  std::uint64_t number = 0;
  for (int digits = 1; digits <= 20; ++digits) {
    for (const std::uint64_t near : {number - 1, number, number + 1}) {
      EXPECT_EQ(text_of(near), std::to_string(near));
    }
    number = number * 10 + 9;
  }
  EXPECT_EQ(text_of(~std::uint64_t{0}), "18446744073709551615");
  EXPECT_EQ(text_of(std::int64_t{-1}), "-1");
  EXPECT_EQ(text_of(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
}

TEST(CimOutput, NumbersAsTheStandardLibraryWritesThem) {
  rc::check("any number", [](std::uint64_t any, unsigned shift) {
    const std::uint64_t number = any >> (shift % 64U);
    RC_ASSERT(text_of(number) == std::to_string(number));
    const auto negative = static_cast<std::int64_t>(number);
    RC_ASSERT(text_of(negative) == std::to_string(negative));
  });
}

TEST(CimOutput, GrowsAndIsCut) {
  Output out(1);
  std::string expected;
  for (int i = 0; i < 1'000; ++i) {
    out.escaped("<a & b>");
    out.raw("plain");
    expected += "&lt;a &amp; b&gt;plain";
  }
  const std::size_t bytes = out.bytes();
  out.raw("more");
  EXPECT_EQ(out.since(bytes), "more");
  out.cut(bytes);
  EXPECT_EQ(std::move(out).take(), expected);
}

}  // namespace
}  // namespace qm::cimxml

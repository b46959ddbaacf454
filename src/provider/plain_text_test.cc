#include "provider/plain_text.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "base/text.h"
#include "quickmode/provider.h"

namespace qm::provider {
namespace {

// The bytes of a code point as UTF-8 would have them, even where it forbids them (surrogates).
std::string encoded(std::uint32_t point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0U | (point >> 6U)), byte(0x80U | (point & 0x3fU))};
  const char last = byte(0x80U | (point & 0x3fU));
  const char middle = byte(0x80U | ((point >> 6U) & 0x3fU));
  if (point < 0x10000) return {byte(0xe0U | (point >> 12U)), middle, last};
  return {byte(0xf0U | (point >> 18U)), byte(0x80U | ((point >> 12U) & 0x3fU)), middle, last};
}

TEST(PlainTextInC, AgreesWithBaseOverAllOfUnicode) {
  for (std::uint32_t point = 1; point <= 0x11ffff; ++point) {
    const std::string text = encoded(point);
    ASSERT_EQ(qm_is_plain_text(text.c_str()), is_plain_text(text)) << std::hex << point;
  }
}

TEST(PlainTextInC, AgreesWithBaseOnEachPairAndTripleOfOddBytes) {
  constexpr std::array<char, 12> kBytes = {'a',    '\x7f', '\x80', '\x9f', '\xa0', '\xbf',
                                           '\xc0', '\xc2', '\xe0', '\xed', '\xf0', '\xf5'};
  for (const char a : kBytes) {
    for (const char b : kBytes) {
      for (const char c : kBytes) {
        const std::string text = {a, b, c};
        ASSERT_EQ(qm_is_plain_text(text.c_str()), is_plain_text(text)) << plain_text(text);
      }
    }
  }
}

TEST(PlainTextInC, HasALengthOf1To511Bytes) {
  EXPECT_FALSE(qm_is_plain_text(nullptr));
  EXPECT_FALSE(qm_is_plain_text(""));
  EXPECT_TRUE(qm_is_plain_text(std::string(QM_MOST_NAME_BYTES, 'x').c_str()));
  EXPECT_FALSE(qm_is_plain_text(std::string(QM_MOST_NAME_BYTES + 1, 'x').c_str()));
}

std::string copied(const char* text, std::size_t room) {
  std::string out(room, '?');
  out.resize(qm_copy_plain(text, out.data(), room));
  return out;
}

TEST(CopyPlain, ReplacesAndCutsAtACharacter) {
  EXPECT_EQ(copied("Ethernet\x1b[0m", 64), "Ethernet\ufffd[0m");
  EXPECT_EQ(copied("\xff\xfe", 64), "\ufffd\ufffd");
  EXPECT_EQ(copied("äöü", 5), "äö");
  EXPECT_EQ(copied("ab\x01", 4), "ab");
  EXPECT_EQ(copied("ab", 0), "");
  EXPECT_TRUE(is_plain_text(copied("a\u202eb\xc3", 64)));
}

TEST(SetString, CountsBytesAndCutsAtACharacter) {
  std::array<WCHAR, 4> item;
  item.fill(0xaaaa);
  qm_set_string(item.data(), 3, "ab");
  EXPECT_EQ(item, (std::array<WCHAR, 4>{4, 'a', 'b', 0}));
  qm_set_string(item.data(), 3, "ab🚀");
  EXPECT_EQ(item, (std::array<WCHAR, 4>{4, 'a', 'b', 0}));
  qm_set_string(item.data(), 3, "a🚀");
  EXPECT_EQ(item, (std::array<WCHAR, 4>{6, 'a', 0xd83d, 0xde80}));
  qm_set_string(item.data(), 3, "\xff");
  EXPECT_EQ(item, (std::array<WCHAR, 4>{2, 0xfffd, 0, 0}));
}

TEST(Texts, ExistForEachQualityAndReason) {
  for (int i = 0; i <= QM_UNAVAILABLE; ++i) {
    EXPECT_NE(qm_quality_text(static_cast<qm_quality>(i)), nullptr) << i;
  }
  for (int i = 0; i < QM_REASON_COUNT; ++i) {
    EXPECT_NE(qm_reason_text(static_cast<qm_reason>(i)), nullptr) << i;
  }
  EXPECT_EQ(qm_reason_text(QM_REASON_COUNT), nullptr);
}

}  // namespace
}  // namespace qm::provider

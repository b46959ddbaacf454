#include "mof/literal.h"

#include <gtest/gtest.h>

#include <limits>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

std::string read_string(std::string_view text) {
  std::string out;
  const EscapeTrouble trouble = append_string(text, out);
  return trouble.message.empty() ? out : "! " + trouble.message;
}

TEST(AppendString, ReadsEveryEscape) {
  EXPECT_EQ(read_string(R"(\b\t\n\f\r\"\'\\)"), "\b\t\n\f\r\"'\\");
  EXPECT_EQ(read_string(R"(\x41\x0042\xe9)"), "ABé");
  EXPECT_EQ(read_string(R"(\x263aG)"), "☺G");
  EXPECT_EQ(read_string(R"(\xD83D\xDE00!)"), "😀!");
}

TEST(AppendString, KeepsRawLinesAndDropsSplicedOnes) {
  EXPECT_EQ(read_string("a\r\n  b\nc\\\nd\\\r\ne\rf"), "a\n  b\ncde\rf");
}

TEST(AppendString, SaysWhatIsWrongWithAnEscape) {
  EXPECT_EQ(read_string(R"(\x)"), "! \\x without hex digits");
  EXPECT_EQ(read_string(R"(\x0)"), "! a string cannot hold the character 0");
  EXPECT_EQ(read_string(R"(\xD83D)"), "! half of a UTF-16 surrogate pair");
  EXPECT_EQ(read_string(R"(\xDE00\xD83D)"), "! half of a UTF-16 surrogate pair");
}

TEST(AppendString, AnUnknownEscapeStaysAndIsNotFatal) {
  std::string out;
  const EscapeTrouble trouble = append_string(R"(C:\dir)", out);
  EXPECT_EQ(out, R"(C:\dir)");
  EXPECT_FALSE(trouble.fatal);
  EXPECT_EQ(trouble.offset, 2U);
  EXPECT_EQ(trouble.message, "'\\d' is no escape of MOF; kept as it is");
}

TEST(ParseCharacter, HoldsOneUnit) {
  EXPECT_EQ(*parse_character("a"), u'a');
  EXPECT_EQ(*parse_character("é"), u'é');
  EXPECT_EQ(*parse_character("\\n"), u'\n');
  EXPECT_EQ(*parse_character("\\x0"), 0U);
  EXPECT_EQ(*parse_character("\\xD800"), 0xd800U);
  EXPECT_FALSE(parse_character(""));
  EXPECT_FALSE(parse_character("ab"));
  EXPECT_FALSE(parse_character("😀"));
  EXPECT_FALSE(parse_character("\\x12345"));
}

std::uint64_t read_unsigned(std::string_view text) {
  const auto value = parse_integer(text, false);
  EXPECT_TRUE(value) << text;
  return value ? std::get<std::uint64_t>(value->data) : 0;
}

TEST(ParseInteger, ReadsEachBaseUpTo64Bits) {
  EXPECT_EQ(read_unsigned("0"), 0U);
  EXPECT_EQ(read_unsigned("42"), 42U);
  EXPECT_EQ(read_unsigned("0x1F"), 31U);
  EXPECT_EQ(read_unsigned("0XfF"), 255U);
  EXPECT_EQ(read_unsigned("017"), 15U);
  EXPECT_EQ(read_unsigned("101b"), 5U);
  EXPECT_EQ(read_unsigned("0B"), 0U);
  EXPECT_EQ(read_unsigned("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read_unsigned("0xFFFFFFFFFFFFFFFF"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read_unsigned("01777777777777777777777"), std::numeric_limits<std::uint64_t>::max());
}

TEST(ParseInteger, NegativeNumbersAreSigned) {
  EXPECT_EQ(std::get<std::int64_t>(parse_integer("1", true)->data), -1);
  EXPECT_EQ(std::get<std::int64_t>(parse_integer("9223372036854775808", true)->data),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(std::get<std::uint64_t>(parse_integer("0", true)->data), 0U);
}

TEST(ParseInteger, RefusesWhatDoesNotFit) {
  EXPECT_EQ(parse_integer("18446744073709551616", false).error().code, ErrorCode::limit);
  EXPECT_EQ(parse_integer("0x10000000000000000", false).error().code, ErrorCode::limit);
  EXPECT_EQ(parse_integer("9223372036854775809", true).error().code, ErrorCode::limit);
}

TEST(ParseInteger, RefusesWhatIsNoNumber) {
  for (const char* text : {"0x", "08", "12a", "102b", "b", "0xg", "1_000"}) {
    EXPECT_EQ(parse_integer(text, false).error().code, ErrorCode::invalid) << text;
  }
}

TEST(ParseReal, ReadsWhatCWould) {
  EXPECT_DOUBLE_EQ(*parse_real("1.5", false), 1.5);
  EXPECT_DOUBLE_EQ(*parse_real(".25", true), -0.25);
  EXPECT_DOUBLE_EQ(*parse_real("1.0e-3", false), 0.001);
  EXPECT_EQ(parse_real("1.0e999", false).error().code, ErrorCode::limit);
  EXPECT_EQ(parse_real("1.2.3", false).error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace qm::mof

#include "mof/encoding.h"

#include <gtest/gtest.h>

#include "mof/mof_testing.h"

namespace qm::mof {
namespace {

using std::string_literals::operator""s;

TEST(DecodeSource, Utf8StaysAsItIsWithoutItsMark) {
  EXPECT_EQ(decode_source("class é")->text, "class é");
  EXPECT_EQ(decode_source("\xef\xbb\xbf"
                          "class")
                ->text,
            "class");
  EXPECT_EQ(decode_source("")->text, "");
  EXPECT_EQ(decode_source("// a\rclass A { };\r")->text, "// a\nclass A { };\n");
  EXPECT_EQ(decode_source("a\r\nb\r")->text, "a\r\nb\r");
}

TEST(DecodeSource, Utf16OfEitherOrder) {
  EXPECT_EQ(decode_source("\xff\xfe\x41\x00\xac\x20\x3d\xd8\x00\xde"s)->text, "A€😀");
  EXPECT_EQ(decode_source("\xfe\xff\x00\x41\x20\xac\xd8\x3d\xde\x00"s)->text, "A€😀");
}

TEST(DecodeSource, BadUtf16IsRefusedAndSaidWhere) {
  EXPECT_EQ(decode_source("\xff\xfe\x41"s).error().message,
            "UTF-16 with an odd number of bytes; the file is cut short");
  EXPECT_EQ(decode_source("\xff\xfe\x41\x00\x3d\xd8\x41\x00"s).error().message,
            "not UTF-16: unpaired surrogate at byte 4");
  EXPECT_EQ(decode_source("\xff\xfe\x00\xde"s).error().message,
            "not UTF-16: unpaired surrogate at byte 2");
}

TEST(DecodeSource, Utf16WithoutMarkIsRecognised) {
  EXPECT_FALSE(decode_source("c\0l\0"s));
  EXPECT_FALSE(decode_source("\0c\0l"s));
}

TEST(DecodeSource, OtherBytesAreWindows1252WithADoubt) {
  const auto decoded = decode_source(
      "\x93"
      "caf\xe9\x94");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->text, "“café”");
  EXPECT_FALSE(decoded->doubtful.empty());
}

TEST(Compile, TheSameClassInEveryEncodingGivesTheSameModel) {
  const std::string text = "class A {\r\n  string s = \"é\r\n€\";\r\n};\r\n";
  std::string utf16_le = "\xff\xfe";
  std::string utf16_be = "\xfe\xff";
  for (const char16_t unit : std::u16string(u"class A {\r\n  string s = \"é\r\n€\";\r\n};\r\n")) {
    utf16_le += static_cast<char>(unit & 0xff);
    utf16_le += static_cast<char>(unit >> 8);
    utf16_be += static_cast<char>(unit >> 8);
    utf16_be += static_cast<char>(unit & 0xff);
  }
  for (const std::string& each : {text, "\xef\xbb\xbf" + text, utf16_le, utf16_be}) {
    const Compiled compiled = compile_text(each);
    EXPECT_EQ(compiled.said(), "");
    ASSERT_EQ(compiled.model.classes.size(), 1U);
    const Value& value = *compiled.model.classes[0].properties[0].default_value;
    EXPECT_EQ(std::get<Text>(value.data), "é\n€");
  }
}

}  // namespace
}  // namespace qm::mof

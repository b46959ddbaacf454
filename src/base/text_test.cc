#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace qm {
namespace {

TEST(PlainText, AcceptsWhatPeopleWrite) {
  EXPECT_TRUE(is_plain_text(""));
  EXPECT_TRUE(is_plain_text("PCI\\VEN_1077&DEV_8032\\0000:3b:00.0_0"));
  EXPECT_TRUE(is_plain_text("Speicher für 東京, 🚀"));
}

TEST(PlainText, RefusesWhatSteersATerminalOrHides) {
  EXPECT_FALSE(is_plain_text("\x1b[31mred"));
  EXPECT_FALSE(is_plain_text("two\nlines"));
  EXPECT_FALSE(is_plain_text("\x7f"));
  EXPECT_FALSE(is_plain_text("\u0085"));      // C1: next line
  EXPECT_FALSE(is_plain_text("a\u202eb"));    // right-to-left override
  EXPECT_FALSE(is_plain_text("a\u200bb"));    // zero-width space
  EXPECT_FALSE(is_plain_text("\ufeffa"));     // byte order mark
  EXPECT_FALSE(is_plain_text("\U000e0041"));  // a tag character
  EXPECT_FALSE(is_plain_text(std::string_view("\0", 1)));
}

TEST(PlainText, RefusesInvalidUtf8) {
  EXPECT_FALSE(is_plain_text("\x80"));              // a tail without a lead
  EXPECT_FALSE(is_plain_text("\xc3"));              // cut
  EXPECT_FALSE(is_plain_text("\xc0\xaf"));          // overlong '/'
  EXPECT_FALSE(is_plain_text("\xe0\x80\xaf"));      // overlong
  EXPECT_FALSE(is_plain_text("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(is_plain_text("\xf4\x90\x80\x80"));  // beyond U+10FFFF
}

TEST(PlainText, ShowsWhatItReplaces) {
  EXPECT_EQ(plain_text("iqn\x1b[2J\n"), "iqn\\x1b[2J\\x0a");
  EXPECT_EQ(plain_text("a\u202e"), "a\\u{202e}");
  EXPECT_EQ(plain_text("\xff\\"), "\\xff\\");
}

TEST(PlainText, CutsAtACharacterWithAnEllipsis) {
  EXPECT_EQ(plain_text("abcdef", 6), "abcdef");
  EXPECT_EQ(plain_text("abcdefg", 6), "abc…");
  EXPECT_EQ(plain_text("äöüäöü", 8), "äö…");
  EXPECT_EQ(plain_text("\x1b\x1b\x1b", 8), "\\x1b…");
  EXPECT_EQ(plain_text("abcd", 3), "…");
  EXPECT_EQ(plain_text("abcd", 2), "");
}

TEST(PlainText, IsPlainAndFitsWhateverComesIn) {
  EXPECT_TRUE(rc::check([](const std::string& any) {
    const auto most = *rc::gen::inRange<std::size_t>(0, 64);
    const std::string out = plain_text(any, most);
    RC_ASSERT(is_plain_text(out));
    RC_ASSERT(out.size() <= most);
    if (is_plain_text(any) && any.size() <= most) RC_ASSERT(out == any);
  }));
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("東京"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);  // e and a combining accent
}

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_TRUE(glob_match("ROOT\\*_0", "root\\iscsi_tcp\\default_0"));
  EXPECT_TRUE(glob_match("a?c", "abc"));
  EXPECT_FALSE(glob_match("a?c", "ac"));
  EXPECT_FALSE(glob_match("abc", "abcd"));
  EXPECT_TRUE(glob_match("*ab*ab*", "xxabxxxab"));
  EXPECT_TRUE(glob_match("a**", "a"));
}

TEST(Glob, EndsSoonOnAHostilePattern) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(5000, 'a')));
}

TEST(SameName, FoldsAsciiOnly) {
  EXPECT_TRUE(same_name("ActiveSA", "activesa"));
  EXPECT_FALSE(same_name("ActiveSA", "ActiveSAs"));
  EXPECT_FALSE(same_name("Ä", "ä"));
}

TEST(Utf16, GoesThereAndBack) {
  EXPECT_EQ(utf16("a€🚀"), u"a€🚀");
  EXPECT_EQ(utf8(u"a€🚀"), "a€🚀");
  EXPECT_EQ(utf16("\xff"), u"\ufffd");
  EXPECT_EQ(utf8(std::u16string(1, char16_t{0xd800})), "\ufffd");
  EXPECT_EQ(utf8(std::u16string(1, char16_t{0xdc00})), "\ufffd");
}

}  // namespace
}  // namespace qm

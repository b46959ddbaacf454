#include "mof/lexer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "mof/block16.h"
#include "mof/mof_testing.h"
#include "mof/names.h"

namespace qm::mof {
namespace {

std::vector<Token> tokens_of(const std::string& text, Diagnostics& diagnostics) {
  Lexer lexer(**diagnostics.sources().add("a.mof", text), diagnostics);
  std::vector<Token> tokens;
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    tokens.push_back(token);
  }
  return tokens;
}

TEST(Block16, AnswersForEachByteAlike) {
  for (unsigned value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool of_names = letter || (c >= '0' && c <= '9') || c == '_' || value >= 0x80;
    for (std::size_t place = 0; place < 16; ++place) {
      std::string text(16, c == ' ' ? '(' : ' ');
      text[place] = c;
      const Block16 block(text.data());
      const Block16::Mask bit = 1U << place;
      EXPECT_EQ(block.of_names(), of_names ? bit : 0) << value;
      EXPECT_EQ(block.beyond_ascii(), value >= 0x80 ? bit : 0) << value;
      EXPECT_EQ(block.equal(c), bit) << value;
      EXPECT_EQ(block.equal(c, text[place ^ 1U]), Block16::kAll) << value;
    }
  }
}

// The scanners go by blocks of 16 bytes, and by bytes near the end of the text.
TEST(Lexer, FindsTheSameTokensWhereverBlocksBegin) {
  for (std::size_t gap = 0; gap < 40; ++gap) {
    for (std::size_t length = 1; length < 40; ++length) {
      const std::string name(length, 'n');
      const std::string text =
          fmt::format("{0:{1}}{2}\n{0:\t<{1}}\"{2}'\"{0:\n<{1}};", "", gap, name);
      Diagnostics diagnostics;
      const std::vector<Token> tokens = tokens_of(text, diagnostics);
      ASSERT_EQ(tokens.size(), 3U) << text;
      EXPECT_EQ(tokens[0].text, name);
      EXPECT_TRUE(tokens[0].at_line_start);
      EXPECT_EQ(tokens[0].after_space, gap != 0);
      EXPECT_EQ(tokens[1].text, name + "'");
      EXPECT_TRUE(tokens[1].plain && tokens[1].at_line_start && tokens[1].after_space);
      EXPECT_TRUE(tokens[2].is(';'));
      EXPECT_EQ(tokens[2].at_line_start, gap != 0);
      EXPECT_EQ(tokens[2].span.end - 1, text.size());
    }
  }
}

TEST(Lexer, AStringIsPlainWithoutEscapesAndLineEnds) {
  for (const std::string_view odd : {"\\\"", "\\\\", "\n", "\r\n"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      const std::string inside = std::string(before, 'x') + std::string(odd) + "y";
      Diagnostics diagnostics;
      const std::vector<Token> tokens = tokens_of("\"" + inside + "\";", diagnostics);
      ASSERT_EQ(tokens.size(), 2U) << inside;
      EXPECT_EQ(tokens[0].text, inside);
      EXPECT_FALSE(tokens[0].plain);
    }
  }
}

TEST(Lexer, NoBreakSpacesAndByteOrderMarksAreBlanks) {
  EXPECT_EQ(codes("class\xc2\xa0\x41 {\xc2\xa0 uint8\xc2\xa0x\xc2\xa0=\xc2\xa0"
                  "5\xc2\xa0; };\n"
                  "\xef\xbb\xbf#define N\xc2\xa0\n\xef\xbb\xbf"
                  "class B : A { };"),
            "");
  EXPECT_EQ(compile_text("class \xc3\x84\xc2\xb5 {};").model.classes[0].name, "\xc3\x84\xc2\xb5");
}

TEST(Lexer, ACharacterZeroIsStrayAndNotTheEnd) {
  using std::string_literals::operator""s;
  Diagnostics diagnostics;
  const std::vector<Token> tokens = tokens_of("a \0 b"s, diagnostics);
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[1].text, "b");
  EXPECT_EQ(diagnostics.error_count(), 1U);
}

TEST(Lexer, OperatorsOfTwoCharactersAreOneToken) {
  Diagnostics diagnostics;
  const std::vector<Token> tokens = tokens_of("<< <=< #", diagnostics);
  ASSERT_EQ(tokens.size(), 4U);
  EXPECT_EQ(tokens[0].text, "<<");
  EXPECT_FALSE(tokens[0].is('<'));
  EXPECT_EQ(tokens[1].text, "<=");
  EXPECT_TRUE(tokens[2].is('<'));
  EXPECT_TRUE(tokens[3].is('#'));
}

TEST(NameIndex, KeepsTheFirstOfEachNameInAnyCase) {
  std::vector<std::string> names;
  names.reserve(302);
  for (int i = 0; i < 300; ++i) names.push_back("Name" + std::to_string(i));
  names.push_back("nAME7");
  names.emplace_back();
  NameIndex<std::string> index(names.size());
  for (const std::string& name : names) index.add(name, name);
  EXPECT_EQ(index.find("NAME7"), &names[7]);
  EXPECT_EQ(index.find("name299"), &names[299]);
  EXPECT_EQ(index.find("name300"), nullptr);
  EXPECT_EQ(index.find(""), &names.back());
  EXPECT_EQ(NameIndex<std::string>(0).find("any"), nullptr);
}

}  // namespace
}  // namespace qm::mof

#include "base/diagnostics.h"

#include <gtest/gtest.h>

namespace qm {
namespace {

// Adds a text and returns the position of its first byte.
std::uint32_t add(Diagnostics& diagnostics, std::string name, std::string text, Span from = {}) {
  const auto source = diagnostics.sources().add(std::move(name), std::move(text), from);
  EXPECT_TRUE(source);
  return source ? (*source)->begin : 0;
}

TEST(Diagnostics, ShowsPlaceLineCaretAndHint) {
  Diagnostics diagnostics;
  const std::uint32_t at = add(diagnostics, "a.mof", "class X\n{ uint31 y; };\n");
  diagnostics.error("unknown-type", {at + 10, at + 16}, "there is no type 'uint31'",
                    "did you mean 'uint32'?");
  EXPECT_EQ(diagnostics.text(),
            "a.mof:2:3: error: there is no type 'uint31' [unknown-type]\n"
            "{ uint31 y; };\n"
            "  ^~~~~~\n"
            "hint: did you mean 'uint32'?\n");
}

TEST(Diagnostics, CaretStandsBelowTheColumnBehindTabsAndWideCharacters) {
  Diagnostics diagnostics;
  const std::uint32_t at = add(diagnostics, "a", "\t漢e\xcc\x81 x y\n");
  const std::size_t x = std::string_view("\t漢e\xcc\x81 x y\n").find('x');
  const auto place = at + static_cast<std::uint32_t>(x);
  diagnostics.error("c", {place, place + 1}, "here");
  EXPECT_EQ(diagnostics.text(),
            "a:1:6: error: here [c]\n"
            "        漢e\xcc\x81 x y\n"
            "            ^\n");
}

TEST(Diagnostics, ALineOfHostileBytesIsMadePlain) {
  Diagnostics diagnostics;
  const std::uint32_t at = add(diagnostics, "a\x1b[2J", "\x1b[31mred \xff end\n");
  diagnostics.error("c", {at + 9, at + 10}, "bad \x1b byte");
  EXPECT_EQ(diagnostics.text(),
            "a\\x1b[2J:1:10: error: bad \\x1b byte [c]\n"
            "\\x1b[31mred \\xff end\n"
            "            ^~~~\n");
}

TEST(Diagnostics, ALongLineIsShownAroundTheCaret) {
  Diagnostics diagnostics;
  const std::uint32_t at =
      add(diagnostics, "a", std::string(500, 'x') + "!" + std::string(500, 'y') + "\n");
  diagnostics.error("c", {at + 500, at + 501}, "here");
  EXPECT_EQ(diagnostics.text(), "a:1:501: error: here [c]\n…" + std::string(60, 'x') + "!" +
                                    std::string(99, 'y') + "…\n" + std::string(61, ' ') + "^\n");
}

TEST(Diagnostics, TracesInclusionAndMacros) {
  Diagnostics diagnostics;
  const std::uint32_t outer = add(diagnostics, "outer", "#define M 1\n#include \"inner\"\n");
  const std::uint32_t inner = add(diagnostics, "inner", "x M y\n", {outer + 12, outer + 20});
  diagnostics.sources().add_expansion({inner + 2, inner + 3}, "M", {outer + 8, outer + 9});
  diagnostics.error("c", {inner + 2, inner + 3}, "here");
  EXPECT_EQ(diagnostics.text(),
            "inner:1:3: error: here [c]\n"
            "x M y\n"
            "  ^\n"
            "outer:1:9: note: expanded from macro 'M'\n"
            "#define M 1\n"
            "        ^\n"
            "outer:2:1: note: included from here\n");
}

TEST(Diagnostics, OnePlaceIsComplainedAboutOnce) {
  Diagnostics diagnostics;
  const std::uint32_t at = add(diagnostics, "a", "x y\n");
  diagnostics.error("first", {at, at + 1}, "first");
  diagnostics.error("second", {at, at + 3}, "second");
  diagnostics.also({at, at + 1}, "belongs to the second, goes with it");
  diagnostics.error("third", {at + 2, at + 3}, "third");
  diagnostics.also({at, at + 1}, "see there");
  ASSERT_EQ(diagnostics.all().size(), 2U);
  EXPECT_EQ(diagnostics.all()[0].code, "first");
  EXPECT_TRUE(diagnostics.all()[0].notes.empty());
  EXPECT_EQ(diagnostics.all()[1].notes.size(), 1U);
  EXPECT_EQ(diagnostics.error_count(), 2U);
}

TEST(Diagnostics, StopsAtTheMostErrors) {
  Diagnostics diagnostics;
  const std::uint32_t at = add(diagnostics, "a", std::string(100, ' '));
  for (std::uint32_t i = 0; i < Diagnostics::kMostErrors - 1; ++i) {
    diagnostics.error("c", {at + i, at + i + 1}, "bad");
  }
  EXPECT_FALSE(diagnostics.full());
  diagnostics.error("c", {at + 50, at + 51}, "the last");
  EXPECT_TRUE(diagnostics.full());
  diagnostics.error("c", {at + 60, at + 61}, "one more");
  diagnostics.warning("c", {at + 61, at + 62}, "one more");
  EXPECT_EQ(diagnostics.error_count(), Diagnostics::kMostErrors);
  ASSERT_EQ(diagnostics.all().size(), Diagnostics::kMostErrors + 1);
  EXPECT_EQ(diagnostics.all().back().code, "too-many-errors");
  EXPECT_TRUE(diagnostics.text().ends_with(
      "error: stopped after 20 errors [too-many-errors]\n"
      "hint: mend these first; some of what follows may vanish with them\n"));
}

TEST(Diagnostics, CountsTheWarningsItDoesNotKeep) {
  Diagnostics diagnostics;
  for (std::size_t i = 0; i < Diagnostics::kMostWarnings + 3; ++i) {
    diagnostics.warning("w", {}, "hm");
  }
  EXPECT_EQ(diagnostics.all().size(), Diagnostics::kMostWarnings);
  EXPECT_EQ(diagnostics.warning_count(), Diagnostics::kMostWarnings + 3);
  EXPECT_TRUE(diagnostics.text().ends_with("note: 3 more warnings are not shown\n"));
  EXPECT_FALSE(diagnostics.has_errors());
}

TEST(Diagnostics, KeepsNoMoreNotesThanWarnings) {
  Diagnostics diagnostics;
  for (std::size_t i = 0; i < Diagnostics::kMostWarnings + 1; ++i) diagnostics.note("n", {}, "hm");
  EXPECT_EQ(diagnostics.all().size(), Diagnostics::kMostWarnings);
}

TEST(Diagnostics, KeepsTheMostNotes) {
  Diagnostics diagnostics;
  diagnostics.error("c", {}, "bad");
  for (std::size_t i = 0; i < Diagnostics::kMostNotes + 1; ++i) diagnostics.also({}, "see");
  EXPECT_EQ(diagnostics.all()[0].notes.size(), Diagnostics::kMostNotes);
}

TEST(Diagnostics, SortsByPlaceAndKeepsTheStopLast) {
  Diagnostics diagnostics;
  const std::uint32_t at = add(diagnostics, "a", std::string(100, ' '));
  for (std::uint32_t i = 0; i < Diagnostics::kMostErrors; ++i) {
    diagnostics.error("c", {at + 50 - i, at + 50 - i}, "bad");
  }
  diagnostics.sort();
  EXPECT_EQ(diagnostics.all().front().span.begin, at + 31);
  EXPECT_EQ(diagnostics.all().back().code, "too-many-errors");
}

TEST(Diagnostics, ShowsOnlyWhatIsSevereEnough) {
  Diagnostics diagnostics;
  diagnostics.note("n", {}, "by the way");
  diagnostics.warning("w", {}, "hm");
  EXPECT_EQ(diagnostics.text(false, Severity::warning), "warning: hm [w]\n");
}

TEST(Diagnostics, ColoursOnlyWhenAsked) {
  Diagnostics diagnostics;
  diagnostics.warning("w", {}, "hm");
  EXPECT_EQ(diagnostics.text().find('\x1b'), std::string::npos);
  EXPECT_NE(diagnostics.text(true).find("\x1b[1;35mwarning:"), std::string::npos);
}

TEST(Diagnostics, JsonSaysTheSame) {
  Diagnostics diagnostics;
  const std::uint32_t at = add(diagnostics, "a.mof", "x\ny z\n");
  diagnostics.error("c", {at + 4, at + 5}, "no \"z\"", "use x");
  diagnostics.also({at, at + 1}, "this");
  EXPECT_EQ(diagnostics.json(), R"({
  "errors": 1,
  "warnings": 0,
  "diagnostics": [
    {
      "severity": "error",
      "code": "c",
      "message": "no \"z\"",
      "hint": "use x",
      "file": "a.mof",
      "line": 2,
      "column": 3,
      "end_line": 2,
      "end_column": 4,
      "notes": [
        {
          "message": "this",
          "file": "a.mof",
          "line": 1,
          "column": 1,
          "end_line": 1,
          "end_column": 2
        }
      ]
    }
  ]
}
)");
}

}  // namespace
}  // namespace qm

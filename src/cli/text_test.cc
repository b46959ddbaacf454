// Values, labels, suggestions and terminals as text.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>
#include <limits>

#include "base/suggest.h"
#include "base/text.h"
#include "cli/command_testing.h"
#include "cli/format.h"
#include "cli/labels.h"
#include "cli/table.h"

namespace qm::cli {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

TEST(Format, NumbersAreExactAndGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(kMost), "18,446,744,073,709,551,615");
  EXPECT_EQ(number_text(json::value(std::numeric_limits<std::int64_t>::min()), false),
            "-9223372036854775808");
  EXPECT_EQ(number_text(json::value(0.0), true), "0");
  EXPECT_EQ(number_text(json::value(12.34), true), "12.3");
  EXPECT_EQ(number_text(json::value(999.97), true), "1,000");
  EXPECT_EQ(number_text(json::value(6172.5), true), "6,173");
  EXPECT_EQ(number_text(json::value(1e300), true), "1e+300");
  EXPECT_EQ(number_text(json::value("1"), true), std::nullopt);
}

TEST(Format, TimesAreUtc) {
  EXPECT_EQ(time_text(134'410'000'000'000'000), "2026-12-06 03:06:40 UTC");
  EXPECT_EQ(iso_time_text(116'444'736'000'000'000), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso_time_text(2'650'467'743'999'999'999), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(iso_time_text(2'650'467'744'000'000'000), std::nullopt);
  EXPECT_EQ(time_text(0), std::nullopt);
  EXPECT_EQ(time_text(kMost), std::nullopt);
}

TEST(Format, DurationsAndSizes) {
  EXPECT_EQ(duration_text(59), "59 s");
  EXPECT_EQ(duration_text(60), "1 min");
  EXPECT_EQ(duration_text(3660), "1 h 1 min");
  EXPECT_EQ(duration_text(90'000), "1 d 1 h");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(kMost), "16 EiB");
}

TEST(Format, ASpreadsheetSeesNoFormula) {
  EXPECT_EQ(csv_field("plain"), "\"plain\"");
  EXPECT_EQ(csv_field("a\"b,c"), "\"a\"\"b,c\"");
  for (const char* formula : {"=1+1", "+1", "-1", "@SUM(A1)"}) {
    EXPECT_EQ(csv_field(formula), "\"'" + std::string(formula) + "\"");
  }
  EXPECT_EQ(csv_field(""), "\"\"");
}

TEST(Format, MofLiteralsAreEscaped) {
  EXPECT_EQ(mof_literal("ROOT\\a \"b\"\n"), "\"ROOT\\\\a \\\"b\\\"\\x000a\"");
}

TEST(Format, WrapsAtSpacesOnly) {
  EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("a-very-long-word b", 4), (std::vector<std::string>{"a-very-long-word", "b"}));
  EXPECT_TRUE(wrapped("   ", 4).empty());
}

RC_GTEST_PROP(Format, JsonIsPlainAndSaysTheSame, (const std::string& any)) {
  // Strings as they come out of a JSON parser: valid UTF-8.
  const std::string text = utf8(utf16(any));
  const std::string written = json_text(text_value(text));
  RC_ASSERT(is_plain_text(written));
  RC_ASSERT(json::parse(written) == text_value(text));
}

RC_GTEST_PROP(Format, EveryCsvFieldIsOneField, (const std::string& any)) {
  const std::string field = csv_field(plain_text(any));
  RC_ASSERT(field.size() >= 2 && field.front() == '"' && field.back() == '"');
  const std::string_view inside = std::string_view(field).substr(1, field.size() - 2);
  std::size_t quotes = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] != '"') {
      RC_ASSERT(quotes % 2 == 0U);
      quotes = 0;
    } else {
      ++quotes;
    }
  }
  RC_ASSERT(quotes % 2 == 0U);
}

TEST(Labels, AreWhatTellsAdaptersApart) {
  EXPECT_EQ(short_name("ROOT\\ISCSI_TCP\\ikev1_0"), "ikev1");
  EXPECT_EQ(short_name("PCI\\VEN_1077\\0000:3b:00.0_0"), "0000:3b:00.0");
  EXPECT_EQ(short_name("iqn.2026-01.org.example:clear_1"), "iqn.2026-01.org.example:clear");
  EXPECT_EQ(short_name("a_b"), "a_b");
  EXPECT_EQ(short_name("_0"), "_0");
  EXPECT_EQ(short_name("x\\"), "x\\");
  EXPECT_EQ(short_name(""), "");
}

TEST(Labels, SameNamesAreNumberedAndExplained) {
  const Labels labels = labels_for({"A\\x_0", "B\\x_0"}, testing::plain_terminal());
  EXPECT_EQ(labels.labels, (std::vector<std::string>{"x", "x#2"}));
  EXPECT_EQ(labels.lines, (std::vector<std::string>{"x = A\\x_0", "x#2 = B\\x_0"}));
}

TEST(Labels, AreCutAtTheLimit) {
  const std::string fits(kMostLabelWidth, 'a');
  const std::string longer = fits + "b";
  const Labels labels = labels_for({fits, longer}, testing::plain_terminal());
  EXPECT_EQ(labels.labels[0], fits);
  EXPECT_EQ(labels.labels[1], std::string(kMostLabelWidth - 1, 'a') + "…");
}

RC_GTEST_PROP(Labels, FitAndArePlain, (const std::vector<std::string>& names)) {
  const Terminal terminal = testing::plain_terminal();
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (const std::string& label : labels_for(views, terminal).labels) {
    RC_ASSERT(display_width(label) <= kMostLabelWidth);
    RC_ASSERT(is_plain_text(label));
  }
}

TEST(Labels, AnInstanceIsMeantByGlobOrShortName) {
  EXPECT_TRUE(means("IKEV1", "ROOT\\ISCSI_TCP\\ikev1_0"));
  EXPECT_TRUE(means("*ikev?_0", "ROOT\\ISCSI_TCP\\ikev1_0"));
  EXPECT_TRUE(means("ikev*", "ROOT\\ISCSI_TCP\\ikev1_0"));
  EXPECT_FALSE(means("ikev", "ROOT\\ISCSI_TCP\\ikev1_0"));
}

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edit_distance("show", "show"), 0U);
  EXPECT_EQ(edit_distance("shwo", "show"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("ActiveSAs", "activesa"), 1U);
}

TEST(Suggest, NamesWhatIsNearAtMostThree) {
  const std::vector<std::string> known{"BytesSent", "BytesSend", "SendBytes", "BytesSeen", "Other"};
  EXPECT_EQ(did_you_mean("BytesSen", known), " Did you mean BytesSeen, BytesSend or BytesSent?");
  EXPECT_EQ(did_you_mean("nothing near", known), "");
  EXPECT_EQ(did_you_mean("", known), "");
  EXPECT_EQ(did_you_mean(std::string(kMostSuggestBytes + 1, 'a'), known), "");
  EXPECT_EQ(did_you_mean("ther", known), " Did you mean Other?");
}

TEST(Terminal, TellsUtf8ByTheFirstVariableThatSaysSomething) {
  EXPECT_TRUE(utf8_locale(nullptr, nullptr, "de_DE.UTF-8"));
  EXPECT_TRUE(utf8_locale("", "C.utf8", "C"));
  EXPECT_FALSE(utf8_locale("C", nullptr, "en_US.UTF-8"));
  EXPECT_FALSE(utf8_locale(nullptr, nullptr, nullptr));
}

TEST(Terminal, WidthIsWithinItsLimits) {
  EXPECT_EQ(width_from("120", 80), 120U);
  EXPECT_EQ(width_from("1", 80), kLeastWidth);
  EXPECT_EQ(width_from("100000", 80), kMostWidth);
  for (const char* nonsense : {"", "0", "-3", "80x", "99999999999999999999999"}) {
    EXPECT_EQ(width_from(nonsense, 77), 77U) << nonsense;
  }
  EXPECT_EQ(width_from(nullptr, 77), 77U);
}

TEST(Terminal, AsciiSaysWhatItCanNotShow) {
  Terminal terminal;
  terminal.utf8 = false;
  EXPECT_EQ(terminal.shown("a – b … é 🔒"), "a - b ... \\u{e9} \\u{1f512}");
}

}  // namespace
}  // namespace qm::cli

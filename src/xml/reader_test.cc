#include "xml/reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "base/text.h"
#include "xml/encoding.h"

namespace qm::xml {
namespace {

using testing::HasSubstr;

std::string repeated(std::string_view what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

Result<Document> read(std::string_view text, std::string_view charset = {}) {
  Reader reader;
  return reader.read(text, charset);
}

std::string complaint(std::string_view text, std::string_view charset = {}) {
  const auto document = read(text, charset);
  return document ? "" : document.error().message;
}

ErrorCode code(std::string_view text) {
  const auto document = read(text);
  EXPECT_FALSE(document);
  return document ? ErrorCode::state : document.error().code;
}

std::string wide(std::string_view text, bool little, bool mark) {
  std::string out = mark ? (little ? "\xff\xfe" : "\xfe\xff") : "";
  for (const char16_t unit : utf16(text)) {
    const auto low = static_cast<char>(unit & 0xffU);
    const auto high = static_cast<char>(unit >> 8U);
    out += little ? low : high;
    out += little ? high : low;
  }
  return out;
}

TEST(XmlReader, ResolvesNamespacesAndDropsPrefixes) {
  const auto document = read(R"(<?xml version="1.0"?><!-- c --><a:x xmlns:a="urn:1" xmlns="urn:2"
      a:k="1" k="&lt;2&#x41;"><y> t </y><a:y/><z xmlns=""/></a:x>)");
  ASSERT_TRUE(document);
  const Element& root = document->root();
  EXPECT_TRUE(root.is("urn:1", "x"));
  EXPECT_EQ(root.attribute("urn:1", "k"), "1");
  EXPECT_EQ(root.attribute("", "k"), "<2A");
  EXPECT_EQ(root.attribute("", "none"), std::nullopt);
  ASSERT_NE(root.child("urn:2", "y"), nullptr);
  EXPECT_EQ(root.child("urn:2", "y")->text, " t ");
  EXPECT_NE(root.child("urn:1", "y"), nullptr);
  EXPECT_NE(root.child("", "z"), nullptr);
  EXPECT_EQ(root.child("", "y"), nullptr);
  EXPECT_EQ(root.text, "");
}

TEST(XmlReader, JoinsTextAroundChildren) {
  const auto document = read("<a>one<b/><![CDATA[<two>]]>\n<!-- no -->three</a>");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().text, "one<two>\nthree");
}

TEST(XmlReader, OneReaderReadsManyDocuments) {
  Reader reader;
  EXPECT_FALSE(reader.read("<a><b></a>"));
  const auto first = reader.read("<a>1</a>");
  const auto second = reader.read("<b>2</b>");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->root().text, "1");
  EXPECT_EQ(second->root().text, "2");
}

TEST(XmlReader, ReadsEveryFormOfUtf16) {
  const std::string text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>grün 𝄞</a>";
  for (const bool little : {true, false}) {
    for (const bool mark : {true, false}) {
      const auto document = read(wide(text, little, mark));
      ASSERT_TRUE(document) << document.error().message;
      EXPECT_EQ(document->root().text, "grün 𝄞");
    }
  }
  // The transport says which; nothing begins with < here.
  const auto told = read(wide("\n<a/>", false, false), "utf-16be");
  EXPECT_TRUE(told);
  EXPECT_TRUE(read("\xef\xbb\xbf<a/>"));
}

TEST(XmlReader, RefusesMalformedEncodings) {
  std::string half = wide("<a>x</a>", true, true);
  half.pop_back();
  EXPECT_THAT(complaint(half), HasSubstr("half a character"));
  std::string lone = wide("<a>x</a>", true, true);
  lone[8] = '\x00';
  lone[9] = '\xd8';
  EXPECT_THAT(complaint(lone), HasSubstr("surrogate"));
  std::string low_first = lone;
  low_first[9] = '\xdc';
  EXPECT_THAT(complaint(low_first), HasSubstr("surrogate"));
  EXPECT_THAT(complaint("<a>\xc3</a>"), HasSubstr("not well-formed"));
  EXPECT_THAT(complaint("<a>\xed\xa0\x80</a>"), HasSubstr("not well-formed"));
}

TEST(XmlReader, RefusesOtherEncodings) {
  EXPECT_THAT(complaint("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"),
              HasSubstr("UTF-8 and UTF-16 are read"));
  EXPECT_THAT(complaint("<?xml version='1.0' encoding='UTF-16'?><a/>"), HasSubstr("must be what"));
  EXPECT_EQ(complaint("<?xml version='1.0' encoding='UTF-16'?><a/>", "utf-8"), "");
  EXPECT_THAT(complaint("<a/>", "latin1"), HasSubstr("charset latin1"));
  EXPECT_EQ(complaint("<a/>", "UTF-8"), "");
}

TEST(XmlReader, FindsTheCharsetOfAContentType) {
  EXPECT_EQ(charset_of("application/xml; charset=\"utf-8\""), "utf-8");
  EXPECT_EQ(charset_of("application/soap+xml;charset=UTF-16"), "UTF-16");
  EXPECT_EQ(charset_of("text/xml; action=\"x\"; Charset=utf-16le "), "utf-16le");
  EXPECT_EQ(charset_of("text/xml"), "");
  EXPECT_EQ(charset_of("text/xml;"), "");
}

TEST(XmlReader, RefusesWhatIsNotWhole) {
  for (const std::string_view bad : {"", " ", "<a", "<a>", "<a></b>", "<a/><b/>", "<a>&none;</a>",
                                     "<x:a/>", "<a k='1' k='2'/>", "<a>\x01</a>", "text"}) {
    EXPECT_EQ(code(bad), ErrorCode::invalid) << bad;
  }
}

TEST(XmlReader, TakesNoDoctype) {
  const char* const external =
      R"(<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>)";
  EXPECT_EQ(complaint(external), "a DOCTYPE is not taken");
  EXPECT_EQ(complaint("<!DOCTYPE a SYSTEM 'http://127.0.0.1/x.dtd'><a/>"),
            "a DOCTYPE is not taken");
}

TEST(XmlReader, LaughsNotOnce) {
  std::string bomb = "<!DOCTYPE lolz [<!ENTITY lol0 \"lol\">";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("<!ENTITY lol{} \"{}\">", i, repeated(fmt::format("&lol{};", i - 1), 10));
  }
  EXPECT_EQ(complaint(bomb + "]><lolz>&lol9;</lolz>"), "a DOCTYPE is not taken");
}

TEST(XmlReader, BytesHaveALimit) {
  const auto of = [](std::size_t bytes) { return "<a>" + repeated(" ", bytes - 7) + "</a>"; };
  Reader reader({.bytes = 1'000});
  EXPECT_TRUE(reader.read(of(1'000)));
  EXPECT_EQ(reader.read(of(1'001)).error().code, ErrorCode::limit);
  EXPECT_EQ(code(of(kMostBytes + 1)), ErrorCode::limit);
}

TEST(XmlReader, DepthHasALimit) {
  const auto of = [](std::size_t depth) {
    return repeated("<a>", depth) + repeated("</a>", depth);
  };
  EXPECT_TRUE(read(of(kMostDepth)));
  EXPECT_EQ(code(of(kMostDepth + 1)), ErrorCode::limit);
  EXPECT_EQ(code(repeated("<a>", kMostBytes / 3)), ErrorCode::limit);
}

TEST(XmlReader, ElementsHaveALimit) {
  const auto of = [](std::size_t count) { return "<a>" + repeated("<b/>", count - 1) + "</a>"; };
  EXPECT_TRUE(read(of(kMostElements)));
  EXPECT_EQ(code(of(kMostElements + 1)), ErrorCode::limit);
}

TEST(XmlReader, AttributesHaveALimit) {
  const auto of = [](std::size_t count) {
    std::string out = "<a";
    for (std::size_t i = 0; i < count; ++i) out += fmt::format(" k{}='v'", i);
    return out + "/>";
  };
  EXPECT_TRUE(read(of(kMostAttributes)));
  EXPECT_EQ(code(of(kMostAttributes + 1)), ErrorCode::limit);
}

TEST(XmlReader, TextHasALimit) {
  const auto of = [](std::size_t bytes) { return "<a>" + repeated("x", bytes) + "</a>"; };
  EXPECT_TRUE(read(of(kMostTextBytes)));
  EXPECT_EQ(code(of(kMostTextBytes + 1)), ErrorCode::limit);
  const auto attribute = [](std::size_t bytes) { return "<a k='" + repeated("x", bytes) + "'/>"; };
  EXPECT_TRUE(read(attribute(kMostTextBytes)));
  EXPECT_EQ(code(attribute(kMostTextBytes + 1)), ErrorCode::limit);
}

TEST(XmlReader, NamespacesHaveALimit) {
  const auto of = [](std::size_t count) {
    std::string out = "<a>";
    for (std::size_t i = 0; i < count; ++i) out += fmt::format("<b xmlns='urn:{}'/>", i);
    return out + "</a>";
  };
  EXPECT_TRUE(read(of(kMostNamespaces)));
  EXPECT_EQ(code(of(kMostNamespaces + 1)), ErrorCode::limit);
  const auto longest = [](std::size_t bytes) {
    return "<a xmlns='" + repeated("u", bytes) + "'/>";
  };
  EXPECT_TRUE(read(longest(kMostNamespaceBytes)));
  EXPECT_EQ(code(longest(kMostNamespaceBytes + 1)), ErrorCode::limit);
}

TEST(XmlReader, CutAnywhereItIsRefused) {
  const std::string whole = wide("<?xml version='1.0'?><a k='v'><b>grün</b>t</a>", true, true);
  Reader reader;
  ASSERT_TRUE(reader.read(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(reader.read(std::string_view(whole).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace qm::xml

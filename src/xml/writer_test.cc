#include "xml/writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "xml/reader.h"

namespace qm::xml {
namespace {

std::string text_of(std::string_view any) {
  std::string out;
  append_text(out, any);
  return out;
}

std::string attribute_of(std::string_view any) {
  std::string out;
  append_attribute(out, any);
  return out;
}

TEST(XmlWriter, EscapesWhatXmlHasAMeaningFor) {
  EXPECT_EQ(text_of("a<b>&\"c\"\t\n]]>"), "a&lt;b&gt;&amp;\"c\"\t\n]]&gt;");
  EXPECT_EQ(text_of("\r"), "&#13;");
  EXPECT_EQ(attribute_of("\"<\t\r\n'"), "&quot;&lt;&#9;&#13;&#10;'");
  EXPECT_EQ(text_of("grün 𝄞 \xef\xbf\xbd"), "grün 𝄞 \xef\xbf\xbd");
}

TEST(XmlWriter, ReplacesWhatXmlForbids) {
  EXPECT_EQ(text_of("a\x01z"), "a\xef\xbf\xbdz");
  EXPECT_EQ(text_of(std::string_view("\0", 1)), "\xef\xbf\xbd");
  EXPECT_EQ(text_of("\xc3("), "\xef\xbf\xbd(");
  for (const std::string_view bad :
       {"\xef\xbf\xbe", "\xed\xa0\x80", "\xe0\x80\x80"}) {  // U+FFFE, a surrogate, overlong
    EXPECT_EQ(text_of(bad), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  }
  EXPECT_EQ(text_of("\xf5\x80"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(XmlWriter, OpensAndClosesInPairs) {
  std::string out;
  Writer writer(out);
  writer.open("a").attribute("k", "<").open("b").close().element("c", "1&2");
  writer.open("d").raw("<e/>").close().close();
  EXPECT_EQ(out, "<a k=\"&lt;\"><b/><c>1&amp;2</c><d><e/></d></a>");
}

TEST(XmlWriter, WhateverIsWrittenReadsBack) {
  rc::check("any bytes make XML", [](const std::string& any) {
    std::string out;
    Writer(out).open("a").attribute("k", any).text(any).close();
    Reader reader;
    const auto document = reader.read(out);
    RC_ASSERT(document.has_value());
    RC_ASSERT(text_of(document->root().text) == text_of(any));
    RC_ASSERT(attribute_of(*document->root().attribute("", "k")) == attribute_of(any));
  });
}

}  // namespace
}  // namespace qm::xml

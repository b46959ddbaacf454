// What is asked and answered, by example.
#include "wsman/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "wsman/service_testing.h"

namespace qm::wsman {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using WsMan = WsManTest;

TEST_F(WsMan, identify_needs_no_header) {
  const Told told =
      read(ask_bytes("<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
                     "xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\">"
                     "<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"));
  EXPECT_EQ(told.reply.status, 200U);
  EXPECT_EQ(told.reply.content_type, "application/soap+xml;charset=UTF-8");
  ASSERT_TRUE(told.body->is(kIdentity, "IdentifyResponse"));
  EXPECT_EQ(Told::text(told.body->child(kIdentity, "ProtocolVersion")), kManagement);
  EXPECT_EQ(Told::text(told.body->child(kIdentity, "ProductVersion")), "0.1.0");
}

TEST_F(WsMan, enumerates_all_at_once) {
  const Told told =
      ask(enumerate(std::string(kAllAtOnce), "Test_All", "<man:RequestTotalItemsCountEstimate/>"));
  ASSERT_EQ(told.fault(), "(no fault)") << told.reply.body;
  EXPECT_EQ(told.action(), std::string(kEnumerate) + "Response");
  EXPECT_EQ(Told::text(told.header->child(kAddressing, "RelatesTo")), "uuid:1-2");
  EXPECT_EQ(Told::text(told.header->child(kManagement, "TotalItemsCountEstimate")), "3");
  EXPECT_EQ(told.context(), "");
  EXPECT_NE(told.body->child(kManagement, "EndOfSequence"), nullptr);
  ASSERT_EQ(told.items().size(), 3U);
  EXPECT_EQ(service_->enumerations(), 0U);
}

TEST_F(WsMan, values_are_written_as_windows_writes_them) {
  const Told told = ask(enumerate(std::string(kAllAtOnce)));
  ASSERT_EQ(told.items().size(), 3U);
  const xml::Element& one = *told.items()[0];
  const std::string uri = std::string(kTestUri) + "Test_All";
  EXPECT_TRUE(one.is(uri, "Test_All"));
  EXPECT_EQ(one.attribute(kInstance, "type"), "p:Test_All_Type");
  EXPECT_EQ(values_of(one, "InstanceName"), "A\\<one>&_0");
  EXPECT_EQ(values_of(one, "Active"), "true");
  EXPECT_EQ(values_of(one, "U64"), "18446744073709551615");
  EXPECT_EQ(values_of(one, "S64"), "-9223372036854775808");
  EXPECT_EQ(values_of(one, "S8"), "-5");
  EXPECT_EQ(values_of(one, "R32"), "1.5");
  EXPECT_EQ(values_of(one, "R64"), "-2.25");
  EXPECT_EQ(values_of(one, "Flag"), "true");
  EXPECT_EQ(values_of(one, "Letter"), "<");
  EXPECT_EQ(values_of(one, "Text"), "]]> <a&b> \"ü\"");
  EXPECT_EQ(values_of(one, "Other"), " x ");
  EXPECT_EQ(values_of(one, "List"), "1,2,3");
  EXPECT_EQ(values_of(one, "When"), "2026-01-01T12:00:00.000000+01:00");
  EXPECT_NE(one.child(uri, "When")->child(kCimCommon, "Datetime"), nullptr);
  EXPECT_EQ(values_of(one, "Caption"), "nil");  // nobody supplies it
  const xml::Element* inner = one.child(uri, "Inner");
  EXPECT_EQ(inner->attribute(kInstance, "type"), "i1:Test_Inner_Type");
  EXPECT_NE(inner->child(std::string(kTestUri) + "Test_Inner", "Deep"), nullptr);
  EXPECT_EQ(values_of(*told.items()[1], "U16"), "nil");
  EXPECT_EQ(values_of(*told.items()[1], "U64"), "7");
  EXPECT_EQ(values_of(*told.items()[2], "Active"), "false");
  EXPECT_EQ(values_of(*told.items()[2], "U64"), "nil");
}

TEST_F(WsMan, properties_come_by_name) {
  const Told told = ask(enumerate(std::string(kAllAtOnce)));
  std::string before;
  for (const auto* one = told.items()[0]->first_child; one != nullptr; one = one->next) {
    std::string name(one->name);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    EXPECT_LE(before, name);
    before = name;
  }
}

TEST_F(WsMan, both_forms_of_uris_name_a_class_without_case) {
  for (const std::string uri : {"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/wmi/test_SMALL",
                                "HTTP://schemas.microsoft.com/wbem/wsman/1/wmi/ROOT/WMI/Test_Small",
                                "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Test_Small"}) {
    for (const std::string& headers :
         {std::string(), selectors(selector("__cimnamespace", "root/wmi")),
          selectors(selector("__cimNamespace", "ROOT\\wmi"))}) {
      Asking asking = enumerate(std::string(kAllAtOnce), "", headers);
      asking.uri = uri;
      const Told told = ask(asking);
      ASSERT_EQ(told.items().size(), 1U) << uri << headers << told.reply.body;
      EXPECT_EQ(values_of(*told.items()[0], "U64"), "5");
      EXPECT_THAT(std::string(told.items()[0]->name_space),
                  AnyOf(std::string(kTestUri) + "Test_Small", std::string(kCimUri) + "Test_Small"));
    }
  }
  EXPECT_EQ(fault_of(enumerate("", "Test_Small", selectors(selector("__cimnamespace", "root/x")))),
            "s:Sender w:InvalidSelectors InvalidValue");
  Asking asking = enumerate("", "Test_Elsewhere");
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking.uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/elsewhere/deep/Test_Elsewhere";
  EXPECT_EQ(fault_of(asking), "(no fault)");
  asking.uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/nowhere/Test_Small";
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking.uri = "http://example.com/what";
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking.uri = "";
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
}

TEST_F(WsMan, pulls_one_at_a_time_until_the_context_is_gone) {
  Told told = ask(enumerate(""));
  EXPECT_EQ(told.items().size(), 0U);
  EXPECT_EQ(told.body->child(kManagement, "Items"), nullptr);
  const std::string context = told.context();
  EXPECT_EQ(service_->enumerations(), 1U);
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    told = ask(pull(context));
    EXPECT_EQ(told.action(), std::string(kPull) + "Response");
    ASSERT_EQ(told.items().size(), 1U);
    names.push_back(values_of(*told.items()[0], "InstanceName"));
    EXPECT_EQ(told.context(), i < 2 ? context : "(none)");
  }
  EXPECT_NE(told.body->child(kEnumeration, "EndOfSequence"), nullptr);
  EXPECT_THAT(names, ElementsAre("A\\<one>&_0", "two_0", "off_0"));
  EXPECT_EQ(fault_of(pull(context)), "s:Receiver n:InvalidEnumerationContext");
}

TEST_F(WsMan, contexts_are_of_one_snapshot_and_end) {
  const std::string context = ask(enumerate("", "Test_Small")).context();
  publish_small(99);
  const Told told = ask(pull(context));
  EXPECT_EQ(values_of(*told.items()[0], "U64"), "5");

  const std::string released = ask(enumerate("")).context();
  Asking release = pull(released);
  release.action = kRelease;
  release.body =
      "<en:Release><en:EnumerationContext>" + released + "</en:EnumerationContext></en:Release>";
  client_ = "somebody else";
  EXPECT_EQ(fault_of(release), "s:Receiver n:InvalidEnumerationContext");
  client_ = "here";
  EXPECT_EQ(ask(release).action(), std::string(kRelease) + "Response");
  EXPECT_EQ(fault_of(release), "s:Receiver n:InvalidEnumerationContext");

  const std::string old = ask(enumerate("<en:Expires>PT10S</en:Expires>")).context();
  pass_ms(9'999);
  EXPECT_EQ(fault_of(pull(old)), "(no fault)");
  pass_ms(10'001);
  EXPECT_EQ(fault_of(pull(old)), "s:Receiver n:InvalidEnumerationContext");
}

TEST_F(WsMan, contexts_are_bounded_per_client) {
  for (std::size_t i = 0; i < wmi::kMostEnumerationsOfClient; ++i) {
    ASSERT_EQ(fault_of(enumerate("", "Test_Small")), "(no fault)");
  }
  EXPECT_EQ(fault_of(enumerate("", "Test_Small")), "s:Sender w:QuotaLimit");
  client_ = "another";
  EXPECT_EQ(fault_of(enumerate("", "Test_Small")), "(no fault)");
}

TEST_F(WsMan, answers_keep_to_the_size_that_was_asked_for) {
  const std::string header =
      "<man:MaxEnvelopeSize env:mustUnderstand=\"true\">8192"
      "</man:MaxEnvelopeSize>";
  wmi::BlockBuilder small(world_.the("Test_Small"));
  std::vector<wmi::MadeInstance> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back({"n" + std::to_string(i), "", true, small.block(), small.qualities()});
  }
  world_.source.publish(small_, {7, 8}, std::move(many));
  Told told = ask(enumerate(std::string(kAllAtOnce), "Test_Small", header));
  std::size_t items = 0;
  for (int answers = 0; answers < 50; ++answers) {
    EXPECT_LE(told.reply.body.size(), 8'192U);
    EXPECT_GT(told.items().size(), 3U);
    items += told.items().size();
    if (told.context().empty() || told.context() == "(none)") break;
    told = ask(pull(told.context(), "<en:MaxElements>1000</en:MaxElements>", header));
  }
  EXPECT_EQ(items, 100U);
  EXPECT_EQ(
      fault_of(enumerate("", "Test_Small", "<man:MaxEnvelopeSize>8191</man:MaxEnvelopeSize>")),
      "s:Sender w:EncodingLimit MinimumEnvelopeLimit");
  EXPECT_EQ(fault_of(enumerate("", "Test_Small",
                               "<man:MaxEnvelopeSize>99999999999999999999999"
                               "</man:MaxEnvelopeSize>")),
            "(no fault)");
}

TEST_F(WsMan, no_answer_is_longer_than_the_services_limit) {
  wmi::BlockBuilder small(world_.the("Test_Small"));
  std::vector<wmi::MadeInstance> many(20'000, {"n", "", true, small.block(), small.qualities()});
  world_.source.publish(small_, {7, 8}, std::move(many));
  const std::string header = "<man:MaxEnvelopeSize>99999999</man:MaxEnvelopeSize>";
  const std::string all = "<man:OptimizeEnumeration/><man:MaxElements>20000</man:MaxElements>";
  const Said said = ask_bytes(enumerate(all, "Test_Small", header).text());
  EXPECT_LE(said.body.size(), kMostEnvelopeBytes);
  EXPECT_GT(said.body.size(), kMostEnvelopeBytes - 1'024);
  EXPECT_THAT(said.body, Not(HasSubstr("EndOfSequence")));
}

TEST_F(WsMan, an_extent_is_written_once_while_nobody_publishes) {
  const auto value = [&](const std::string& inside, const std::string& headers = "") {
    const Told told = ask(enumerate(inside, "Test_Small", headers));
    return told.items().empty() ? told.context() : values_of(*told.items()[0], "U64");
  };
  const std::string all(kAllAtOnce);
  EXPECT_EQ(value(all), "5");
  EXPECT_EQ(value(all), "5");
  publish_small(6);
  EXPECT_EQ(value(all), "6");
  EXPECT_EQ(value(all), "6");
  EXPECT_EQ(values_of(*ask(enumerate(all, "Test_Base")).items()[3], "U64"), "6");
  // What is asked for otherwise is another text; what fits is another matter at every request.
  EXPECT_THAT(ask_bytes(enumerate(all + "<man:EnumerationMode>EnumerateEPR</man:EnumerationMode>",
                                  "Test_Small")
                            .text())
                  .body,
              Not(HasSubstr("U64")));
  Asking dmtf = enumerate(all);
  dmtf.uri = std::string(kCimUri) + "Test_Small";
  EXPECT_TRUE(ask(dmtf).items()[0]->is(dmtf.uri, "Test_Small"));
  EXPECT_EQ(ask(enumerate(all)).items().size(), 3U);
  EXPECT_EQ(ask(enumerate("<man:OptimizeEnumeration/><man:MaxElements>2</man:MaxElements>"))
                .items()
                .size(),
            2U);
  EXPECT_EQ(ask(enumerate(all, "Test_All", "<man:RequestTotalItemsCountEstimate/>"))
                .header->child(kManagement, "TotalItemsCountEstimate")
                ->text,
            "3");
}

TEST_F(WsMan, an_item_that_fits_nowhere_is_told_and_can_be_asked_for_again) {
  const std::string context = ask(enumerate("")).context();
  const std::string few = "<en:MaxCharacters>100</en:MaxCharacters>";
  EXPECT_EQ(fault_of(pull(context, few)), "s:Sender w:EncodingLimit MaxEnvelopeSizeExceeded");
  EXPECT_EQ(ask(pull(context)).items().size(), 1U);
}

TEST_F(WsMan, utf16_is_answered_in_utf16) {
  const std::u16string units = u'\xfeff' + utf16(enumerate(std::string(kAllAtOnce)).text());
  std::string bytes;
  for (const char16_t unit : units) {
    bytes += static_cast<char>(unit & 0xffU);
    bytes += static_cast<char>(unit >> 8U);
  }
  const Told told = read(ask_bytes(bytes, "application/soap+xml; charset=utf-16"));
  EXPECT_EQ(told.reply.content_type, "application/soap+xml;charset=UTF-16");
  ASSERT_EQ(told.items().size(), 3U);
  EXPECT_EQ(values_of(*told.items()[0], "Text"), "]]> <a&b> \"ü\"");
  bytes.pop_back();
  EXPECT_EQ(ask_bytes(bytes, "application/soap+xml;charset=UTF-16").status, 400U);
}

TEST_F(WsMan, gets_an_instance_by_its_key) {
  Asking asking;
  asking.headers = selectors(selector("INSTANCENAME", "two_0"));
  const Told told = ask(asking);
  EXPECT_EQ(told.action(), std::string(kGet) + "Response");
  EXPECT_EQ(values_of(*told.body, "U64"), "7");
  asking.uri = std::string(kTestUri) + "Test_Base";
  asking.headers = "";
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking.uri = std::string(kTestUri) + "__InstanceCreationEvent";  // has none at any time
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking.uri = std::string(kTestUri) + "Test_All";
  EXPECT_EQ(fault_of(asking), "s:Sender w:InvalidSelectors InsufficientSelectors");
  asking.headers = selectors(selector("InstanceName", "nobody"));
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking.headers = selectors(selector("InstanceName", "two_0") + selector("Colour", "red"));
  EXPECT_EQ(fault_of(asking), "s:Sender w:InvalidSelectors UnexpectedSelectors");
  asking.headers = selectors(selector("InstanceName", "two_0") + selector("instancename", "x"));
  EXPECT_EQ(fault_of(asking), "s:Sender w:InvalidSelectors DuplicateSelectors");
}

TEST_F(WsMan, a_class_is_fetched_as_cim_xml) {
  Asking asking;
  asking.uri = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*";
  asking.headers =
      selectors(selector("ClassName", "test_all") + selector("__cimnamespace", "root/wmi"));
  const Told told = ask(asking);
  ASSERT_EQ(told.fault(), "(no fault)") << told.reply.body;
  EXPECT_EQ(told.body->name, "CLASS");
  EXPECT_EQ(told.body->attribute("", "NAME"), "Test_All");
  asking.headers = "";
  EXPECT_EQ(fault_of(asking), "s:Sender w:InvalidSelectors InsufficientSelectors");
  asking.headers = selectors(selector("ClassName", "None"));
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
}

TEST_F(WsMan, classes_are_enumerated_as_cim_xml) {
  Asking asking =
      enumerate(std::string(kAllAtOnce), "", selectors(selector("__cimnamespace", "root/wmi")));
  asking.uri = std::string(kClassUri) + "*";
  const auto names = [&] {
    std::vector<std::string> out;
    for (const xml::Element* one : ask(asking).items()) {
      EXPECT_EQ(one->name, "CLASS");
      out.emplace_back(one->attribute("", "NAME").value());
    }
    return out;
  };
  EXPECT_THAT(names(), AllOf(Contains("Test_Base"), Contains("Test_All"), Contains("Test_Small")));
  asking.uri = std::string(kClassUri) + "test_base";
  EXPECT_THAT(names(), ElementsAre("Test_All", "Test_Small"));
  asking.uri = std::string(kClassUri) + "None";
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking = enumerate(wql_filter("SELECT * FROM meta_class"));
  asking.uri = std::string(kClassUri) + "*";
  EXPECT_EQ(fault_of(asking), "s:Sender n:CannotProcessFilter");
}

TEST_F(WsMan, an_enumeration_takes_no_keys) {
  EXPECT_EQ(fault_of(enumerate("", "Test_All", selectors(selector("InstanceName", "two_0")))),
            "s:Sender w:InvalidSelectors UnexpectedSelectors");
}

TEST_F(WsMan, a_property_is_fetched_alone) {
  const auto fragment = [&](const std::string& path, const std::string& more = "") {
    Asking asking;
    asking.headers = selectors(selector("InstanceName", "two_0")) +
                     "<man:FragmentTransfer env:mustUnderstand=\"true\"" + more + ">" + path +
                     "</man:FragmentTransfer>";
    return ask(asking);
  };
  Told told = fragment("u64");
  ASSERT_TRUE(told.body->is(kManagement, "XmlFragment")) << told.reply.body;
  EXPECT_EQ(values_of(*told.body, "U64"), "7");
  EXPECT_EQ(Told::text(told.header->child(kManagement, "FragmentTransfer")), "u64");
  EXPECT_EQ(Told::text(fragment("p:Text/text()").body), "small");
  EXPECT_EQ(values_of(*fragment("U16").body, "U16"), "nil");
  EXPECT_EQ(fragment("U16/text()").body->attribute(kInstance, "nil"), "true");
  EXPECT_EQ(fragment("Colour").body->attribute(kInstance, "nil"), "true");
  EXPECT_EQ(values_of(*fragment("List").body, "List"), "0,0,0");
  for (const std::string path : {"List/text()", "//U64", "U64[1]", "", "a b"}) {
    EXPECT_EQ(fragment(path).fault(), "s:Sender n:CannotProcessFilter") << path;
  }
  EXPECT_EQ(fragment("U64", " Dialect=\"http://example.com/\"").fault(),
            "s:Sender w:FragmentDialectNotSupported");
  EXPECT_EQ(fault_of(enumerate("", "Test_All", "<man:FragmentTransfer>U64</man:FragmentTransfer>")),
            "s:Sender w:UnsupportedFeature FragmentLevelAccess");
}

TEST_F(WsMan, references_lead_back_to_their_instances) {
  const Told told =
      ask(enumerate(std::string(kAllAtOnce) + "<man:EnumerationMode>EnumerateObjectAndEPR"
                                              "</man:EnumerationMode>"));
  ASSERT_EQ(told.items().size(), 3U);
  const xml::Element* item = told.items()[0];
  ASSERT_TRUE(item->is(kManagement, "Item"));
  EXPECT_EQ(item->first_child->name, "Test_All");
  const xml::Element* parameters =
      item->child(kAddressing, "EndpointReference")->child(kAddressing, "ReferenceParameters");
  Asking get;
  get.uri = Told::text(parameters->child(kManagement, "ResourceURI"));
  const auto read_back = selectors_of(*parameters->child(kManagement, "SelectorSet"));
  ASSERT_TRUE(read_back);
  ASSERT_EQ(read_back->size(), 2U);
  EXPECT_EQ((*read_back)[1].value, "A\\<one>&_0");
  get.headers = selectors(selector("__cimnamespace", (*read_back)[0].value) +
                          selector("InstanceName", "A\\&lt;one&gt;&amp;_0"));
  EXPECT_EQ(values_of(*ask(get).body, "U8"), "200");

  const Told names = ask(enumerate(std::string(kAllAtOnce) + "<man:EnumerationMode>EnumerateEPR"
                                                             "</man:EnumerationMode>"));
  ASSERT_EQ(names.items().size(), 3U);
  EXPECT_TRUE(names.items()[0]->is(kAddressing, "EndpointReference"));
  EXPECT_EQ(fault_of(enumerate("<man:EnumerationMode>All</man:EnumerationMode>")),
            "s:Sender w:UnsupportedFeature EnumerationMode");
}

TEST_F(WsMan, subclasses_come_as_the_polymorphism_mode_says) {
  const auto mode = [](std::string_view name) {
    return std::string(kAllAtOnce) + "<cb:PolymorphismMode>" + std::string(name) +
           "</cb:PolymorphismMode>";
  };
  EXPECT_EQ(ask(enumerate(std::string(kAllAtOnce), "Test_Base")).items().size(), 4U);
  EXPECT_EQ(ask(enumerate(mode("IncludeSubClassProperties"), "Test_Base")).items().size(), 4U);
  EXPECT_EQ(ask(enumerate(mode("None"), "Test_Base")).items().size(), 0U);
  const Told told = ask(enumerate(mode("ExcludeSubClassProperties"), "Test_Base"));
  ASSERT_EQ(told.items().size(), 4U);
  EXPECT_EQ(told.items()[0]->name, "Test_Base");
  EXPECT_EQ(values_of(*told.items()[0], "Caption"), "nil");
  EXPECT_EQ(values_of(*told.items()[0], "U64"), "");
  const Told none = ask(enumerate(mode("Some"), "Test_Base"));
  EXPECT_EQ(none.fault(), "s:Sender b:PolymorphismModeNotSupported");
  EXPECT_THAT(none.reply.body, HasSubstr("xmlns:b=\"" + std::string(kCimBinding) + "\""));
  EXPECT_EQ(none.action(), "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/fault");
}

}  // namespace
}  // namespace qm::wsman

// What is wrong with a request is said, and nothing that is right is refused.
#include "wsman/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wsman/resource.h"
#include "wsman/service_testing.h"

namespace qm::wsman {
namespace {

using ::testing::HasSubstr;

using WsManEnvelope = WsManTest;

Asking small(std::string headers) {
  return enumerate(std::string(kAllAtOnce), "Test_Small", std::move(headers));
}

TEST_F(WsManEnvelope, headers_of_real_clients_are_understood) {
  EXPECT_EQ(fault_of(small("<man:OptionSet env:mustUnderstand=\"true\"/>"
                           "<man:MaxEnvelopeSize env:mustUnderstand=\"true\">153600"
                           "</man:MaxEnvelopeSize>"
                           "<man:OperationTimeout>PT1M30S</man:OperationTimeout>"
                           "<man:Locale xml:lang=\"de-DE\" env:mustUnderstand=\"false\"/>"
                           "<ms:DataLocale xmlns:ms=\"http://schemas.microsoft.com/wbem/wsman/1/"
                           "wsman.xsd\" xml:lang=\"en-US\" env:mustUnderstand=\"false\"/>"
                           "<x:Whatever xmlns:x=\"urn:x\" env:mustUnderstand=\"0\"/>"
                           "<x:Whatever xmlns:x=\"urn:x\"/>"
                           "<x:Other xmlns:x=\"urn:x\" env:mustUnderstand=\"1\" "
                           "env:role=\"urn:somebody-else\"/>")),
            "(no fault)");
}

TEST_F(WsManEnvelope, what_must_be_understood_and_is_not_is_named) {
  const Told told =
      ask(small("<x:Strange xmlns:x=\"urn:x\" env:mustUnderstand=\"1\"/>"
                "<x:Odd xmlns:x=\"urn:y\" env:mustUnderstand=\"true\"/>"
                "<man:MaxEnvelopeSize>1</man:MaxEnvelopeSize>"));
  EXPECT_EQ(told.fault(), "s:MustUnderstand");
  EXPECT_EQ(told.reply.status, 500U);
  const xml::Element* first = told.header->child(kSoap, "NotUnderstood");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->attribute("", "qname"), "q:Strange");
  EXPECT_TRUE(first->next->is(kSoap, "NotUnderstood"));
  EXPECT_EQ(fault_of(small("<x:Y xmlns:x=\"urn:x\" env:mustUnderstand=\"maybe\"/>")),
            "s:Sender w:SchemaValidationError");
}

TEST_F(WsManEnvelope, headers_are_checked) {
  const auto reply_to = [](std::string_view name, std::string_view address) {
    return "<adr:" + std::string(name) + "><adr:Address>" + std::string(address) +
           "</adr:Address></adr:" + std::string(name) + ">";
  };
  EXPECT_EQ(fault_of(small(reply_to("FaultTo", kAnonymous))), "(no fault)");
  EXPECT_EQ(fault_of(small(reply_to("FaultTo", "http://elsewhere/"))),
            "s:Sender w:UnsupportedFeature AddressingMode");
  EXPECT_EQ(fault_of(small(reply_to("ReplyTo", kAnonymous))),
            "s:Sender a:InvalidMessageInformationHeader");  // the second one
  EXPECT_EQ(fault_of(small("<man:OperationTimeout>soon</man:OperationTimeout>")),
            "s:Sender w:InvalidParameter InvalidTimeout");
  EXPECT_EQ(fault_of(small("<man:MaxEnvelopeSize>big</man:MaxEnvelopeSize>")),
            "s:Sender w:InvalidParameter");
  EXPECT_EQ(fault_of(small("<man:Locale env:mustUnderstand=\"1\" xml:lang=\"fr\"/>")),
            "s:Sender w:UnsupportedFeature Locale");
  EXPECT_EQ(fault_of(small("<man:FragmentTransfer env:mustUnderstand=\"1\">U64"
                           "</man:FragmentTransfer>")),
            "s:Sender w:UnsupportedFeature FragmentLevelAccess");
  EXPECT_EQ(fault_of(small("<man:OptionSet><man:Option Name=\"x\" MustComply=\"true\">1"
                           "</man:Option></man:OptionSet>")),
            "s:Sender w:InvalidOptions NotSupported");
  EXPECT_EQ(fault_of(small("<man:OptionSet><man:Option Name=\"x\">1</man:Option></man:OptionSet>")),
            "(no fault)");
  std::string text = small("").text();
  const std::size_t id = text.find("<adr:MessageID>");
  text.erase(id, text.find("</adr:MessageID>") + 16 - id);
  EXPECT_EQ(read(ask_bytes(text)).fault(), "s:Sender a:MessageInformationHeaderRequired");
}

TEST_F(WsManEnvelope, limits_hold) {
  std::string many;
  for (std::size_t i = 0; i < kMostSelectors; ++i) many += selector("k" + std::to_string(i), "v");
  EXPECT_EQ(fault_of(small(selectors(many))),
            "s:Sender w:InvalidSelectors UnexpectedSelectors");  // Enumerate looks at none of them
  EXPECT_EQ(fault_of(small(selectors(many + selector("one more", "v")))),
            "s:Sender w:EncodingLimit SelectorLimit");
  Asking asking = small("");
  asking.uri = std::string(kMostUriBytes, 'u');
  EXPECT_EQ(fault_of(asking), "s:Sender a:DestinationUnreachable InvalidResourceURI");
  asking.uri += 'u';
  EXPECT_EQ(fault_of(asking), "s:Sender w:EncodingLimit URILimitExceeded");
  asking = small("");
  asking.body = std::string(kMostRequestBytes, ' ');
  EXPECT_EQ(read(ask_bytes(asking.text())).fault(),
            "s:Sender w:EncodingLimit ServiceEnvelopeLimit");
  std::string deep;
  for (std::size_t i = 0; i < kMostRequestDepth; ++i) deep += "<a>";
  for (std::size_t i = 0; i < kMostRequestDepth; ++i) deep += "</a>";
  asking.body = deep;
  EXPECT_EQ(read(ask_bytes(asking.text())).fault(),
            "s:Sender w:EncodingLimit ServiceEnvelopeLimit");
}

TEST_F(WsManEnvelope, what_is_echoed_is_bounded) {
  const auto with_id = [](std::size_t bytes) {
    std::string text = small("").text();
    const std::size_t at = text.find("uuid:1-2");
    return text.replace(at, 8, std::string(bytes, 'i'));
  };
  EXPECT_EQ(read(ask_bytes(with_id(kMostMessageIdBytes))).fault(), "(no fault)");
  EXPECT_EQ(read(ask_bytes(with_id(kMostMessageIdBytes + 1))).fault(),
            "s:Sender a:InvalidMessageInformationHeader");
  std::string strange;
  for (std::size_t i = 0; i <= kMostNotUnderstood; ++i) {
    strange += "<x:S" + std::to_string(i) + " xmlns:x=\"urn:x\" env:mustUnderstand=\"1\"/>";
  }
  strange += "<x:" + std::string(100'000, 'y') + " xmlns:x=\"urn:x\" env:mustUnderstand=\"1\"/>";
  const Told told = ask(small(strange));
  std::size_t named = 0;
  for (const auto* one = told.header->first_child; one != nullptr; one = one->next) {
    named += one->is(kSoap, "NotUnderstood") ? 1 : 0;
  }
  EXPECT_EQ(named, kMostNotUnderstood);
  Asking asking;
  asking.action = std::string(100'000, 'a');
  EXPECT_LT(ask(asking).reply.body.size(), kLeastEnvelopeBytes);
  asking = small(selectors(selector("__cimnamespace", std::string(kMostNameSpaceBytes + 1, 'n'))));
  EXPECT_EQ(fault_of(asking), "s:Sender w:InvalidSelectors InvalidValue");
}

TEST_F(WsManEnvelope, what_is_no_envelope_is_a_bad_request_with_a_fault) {
  for (const std::string_view bytes :
       {"", "hello", "<a/>", "<a", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"/>"}) {
    const Told told = read(ask_bytes(bytes));
    EXPECT_EQ(told.reply.status, 400U) << bytes;
    EXPECT_EQ(told.fault(), "s:Sender w:SchemaValidationError") << bytes;
  }
  const Told old =
      read(ask_bytes("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/"
                     "\"><s:Body/></s:Envelope>"));
  EXPECT_EQ(old.fault(), "s:VersionMismatch");
  EXPECT_NE(old.header->child(kSoap, "Upgrade"), nullptr);
  EXPECT_EQ(ask_bytes("{}", "application/json").status, 415U);
  EXPECT_EQ(ask_bytes("x", "multipart/encrypted;protocol=\"application/HTTP-SPNEGO\"").status,
            415U);
  EXPECT_EQ(read(ask_bytes(small("").text(), "application/soap+xml;charset=latin1")).fault(),
            "s:Sender w:EncodingLimit CharacterSet");
}

TEST_F(WsManEnvelope, nothing_can_be_changed) {
  for (const std::string_view action :
       {"http://schemas.xmlsoap.org/ws/2004/09/transfer/Put",
        "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create",
        "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete",
        "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Renew",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/wmi/Test_All/Reset"}) {
    Asking asking;
    asking.action = action;
    const Told told = ask(asking);
    EXPECT_EQ(told.fault(), "s:Sender a:ActionNotSupported");
    EXPECT_EQ(told.action(), "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault");
    EXPECT_EQ(Told::text(told.body->child(kSoap, "Detail")->child(kAddressing, "Action")), action);
  }
}

TEST(WsManDuration, is_read_as_xml_schema_writes_it) {
  EXPECT_EQ(duration_ms("PT60.000S"), 60'000U);
  EXPECT_EQ(duration_ms(" PT1M30S "), 90'000U);
  EXPECT_EQ(duration_ms("P1DT2H"), 93'600'000U);
  EXPECT_EQ(duration_ms("P1Y2M3D"), (365U + 60U + 3U) * 86'400'000ULL);
  EXPECT_EQ(duration_ms("PT0.0001S"), 1U);
  EXPECT_EQ(duration_ms("PT0S"), 0U);
  for (const std::string_view bad : {"", "P", "PT", "60", "PT60", "-PT1S", "PT1S1M", "P1S", "PT1D",
                                     "P1DT", "PT1.S", "PT1.5M", "PTT1S", "PT99999999999999999S"}) {
    EXPECT_EQ(duration_ms(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(duration_text(90'005), "PT90.005S");
}

}  // namespace
}  // namespace qm::wsman

#include "cimxml/responder.h"

#include <gmock/gmock.h>

#include "cimxml/responder_testing.h"

namespace qm::cimxml {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string field(const CimWorld::Said& reply, std::string_view name) {
  for (const auto& [known, value] : reply.fields) {
    if (known == name) return value;
  }
  return "";
}

// Status and CIMError of a request that is otherwise right.
std::string http_fault(std::string_view body, Ask ask = {}) {
  CimWorld world;
  if (ask.method.empty() && ask.batch.empty()) ask.method = "EnumerateClassNames";
  if (ask.object.empty() && ask.batch.empty()) ask.object = "root/wmi";
  const auto reply = world.send(body, ask);
  return fmt::format("{} {}", reply.status, field(reply, "CIMError"));
}

std::string names_request() {
  return simple_request("EnumerateClassNames", "", "root/wmi");
}

TEST(CimXml, AnswersCarryIdVersionAndOperation) {
  CimWorld world;
  Ask ask;
  ask.method = "EnumerateClassNames";
  ask.object = "root%2Fwmi";
  const auto reply = world.send(message(names_request()), ask);
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(field(reply, "CIMOperation"), "MethodResponse");
  EXPECT_THAT(reply.body, AllOf(HasSubstr("<MESSAGE ID=\"1001\" PROTOCOLVERSION=\"1.0\">"),
                                HasSubstr("<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">"),
                                HasSubstr("<IMETHODRESPONSE NAME=\"EnumerateClassNames\">")));
  EXPECT_EQ(http_fault(message(names_request())), "200 ");
}

TEST(CimXml, MPostIsAnsweredAsSuch) {
  CimWorld world;
  Ask ask;
  ask.method = "EnumerateClassNames";
  ask.object = "root/wmi";
  ask.mandatory = true;
  const auto reply = world.send(message(names_request()), ask);
  EXPECT_EQ(field(reply, "73-CIMOperation"), "MethodResponse");
  EXPECT_THAT(field(reply, "Man"), HasSubstr("ns=73"));
}

TEST(CimXml, WhatBreaksTheProtocolGetsAStatusAndACimError) {
  const std::string fine = message(names_request());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string out = fine;
    return out.replace(out.find(from), from.size(), to);
  };
  EXPECT_EQ(http_fault("<CIM"), "400 request-not-well-formed");
  EXPECT_EQ(http_fault(""), "400 request-not-well-formed");
  EXPECT_EQ(http_fault("<!DOCTYPE a><CIM/>"), "400 request-not-well-formed");
  EXPECT_EQ(http_fault("<CIM/>"), "400 request-not-valid");
  EXPECT_EQ(http_fault("<a/>"), "400 request-not-valid");
  EXPECT_EQ(http_fault(with(" ID=\"1001\"", "")), "400 request-not-valid");
  EXPECT_EQ(http_fault(with("<NAMESPACE NAME=\"root\"/>", "<NAMESPACE/>")),
            "400 request-not-valid");
  EXPECT_EQ(http_fault(message("<SIMPLEREQ/>")), "400 request-not-valid");
  EXPECT_EQ(http_fault(message("<SIMPLEEXPREQ/>")), "501 unsupported-operation");
  EXPECT_EQ(http_fault(with("CIMVERSION=\"2.0\"", "CIMVERSION=\"3.0\"")),
            "501 unsupported-cim-version");
  EXPECT_EQ(http_fault(with("DTDVERSION=\"2.0\"", "DTDVERSION=\"1.0\"")),
            "501 unsupported-dtd-version");
  EXPECT_EQ(http_fault(with("PROTOCOLVERSION=\"1.0\"", "PROTOCOLVERSION=\"2.0\"")),
            "501 unsupported-protocol-version");
}

TEST(CimXml, WhatTheHeaderSaysMustBeWhatTheBodySays) {
  const std::string fine = message(names_request());
  Ask other;
  other.method = "GetClass";
  EXPECT_EQ(http_fault(fine, other), "400 header-mismatch");
  other = {};
  other.object = "root/cimv2";
  EXPECT_EQ(http_fault(fine, other), "400 header-mismatch");
  other = {};
  other.protocol = "1.4";
  EXPECT_EQ(http_fault(fine, other), "400 header-mismatch");
  other = {};
  other.operation = "Call";
  EXPECT_EQ(http_fault(fine, other), "400 unsupported-operation");
  other = {};
  other.method = "enumerateclassnames";
  other.object = "ROOT/WMI";
  EXPECT_EQ(http_fault(fine, other), "200 ");
}

TEST(CimXml, ABatchIsAnsweredInOrderUpToALimit) {
  const auto batch = [](std::size_t calls) {
    std::string requests;
    for (std::size_t i = 0; i < calls; ++i) {
      requests += i % 2 == 0 ? names_request() : simple_request("GetClass", "", "root/wmi");
    }
    return message("<MULTIREQ>" + requests + "</MULTIREQ>");
  };
  Ask ask;
  ask.batch = "CIMBatch";
  CimWorld world;
  const auto reply = world.send(batch(2), ask);
  EXPECT_EQ(reply.status, 200U);
  EXPECT_THAT(reply.body, testing::MatchesRegex(".*<MULTIRSP><SIMPLERSP>.*EnumerateClassNames.*"
                                                "</SIMPLERSP><SIMPLERSP>.*<ERROR CODE=\"4\".*"
                                                "</MULTIRSP>.*\n"));
  EXPECT_EQ(http_fault(batch(kMostCalls), ask), "200 ");
  EXPECT_EQ(http_fault(batch(kMostCalls + 1), ask), "501 multiple-requests-unsupported");
  EXPECT_EQ(http_fault(batch(1), ask), "400 request-not-valid");
  ask.method = "GetClass";
  EXPECT_EQ(http_fault(batch(2), ask), "400 header-mismatch");
}

TEST(CimXml, OperationsFailWithCodes) {
  CimWorld world;
  world.publish();
  const auto code = [&](std::string_view method, std::string_view parameters = {},
                        std::string_view name_space = "root/wmi") {
    const std::string text = world.call(method, parameters, name_space);
    return text.starts_with("<ERROR CODE=\"") ? text.substr(13, text.find('"', 13) - 13) : text;
  };
  EXPECT_EQ(code("EnumerateInstances", class_parameter("None")), "5");
  EXPECT_EQ(code("EnumerateInstances"), "4");
  EXPECT_EQ(code("EnumerateInstances", class_parameter("Test_Small"), "root/none"), "3");
  EXPECT_EQ(code("EnumerateInstances", class_parameter("Test_Small") + text_parameter("Odd", "1")),
            "4");
  EXPECT_EQ(code("EnumerateInstances",
                 class_parameter("Test_Small") + text_parameter("DeepInheritance", "perhaps")),
            "4");
  EXPECT_EQ(code("EnumerateInstances", class_parameter("A") + class_parameter("A")), "4");
  EXPECT_EQ(code("EnumerateInstances", class_parameter("Test_Elsewhere")), "5");
  EXPECT_EQ(code("GetClass", class_parameter("None")), "6");
  EXPECT_EQ(code("GetInstance", instance_parameter("Test_Small", "InstanceName", "none")), "6");
  EXPECT_EQ(code("GetInstance", instance_parameter("Test_Small", "U64", "42")), "4");
  EXPECT_EQ(code("GetInstance", instance_parameter("None", "K", "v")), "5");
  EXPECT_EQ(code("GetProperty", instance_parameter("Test_Small", "InstanceName", "off") +
                                    text_parameter("PropertyName", "None")),
            "12");
  EXPECT_EQ(code("GetQualifier", text_parameter("QualifierName", "None")), "6");
  EXPECT_EQ(code("ExecQuery", text_parameter("QueryLanguage", "SQL") +
                                  text_parameter("Query", "SELECT * FROM Test_Small")),
            "14");
  EXPECT_EQ(code("ExecQuery",
                 text_parameter("QueryLanguage", "WQL") + text_parameter("Query", "SELECT FROM")),
            "15");
  EXPECT_EQ(code("PullInstancesWithPath", text_parameter("EnumerationContext", "none") +
                                              text_parameter("MaxObjectCount", "1")),
            "21");
  for (const std::string_view write :
       {"CreateInstance", "ModifyInstance", "DeleteInstance", "CreateClass", "ModifyClass",
        "DeleteClass", "SetProperty", "SetQualifier", "DeleteQualifier", "Nonsense"}) {
    EXPECT_EQ(code(write), "7") << write;
  }
}

TEST(CimXml, MethodsOfClassesCannotBeCalled) {
  CimWorld world;
  const auto call = [&](std::string_view kind, const std::string& of, std::string_view object) {
    const std::string body = message(fmt::format(
        "<SIMPLEREQ><METHODCALL NAME=\"Do\"><{0}><LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/>"
        "<NAMESPACE NAME=\"wmi\"/></LOCALNAMESPACEPATH>{1}</{0}></METHODCALL></SIMPLEREQ>",
        kind, of));
    Ask ask;
    ask.method = "Do";
    ask.object = object;
    const std::string said = world.send(body, ask).body;
    const std::string begin = "<METHODRESPONSE NAME=\"Do\"><ERROR CODE=\"";
    const std::size_t at = said.find(begin) + begin.size();
    return said.substr(at, said.find('"', at) - at);
  };
  EXPECT_EQ(call("LOCALCLASSPATH", "<CLASSNAME NAME=\"Test_Small\"/>", "root/wmi:Test_Small"),
            "17");
  EXPECT_EQ(call("LOCALINSTANCEPATH",
                 "<INSTANCENAME CLASSNAME=\"Test_Small\"><KEYBINDING NAME=\"InstanceName\">"
                 "<KEYVALUE>x</KEYVALUE></KEYBINDING></INSTANCENAME>",
                 "root%2Fwmi%3ATest_Small.InstanceName=%22x%22"),
            "17");
  EXPECT_EQ(call("LOCALCLASSPATH", "<CLASSNAME NAME=\"None\"/>", "root/wmi:None"), "5");
}

TEST(CimXml, AnAnswerThatGrowsTooLargeIsRefused) {
  CimWorld world(300);
  world.publish();
  EXPECT_THAT(world.call("EnumerateInstances", class_parameter("Test_All")),
              HasSubstr("<ERROR CODE=\"27\""));
}

}  // namespace
}  // namespace qm::cimxml

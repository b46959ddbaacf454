#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cimxml/arguments.h"
#include "cimxml/responder_testing.h"

namespace qm::cimxml {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHostile = "ROOT\\A&amp;B\\&lt;one&gt;_0";

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(QM_SOURCE_DIR) + "/tests/golden/cimxml/" + name + ".xml";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text << '\n';
  std::ifstream file(path);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text + "\n", golden) << "differs from " << path << "; UPDATE_GOLDEN=1 rewrites it";
}

class CimOperations : public testing::Test {
 protected:
  CimOperations() { world_.publish(); }
  std::string call(std::string_view method, std::string_view parameters = {},
                   std::string_view name_space = "root/wmi") {
    return world_.call(method, parameters, name_space);
  }
  // What an answer says of the enumeration.
  static std::string context(const std::string& answer) {
    const std::size_t at = answer.find("PARAMTYPE=\"string\">");
    if (at == std::string::npos) return answer;
    const std::size_t begin = answer.find("<VALUE>", at) + 7;
    return answer.substr(begin, answer.find("</VALUE>", begin) - begin);
  }
  static std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; ++at) ++found;
    return found;
  }
  CimWorld world_;
};

TEST_F(CimOperations, InstancesOfEveryType) {
  expect_golden("enumerate_instances", call("EnumerateInstances", class_parameter("Test_All")));
}

TEST_F(CimOperations, AnInactiveInstanceHasNoValues) {
  const std::string text = call("EnumerateInstances", class_parameter("Test_Small"));
  EXPECT_THAT(text, HasSubstr("<PROPERTY NAME=\"U64\" TYPE=\"uint64\">\n<VALUE>42</VALUE>"));
  EXPECT_THAT(text, HasSubstr("<PROPERTY NAME=\"U64\" TYPE=\"uint64\"></PROPERTY>"));
  EXPECT_THAT(text, HasSubstr("<VALUE>&lt;small &amp; odd&gt;</VALUE>"));
}

TEST_F(CimOperations, WhatIsPublishedAnewIsShown) {
  const wmi::ClassEntry& small = world_.the("Test_Small");
  const std::string of_class = class_parameter("Test_Small");
  const auto publish = [&](std::uint64_t number) {
    wmi::BlockBuilder block(small);
    block.set("U64", number);
    world_.source.publish(2, {}, {{"one", "", true, block.block(), block.qualities()}});
  };
  for (const std::uint64_t number : {1U, 2U, 3U}) {
    publish(number);
    const std::string expected = fmt::format("<VALUE>{}</VALUE>", number);
    // Twice: the second is as the first was written.
    EXPECT_THAT(call("EnumerateInstances", of_class), HasSubstr(expected));
    EXPECT_THAT(call("EnumerateInstances", of_class), HasSubstr(expected));
    EXPECT_THAT(call("EnumerateInstanceNames", of_class), Not(HasSubstr("<VALUE>")));
    EXPECT_THAT(call("EnumerateInstances", of_class + text_parameter("LocalOnly", "TRUE")),
                AllOf(HasSubstr(expected), Not(HasSubstr("Caption"))));
  }
  world_.source.remove(2);
  EXPECT_EQ(call("EnumerateInstances", of_class), "<IRETURNVALUE></IRETURNVALUE>");
}

TEST_F(CimOperations, SubclassesComeAlong) {
  const std::string deep = call("EnumerateInstances", class_parameter("Test_Base"));
  EXPECT_EQ(count(deep, "<VALUE.NAMEDINSTANCE>"), 3U);
  EXPECT_THAT(deep, HasSubstr("NAME=\"U64\""));
  const std::string flat =
      call("EnumerateInstances",
           class_parameter("Test_Base") + text_parameter("DeepInheritance", "FALSE"));
  EXPECT_EQ(count(flat, "<VALUE.NAMEDINSTANCE>"), 3U);
  EXPECT_THAT(flat, AllOf(HasSubstr("NAME=\"Caption\""), Not(HasSubstr("NAME=\"U64\""))));
  EXPECT_EQ(count(call("EnumerateInstanceNames", class_parameter("Test_Base")), "<INSTANCENAME"),
            3U);
}

TEST_F(CimOperations, OptionsOfInstances) {
  const auto get = [&](const std::string& more) {
    return call("GetInstance",
                instance_parameter("test_small", "instancename", "&lt;SMALL &amp; odd&gt;") + more);
  };
  EXPECT_THAT(get(""), AllOf(HasSubstr("<INSTANCE CLASSNAME=\"Test_Small\">"),
                             HasSubstr("NAME=\"Caption\""), Not(HasSubstr("QUALIFIER"))));
  EXPECT_THAT(get(text_parameter("LocalOnly", "true")), Not(HasSubstr("NAME=\"Caption\"")));
  EXPECT_THAT(get(text_parameter("IncludeQualifiers", "TRUE")),
              HasSubstr("<QUALIFIER NAME=\"WmiDataId\" TYPE=\"sint32\""));
  EXPECT_THAT(get(text_parameter("IncludeClassOrigin", "TRUE")),
              HasSubstr("NAME=\"Caption\" TYPE=\"string\" CLASSORIGIN=\"Test_Base\" "
                        "PROPAGATED=\"true\""));
  const std::string listed = get(
      parameter("PropertyList", "<VALUE.ARRAY><VALUE>u64</VALUE><VALUE>x</VALUE></VALUE.ARRAY>"));
  EXPECT_THAT(listed, AllOf(HasSubstr("NAME=\"U64\""), Not(HasSubstr("NAME=\"InstanceName\""))));
  EXPECT_THAT(get(parameter("PropertyList", "<VALUE.ARRAY></VALUE.ARRAY>")),
              Not(HasSubstr("<PROPERTY")));
  EXPECT_THAT(get("<IPARAMVALUE NAME=\"PropertyList\"/>"), HasSubstr("NAME=\"U64\""));
}

TEST_F(CimOperations, OneProperty) {
  const auto get = [&](std::string_view name) {
    return call("GetProperty", instance_parameter("Test_All", "InstanceName", kHostile) +
                                   text_parameter("PropertyName", name));
  };
  EXPECT_EQ(get("u64"), "<IRETURNVALUE>\n<VALUE>18446744073709551615</VALUE>\n</IRETURNVALUE>");
  EXPECT_EQ(get("U16"), "<IRETURNVALUE></IRETURNVALUE>");
  EXPECT_THAT(get("List"), HasSubstr("<VALUE.ARRAY>\n<VALUE>0</VALUE>"));
}

TEST_F(CimOperations, Classes) {
  expect_golden("get_class", call("GetClass", class_parameter("test_all")));
  EXPECT_THAT(
      call("GetClass", class_parameter("Test_Small") + text_parameter("LocalOnly", "FALSE") +
                           text_parameter("IncludeQualifiers", "FALSE") +
                           text_parameter("IncludeClassOrigin", "TRUE")),
      AllOf(HasSubstr("<CLASS NAME=\"Test_Small\" SUPERCLASS=\"Test_Base\">"),
            HasSubstr("NAME=\"Caption\" TYPE=\"string\" CLASSORIGIN=\"Test_Base\" "
                      "PROPAGATED=\"true\""),
            Not(HasSubstr("<QUALIFIER"))));
  const std::string below = call("EnumerateClassNames", class_parameter("Test_Base"));
  EXPECT_EQ(count(below, "<CLASSNAME"), 2U);
  const std::string top = call("EnumerateClassNames");
  EXPECT_THAT(top, AllOf(HasSubstr("Test_Base"), HasSubstr("__SystemClass"),
                         Not(HasSubstr("Test_All")), Not(HasSubstr("Test_Elsewhere"))));
  EXPECT_THAT(call("EnumerateClassNames", text_parameter("DeepInheritance", "TRUE")),
              AllOf(HasSubstr("Test_All"), HasSubstr("__NAMESPACE")));
  EXPECT_EQ(count(call("EnumerateClasses", class_parameter("Test_Base")), "<CLASS "), 2U);
}

TEST_F(CimOperations, Qualifiers) {
  EXPECT_THAT(call("EnumerateQualifiers"),
              AllOf(HasSubstr("NAME=\"Key\" TYPE=\"boolean\" ISARRAY=\"false\""),
                    HasSubstr("NAME=\"WmiDataId\"")));
  EXPECT_THAT(call("GetQualifier", text_parameter("QualifierName", "valuemap")),
              HasSubstr("NAME=\"ValueMap\" TYPE=\"string\" ISARRAY=\"true\""));
}

TEST_F(CimOperations, Queries) {
  const auto query = [&](std::string_view text, std::string_view language = "WQL") {
    return call("ExecQuery",
                text_parameter("QueryLanguage", language) + text_parameter("Query", text));
  };
  EXPECT_THAT(query("SELECT U64 FROM Test_Small WHERE U64 = 42"),
              AllOf(HasSubstr("<VALUE.OBJECTWITHPATH>"), HasSubstr("<VALUE>42</VALUE>"),
                    HasSubstr("<HOST>HOST</HOST>"), Not(HasSubstr("NAME=\"Active\""))));
  EXPECT_EQ(count(query("SELECT * FROM Test_Base", "DMTF:CQL"), "<INSTANCE "), 3U);
  EXPECT_THAT(query("SELECT * FROM meta_class WHERE __this ISA \"Test_Base\""),
              HasSubstr("<CLASS NAME=\"Test_Small\""));
  EXPECT_THAT(query("ASSOCIATORS OF {Test_Small.InstanceName=\"&lt;small &amp; odd&gt;\"}"),
              HasSubstr("<INSTANCE CLASSNAME=\"Test_All\">"));
}

TEST_F(CimOperations, Associations) {
  const std::string of = instance_parameter("Test_All", "InstanceName", kHostile, "ObjectName");
  expect_golden("references", call("References", of));
  EXPECT_THAT(call("Associators", of), HasSubstr("<INSTANCE CLASSNAME=\"Test_Small\">"));
  const std::string names = call("AssociatorNames", of);
  EXPECT_EQ(count(names, "<OBJECTPATH>"), 1U);
  EXPECT_EQ(count(call("ReferenceNames", of), "<OBJECTPATH>"), 1U);
  EXPECT_EQ(count(call("AssociatorNames", of + text_parameter("Role", "Part")), "<OBJECTPATH>"),
            0U);
  EXPECT_EQ(count(call("AssociatorNames", of + class_parameter("Test_Link", "AssocClass")),
                  "<OBJECTPATH>"),
            1U);
  EXPECT_THAT(call("Associators", class_parameter("Test_All", "ObjectName")),
              HasSubstr("<CLASS NAME=\"Test_Small\""));
}

// DSP0201 2.4: VALUETYPE is "string" where neither it nor TYPE says otherwise.
TEST_F(CimOperations, KeysSayTheirTypeEitherWay) {
  const auto get = [this](std::string_view attributes) {
    return call(
        "GetInstance",
        parameter("InstanceName", fmt::format("<INSTANCENAME CLASSNAME=\"Test_All\"><KEYBINDING "
                                              "NAME=\"InstanceName\"><KEYVALUE {}>none"
                                              "</KEYVALUE></KEYBINDING></INSTANCENAME>",
                                              attributes)));
  };
  for (const char* text : {"", "TYPE=\"string\"", "VALUETYPE=\"string\"", "TYPE=\"real64\"",
                           "VALUETYPE=\"string\" TYPE=\"uint32\""}) {
    EXPECT_THAT(get(text), HasSubstr("CODE=\"6\"")) << text;
  }
  for (const char* number : {"VALUETYPE=\"numeric\"", "TYPE=\"uint32\"", "TYPE=\"sint8\"",
                             "VALUETYPE=\"numeric\" TYPE=\"uint64\""}) {
    EXPECT_THAT(get(number), HasSubstr("CODE=\"4\"")) << number;
  }
}

TEST_F(CimOperations, InstancesArePulled) {
  const std::string opened =
      call("OpenEnumerateInstances",
           class_parameter("Test_Base") + text_parameter("MaxObjectCount", "1"));
  EXPECT_EQ(count(opened, "<VALUE.INSTANCEWITHPATH>"), 1U);
  EXPECT_THAT(opened, HasSubstr("<VALUE>FALSE</VALUE>"));
  const std::string name = text_parameter("EnumerationContext", context(opened));
  EXPECT_THAT(call("EnumerationCount", name), HasSubstr("<VALUE>2</VALUE>"));
  EXPECT_THAT(call("PullInstances", name + text_parameter("MaxObjectCount", "1")),
              HasSubstr("CODE=\"21\""));
  EXPECT_THAT(call("PullInstancesWithPath", name), HasSubstr("CODE=\"4\""));
  // What is pulled is of the moment when it was opened.
  world_.source.remove(1);
  world_.source.remove(2);
  const std::string second =
      call("PullInstancesWithPath", name + text_parameter("MaxObjectCount", "1"));
  EXPECT_EQ(count(second, "<VALUE.INSTANCEWITHPATH>"), 1U);
  const std::string last =
      call("PullInstancesWithPath", name + text_parameter("MaxObjectCount", "9"));
  EXPECT_EQ(count(last, "<VALUE.INSTANCEWITHPATH>"), 1U);
  EXPECT_THAT(last, HasSubstr("<VALUE>TRUE</VALUE>"));
  EXPECT_EQ(context(last), "");
  EXPECT_THAT(call("PullInstancesWithPath", name + text_parameter("MaxObjectCount", "1")),
              HasSubstr("CODE=\"21\""));
}

TEST_F(CimOperations, AnEnumerationIsClosedOrExpires) {
  const auto open = [&](std::string_view timeout_s) {
    return text_parameter("EnumerationContext",
                          context(call("OpenEnumerateInstancePaths",
                                       class_parameter("Test_Base") +
                                           text_parameter("OperationTimeout", timeout_s))));
  };
  const std::string closed = open("10");
  EXPECT_EQ(call("CloseEnumeration", closed), "");
  EXPECT_THAT(call("CloseEnumeration", closed), HasSubstr("CODE=\"21\""));
  const std::string late = open("10");
  world_.now_ms += 10'000;
  EXPECT_THAT(call("PullInstancePaths", late + text_parameter("MaxObjectCount", "1")),
              HasSubstr("CODE=\"21\""));
  EXPECT_THAT(context(call("OpenEnumerateInstances",
                           class_parameter("Test_Base") + text_parameter("OperationTimeout", "0"))),
              HasSubstr("CODE=\"22\""));
  EXPECT_THAT(call("OpenEnumerateInstances",
                   class_parameter("Test_Base") + text_parameter("ContinueOnError", "TRUE")),
              HasSubstr("CODE=\"26\""));
}

TEST_F(CimOperations, AnEnumerationIsFiltered) {
  const auto open = [&](std::string_view filter, std::string_view language = "DMTF:FQL") {
    return call("OpenEnumerateInstances",
                class_parameter("Test_Small") + text_parameter("FilterQueryLanguage", language) +
                    text_parameter("FilterQuery", filter) + text_parameter("MaxObjectCount", "10"));
  };
  EXPECT_EQ(count(open("U64 = 42"), "<VALUE.INSTANCEWITHPATH>"), 1U);
  EXPECT_THAT(open("U64 ="), HasSubstr("CODE=\"15\""));
  EXPECT_THAT(open("U64 = 42", "SQL"), HasSubstr("CODE=\"14\""));
  const std::string queried =
      call("OpenQueryInstances", text_parameter("FilterQueryLanguage", "DMTF:CQL") +
                                     text_parameter("FilterQuery", "SELECT U64 FROM Test_Small") +
                                     text_parameter("ReturnQueryResultClass", "TRUE"));
  EXPECT_THAT(queried, AllOf(HasSubstr("NAME=\"QueryResultClass\""), HasSubstr("<VALUE>FALSE")));
  EXPECT_EQ(count(call("PullInstances", text_parameter("EnumerationContext", context(queried)) +
                                            text_parameter("MaxObjectCount", "9")),
                  "<INSTANCE "),
            2U);
}

TEST_F(CimOperations, WhatIsAssociatedIsPulled) {
  const std::string of = instance_parameter("Test_All", "InstanceName", kHostile) +
                         text_parameter("MaxObjectCount", "9");
  EXPECT_EQ(count(call("OpenAssociatorInstances", of), "<VALUE.INSTANCEWITHPATH>"), 1U);
  EXPECT_EQ(count(call("OpenAssociatorInstancePaths", of), "<INSTANCEPATH>"), 1U);
  EXPECT_EQ(count(call("OpenReferenceInstances", of), "<VALUE.INSTANCEWITHPATH>"), 1U);
  EXPECT_THAT(call("OpenReferenceInstancePaths", of), HasSubstr("CLASSNAME=\"Test_Link\""));
}

TEST_F(CimOperations, OnePullHasALimit) {
  wmi::BlockBuilder block(world_.the("Test_Small"));
  std::vector<wmi::MadeInstance> instances(kMostPulled + 1,
                                           {"one", "", true, block.block(), block.qualities()});
  world_.source.publish(2, {}, std::move(instances));
  const std::string most = text_parameter("MaxObjectCount", "1000000");
  const std::string first =
      world_.raw("OpenEnumerateInstancePaths", class_parameter("Test_Small") + most);
  EXPECT_EQ(count(first, "<INSTANCEPATH>"), kMostPulled);
  const std::string second =
      world_.raw("PullInstancePaths", text_parameter("EnumerationContext", context(first)) + most);
  EXPECT_EQ(count(second, "<INSTANCEPATH>"), 1U);
}

TEST_F(CimOperations, APropertyListHasALimit) {
  const auto listed = [&](std::size_t names) {
    std::string list;
    for (std::size_t i = 0; i < names; ++i) list += "<VALUE>U64</VALUE>";
    return call("EnumerateInstances",
                class_parameter("Test_Small") +
                    parameter("PropertyList", "<VALUE.ARRAY>" + list + "</VALUE.ARRAY>"));
  };
  EXPECT_THAT(listed(kMostListed), HasSubstr("<VALUE>42</VALUE>"));
  EXPECT_THAT(listed(kMostListed + 1), HasSubstr("CODE=\"4\""));
}

TEST_F(CimOperations, NamespacesAreInstances) {
  EXPECT_THAT(call("EnumerateInstanceNames", class_parameter("__NAMESPACE"), "root"),
              AllOf(HasSubstr("wmi</KEYVALUE>"), HasSubstr("elsewhere</KEYVALUE>")));
}

TEST_F(CimOperations, ClientsDiscoverWhatThereIs) {
  for (const std::string_view name_space : {"root/interop", "interop"}) {
    expect_golden("interop_namespaces",
                  call("EnumerateInstances", class_parameter("CIM_Namespace"), name_space));
  }
  EXPECT_THAT(call("EnumerateInstances", class_parameter("CIM_ObjectManagerCommunicationMechanism"),
                   "interop"),
              HasSubstr("CLASSNAME=\"CIM_CIMXMLCommunicationMechanism\""));
  EXPECT_THAT(call("EnumerateInstances", class_parameter("CIM_ObjectManager"), "root/interop"),
              HasSubstr("<VALUE>quickmode</VALUE>"));
  EXPECT_THAT(call("GetClass", class_parameter("CIM_Namespace"), "root/interop"),
              HasSubstr("SUPERCLASS=\"CIM_ManagedElement\""));
  EXPECT_THAT(call("EnumerateInstances", class_parameter("CIM_Namespace"), "root/wmi"),
              HasSubstr("CODE=\"5\""));
}

TEST_F(CimOperations, ClassesMayBecomeOthersMeanwhile) {
  const std::string name = text_parameter(
      "EnumerationContext", context(call("OpenEnumerateInstances", class_parameter("Test_Base"))));
  const auto other = wmi::compiled(wmi::wql::kTestClasses).value();
  world_.snapshots.use(other);
  world_.responder.use(other);
  EXPECT_EQ(count(call("PullInstancesWithPath", name + text_parameter("MaxObjectCount", "9")),
                  "<VALUE.INSTANCEWITHPATH>"),
            3U);
  EXPECT_EQ(
      count(call("EnumerateInstances", class_parameter("Test_Base")), "<VALUE.NAMEDINSTANCE>"), 3U);
}

}  // namespace
}  // namespace qm::cimxml

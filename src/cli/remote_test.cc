// quickmode query --host, with answers as another host would give them.
#include "cli/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

#include "cli/command_testing.h"

namespace qm::cli {
namespace {

using ::testing::HasSubstr;

// Says what it was told to say, one answer after the other.
class FakePoster final : public Poster {
 public:
  Result<Answer> post(std::string_view envelope) override {
    asked.emplace_back(envelope);
    if (answers.empty()) return fail(ErrorCode::state, "nobody there");
    Answer answer = answers.front();
    answers.erase(answers.begin());
    return answer;
  }
  void say(std::string_view body, unsigned status = 200) {
    answers.push_back(
        {status,
         "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
         "xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" "
         "xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" "
         "xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" "
         "xmlns:c=\"http://schemas.dmtf.org/wbem/wscim/1/common\" "
         "xmlns:x=\"http://www.w3.org/2001/XMLSchema-instance\" "
         "xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wmi/root/wmi/Stats\"><s:Body>" +
             std::string(body) + "</s:Body></s:Envelope>"});
  }
  std::vector<Answer> answers;
  std::vector<std::string> asked;
};

constexpr std::string_view kClass =
    "<CLASS NAME=\"Stats\"><PROPERTY NAME=\"InstanceName\" TYPE=\"string\"/>"
    "<PROPERTY NAME=\"Bytes\" TYPE=\"uint64\"/><PROPERTY NAME=\"When\" TYPE=\"datetime\"/>"
    "<PROPERTY NAME=\"Active\" TYPE=\"boolean\"/>"
    "<PROPERTY.ARRAY NAME=\"List\" TYPE=\"sint8\"/></CLASS>";
constexpr std::string_view kQuery =
    "/api/v1/query?q=SELECT%20%2A%20FROM%20Stats&namespace=root%2Fwmi";

boost::json::value json_of(const Answer& answer) {
  return boost::json::parse(answer.body);
}

TEST(Remote, urls_are_read) {
  const auto url = [](std::string_view text) {
    const auto read = parse_remote(text);
    if (!read) return read.error().message;
    return (read->tls ? "tls " : "") + host_field(*read) + read->path;
  };
  EXPECT_EQ(url("there"), "there:5985/wsman");
  EXPECT_EQ(url("there:80"), "there:80/wsman");
  EXPECT_EQ(url("http://there/other"), "there:5985/other");
  EXPECT_EQ(url("https://there/"), "tls there:5986/wsman");
  EXPECT_EQ(url("[::1]:7"), "[::1]:7/wsman");
  EXPECT_EQ(url("::1"), "[::1]:5985/wsman");
  for (const std::string_view bad : {"", "a b", "there:", "there:0", "there:99999", "there:x",
                                     "[::1", "user@there", "there\r\nX: y"}) {
    EXPECT_FALSE(parse_remote(bad)) << bad;
  }
}

TEST(Remote, rows_are_pulled_to_the_end_and_typed_by_their_class) {
  FakePoster poster;
  poster.say(
      "<n:EnumerateResponse><n:EnumerationContext>c1</n:EnumerationContext><w:Items>"
      "<p:Stats x:type=\"p:Stats_Type\"><p:Active>true</p:Active>"
      "<p:Bytes>18446744073709551615</p:Bytes><p:InstanceName>A\\1</p:InstanceName>"
      "<p:List>-1</p:List><p:List>2</p:List>"
      "<p:When><c:Datetime>2026-01-02T03:04:05.5+01:00</c:Datetime></p:When></p:Stats>"
      "</w:Items></n:EnumerateResponse>");
  poster.say(kClass);
  poster.say(
      "<n:PullResponse><n:Items><p:Stats x:type=\"p:Stats_Type\">"
      "<p:Bytes x:nil=\"true\"/></p:Stats></n:Items><n:EndOfSequence/></n:PullResponse>");
  ManagementApi api({.host = "there"}, poster);
  const auto answer = api.get(kQuery);
  ASSERT_TRUE(answer) << answer.error().message;
  const auto rows = json_of(*answer).at("instances").as_array();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(boost::json::serialize(rows[0]),
            "{\"class\":\"Stats\",\"path\":\"\\\\\\\\there\\\\root/wmi:Stats.InstanceName="
            "\\\"A\\\\\\\\1\\\"\",\"properties\":{\"Active\":true,\"Bytes\":18446744073709551615,"
            "\"InstanceName\":\"A\\\\1\",\"List\":[-1,2],\"When\":\"20260102030405.500000+060\"}}");
  EXPECT_TRUE(rows[1].at("properties").at("Bytes").is_null());
  ASSERT_EQ(poster.asked.size(), 3U);
  EXPECT_THAT(poster.asked[0], HasSubstr(">SELECT * FROM Stats</w:Filter>"));
  EXPECT_THAT(poster.asked[2], HasSubstr("<n:EnumerationContext>c1</n:EnumerationContext>"));
}

TEST(Remote, selected_properties_stay_in_their_order) {
  FakePoster poster;
  poster.say(
      "<n:EnumerateResponse><n:EnumerationContext/><w:Items><w:XmlFragment>"
      "<p:InstanceName>a</p:InstanceName><p:Bytes>7</p:Bytes></w:XmlFragment></w:Items>"
      "<w:EndOfSequence/></n:EnumerateResponse>");
  poster.say(kClass);
  ManagementApi api({.host = "there"}, poster);
  const auto answer = api.get(kQuery);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(boost::json::serialize(json_of(*answer).at("instances").at(0).at("properties")),
            "{\"InstanceName\":\"a\",\"Bytes\":7}");
}

TEST(Remote, faults_are_refusals) {
  const auto refused = [](std::string_view subcode, std::string_view message) {
    FakePoster poster;
    poster.say("<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>" +
                   std::string(subcode) + "</s:Value></s:Subcode></s:Code><s:Reason><s:Text>" +
                   "why\x07</s:Text></s:Reason><s:Detail><f:WSManFault><f:Message>" +
                   std::string(message) + "</f:Message></f:WSManFault></s:Detail></s:Fault>",
               500);
    ManagementApi api({.host = "there"}, poster);
    return api.get(kQuery);
  };
  EXPECT_FALSE(refused("n:CannotProcessFilter", ""));  // a control character: no XML
  FakePoster poster;
  poster.say(
      "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>n:CannotProcessFilter"
      "</s:Value></s:Subcode></s:Code><s:Reason><s:Text>why</s:Text></s:Reason><s:Detail>"
      "<f:WSManFault><f:Message>line\n ^</f:Message></f:WSManFault></s:Detail></s:Fault>",
      500);
  ManagementApi api({.host = "there"}, poster);
  const auto answer = api.get(kQuery);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 400U);
  EXPECT_EQ(json_of(*answer).at("error").at("report"), "line\n ^");
  FakePoster login;
  login.answers.push_back({401, ""});
  ManagementApi other({.host = "there"}, login);
  EXPECT_THAT(other.get(kQuery).error().message, HasSubstr("--user"));
  EXPECT_FALSE(other.get("/api/v1/classes"));
}

TEST(Remote, queries_for_events_are_subscribed_to_and_pulled) {
  FakePoster poster;
  poster.say(
      "<e:SubscribeResponse xmlns:e=\"http://schemas.xmlsoap.org/ws/2004/08/eventing\">"
      "<n:EnumerationContext>c9</n:EnumerationContext></e:SubscribeResponse>");
  ManagementApi api({.host = "there"}, poster);
  const std::string query =
      "/api/v1/query?q=SELECT%20%2A%20FROM%20__InstanceCreationEvent%20WITHIN%201&namespace=root";
  const auto begun = api.get(query);
  ASSERT_TRUE(begun) << begun.error().message;
  EXPECT_EQ(json_of(*begun).at("cursor"), "c9");
  EXPECT_EQ(json_of(*begun).at("kind"), "events");
  poster.say(
      "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:TimedOut"
      "</s:Value></s:Subcode></s:Code><s:Reason><s:Text>none</s:Text></s:Reason></s:Fault>",
      500);
  const auto none = api.get(query + "&cursor=c9");
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(json_of(*none).at("events").as_array().size(), 0U);
  EXPECT_THAT(poster.asked.back(), HasSubstr("<n:MaxTime>PT0S</n:MaxTime>"));
}

TEST(Remote, passwords_are_no_arguments) {
  const auto ran = testing::run_command({"query", "--user", "me", "SELECT"});
  EXPECT_EQ(ran.exit_code, 64);
  EXPECT_THAT(ran.err, HasSubstr("--host"));
  EXPECT_EQ(password_for("me", "there", "from the environment\n", "")->text(),
            "from the environment");
  EXPECT_FALSE(
      password_for("me", "there", std::string(login::kMostPasswordBytes + 1, 'x').c_str(), ""));
  EXPECT_TRUE(password_for("me", "there", std::string(login::kMostPasswordBytes, 'x').c_str(), ""));
}

}  // namespace
}  // namespace qm::cli

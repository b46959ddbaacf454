#include "serve/cim_endpoint.h"

#include <gmock/gmock.h>

#include "cimxml/responder_testing.h"

namespace qm::serve {
namespace {

using testing::HasSubstr;

std::string header_field(const Answer& answer, std::string_view name) {
  for (const Field& one : answer.fields) {
    if (one.name == name) return one.value;
  }
  return "";
}

class CimEndpointTest : public testing::Test {
 protected:
  CimEndpointTest() { world_.publish(); }

  static Request to(std::string_view target, Verb verb) {
    Request request;
    request.verb = verb;
    request.sent_target = target;
    request.target = parse_target(target).value();
    return request;
  }
  Answer ask(const Request& request) {
    Answer out;
    endpoint_.handle(request, [&](Answer answer) { out = std::move(answer); });
    return out;
  }

  cimxml::CimWorld world_;
  CimEndpoint endpoint_{world_.repository, world_.snapshots, world_.enumerations, "HOST"};
};

TEST_F(CimEndpointTest, TakesPostsAtItsPathAlone) {
  EXPECT_EQ(endpoint_.admit(to("/cimom", Verb::post)).value(), xml::kMostBytes);
  EXPECT_EQ(endpoint_.admit(to("/cimom/", Verb::post)).value(), xml::kMostBytes);
  EXPECT_EQ(endpoint_.admit(to("/cimom/x", Verb::post)).error().status, 404U);
  EXPECT_EQ(endpoint_.admit(to("/cimom?x=1", Verb::post)).error().status, 404U);
  EXPECT_EQ(endpoint_.admit(to("/cimom", Verb::remove)).error().status, 405U);
  EXPECT_EQ(ask(to("/cimom", Verb::get)).status, 405U);
  EXPECT_EQ(endpoint_.allowed(to("/cimom", Verb::get)), "POST, M-POST, OPTIONS");
}

TEST_F(CimEndpointTest, SaysWhatItCanDo) {
  Answer said;
  said.fields = endpoint_.options(to("/cimom", Verb::options));
  EXPECT_EQ(header_field(said, "Opt"), "http://www.dmtf.org/cim/mapping/http/v1.0 ; ns=77");
  EXPECT_EQ(header_field(said, "77-CIMSupportedFunctionalGroups"),
            "basic-read, association-traversal, query-execution");
  EXPECT_THAT(header_field(said, "77-CIMSupportedQueryLanguages"), HasSubstr("WQL"));
}

TEST_F(CimEndpointTest, HandsTheFieldsOn) {
  const std::string body = cimxml::message(cimxml::simple_request(
      "EnumerateInstances", cimxml::class_parameter("Test_Small"), "root/wmi"));
  Request request = to("/cimom", Verb::post);
  request.body = body;
  request.cim = {"MethodCall", "EnumerateInstances", "root%2Fwmi", "", ""};
  const Answer fine = ask(request);
  EXPECT_EQ(fine.status, 200U);
  EXPECT_EQ(fine.content_type, "application/xml; charset=\"utf-8\"");
  EXPECT_EQ(header_field(fine, "CIMOperation"), "MethodResponse");
  EXPECT_THAT(Pieces(fine.body, fine.middle, fine.end).whole(), HasSubstr("<VALUE>42</VALUE>"));
  request.mandatory = true;
  EXPECT_EQ(header_field(ask(request), "73-CIMOperation"), "MethodResponse");
  request.cim.protocol = "1.9";
  EXPECT_EQ(header_field(ask(request), "CIMError"), "header-mismatch");
  request.content_type = "application/xml; charset=latin1";
  EXPECT_EQ(header_field(ask(request), "CIMError"), "request-not-well-formed");
}

}  // namespace
}  // namespace qm::serve

// WS-Management as the HTTP server asks it.
#include "serve/management.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "wmi/wql_testing.h"
#include "wsman/asking_testing.h"

namespace qm::serve {
namespace {

using ::testing::HasSubstr;
using wsman::Asking;

class ManagementTest : public ::testing::Test {
 protected:
  ManagementTest()
      : snapshots_(world_.repository, world_.source, {}),
        management_(io_, world_.repository, snapshots_, "HOST", "0.1.0") {}

  // What was answered so far: nothing while it is held.
  std::shared_ptr<std::optional<Answer>> ask(const std::string& body, Verb verb = Verb::post) {
    Request request;
    request.verb = verb;
    request.target.path = {"wsman"};
    request.content_type = "application/soap+xml;charset=UTF-8";
    request.body = body;
    request.role = role_;
    auto out = std::make_shared<std::optional<Answer>>();
    management_.handle(request, [out](Answer answer) { *out = std::move(answer); });
    return out;
  }

  std::string subscribe() {
    Asking asking;
    asking.action = wsman::kSubscribe;
    asking.uri = std::string(wsman::kTestUri) + "*";
    asking.body = "<ev:Subscribe><ev:Delivery Mode=\"" + std::string(wsman::kPullDelivery) +
                  "\"/>" +
                  wsman::wql_filter(
                      "SELECT * FROM __InstanceCreationEvent WITHIN 0.1 WHERE "
                      "TargetInstance ISA 'Test_Small'") +
                  "</ev:Subscribe>";
    const auto answer = ask(asking.text());
    const std::string& body = (*answer)->body;
    const std::size_t at = body.find("<n:EnumerationContext>") + 22;
    return body.substr(at, body.find('<', at) - at);
  }

  login::Role role_ = login::Role::read;
  boost::asio::io_context io_;
  wmi::wql::World world_;
  wmi::Snapshots snapshots_;
  Management management_;
};

TEST_F(ManagementTest, a_stranger_is_told_who_this_is_and_nothing_else) {
  role_ = login::Role::none;
  const std::string identify =
      "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><i:Identify xmlns:i='"
      "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd'/></s:Body></s:Envelope>";
  EXPECT_THAT((*ask(identify))->body, HasSubstr("IdentifyResponse"));
  for (const std::string& other :
       {wsman::enumerate(std::string(wsman::kAllAtOnce), "Test_Small").text(), identify.substr(9),
        std::string()}) {
    EXPECT_EQ((*ask(other))->status, 401U);
    EXPECT_THAT((*ask(other))->body, HasSubstr("AccessDenied"));
  }
}

TEST_F(ManagementTest, answers_at_once_what_needs_no_wait) {
  const auto answer = ask(wsman::enumerate(std::string(wsman::kAllAtOnce), "Test_Small").text());
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 200U);
  EXPECT_EQ((*answer)->fields.at(0).value, "application/soap+xml;charset=UTF-8");
  EXPECT_THAT((*answer)->body, HasSubstr("EndOfSequence"));
  EXPECT_EQ((*ask("", Verb::get))->status, 405U);
}

TEST_F(ManagementTest, holds_pulls_for_events_and_no_more_than_it_may) {
  const std::string pull = wsman::pull(subscribe()).text();
  std::vector<std::shared_ptr<std::optional<Answer>>> held;
  for (std::size_t i = 0; i < kMostHeldPulls; ++i) {
    held.push_back(ask(pull));
    ASSERT_FALSE(*held.back());
  }
  const auto refused = ask(pull);
  ASSERT_TRUE(*refused);
  EXPECT_THAT((*refused)->body, HasSubstr("w:TimedOut"));

  wmi::BlockBuilder block(world_.the("Test_Small"));
  world_.source.publish(world_.source.add(world_.the("Test_Small"), "one", 1), {5, 6},
                        {{"new", "", true, block.block(), block.qualities()}});
  while (!*held.front()) io_.run_one();
  EXPECT_THAT((*held.front())->body, HasSubstr("__InstanceCreationEvent"));
}

TEST_F(ManagementTest, forgets_what_it_holds_when_it_goes) {
  auto other = std::make_unique<Management>(io_, world_.repository, snapshots_, "HOST", "0.1.0");
  Request request;
  request.verb = Verb::post;
  request.target.path = {"wsman"};
  other->handle(request, [](const Answer&) {});
  other.reset();
  io_.run();
}

}  // namespace
}  // namespace qm::serve

#include "serve/wql_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmi/wql_testing.h"

namespace qm::serve {
namespace {

using ::testing::HasSubstr;
using wmi::BlockBuilder;

class WqlAnswers : public ::testing::Test {
 protected:
  WqlAnswers() : id_(world_.source.add(world_.the("Test_Small"), "one", 1)) { publish({{"a", 5}}); }

  void publish(const std::vector<std::pair<std::string, std::uint64_t>>& values) {
    std::vector<wmi::MadeInstance> instances;
    for (const auto& [name, value] : values) {
      BlockBuilder block(world_.the("Test_Small"));
      block.set("U64", value).quality("U64", QM_AT_LEAST, QM_REASON_GAP);
      instances.push_back({name, "", true, block.block(), block.qualities()});
    }
    world_.source.publish(id_, {1, 2}, std::move(instances));
  }

  std::string ask(const std::string& text, const std::string& cursor = "",
                  std::size_t most_bytes = kMostAnswerBytes) {
    query_ = {};
    query_.what = Query::What::wql;
    query_.wql = text;
    query_.cursor = cursor;
    const auto plan = wql_plan(query_, world_.repository, "HOST");
    if (!plan) return refusal_answer(plan.error()).body;
    world_.time.boot_ns += 1'000'000'000;
    const WqlQuestion question{query_, *plan, world_.snapshot(), true};
    const auto answer = (*plan)->kind == wmi::wql::Kind::events
                            ? subscriptions_.answer(question, most_bytes)
                            : wql_answer(question, malformed_, most_bytes);
    return answer ? answer->body : refusal_answer(answer.error()).body;
  }

  wmi::wql::World world_;
  std::uint64_t id_;
  Query query_;
  Subscriptions subscriptions_;
  std::uint64_t malformed_ = 0;
};

constexpr const char* kCreated =
    "SELECT TargetInstance.InstanceName FROM __InstanceCreationEvent WITHIN 5 WHERE "
    "TargetInstance ISA 'Test_Small'";

TEST_F(WqlAnswers, hold_what_was_selected_and_how_good_it_is) {
  EXPECT_EQ(ask("SELECT U64, __CLASS FROM Test_Base WHERE U64 > 4"),
            R"({"error":{"status":400,"message":"Test_Base has no property U64","report":")"
            R"(query:1:8: error: Test_Base has no property U64 [unknown-property]\n)"
            R"(SELECT U64, __CLASS FROM Test_Base WHERE U64 > 4\n       ^~~\n)"
            R"(hint: Test_All has one: SELECT … FROM Test_All\n)"
            R"(query:1:42: error: Test_Base has no property U64 [unknown-property]\n)"
            R"(SELECT U64, __CLASS FROM Test_Base WHERE U64 > 4\n)"
            R"(                                         ^~~\n)"
            R"(hint: Test_All has one: SELECT … FROM Test_All\n"}})");
  const std::string answer = ask("SELECT U64, __CLASS FROM Test_Small WHERE U64 > 4");
  EXPECT_THAT(answer, HasSubstr(R"("columns":["U64","__CLASS"],"examined":1,"cut":false)"));
  EXPECT_THAT(answer, HasSubstr(R"("path":"\\\\HOST\\root\\wmi:Test_Small.InstanceName=\"a\"")"));
  EXPECT_THAT(answer, HasSubstr(R"("properties":{"U64":5,"__CLASS":"Test_Small"})"));
  EXPECT_THAT(answer, HasSubstr(R"("quality":{"U64":{"quality":"at least","reason":"gap")"));
  EXPECT_THAT(ask("SELECT * FROM Test_Small", "", 50), HasSubstr(R"("status":503)"));
}

TEST_F(WqlAnswers, of_classes_hold_what_wmi_says_of_them) {
  EXPECT_THAT(ask("SELECT * FROM meta_class WHERE __CLASS = 'Test_Small'"),
              HasSubstr(R"("properties":{"__CLASS":"Test_Small","__SUPERCLASS":"Test_Base",)"
                        R"("__DYNASTY":"Test_Base","__DERIVATION":["Test_Base"],)"));
}

TEST_F(WqlAnswers, of_events_go_on_with_their_cursor) {
  EXPECT_THAT(ask(kCreated), HasSubstr(R"("events":[])"));
  const std::string begun = ask(kCreated);
  const std::size_t at = begun.find(R"("cursor":")") + 10;
  const std::string cursor = begun.substr(at, begun.find('"', at) - at);
  publish({{"a", 5}, {"b", 6}});
  EXPECT_THAT(ask(kCreated, cursor),
              HasSubstr(R"("events":[{"class":"__InstanceCreationEvent","instance_class":)"
                        R"("Test_Small","properties":{"TargetInstance.InstanceName":"b"}}])"));
  EXPECT_THAT(ask(kCreated, cursor), HasSubstr(R"("events":[])"));
  EXPECT_THAT(ask(std::string(kCreated) + " ", cursor), HasSubstr("another query's"));
  EXPECT_THAT(ask(kCreated, "nope"), HasSubstr(R"("status":410)"));
}

TEST_F(WqlAnswers, of_events_are_limited_and_forgotten) {
  for (std::size_t i = 0; i < kMostSubscriptions; ++i) {
    world_.time.boot_ns -= 1'000'000'000;  // all at one moment
    EXPECT_THAT(ask(kCreated), HasSubstr("cursor"));
  }
  EXPECT_THAT(ask(kCreated), HasSubstr(R"("status":503)"));
  world_.time.boot_ns += (kSubscriptionLifeMs + 1'000) * 1'000'000;
  EXPECT_THAT(ask(kCreated), HasSubstr("cursor"));
  EXPECT_EQ(subscriptions_.open(), 1U);
}

TEST_F(WqlAnswers, of_events_hold_so_many_bytes_and_no_more) {
  subscriptions_ = Subscriptions(10);
  EXPECT_THAT(ask(kCreated), HasSubstr(R"("status":503)"));
  EXPECT_EQ(subscriptions_.open(), 0U);
}

}  // namespace
}  // namespace qm::serve

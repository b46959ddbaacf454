#include "serve/query.h"

#include <gtest/gtest.h>

namespace qm::serve {
namespace {

using What = Query::What;

const wmi::Repository& repository() {
  static const auto made = wmi::Repository::built_in().value();
  return *made;
}

Asked<Query> query(std::string_view raw) {
  const auto target = parse_target(raw);
  if (!target) return std::unexpected(target.error());
  return parse_query(*target, repository());
}

std::string why(std::string_view raw) {
  const auto asked = query(raw);
  if (asked) return "fine";
  return std::to_string(asked.error().status) + " " + asked.error().message;
}

TEST(Query, understands_every_path_of_the_api) {
  EXPECT_EQ(query("/api/v1/classes")->what, What::classes);
  EXPECT_TRUE(query("/api/v1/classes?cooked=1")->cooked);
  EXPECT_EQ(query("/api/v1/health")->what, What::health);
  EXPECT_EQ(query("/api/v1/classes/quickmode_sa")->classes.front()->name(), "Quickmode_SA");
  EXPECT_EQ(query("/api/v1/classes/Quickmode_SA?form=mof")->what, What::class_mof);
  EXPECT_EQ(query("/api/v1/classes/Quickmode_SA?form=json")->what, What::one_class);
  const auto instances =
      query("/api/v1/instances/Quickmode_SA?instance=a*&refresh=0&integers=text");
  ASSERT_TRUE(instances);
  EXPECT_EQ(instances->what, What::instances);
  EXPECT_EQ(instances->instance_glob, "a*");
  EXPECT_FALSE(instances->refresh);
  EXPECT_TRUE(instances->integers_as_text);
  const auto snapshot = query("/api/v1/snapshot?class=Quickmode_SA&class=Quickmode_Session");
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->classes.size(), 2U);
  EXPECT_TRUE(snapshot->refresh);
}

TEST(Query, a_history_and_a_start) {
  const auto history = query("/api/v1/history?class=Quickmode_SA&instance=a*&seconds=60");
  ASSERT_TRUE(history);
  EXPECT_EQ(history->what, What::history);
  EXPECT_EQ(history->seconds, 60U);
  EXPECT_EQ(history->instance_glob, "a*");
  EXPECT_FALSE(history->refresh);
  EXPECT_EQ(query("/api/v1/history?class=Quickmode_SA")->seconds, kMostHistorySeconds);
  const auto start = query("/api/v1/start?class=Nope&class=Quickmode_SA&class=quickmode_sa");
  ASSERT_TRUE(start);
  EXPECT_EQ(start->what, What::start);
  ASSERT_EQ(start->classes.size(), 1U) << "those that are there, once each";
  EXPECT_FALSE(start->refresh);
  EXPECT_EQ(why("/api/v1/history"), "400 which classes? /api/v1/history?class=NAME&class=NAME");
  EXPECT_EQ(why("/api/v1/history?class=Nope"), "404 no class Nope; see /api/v1/classes");
  EXPECT_EQ(why("/api/v1/start?seconds=86400"), "fine");
  for (const char* wrong : {"86401", "-1", "", "1x", "99999999999999999999"}) {
    EXPECT_EQ(why(std::string("/api/v1/start?seconds=") + wrong),
              std::string("400 seconds=") + wrong + " is not one of: 0 to 86400");
  }
}

TEST(Query, takes_wql_as_it_was_sent) {
  const auto wql = query("/api/v1/query?q=SELECT%20*+FROM%20X&namespace=root/cimv2&cursor=1-2");
  ASSERT_TRUE(wql);
  EXPECT_EQ(wql->what, What::wql);
  EXPECT_EQ(wql->wql, "SELECT * FROM X");
  EXPECT_EQ(wql->name_space, "root/cimv2");
  EXPECT_EQ(wql->cursor, "1-2");
  EXPECT_TRUE(wql->refresh);
  EXPECT_EQ(query("/api/v1/query?q=x")->name_space, "root\\wmi");
  EXPECT_EQ(why("/api/v1/query"), "400 which query? /api/v1/query?q=SELECT%20*%20FROM%20CLASS");
}

TEST(Query, says_what_is_wrong_and_what_would_be_right) {
  EXPECT_EQ(why("/api/v1/instances/Nope"), "404 no class Nope; see /api/v1/classes");
  EXPECT_EQ(why("/api/v1/snapshot?class=Nope"), "404 no class Nope; see /api/v1/classes");
  EXPECT_EQ(why("/api/v1/snapshot"), "400 which classes? /api/v1/snapshot?class=NAME&class=NAME");
  EXPECT_EQ(why("/api/v1/instances/Quickmode_SA?refresh=yes"),
            "400 refresh=yes is not one of: 0, 1");
  EXPECT_EQ(why("/api/v1/instances/Quickmode_SA?integers=hex"),
            "400 integers=hex is not one of: number, text");
  EXPECT_EQ(why("/api/v1/classes/Quickmode_SA?form=xml"), "400 form=xml is not one of: json, mof");
  EXPECT_EQ(why("/api/v1/classes?cooked=yes"), "400 cooked=yes is not one of: 0, 1");
  EXPECT_EQ(why("/api/v1/health?x=1"), "400 no parameter x here; see docs/api.md");
  EXPECT_EQ(why("/api/v1/instances/Quickmode_SA?refresh=0&refresh=0"),
            "400 refresh= is given twice");
  EXPECT_EQ(why("/api/v1/instances/Quickmode_SA?instance="),
            "400 instance= is empty; leave it out for all instances");
  for (const char* path : {"/", "/api", "/api/v2/classes", "/api/v1/nope", "/api/v1/classes/A/B",
                           "/api/v1/instances", "/api/v1/health/x", "/API/v1/health"}) {
    EXPECT_EQ(why(path).substr(0, 21), "404 no such path; the") << path;
  }
}

TEST(Query, limits_hold_at_their_edges) {
  std::string classes = "/api/v1/snapshot?";
  for (std::size_t i = 0; i < kMostSnapshotClasses; ++i) classes += "class=Quickmode_SA&";
  EXPECT_EQ(why(classes), "fine");
  EXPECT_EQ(why(classes + "class=Quickmode_SA"), "400 more than 16 classes");
  const std::string instances = "/api/v1/instances/Quickmode_SA?instance=";
  EXPECT_EQ(why(instances + std::string(kMostGlobBytes, 'a')), "fine");
  EXPECT_EQ(why(instances + std::string(kMostGlobBytes + 1, 'a')).substr(0, 4), "400 ");
  EXPECT_EQ(why(instances + std::string(kMostGlobStars, '*')), "fine");
  EXPECT_EQ(why(instances + std::string(kMostGlobStars + 1, '*')).substr(0, 4), "400 ");
}

}  // namespace
}  // namespace qm::serve

#include "serve/target.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace qm::serve {
namespace {

unsigned status_of(std::string_view raw) {
  const auto target = parse_target(raw);
  return target ? 200 : target.error().status;
}

TEST(Target, splits_and_decodes_path_and_parameters) {
  const auto target = parse_target("/api/v1/instances/A%20B?instance=ROOT%5c*&x=a+b%2B&flag&y=");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, (std::vector<std::string>{"api", "v1", "instances", "A B"}));
  ASSERT_EQ(target->parameters.size(), 4U);
  EXPECT_EQ(target->parameters[0].name, "instance");
  EXPECT_EQ(target->parameters[0].value, "ROOT\\*");
  EXPECT_EQ(target->parameters[1].value, "a b+");
  EXPECT_EQ(target->parameters[2].name, "flag");
  EXPECT_EQ(target->parameters[3].value, "");
}

TEST(Target, absolute_form_names_its_host) {
  const auto target = parse_target("http://127.0.0.1:5985/api?x=1");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority, "127.0.0.1:5985");
  EXPECT_EQ(target->path, std::vector<std::string>{"api"});
  EXPECT_TRUE(parse_target("http://h")->path.empty());
  EXPECT_FALSE(parse_target("http://h?x=1"));  // a path there must be
}

TEST(Target, what_is_no_target_is_refused) {
  for (const char* raw :
       {"", "*", "api", "host:443", "http:///x", "/a%", "/a%4", "/a%zz", "/a%0", "/%00", "/a%0ab",
        "/%1b[2J", "/%ff", "/%e2%80%ae", "/a#b", "/?x=%", "/?%=1"}) {
    EXPECT_EQ(status_of(raw), 400U) << raw;
  }
}

TEST(Target, is_limited_in_bytes_segments_and_parameters_at_the_edge) {
  EXPECT_EQ(status_of("/" + std::string(kMostTargetBytes - 1, 'a')), 200U);
  EXPECT_EQ(status_of("/" + std::string(kMostTargetBytes, 'a')), 414U);
  std::string path;
  for (std::size_t i = 0; i < kMostPathSegments; ++i) path += "/a";
  EXPECT_EQ(status_of(path), 200U);
  EXPECT_EQ(status_of(path + "/a"), 404U);
  std::string query = "/?";
  for (std::size_t i = 0; i < kMostParameters; ++i) query += "a=1&";
  EXPECT_EQ(status_of(query), 200U);
  EXPECT_EQ(status_of(query + "a=1"), 400U);
}

RC_GTEST_PROP(Target, any_bytes_are_refused_or_become_plain_text, ()) {
  const auto raw = "/" + *rc::gen::string<std::string>();
  const auto target = parse_target(raw);
  if (!target) return;
  for (const std::string& segment : target->path) RC_ASSERT(is_plain_text(segment));
  for (const Parameter& parameter : target->parameters) {
    RC_ASSERT(is_plain_text(parameter.name) && is_plain_text(parameter.value));
  }
}

}  // namespace
}  // namespace qm::serve

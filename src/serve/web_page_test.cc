#include "serve/web_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

Answer ask(std::string_view target, std::string_view if_none_match = "") {
  WebPage page;
  Request request;
  request.target = parse_target(target).value();
  request.if_none_match = if_none_match;
  Answer answer;
  page.handle(request, [&](Answer given) { answer = std::move(given); });
  return answer;
}

std::string field(const Answer& answer, std::string_view name) {
  for (const Field& one : answer.fields) {
    if (one.name == name) return one.value;
  }
  return {};
}

TEST(WebPage, its_files) {
  EXPECT_THAT(WebPage().paths(), UnorderedElementsAre("", "app.js", "icon.svg", "style.css"));
  EXPECT_EQ(ask("/").content_type, "text/html; charset=utf-8");
  EXPECT_THAT(ask("/?x=y").body, HasSubstr("<script src=\"app.js\" defer></script>"));
  EXPECT_EQ(ask("/app.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(ask("/style.css").content_type, "text/css; charset=utf-8");
  EXPECT_EQ(ask("/icon.svg").content_type, "image/svg+xml");
  EXPECT_EQ(ask("/app.js/x").status, 404U);
  EXPECT_EQ(ask("/index.html").status, 404U);
}

TEST(WebPage, nothing_of_others_and_nothing_inline) {
  const std::string policy = field(ask("/"), "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  for (const std::string inline_one : {"<style", "style=", "onclick", "http://", "https://"}) {
    EXPECT_THAT(ask("/").body, Not(HasSubstr(inline_one)));
  }
}

TEST(WebPage, who_has_it_gets_no_second_copy) {
  const Answer first = ask("/app.js");
  EXPECT_EQ(field(first, "Cache-Control"), "no-cache");
  const Answer again = ask("/app.js", field(first, "ETag"));
  EXPECT_EQ(again.status, 304U);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(ask("/style.css", field(first, "ETag")).status, 200U);
}

}  // namespace
}  // namespace qm::serve

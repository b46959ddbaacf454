#include "serve/web_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qm::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

Answer ask(std::string_view target, std::string_view if_none_match = "",
           std::string_view accept_encoding = "") {
  WebPage page;
  Request request;
  request.target = parse_target(target).value();
  request.if_none_match = if_none_match;
  request.accept_encoding = accept_encoding;
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
  EXPECT_THAT(ask("/?x=y").body, HasSubstr("<script src=\"app.js?v="));
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

TEST(WebPage, the_document_is_asked_for_each_time_and_its_files_are_kept_by_their_version) {
  const std::string document = ask("/").body;
  for (const std::string name : {"app.js", "style.css", "icon.svg"}) {
    const std::size_t at = document.find("\"" + name + "?v=");
    ASSERT_NE(at, std::string::npos) << name;
    const std::string url = document.substr(at + 1, document.find('"', at + 1) - at - 1);
    EXPECT_EQ(field(ask("/" + url), "Cache-Control"), "private, max-age=31536000, immutable");
    EXPECT_EQ(field(ask("/" + url + "0"), "Cache-Control"), "no-cache") << "of another version";
    EXPECT_EQ(field(ask("/" + name), "Cache-Control"), "no-cache");
  }
  EXPECT_EQ(field(ask("/?v=1"), "Cache-Control"), "no-cache");
}

TEST(WebPage, who_takes_gzip_gets_it) {
  const Answer plain = ask("/app.js");
  const Answer packed = ask("/app.js", "", "gzip, br");
  EXPECT_EQ(field(plain, "Content-Encoding"), "");
  EXPECT_EQ(field(packed, "Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size() / 2);
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(field(packed, "Vary"), "Accept-Encoding");
  EXPECT_NE(field(plain, "ETag"), field(packed, "ETag"));
  EXPECT_EQ(ask("/app.js", field(packed, "ETag"), "gzip").status, 304U);
  EXPECT_EQ(ask("/app.js", field(packed, "ETag")).status, 200U);
}

TEST(WebPage, who_has_it_gets_no_second_copy) {
  const Answer first = ask("/app.js");
  const Answer again = ask("/app.js", field(first, "ETag"));
  EXPECT_EQ(again.status, 304U);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(ask("/style.css", field(first, "ETag")).status, 200U);
}

}  // namespace
}  // namespace qm::serve

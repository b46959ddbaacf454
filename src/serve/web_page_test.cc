#include "serve/web_page.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace qm::serve {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// Says what it was told to, at once or when it is let.
class Told final : public Handler {
 public:
  explicit Told(Answer answer) : answer_(std::move(answer)) {}
  void handle(const Request& request, Done done) override {
    asked = request.target;
    role = request.role;
    if (!late) return done(answer_);
    release = [this, done = std::move(done)] { done(answer_); };
  }

  bool late = false;
  std::function<void()> release;
  Target asked;
  login::Role role = login::Role::none;

 private:
  Answer answer_;
};

Answer json(std::string body) {
  return {200, "application/json", std::move(body)};
}

Answer ask(Handler& api, std::string_view target, std::string_view accept_encoding = "") {
  WebPage page(api);
  Request request;
  request.role = login::Role::read;
  request.target = parse_target(target).value();
  request.accept_encoding = accept_encoding;
  Answer answer;
  page.handle(request, [&](Answer given) { answer = std::move(given); });
  return answer;
}

Answer ask(std::string_view target, std::string_view accept_encoding = "") {
  Told api(json("{}"));
  return ask(api, target, accept_encoding);
}

std::string text_of(const Answer& answer) {
  return answer.body + (answer.middle ? *answer.middle : "") + answer.end;
}

std::string field(const Answer& answer, std::string_view name) {
  for (const Field& one : answer.fields) {
    if (one.name == name) return one.value;
  }
  return {};
}

// What the document holds of the API's answer.
std::string start_of(const std::string& document) {
  const std::size_t at = document.find('>', document.find("<script id=\"start\"")) + 1;
  return document.substr(at, document.find("</script>", at) - at);
}

TEST(WebPage, is_one_document_and_nothing_else) {
  EXPECT_EQ(ask("/").content_type, "text/html; charset=utf-8");
  EXPECT_THAT(text_of(ask("/?x=y")), StartsWith("<!doctype html>"));
  EXPECT_THAT(text_of(ask("/")), EndsWith("</html>\n"));
  EXPECT_EQ(ask("/index.html").status, 404U);
  EXPECT_EQ(ask("/x/y").status, 404U);
}

TEST(WebPage, holds_what_it_would_ask_first) {
  Told api(json(R"({"host": "san1"})"));
  EXPECT_EQ(start_of(text_of(ask(api, "/"))), R"({"host": "san1"})");
  EXPECT_EQ(api.asked.path, (std::vector<std::string>{"api", "v1", "start"}));
  EXPECT_EQ(api.asked.parameters.at(0).name, "seconds");
  EXPECT_EQ(api.asked.parameters.at(2).name, "class") << "&amp; is HTML's, not the address's";
  EXPECT_EQ(api.role, login::Role::read);
}

TEST(WebPage, waits_for_the_API) {
  Told api(json("{}"));
  api.late = true;
  WebPage page(api);
  int answers = 0;
  page.handle(Request{}, [&](const Answer&) { ++answers; });
  EXPECT_EQ(answers, 0);
  api.release();
  EXPECT_EQ(answers, 1);
}

TEST(WebPage, is_there_when_the_API_refuses) {
  Told api(refusal_answer({503, "too much"}));
  const Answer answer = ask(api, "/");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(start_of(text_of(answer)), "") << "the page asks by itself";
}

TEST(WebPage, what_it_holds_ends_no_element) {
  Told api(json(R"({"host": "</script><script>alert(1)</script><!--<script>"})"));
  EXPECT_EQ(
      start_of(text_of(ask(api, "/"))),
      R"({"host": "\u003c/script>\u003cscript>alert(1)\u003c/script>\u003c!--\u003cscript>"})");
}

// The document without what stands in its element of that name.
std::string emptied(std::string document, std::string_view name) {
  const std::size_t at = document.find(fmt::format("<{}>", name));
  const std::size_t end = document.find(fmt::format("</{}>", name));
  return document.erase(at, end - at);
}

// That the hashes are right a browser shows (tests/web): it runs nothing else.
TEST(WebPage, allows_its_own_script_and_style_and_nothing_of_others) {
  const std::string policy = field(ask("/"), "Content-Security-Policy");
  EXPECT_THAT(policy, MatchesRegex("default-src 'none'; script-src 'sha256-[^ ]{44}'; "
                                   "style-src 'sha256-[^ ]{44}'; connect-src 'self'; .*"));
  EXPECT_THAT(policy, EndsWith("; frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  const std::string rest = emptied(emptied(text_of(ask("/")), "style"), "script");
  for (const std::string other : {"<script>", "<style>", " src=", " style=", " on", "http:"}) {
    EXPECT_THAT(rest, Not(HasSubstr(other)));
  }
}

TEST(WebPage, nobody_keeps_it) {
  EXPECT_EQ(field(ask("/"), "Cache-Control"), "") << "the server's own: no-store";
  EXPECT_EQ(field(ask("/"), "ETag"), "");
}

TEST(WebPage, who_takes_gzip_gets_it) {
  Told api(json(std::string(kMostPackedStartBytes / 2, '7')));
  const Answer plain = ask(api, "/");
  const Answer packed = ask(api, "/", "gzip, br");
  EXPECT_EQ(field(plain, "Content-Encoding"), "");
  EXPECT_EQ(field(packed, "Content-Encoding"), "gzip");
  EXPECT_THAT(text_of(packed), StartsWith("\x1f\x8b"));
  EXPECT_LT(packed.bytes(), plain.bytes() / 3);
  EXPECT_EQ(field(packed, "Vary"), "Accept-Encoding");
}

TEST(WebPage, more_than_can_be_compressed_at_once_is_sent_as_it_is) {
  Told api(json(std::string(kMostPackedStartBytes, '7')));
  EXPECT_EQ(field(ask(api, "/", "gzip"), "Content-Encoding"), "");
}

}  // namespace
}  // namespace qm::serve

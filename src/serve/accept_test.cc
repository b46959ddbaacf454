#include "serve/accept.h"

#include <gtest/gtest.h>

#include <string>

namespace qm::serve {
namespace {

constexpr MediaType kOffered[] = {{"text/plain", "version=0.0.4"},
                                  {"application/openmetrics-text", "version=1.0.0"}};
constexpr std::size_t kText = 0;
constexpr std::size_t kOpen = 1;

std::size_t best(std::string_view accept) {
  return best_of(accept, kOffered);
}

TEST(Accept, scrapers_get_what_they_prefer) {
  // Prometheus 2.42, VictoriaMetrics, curl, a browser.
  EXPECT_EQ(best("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
                 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            kOpen);
  EXPECT_EQ(best("text/plain;version=0.0.4;q=1,*/*;q=0.1"), kText);
  EXPECT_EQ(best("*/*"), kText);
  EXPECT_EQ(best("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), kText);
  EXPECT_EQ(best(""), kText);
}

TEST(Accept, weights_decide) {
  EXPECT_EQ(best("text/plain;q=0.5, application/openmetrics-text;q=0.501"), kOpen);
  EXPECT_EQ(best("text/plain;q=0.502, application/openmetrics-text;q=0.501"), kText);
  EXPECT_EQ(best("application/openmetrics-text , text/plain;q=0"), kOpen);
  EXPECT_EQ(best("application/*, text/*;q=0.9"), kOpen);
  EXPECT_EQ(best("*/*;q=1, text/plain;q=0.1"), kOpen);  // the closer range speaks for text
  EXPECT_EQ(best("APPLICATION/OpenMetrics-Text;Q=1,text/plain;q=0.9"), kOpen);
}

TEST(Accept, another_version_is_another_form) {
  EXPECT_EQ(best("application/openmetrics-text;version=2.0.0,text/plain;q=0.1"), kText);
  EXPECT_EQ(best("application/openmetrics-text;charset=utf-8;version=1.0.0,text/plain;q=0.1"),
            kOpen);
  EXPECT_EQ(best("application/openmetrics-text;x=\"a,b;q=0\",text/plain;q=0.9"), kOpen);
}

TEST(Accept, whatever_is_not_understood_gets_the_first) {
  for (const char* accept : {"application/json", "application/openmetrics-text;q=0", ";;;,,,", "/",
                             "\"", "a/b;q=\"", "*/*;q=0", "text/plain;q="}) {
    EXPECT_EQ(best(accept), kText) << accept;
  }
}

TEST(Accept, gzip) {
  for (const char* yes : {"gzip", "deflate, gzip", "GZIP;q=0.5", "*", "x-gzip", "gzip, identity",
                          "gzip;q=0.9, identity;q=0.5", "identity;q=0, *;q=0.1"}) {
    EXPECT_TRUE(takes_gzip(yes)) << yes;
  }
  for (const char* no : {"", "identity", "deflate, br", "gzip;q=0", "gzip;q=0.000", "*;q=0",
                         "gzip;q=0, *", "gzip;q=0.4, identity;q=0.5", "gzipped"}) {
    EXPECT_FALSE(takes_gzip(no)) << no;
  }
}

}  // namespace
}  // namespace qm::serve

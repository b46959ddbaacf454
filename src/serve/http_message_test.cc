#include "serve/http_message.h"

#include <gtest/gtest.h>

namespace qm::serve {
namespace {

TEST(HttpDate, is_written_as_rfc_9110_says) {
  HttpDate date;
  EXPECT_EQ(date.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.at(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");  // the RFC's own example
  EXPECT_EQ(date.at(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(1'709'251'199), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(date.at(4'102'444'799), "Thu, 31 Dec 2099 23:59:59 GMT");
}

}  // namespace
}  // namespace qm::serve

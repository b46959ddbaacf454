#include "serve/routes.h"

#include <gtest/gtest.h>

namespace qm::serve {
namespace {

struct Named final : Handler {
  explicit Named(std::string its_name) : name(std::move(its_name)) {}
  Asked<std::size_t> admit(const Request&) override { return name.size(); }
  void handle(const Request&, Done done) override { done({200, "text/plain", name}); }
  std::string name;
};

TEST(Routes, the_first_segment_decides) {
  Named others("others");
  Named metrics("metrics");
  Named page("page");
  Routes routes(others);
  routes.add("metrics", metrics);
  routes.add("", page);
  const auto who = [&](std::string_view target) {
    Request request;
    request.target = parse_target(target).value();
    std::string name;
    routes.handle(request, [&](const Answer& answer) { name = answer.body; });
    EXPECT_EQ(routes.admit(request).value(), name.size());
    return name;
  };
  EXPECT_EQ(who("/metrics"), "metrics");
  EXPECT_EQ(who("/metrics/?x=1"), "metrics");
  EXPECT_EQ(who("/metrics/below"), "metrics");
  EXPECT_EQ(who("http://localhost/%6detrics"), "metrics");
  EXPECT_EQ(who("/"), "page");
  EXPECT_EQ(who("/?x"), "page");
  EXPECT_EQ(who("/metricsx"), "others");
  EXPECT_EQ(who("/api/v1/health"), "others");
}

}  // namespace
}  // namespace qm::serve

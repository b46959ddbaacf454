#include "login/throttle.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "login/verified.h"

namespace qm::login {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
const Address kGuest = Address::parse("192.0.2.1").value();

TEST(Throttle, each_failure_doubles_the_pause_up_to_its_limit) {
  Throttle throttle;
  std::uint64_t now = 5 * kSecond;
  std::uint64_t want = kLeastPause_ns;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(throttle.wait_ns(kGuest, "a", now), 0U);
    EXPECT_EQ(throttle.failed(kGuest, "a", now), want);
    EXPECT_EQ(throttle.wait_ns(kGuest, "a", now), want);
    EXPECT_EQ(throttle.wait_ns(kGuest, "a", now + want - 1), 1U);
    now += want;
    want = std::min(want * 2, kMostPause_ns);
  }
  EXPECT_EQ(throttle.failures(kGuest, "a"), 12U);
  throttle.succeeded(kGuest, "a");
  EXPECT_EQ(throttle.failures(kGuest, "a"), 0U);
}

TEST(Throttle, others_do_not_wait) {
  Throttle throttle;
  for (int i = 0; i < 5; ++i) throttle.failed(kGuest, "a", kSecond);
  EXPECT_EQ(throttle.wait_ns(kGuest, "b", kSecond), 0U);
  EXPECT_EQ(throttle.wait_ns(Address::parse("192.0.2.2").value(), "a", kSecond), 0U);
}

TEST(Throttle, an_address_that_tries_many_users_waits_whoever_it_names) {
  Throttle throttle;
  for (unsigned i = 0; i < kFreeFailures; ++i) throttle.failed(kGuest, fmt::format("u{}", i), 1);
  EXPECT_EQ(throttle.wait_ns(kGuest, "fresh", 1), 0U);
  throttle.failed(kGuest, "last", 1);
  EXPECT_EQ(throttle.wait_ns(kGuest, "fresh", 1), kLeastPause_ns);
  throttle.succeeded(kGuest, "fresh");
  EXPECT_EQ(throttle.wait_ns(kGuest, "fresh", 1), kLeastPause_ns);
}

TEST(Throttle, hosts_of_one_ipv6_network_count_as_one) {
  Throttle throttle;
  throttle.failed(Address::parse("2001:db8::1").value(), "a", 1);
  EXPECT_NE(throttle.wait_ns(Address::parse("2001:db8::ffff").value(), "a", 1), 0U);
  EXPECT_EQ(throttle.wait_ns(Address::parse("2001:db8:0:1::1").value(), "a", 1), 0U);
}

TEST(Throttle, forgets_after_a_while) {
  Throttle throttle;
  for (int i = 0; i < 5; ++i) throttle.failed(kGuest, "a", 1);
  EXPECT_EQ(throttle.failed(kGuest, "a", 2 + kForgetFailures_ns), kLeastPause_ns);
}

TEST(Throttle, remembers_so_many_and_drops_the_oldest) {
  Throttle throttle(4);
  for (const char* user : {"a", "b", "c", "d", "e", "f"}) throttle.failed(kGuest, user, 1);
  EXPECT_EQ(throttle.size(), 4U);
  EXPECT_EQ(throttle.failures(kGuest, "a"), 0U);
  EXPECT_EQ(throttle.failures(kGuest, "f"), 1U);
  EXPECT_EQ(throttle.failures(kGuest, ""), 6U);  // the address itself failed last each time
}

TEST(Verified, holds_for_its_lifetime_and_so_many) {
  Verified verified(2);
  const auto digest = verified.digest("Basic YTpi");
  EXPECT_EQ(verified.digest("Basic YTpi"), digest);
  EXPECT_NE(verified.digest("Basic YTpj"), digest);
  EXPECT_NE(Verified().digest("Basic YTpi"), digest);  // another process, another key
  EXPECT_EQ(verified.find(digest, 0), nullptr);
  verified.add(digest, {"a", Role::admin}, 100);
  ASSERT_NE(verified.find(digest, 100), nullptr);
  EXPECT_EQ(verified.find(digest, 100)->user, "a");
  EXPECT_NE(verified.find(digest, 100 + kVerifiedLifetime_ns - 1), nullptr);
  EXPECT_EQ(verified.find(digest, 100 + kVerifiedLifetime_ns), nullptr);
  verified.add(verified.digest("2"), {"b", Role::read}, 200);
  verified.add(verified.digest("3"), {"c", Role::read}, 300);
  EXPECT_EQ(verified.size(), 2U);
  EXPECT_EQ(verified.find(digest, 300), nullptr);
  verified.clear();
  EXPECT_EQ(verified.find(verified.digest("3"), 300), nullptr);
}

}  // namespace
}  // namespace qm::login

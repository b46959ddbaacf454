#include "base/address.h"

#include <gtest/gtest.h>

#include <array>

namespace qm {
namespace {

Address parsed(std::string_view text) {
  return Address::parse(text).value_or(Address{});
}

TEST(Address, ReadsWhatItWrites) {
  for (const char* text : {"10.0.0.1", "0.0.0.0", "255.255.255.255", "fd00::1", "::", "::1"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(parsed("[fd00::1]").text(), "fd00::1");
  EXPECT_EQ(parsed("FD00:0:0::0001").text(), "fd00::1");
}

TEST(Address, RefusesWhatIsNone) {
  for (const char* text : {"", "10.0.0", "10.0.0.256", "fe80::1%eth0", "[10.0.0.1]", "[", "[]",
                           "example.org", "1.2.3.4.5", "::1 "}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().message, "not an IP address");
  }
  EXPECT_FALSE(Address::parse(std::string(1000, '1')).has_value());
}

TEST(Address, IsMadeOfOctets) {
  constexpr std::array<std::uint8_t, 4> kOctets = {192, 0, 2, 1};
  EXPECT_EQ(Address::v4(kOctets), parsed("192.0.2.1"));
  std::array<std::uint8_t, 16> octets{};
  octets[0] = 0xfd;
  octets[15] = 1;
  EXPECT_EQ(Address::v6(octets), parsed("fd00::1"));
}

TEST(Address, KnowsItsPrefixes) {
  EXPECT_TRUE(parsed("10.1.2.3").in_prefix(parsed("10.1.0.0"), 16));
  EXPECT_FALSE(parsed("10.2.2.3").in_prefix(parsed("10.1.0.0"), 16));
  EXPECT_TRUE(parsed("10.1.2.3").in_prefix(parsed("10.1.2.2"), 31));
  EXPECT_FALSE(parsed("10.1.2.3").in_prefix(parsed("10.1.2.2"), 32));
  EXPECT_TRUE(parsed("10.1.2.3").in_prefix(parsed("0.0.0.0"), 0));
  EXPECT_FALSE(parsed("10.1.2.3").in_prefix(parsed("::"), 0));  // another family
  EXPECT_FALSE(parsed("10.1.2.3").in_prefix(parsed("10.1.2.3"), 33));
  EXPECT_TRUE(parsed("fd00::1").in_prefix(parsed("fd00::"), 127));
  EXPECT_TRUE(parsed("fd00::1").in_prefix(parsed("fd00::1"), 128));
  EXPECT_FALSE(parsed("fd00::1").in_prefix(parsed("fd00::1"), 129));
}

TEST(Address, WithoutAFamilyIsNothing) {
  EXPECT_TRUE(Address{}.any());
  EXPECT_EQ(Address{}.text(), "");
  EXPECT_EQ(Address{}.bits(), 0U);
  EXPECT_TRUE(parsed("0.0.0.0").any());
  EXPECT_FALSE(parsed("::1").any());
}

TEST(Endpoint, BracketsIpv6) {
  EXPECT_EQ((Endpoint{parsed("10.0.0.1"), 3260}).text(), "10.0.0.1:3260");
  EXPECT_EQ((Endpoint{parsed("fd00::1"), 3260}).text(), "[fd00::1]:3260");
}

}  // namespace
}  // namespace qm

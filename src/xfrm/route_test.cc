#include "xfrm/route.h"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <string_view>

#include "xfrm/frame.h"

namespace qm::xfrm {
namespace {

using Raw = std::vector<std::byte>;

template <class T>
Raw raw(const T& value) {
  Raw out(sizeof(value));
  std::memcpy(out.data(), &value, sizeof(value));
  return out;
}

Raw text(std::string_view value) {
  Raw out(value.size() + 1);
  std::memcpy(out.data(), value.data(), value.size());
  return out;
}

void add(Raw& out, const Raw& more) {
  out.insert(out.end(), more.begin(), more.end());
  out.resize(aligned(out.size()));
}

Raw attribute(std::uint16_t type, const Raw& payload) {
  Raw out = raw(AttributeHeader{static_cast<std::uint16_t>(4 + payload.size()), type});
  add(out, payload);
  return out;
}

template <class T>
Raw message(std::uint16_t type, std::uint32_t seq, const T& fixed, const Raw& attributes) {
  Raw body = raw(fixed);
  body.resize(aligned(body.size()));
  add(body, attributes);
  Raw out = raw(MessageHeader{static_cast<std::uint32_t>(16 + body.size()), type, 0, seq, 0});
  add(out, body);
  return out;
}

Raw link(std::string_view kind) {
  Raw info = attribute(IFLA_INFO_KIND, text(kind));
  add(info, attribute(IFLA_INFO_DATA, attribute(IFLA_XFRM_IF_ID, raw(std::uint32_t{160}))));
  Raw attributes = attribute(IFLA_IFNAME, text("ipsec0"));
  add(attributes, attribute(IFLA_LINKINFO | NLA_F_NESTED, info));
  return message(RTM_NEWLINK, 7, ifinfomsg{}, attributes);
}

TEST(Route, an_xfrm_interface_has_an_id) {
  const auto device = parse_link(link("xfrm"), 7);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->name, "ipsec0");
  EXPECT_EQ(device->if_id, 160U);
}

TEST(Route, of_another_kind_the_same_attribute_is_something_else) {
  const auto device = parse_link(link("vlan"), 7);
  ASSERT_TRUE(device);
  EXPECT_EQ(device->if_id, 0U);
}

TEST(Route, the_output_device) {
  const Raw answer = message(RTM_NEWROUTE, 3, rtmsg{}, attribute(RTA_OIF, raw(std::int32_t{5})));
  EXPECT_EQ(parse_route(answer, 3).value(), 5);
  EXPECT_EQ(parse_route(answer, 4).error().code, ErrorCode::invalid);
  EXPECT_EQ(parse_link(answer, 3).error().code, ErrorCode::invalid);
}

TEST(Route, a_refusal) {
  const Raw answer = message(kError, 3, ErrorHeader{-101, {}}, {});
  EXPECT_EQ(parse_route(answer, 3).error().code, ErrorCode::not_found);
}

TEST(Route, every_cut_is_an_error_or_says_less) {
  const Raw whole = link("xfrm");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = parse_link(Bytes(whole).first(size), 7);
    EXPECT_FALSE(cut) << size;
  }
  Raw inside = whole;  // the outer length holds, an attribute's does not
  inside[16 + 16 + 1] = std::byte{0xff};
  EXPECT_FALSE(parse_link(inside, 7));
}

TEST(Route, loopback_is_the_way_to_itself) {
  auto socket = RouteSocket::open();
  ASSERT_TRUE(socket) << socket.error().message;
  const Address self = Address::parse("127.0.0.1").value();
  const auto ifindex = socket->output_device(self, self);
  if (!ifindex) GTEST_SKIP() << "loopback is down: " << ifindex.error().message;
  const auto device = socket->device(*ifindex);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->name, "lo");
  EXPECT_EQ(device->if_id, 0U);
  EXPECT_EQ(socket->device(0x7fff'ffff).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace qm::xfrm

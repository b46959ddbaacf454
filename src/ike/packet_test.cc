#include "ike/packet.h"

#include <gtest/gtest.h>

#include "ike/test_messages.h"

namespace qm::ike {
namespace {

using namespace std::string_literals;

Result<Packet> read(const std::string& body) {
  return parse_packet(bytes_of(body));
}

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Packet, ARequestHasLengthTypeNameAndMessage) {
  EXPECT_EQ(packet_bytes(PacketType::event_register, "child-rekey"),
            "\x00\x00\x00\x0d\x03\x0b"
            "child-rekey"s);
  EXPECT_EQ(packet_bytes(PacketType::cmd_request, "list-sas", "\x03\x01k\x00\x01v"s),
            "\x00\x00\x00\x10\x00\x08list-sas\x03\x01k\x00\x01v"s);
  EXPECT_EQ(packet_bytes(PacketType::cmd_response, "", "m"), "\x00\x00\x00\x02\x01m"s);
}

TEST(Packet, IsReadByItsType) {
  const std::string event = "\x07\x07list-samore"s;
  const auto packet = read(event);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type, PacketType::event);
  EXPECT_EQ(packet->name, "list-sa");
  EXPECT_EQ(text_of(packet->message), "more");
  const std::string response = "\x01more"s;
  EXPECT_EQ(read(response)->name, "");
  EXPECT_EQ(text_of(read(response)->message), "more");
  EXPECT_EQ(read("\x05"s)->type, PacketType::event_confirm);
}

TEST(Packet, RefusesWhatIsNone) {
  EXPECT_EQ(read("").error().message, "an empty vici packet");
  EXPECT_EQ(read("\x08"s).error().message, "a vici packet of unknown type 8");
  EXPECT_EQ(read("\xff"s).error().message, "a vici packet of unknown type 255");
  for (const auto& body : {"\x07"s, "\x07\x01"s, "\x07\xff\x01\x02"s}) {
    EXPECT_EQ(read(body).error().message, "a vici packet whose name is cut off");
  }
}

TEST(Framer, CutsAStreamHoweverItArrives) {
  const std::string stream = packet_bytes(PacketType::event, "a", "one") +
                             packet_bytes(PacketType::event_confirm, "") +
                             packet_bytes(PacketType::event, "b", "two");
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    Framer framer;
    std::string seen;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      framer.add(bytes_of(std::string_view(stream).substr(at, step)));
      for (auto body = framer.next(); body && *body; body = framer.next()) {
        seen += text_of(**body) + "|";
      }
    }
    EXPECT_EQ(seen,
              "\x07\x01"
              "aone|\x05|\x07\x01"
              "btwo|"s)
        << step << " bytes at a time";
  }
}

TEST(Framer, TakesAsMuchAsAllowedAndNoMore) {
  Framer framer;
  framer.add(bytes_of("\x00\x08\x00\x00"s + std::string(kMostPacketBytes, 'x')));
  const auto body = framer.next();
  ASSERT_TRUE(body && *body);
  EXPECT_EQ((*body)->size(), kMostPacketBytes);
  for (const auto& length : {"\x00\x08\x00\x01"s, "\xff\xff\xff\xff"s}) {
    Framer other;
    other.add(bytes_of(length));
    EXPECT_EQ(other.next().error().code, ErrorCode::limit);
  }
}

TEST(Framer, RefusesALengthOfZero) {
  Framer framer;
  framer.add(bytes_of("\x00\x00\x00\x00"s));
  EXPECT_EQ(framer.next().error().code, ErrorCode::invalid);
  framer.clear();
  EXPECT_FALSE(*framer.next());
}

}  // namespace
}  // namespace qm::ike

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "ike/test_messages.h"
#include "ike/vici.h"

namespace qm::ike {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

Result<Section> parse(const std::string& bytes) {
  return parse_message(bytes_of(bytes));
}

std::string nested(std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) put_name(out, 1, "s");
  return out + std::string(depth, 2);
}

TEST(Message, ReadsValuesListsAndSections) {
  const auto message = parse(
      "\x03\x04port\x00\x03"
      "500"
      "\x01\x05outer\x01\x05inner\x03\x01k\x00\x01v\x02\x04\x05items\x05\x00\x01"
      "a\x05\x00\x00\x06\x02"s);
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_EQ(*message->value("port"), "500");
  EXPECT_EQ(message->value("none"), nullptr);
  const Section* outer = message->section("outer");
  ASSERT_NE(outer, nullptr);
  EXPECT_EQ(*outer->section("inner")->value("k"), "v");
  EXPECT_THAT(*outer->list("items"), ElementsAre("a", ""));
  EXPECT_EQ(outer->list("none"), nullptr);
  EXPECT_EQ(outer->section("none"), nullptr);
}

TEST(Message, OfNothingIsEmpty) {
  const auto message = parse("");
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->values.empty() && message->lists.empty() && message->sections.empty());
}

TEST(Message, OfEqualKeysTheFirstIsFound) {
  const auto message = parse(
      "\x03\x01k\x00\x01"
      "1\x03\x01k\x00\x01"
      "2"s);
  EXPECT_EQ(*message->value("k"), "1");
  EXPECT_EQ(message->values.size(), 2U);
}

TEST(Message, CutOffAnywhereIsAnErrorOrAShorterMessage) {
  const std::string whole = build_message(rekey_event(child_sa("1", "2"), child_sa("3", "4")));
  ASSERT_TRUE(parse(whole));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto message = parse(whole.substr(0, size));
    ASSERT_FALSE(message) << "cut at " << size;  // one section holds it all: none is whole
    EXPECT_EQ(message.error().code, ErrorCode::invalid);
  }
}

TEST(Message, RefusesWhatIsOutOfPlace) {
  const auto refusal = [](const std::string& bytes) { return parse(bytes).error().message; };
  EXPECT_EQ(refusal("\x02"s), "a vici message ends a section that never began at byte 1");
  EXPECT_EQ(refusal("\x05\x00\x01x"s), "a vici message has element 5 in a section at byte 1");
  EXPECT_EQ(refusal("\x06"s), "a vici message has element 6 in a section at byte 1");
  EXPECT_EQ(refusal("\x00"s), "a vici message has element 0 in a section at byte 1");
  EXPECT_EQ(refusal("\x07"s), "a vici message has element 7 in a section at byte 1");
  EXPECT_EQ(refusal("\x04\x01l\x03\x01k\x00\x00"s),
            "a vici message has element 3 in a list at byte 4");
  EXPECT_EQ(refusal("\x04\x01l\x04\x01l"s), "a vici message has element 4 in a list at byte 4");
  EXPECT_EQ(refusal("\x04\x01l\x02"s), "a vici message has element 2 in a list at byte 4");
  EXPECT_EQ(refusal("\x04\x01l"s), "a vici message ends inside a list at byte 3");
  EXPECT_EQ(refusal("\x01\x01s"s), "a vici message ends inside a section at byte 3");
  EXPECT_EQ(refusal("\x03\x01k\xff\xff"s), "a vici message is cut off at byte 3");
  EXPECT_EQ(refusal("\x01\xff"s), "a vici message is cut off at byte 1");
}

TEST(Message, NestsAsDeepAsAllowed) {
  EXPECT_TRUE(parse(nested(kMostNesting)));
  EXPECT_EQ(parse(nested(kMostNesting + 1)).error().code, ErrorCode::limit);
  EXPECT_EQ(parse(nested(100'000)).error().message, "a vici message of sections deeper than 16");
}

TEST(Message, HoldsAsManyElementsAsAllowed) {
  std::string message;
  for (std::size_t i = 0; i < kMostElements; ++i) message += "\x03\x00\x00\x00"s;
  EXPECT_TRUE(parse(message));
  message += "\x03\x00\x00\x00"s;
  const auto beyond = parse(message);
  EXPECT_EQ(beyond.error().code, ErrorCode::limit);
  EXPECT_THAT(beyond.error().message, HasSubstr("65536 elements"));
}

TEST(Message, HoldsAsManyBytesAsAllowed) {
  std::string message;
  const auto put = [&](std::size_t size) {  // 5 bytes and the value
    message += "\x03\x01k"s;
    put_value(message, std::string(size, 'v'));
  };
  while (kMostPacketBytes - message.size() > 65'540) put(65'000);
  put(kMostPacketBytes - message.size() - 5);
  ASSERT_EQ(message.size(), kMostPacketBytes);
  EXPECT_TRUE(parse(message));
  EXPECT_EQ(parse(message + '\0').error().code, ErrorCode::limit);
}

rc::Gen<std::string> any_name() {
  return rc::gen::resize(40, rc::gen::arbitrary<std::string>());
}

Section any_section(int depth) {
  Section section;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    section.values.emplace_back(*any_name(), *rc::gen::arbitrary<std::string>());
  }
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    section.lists.emplace_back(*any_name(), *rc::gen::arbitrary<std::vector<std::string>>());
  }
  for (int i = depth > 0 ? *rc::gen::inRange(0, 3) : 0; i > 0; --i) {
    section.sections.emplace_back(*any_name(), any_section(depth - 1));
  }
  return section;
}

TEST(MessageProperties, WhatIsBuiltIsWhatIsRead) {
  EXPECT_TRUE(rc::check([] {
    const std::string bytes = build_message(any_section(3));
    const auto message = parse(bytes);
    RC_ASSERT(message.has_value());
    RC_ASSERT(build_message(*message) == bytes);
  }));
}

TEST(MessageProperties, AnyBytesAreReadOrRefused) {
  EXPECT_TRUE(rc::check([] {
    std::string bytes = build_message(any_section(2));
    for (int i = *rc::gen::inRange(0, 5); i > 0 && !bytes.empty(); --i) {
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    }
    const auto message = parse(bytes);
    if (message) RC_ASSERT(parse(build_message(*message)).has_value());
  }));
}

}  // namespace
}  // namespace qm::ike

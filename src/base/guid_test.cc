#include "base/guid.h"

#include <gtest/gtest.h>

namespace qm {
namespace {

constexpr std::string_view kText = "b4d1c606-8682-4b7a-ac6b-d883d91555fb";
constexpr GUID kGuid = {
    0xb4d1c606, 0x8682, 0x4b7a, {0xac, 0x6b, 0xd8, 0x83, 0xd9, 0x15, 0x55, 0xfb}};

TEST(Guid, ReadsEachWayOfWritingIt) {
  for (const char* text :
       {"b4d1c606-8682-4b7a-ac6b-d883d91555fb", "{b4d1c606-8682-4b7a-ac6b-d883d91555fb}",
        "{B4D1C606-8682-4B7A-AC6B-D883D91555FB}"}) {
    const auto guid = parse_guid(text);
    ASSERT_TRUE(guid.has_value()) << text;
    EXPECT_TRUE(equal(*guid, kGuid)) << text;
  }
  EXPECT_EQ(guid_text(kGuid), kText);
}

TEST(Guid, SaysHowOneIsWritten) {
  for (const char* text :
       {"", "b4d1c606", "b4d1c606-8682-4b7a-ac6b-d883d91555f",
        "b4d1c606-8682-4b7a-ac6b-d883d91555fbb", "b4d1c606+8682-4b7a-ac6b-d883d91555fb",
        "g4d1c606-8682-4b7a-ac6b-d883d91555fb", "-4d1c606-8682-4b7a-ac6b-d883d91555fb",
        "{b4d1c606-8682-4b7a-ac6b-d883d91555fb"}) {
    const auto guid = parse_guid(text);
    ASSERT_FALSE(guid.has_value()) << text;
    EXPECT_EQ(guid.error().message, "not a GUID; write 12345678-1234-1234-1234-123456789abc");
  }
}

TEST(Guid, DiffersByAnyByte) {
  GUID other = kGuid;
  other.Data4[7] ^= 1U;
  EXPECT_FALSE(equal(kGuid, other));
}

}  // namespace
}  // namespace qm

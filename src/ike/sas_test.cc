#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ike/test_messages.h"
#include "ike/vici.h"

namespace qm::ike {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::uint32_t pending(Lists tasks) {
  return read_ike_sa("lab", ike_sa(std::move(tasks))).pending_operations;
}

TEST(IkeSa, IsReadWithItsPeers) {
  const IkeSa sa = read_ike_sa("lab", ike_sa({}));
  EXPECT_EQ(sa.name, "lab");
  EXPECT_EQ(sa.unique_id, 7U);
  EXPECT_EQ(sa.local.text(), "10.99.0.1");
  EXPECT_EQ(sa.remote.text(), "10.99.0.2");
  EXPECT_EQ(sa.pending_operations, 0U);
}

TEST(IkeSa, CountsWhatMakesKeysInEachQueue) {
  // As facts/kernel.md §7 saw them: v1 connecting and rekeying, v2 connecting and rekeying.
  EXPECT_EQ(pending({{"tasks-queued", {"QUICK_MODE"}},
                     {"tasks-active", {"ISAKMP_VENDOR", "MAIN_MODE", "ISAKMP_NATD"}}}),
            1U);
  EXPECT_EQ(pending({{"tasks-active", {"QUICK_MODE"}}}), 1U);
  EXPECT_EQ(pending({{"tasks-active", {"IKE_CERT_PRE", "IKE_AUTH", "CHILD_CREATE", "IKE_MOBIKE"}}}),
            1U);
  EXPECT_EQ(pending({{"tasks-active", {"CHILD_REKEY"}}}), 1U);
  EXPECT_EQ(pending({{"tasks-queued", {"CHILD_CREATE", "CHILD_CREATE"}},
                     {"tasks-active", {"CHILD_REKEY"}},
                     {"tasks-passive", {"QUICK_MODE"}}}),
            4U);
}

TEST(IkeSa, CountsNothingElse) {
  EXPECT_EQ(pending({{"tasks-active",
                      {"CHILD_DELETE", "QUICK_DELETE", "IKE_REKEY", "IKE_DPD", "child_create",
                       "CHILD_CREATE ", ""}},
                     {"tasks", {"CHILD_CREATE"}}}),
            0U);
}

TEST(IkeSa, WhatIsMissingOrGarbledStaysZero) {
  const IkeSa sa = read_ike_sa(
      "", section_of({{"uniqueid", "-1"}, {"local-host", "%any"}, {"remote-host", "%any6"}}));
  EXPECT_EQ(sa.unique_id, 0U);
  EXPECT_EQ(sa.local, Address{});
  EXPECT_EQ(sa.remote, Address{});
  EXPECT_EQ(read_ike_sa("", section_of({{"uniqueid", "4294967296"}})).unique_id, 0U);
}

TEST(ChildRekey, IsReadWithBothPairs) {
  const auto rekeys = read_child_rekeys(
      rekey_event(child_sa("cf4d1430", "0c912d07"), child_sa("ffffffff", "00000100")));
  ASSERT_THAT(rekeys, SizeIs(1));
  EXPECT_EQ(rekeys[0].local.text(), "10.99.0.1");
  EXPECT_EQ(rekeys[0].remote.text(), "10.99.0.2");
  EXPECT_EQ(rekeys[0].reqid, 5U);
  EXPECT_EQ(rekeys[0].proto, 50);
  EXPECT_EQ(rekeys[0].old_spi_in, 0xcf4d1430U);
  EXPECT_EQ(rekeys[0].old_spi_out, 0x0c912d07U);
  EXPECT_EQ(rekeys[0].new_spi_in, 0xffffffffU);
  EXPECT_EQ(rekeys[0].new_spi_out, 0x100U);
}

TEST(ChildRekey, OfAhIsTold) {
  Section renewed = child_sa("1", "2");
  for (auto& [key, value] : renewed.values) {
    if (key == "protocol") value = "AH";
  }
  EXPECT_EQ(read_child_rekeys(rekey_event(Section{}, renewed)).at(0).proto, 51);
}

TEST(ChildRekey, AnOldSaThatIsGoneHasNoSpis) {
  const auto rekeys = read_child_rekeys(
      rekey_event(section_of({{"reqid", "9"}, {"state", "DELETING"}}), child_sa("1", "2")));
  EXPECT_EQ(rekeys.at(0).old_spi_in, 0U);
  EXPECT_EQ(rekeys.at(0).new_spi_in, 1U);
  EXPECT_EQ(rekeys.at(0).reqid, 5U);
}

TEST(ChildRekey, ANewSaThatSaysNothingLeavesTheOldOnesWord) {
  const auto rekeys = read_child_rekeys(rekey_event(child_sa("1", "2"), Section{}));
  EXPECT_EQ(rekeys.at(0).reqid, 5U);
  EXPECT_EQ(rekeys.at(0).proto, 50);
  EXPECT_EQ(rekeys.at(0).new_spi_out, 0U);
}

TEST(ChildRekey, EventsOfAnotherShapeTellNothing) {
  EXPECT_THAT(read_child_rekeys(Section{}), IsEmpty());
  EXPECT_THAT(read_child_rekeys(inside("lab", ike_sa({}))), IsEmpty());
  EXPECT_THAT(read_child_rekeys(inside("lab", inside("child-sas", inside("iscsi", Section{})))),
              IsEmpty());
}

}  // namespace
}  // namespace qm::ike

#include "hba/evidence.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace qm::hba {
namespace {

constexpr std::uint64_t kRefreshNs = 1'000'000'000;
const AssociationKey kPath{.saddr = {}, .daddr = {}, .reqid = 1, .if_id = 0, .proto = 50};

using Says = Evidence::Says;

// One inbound connection, one SA; each refresh reads the connection first.
class EvidenceTest : public ::testing::Test {
 protected:
  Says refresh(std::uint64_t after_ns = kRefreshNs) {
    time_.boot_ns += after_ns;
    evidence_.take({{kPath, path_}}, time_);
    return evidence_.of(kPath);
  }
  void move(std::uint64_t segments, std::uint64_t packets) {
    for (auto& [cookie, counts] : path_.connections) {
      counts.least_now = counts.most_before =
          static_cast<std::uint32_t>(counts.least_now + segments);
    }
    for (auto& [id, count] : path_.sas) count += packets;
  }
  Evidence evidence_;
  Evidence::Path path_{.connections = {{7, {10, 10}}}, .sas = {{1, 50}}};
  Time time_;
};

TEST_F(EvidenceTest, WhatStandsStillSaysNothing) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refresh(), Says::nothing);
}

TEST_F(EvidenceTest, WhatMovesTogetherAgrees) {
  refresh();
  refresh();  // an interval begins
  move(100, 100);
  EXPECT_EQ(refresh(), Says::agrees);
  EXPECT_EQ(refresh(), Says::agrees) << "until something else is seen";
}

TEST_F(EvidenceTest, OnePacketThatTheSasDoNotHaveIsMissing) {
  refresh();
  refresh();
  move(100, 99);
  EXPECT_EQ(refresh(), Says::missing);
  // Protection comes back: a new interval, in which all is there.
  EXPECT_EQ(refresh(), Says::missing);
  move(100, 100);
  EXPECT_EQ(refresh(), Says::agrees);
}

TEST_F(EvidenceTest, SegmentsThatWrapGoOn) {
  path_.connections = {{7, {0xffff'fff0, 0xffff'fff0}}};
  refresh();
  refresh();
  move(100, 100);
  EXPECT_EQ(refresh(), Says::agrees);
  move(100, 99);
  EXPECT_EQ(refresh(), Says::missing);
}

TEST_F(EvidenceTest, OutboundOnlyCountsWhatWasSentAfterwards) {
  path_.direction = xfrm::Direction::out;
  path_.connections = {{7, {5000, 1000}}};  // 4,000 bytes are under way
  refresh();
  refresh();
  path_.connections = {{7, {5000, 3000}}};
  EXPECT_EQ(refresh(), Says::nothing) << "some still are";
  path_.connections = {{7, {5000, 5000}}};
  EXPECT_EQ(refresh(), Says::nothing) << "they were on the SA before";
  path_.connections = {{7, {9000, 6000}}};  // one that is not there counts as sent, too
  path_.sas[1] += 999;
  EXPECT_EQ(refresh(), Says::missing);
  refresh();
  path_.connections = {{7, {9000, 9000}}};
  EXPECT_EQ(refresh(), Says::missing) << "nothing that was sent since";
}

TEST_F(EvidenceTest, AReadingRightAfterAnotherBeginsNoInterval) {
  refresh();
  path_.sas[1] += 5;  // on their way to the socket
  refresh(kDeliveryNs - 1);
  move(5, 0);
  EXPECT_EQ(refresh(1), Says::nothing);
  move(7, 7);
  EXPECT_EQ(refresh(), Says::agrees);
}

TEST_F(EvidenceTest, ARekeyBeginsAnewAndForgetsNothing) {
  refresh();
  refresh();
  move(100, 0);
  EXPECT_EQ(refresh(), Says::missing);
  path_.sas = {{2, 0}};
  move(1000, 0);  // on the one that ended
  EXPECT_EQ(refresh(), Says::missing);
  EXPECT_EQ(refresh(), Says::missing);
  move(10, 10);
  EXPECT_EQ(refresh(), Says::agrees);
}

TEST_F(EvidenceTest, AnotherConnectionIsAnotherMatter) {
  refresh();
  refresh();
  move(100, 0);
  EXPECT_EQ(refresh(), Says::missing);
  path_.connections = {{8, {}}};
  EXPECT_EQ(refresh(), Says::nothing);
  refresh();
  move(100, 100);
  EXPECT_EQ(refresh(), Says::agrees);
}

TEST_F(EvidenceTest, WithoutAnSaNothingCanBeOnOne) {
  path_.sas.clear();
  refresh();
  refresh();
  move(1, 0);
  EXPECT_EQ(refresh(), Says::missing);
}

TEST_F(EvidenceTest, ARefreshThatReadNotAllIsLeftOut) {
  refresh();
  refresh();
  move(100, 0);
  path_.read = false;
  EXPECT_EQ(refresh(), Says::nothing) << "the SAs are as old as before";
  path_.read = true;
  EXPECT_EQ(refresh(), Says::nothing);
  EXPECT_EQ(refresh(), Says::nothing) << "an interval begins with a whole reading";
}

TEST_F(EvidenceTest, WhatTheSasHadBeforeAnIntervalDoesNotHelpInIt) {
  refresh();
  refresh();
  move(100, 99);
  EXPECT_EQ(refresh(), Says::missing);
  refresh();  // the next one begins
  move(50, 0);
  EXPECT_EQ(refresh(), Says::missing);
  move(0, 100);
  path_.read = false;
  refresh();
  path_.read = true;
  refresh();
  refresh();
  move(50, 0);
  EXPECT_EQ(refresh(), Says::missing);
}

// Cookies and SAs' numbers are of two kinds: where the one ends and the other begins, counts.
TEST_F(EvidenceTest, AnSaWithTheNumberOfAConnectionThatLeftIsAnotherMatter) {
  path_ = {.connections = {{7, {}}, {8, {}}}, .sas = {{9, 50}}};
  refresh();
  refresh();
  path_ = {.connections = {{7, {}}}, .sas = {{8, 0}, {9, 50}}};
  move(100, 0);
  EXPECT_EQ(refresh(), Says::nothing);
}

// While all agrees it goes on, so that what is missing now and then adds up; but not for ever.
TEST_F(EvidenceTest, AnIntervalIsSoLong) {
  for (const bool over : {false, true}) {
    path_.connections = {{over ? 8U : 9U, {}}};
    refresh();
    refresh();
    move(100, 100);
    EXPECT_EQ(refresh(over ? kEvidenceNs : kEvidenceNs - 1), Says::agrees);
    move(10, 9);
    EXPECT_EQ(refresh(), over ? Says::agrees : Says::missing);
  }
}

TEST_F(EvidenceTest, APathThatIsNotUsedIsForgotten) {
  refresh();
  refresh();
  move(100, 0);
  EXPECT_EQ(refresh(), Says::missing);
  evidence_.take({}, time_);
  EXPECT_EQ(evidence_.of(kPath), Says::nothing);
}

// An interval begins with a reading of the SAs that is one refresh older: what moves at an even
// pace and an eighth of it in the clear is found all the same.
TEST_F(EvidenceTest, AnEighthInTheClearIsFoundWithinTwoIntervals) {
  Says says = Says::nothing;
  for (int i = 0; i < 25 && says != Says::missing; ++i) {
    move(1000, 875);
    says = refresh();
  }
  EXPECT_EQ(says, Says::missing);
}

// Packets at any moment, readings in order: what was on the SAs is never missing.
TEST(EvidenceProperty, WhatWasOnItsSasIsNeverMissing) {
  rc::check([] {
    Evidence evidence;
    Evidence::Path path{.connections = {{1, {}}, {2, {}}}, .sas = {{1, 0}, {2, 0}}};
    Time time;
    const auto moves = [&path](std::uint32_t packets) {
      path.sas[1 + packets % 2] += packets % 8;
      Evidence::Moved& counts = path.connections[1 + packets / 8 % 2];
      counts.most_before = counts.least_now += packets % 8;
    };
    for (const auto& [during, after] :
         *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
             rc::gen::pair(rc::gen::inRange(0U, 32U), rc::gen::inRange(0U, 32U)))) {
      Evidence::Path read = path;  // the connections first …
      moves(during);
      read.sas = path.sas;  // … then the SAs
      time.boot_ns += kRefreshNs;
      evidence.take({{kPath, read}}, time);
      RC_ASSERT(evidence.of(kPath) != Says::missing);
      moves(after);
    }
  });
}

}  // namespace
}  // namespace qm::hba

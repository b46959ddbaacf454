// Epochs of a shared association: how they are closed, when they end, and what they leave behind.
#include "hba/split_testing.h"

namespace qm::hba {
namespace {

// ---- epochs that are closed, associations that part

TEST_F(AfterALogin, WhatWasGrantedBeforeAClosingIsNotGrantedAgain) {
  round();
  receive(a_, 100, 1);
  sa(kIn, 5, 1);  // it does not add up
  split_.finals_were_lost();
  round();
  EXPECT_EQ(granted(kIn, kA), 132U);
  tcp_receives(b_, 100, 1);
  round();
  EXPECT_LE(granted(kIn, kB), 40U + 5);
}

TEST_F(AfterALogin, AfterAClosingInTheMidstOfTrafficAnyMayLackWhatComes) {
  round();
  split_.disturb_all();
  sa(kOut, 32, 1);
  round();
  lost_.clear();
  sa(kOut, 32, 1);
  round();
  EXPECT_EQ(open(kOut), (Owners{kA, kB}));
}

TEST_F(AfterALogin, OneThatPartsWaitsForItsSettlementSoLongAndNoLonger) {
  round();
  split_.part(kIn, {kA}, now());
  pass(kPartingNs / kMs - 1);
  split_.part(kIn, {kA}, now());  // it has been parting
  sa(kIn, 5, 1);
  EXPECT_TRUE(round().ended.empty());
  pass(1);
  sa(kIn, 5, 1);
  EXPECT_EQ(round().ended, std::vector{kIn});
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
}

TEST_F(SplitTest, WhatTcpDoesNotTellTheFormerUserMayLackToo) {
  ASSERT_TRUE(split_.share(kIn, {.direction = xfrm::Direction::in, .told = false}, {kB, 3},
                           {.users = {kA}}));
  sa(kIn, 100, 1);
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB, 3}));
  lost_.clear();
  sa(kIn, 100, 1);
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kB, 3}));
  lost_.clear();
  round();  // nothing has grown
  EXPECT_TRUE(lost_.empty());
}

TEST_F(SplitTest, WhoComesWhileItPartsMayLackWhatTcpDoesNotTell) {
  ASSERT_TRUE(split_.share(kIn, {.direction = xfrm::Direction::in, .told = false}, {kA, kB}, {}));
  growth_[kIn].awaiting = true;
  split_.part(kIn, {3}, now());
  for (int i = 0; i < 3; ++i) {
    sa(kIn, 100, 1);
    EXPECT_TRUE(round().ended.empty());
    EXPECT_EQ(lost_[kIn], (Owners{kA, kB, 3}));
    EXPECT_EQ(open(kIn), (Owners{kA, kB, 3}));
    lost_.clear();
  }
}

TEST_F(AfterALogin, WhereNothingGrewNobodyLacksAnything) {
  round();
  split_.disturb_all();
  round();  // closed, and unclear is what comes next
  round();
  EXPECT_EQ(open(kOut), Owners{});
  EXPECT_EQ(open(kIn), Owners{});
}

TEST_F(AfterALogin, WhatMovesNowAndThenIsNotAtRest) {
  round();
  for (int i = 0; i < 4; ++i) {
    pass(600);
    sa(kIn, 1, 0);  // a stranger's
    round();
    EXPECT_TRUE(lost_.empty());
  }
  pass(600);
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
}

TEST_F(AfterALogin, AResetWithoutASegmentTakesNothingAway) {
  round();
  resets_b();
  round();
  EXPECT_EQ(granted(kIn, kB), 40U);
  EXPECT_EQ(open(kIn), Owners{});
  EXPECT_TRUE(lost_.empty());
}

// Its last counts come after the reading in which it was missed for the second time.
TEST_F(AfterALogin, LastCountsOfOneThatIsGoneAreNoMovement) {
  round();
  send(b_, 48, 1);
  receive(b_, 48, 1);
  b_.there = false;
  split_.begin_round();
  read();
  split_.begin_sas();
  read();
  split_.take_final({b_.tcp, kB, b_.uses, false, false}, false, now());
  settle();
  EXPECT_EQ(granted(kIn, kB), 40U + 80);
  EXPECT_EQ(open(kIn), Owners{});
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, WhatIsNotSharedDoesNotPart) {
  round();
  AssociationKey other = kIn;
  other.reqid = 77;
  split_.part(other, {kA}, now());
  EXPECT_TRUE(round().ended.empty());
}

// In the clear until a policy came: it is remembered, and its past is not on the SA.
TEST_F(AfterALogin, WhatAConnectionDidBeforeItUsedTheAssociationIsNotCounted) {
  Conn late = conn(5, kB, true);
  late.uses.clear();
  conns_.push_back(&late);
  tcp_receives(late, 500, 5);
  round();
  round();
  late.uses = {kIn, kOut};
  sa(kIn, 1000, 10);
  round();
  EXPECT_EQ(granted(kIn, kB), 40U);
}

// The first readings failed; a was at rest since the SAs were read last, not since the first time.
TEST_F(SplitTest, RestIsSinceTheSasWereReadLast) {
  Conn a = conn(1, kA);
  a.tcp.counters = {1000, 2000, 2000, 0, 50, 40};
  conns_ = {&a};
  share({.owner = kA, .others = false, .users = {kA}, .read_boot_ns = now().boot_ns - 1000 * kMs});
  split_.begin_round();
  split_.begin_sas();
  settle();
  pass(2000);
  a.tcp.data_sent_ms = a.tcp.data_received_ms = a.tcp.ack_received_ms = 2000 + kAckNs / kMs;
  round();
  send(a, 100, 1);
  receive(a, 100, 1);
  round();
  EXPECT_EQ(granted(kOut, kA), 132U);
  EXPECT_EQ(open(kOut), Owners{});
}

// ---- a stranger's part, connections that are missed

TEST_F(AfterALogin, AStrangersPartIsItsOwnersOnceAndWithoutAReplayWindowOfNoPacketMore) {
  round();
  Conn stranger = conn(9, kUnattributed, true);
  conns_.push_back(&stranger);
  growth_[kIn].replay_packets = 0;
  split_.disturb_all();
  round();  // from here on no SA has a window
  replayed_.clear();
  tcp_receives(stranger, 100, 1);
  growth_[kIn].all.bytes += 132;
  growth_[kIn].all.packets += 1;
  round();
  stranger.owner = kB;
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 132);
  EXPECT_EQ(replayed_[kB], 0U);
  stranger.owner = kA;  // its session is another's by the inventory: it has had it
  round();
  EXPECT_EQ(granted(kIn, kA), 0U);
  stranger.owner = kUnattributed;
  round();
  receive(stranger, 0, 1);
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 132 + 32);
}

// Missed by one reading, there again, missed by another: it is not gone.
TEST_F(AfterALogin, OneThatIsMissedNowAndThenIsNotGone) {
  round();
  for (int i = 0; i < 3; ++i) {
    split_.begin_round();
    read();
    split_.begin_sas();
    b_.there = false;
    read();
    b_.there = true;
    settle();
    round();
  }
  EXPECT_TRUE(lost_.empty());
  receive(b_, 100, 1);
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 132);
}

TEST_F(AfterALogin, WhatIsHopelessIsNotReadAgain) {
  round();
  tcp_receives(a_, 100, 1);
  split_.begin_round();
  read();
  split_.begin_sas();
  read();
  EXPECT_FALSE(split_.balanced(growth()));
  split_.disturb_all();
  EXPECT_TRUE(split_.balanced(growth()));
}

TEST_F(AfterALogin, RestBeginsWithTheReadingThatShowedTheLastMovement) {
  round();
  split_.begin_round();
  read();
  split_.begin_sas();
  receive(a_, 100, 1);
  sa(kIn, 1, 0);  // a stranger's
  read();
  settle();
  pass(kRestNs / kMs);
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
}

TEST_F(AfterALogin, LastCountsThatComeBeforeTheSasAreReadAreSettledAtOnce) {
  round();
  round();
  split_.begin_round();
  read();
  Conn gone = conn(5, kB, true);
  handshake(gone);
  split_.take_final({gone.tcp, kB, gone.uses, true, false}, false, now());
  split_.begin_sas();
  read();
  settle();
  EXPECT_EQ(granted(kIn, kB), 40U + 40);
  EXPECT_EQ(open(kIn), Owners{});
}

}  // namespace
}  // namespace qm::hba

#include "hba/split.h"

#include "hba/split_testing.h"

namespace qm::hba {
namespace {

TEST_F(AfterALogin, WhatItBroughtIsItsOwnToTheByte) {
  send(b_, 200, 2);
  receive(b_, 300, 3);
  round();
  EXPECT_EQ(granted(kIn, kB), 300U + 4 * 32 + 8);
  EXPECT_EQ(granted(kOut, kB), 200U + 4 * 32 + 8);
  EXPECT_EQ(granted(kIn, kA), 0U);
  EXPECT_EQ(replayed_[kB], 4U);
  EXPECT_EQ(open(kIn), Owners{});
  EXPECT_EQ(open(kOut), Owners{});
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, BothMoveAndRestAndAreSettled) {
  round();
  send(a_, 4000, 4);
  receive(a_, 50'000, 40);
  send(b_, 100, 1);
  receive(b_, 9000, 7);
  round();
  EXPECT_EQ(granted(kIn, kA), 50'000U + 40 * 32);
  EXPECT_EQ(granted(kOut, kA), 4000U + 4 * 32);
  EXPECT_EQ(granted(kIn, kB), 40U + 9000 + 7 * 32);
  EXPECT_EQ(granted(kOut, kB), 72U + 100 + 32);
  EXPECT_EQ(open(kOut), Owners{});
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, InTheMidstOfTrafficEachHasWhatIsSure) {
  round();
  split_.begin_round();
  receive(a_, 5000, 4);
  send(a_, 300, 1);
  read();
  split_.begin_sas();
  receive(a_, 1000, 1);  // the SA's reading shows it, the first of the connections does not
  read();
  settle();
  EXPECT_EQ(granted(kIn, kA), 5000U + 4 * 32);
  EXPECT_EQ(granted(kOut, kA), 0U);  // nothing is acknowledged
  EXPECT_EQ(open(kIn), (Owners{kA, kB}));
  EXPECT_EQ(open(kOut), Owners{kA});
  a_.tcp.counters.acked_bytes = 600'000 - 100 + 300 + 1;
  round();
  EXPECT_EQ(granted(kIn, kA), 6000U + 5 * 32);
  EXPECT_EQ(granted(kOut, kA), 300U + 32);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, WhatWasOnItsWayWhenTheEpochBeganIsNotAcknowledgedForIt) {
  send(a_, 300, 1);  // before the first reading
  a_.tcp.data_sent_ms = 100;
  round();
  a_.tcp.counters.acked_bytes = 600'000 - 100 + 300 + 1;
  receive(a_, 0, 1);
  split_.begin_round();
  read();
  split_.begin_sas();
  send(b_, 50, 1);
  read();
  settle();
  EXPECT_EQ(granted(kOut, kA), 0U);
}

TEST_F(AfterALogin, ADroppedSegmentIsWantedAndNoOthersFillsTheWant) {
  round();
  tcp_sends(a_, 100, 1);  // dropped
  send(b_, 100, 1);       // not
  receive(b_, 0, 1);      // … and acknowledged
  b_.tcp.counters.acked_bytes += 100;
  round();
  EXPECT_EQ(granted(kOut, kA), 0U);
  EXPECT_EQ(granted(kOut, kB), 72U + 100);
  EXPECT_EQ(open(kOut), (Owners{kA, kB}));
  // At rest it is closed: what a lost and b had is not told apart any more.
  pass(600);
  round();
  EXPECT_EQ(lost_[kOut], (Owners{kA, kB}));
  EXPECT_EQ(lost_[kIn], Owners{});
  // … and what comes later is.
  send(a_, 700, 1);
  round();
  EXPECT_EQ(granted(kOut, kA), 700U + 32);
  EXPECT_EQ(open(kOut), Owners{});
}

TEST_F(AfterALogin, AStrangersSegmentDoesNotStandInForADroppedOne) {
  round();
  tcp_sends(a_, 0, 1);  // dropped: 32 bytes, a packet
  sa(kOut, 32, 1);      // of a connection that came and went
  sa(kIn, 40, 1);
  round();
  EXPECT_EQ(granted(kOut, kA), 0U);
  EXPECT_NE(open(kOut), Owners{});
}

TEST_F(AfterALogin, StrangersOnTheSaHaveTheirPart) {
  Conn stranger = conn(9, kUnattributed, true);
  round();
  conns_.push_back(&stranger);
  handshake(stranger);
  receive(stranger, 10'000, 9);
  receive(a_, 600, 1);
  send(a_, 0, 1);
  round();
  EXPECT_EQ(granted(kIn, kA), 632U);
  EXPECT_EQ(granted(kOut, kA), 32U);
  EXPECT_EQ(granted(kIn, kB), 40U);
  EXPECT_EQ(open(kIn), Owners{});
  // When it turns out whose it was, that one gets all of it.
  stranger.owner = kB;
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 40 + 10'000 + 9 * 32);
  EXPECT_EQ(replayed_[kB], 1U + 10);
}

TEST_F(AfterALogin, DuplicatesAndSackBlocksOnlyAdd) {
  round();
  receive(a_, 500, 1);
  tcp_receives(a_, 0, 1);  // the same again
  sa(kIn, 532, 1);
  send(a_, 0, 1, 44);  // a SACK block
  round();
  EXPECT_EQ(granted(kIn, kA), 500U + 2 * 32);
  EXPECT_EQ(granted(kOut, kA), 0U);
  EXPECT_EQ(open(kIn), (Owners{kA, kB}));
}

TEST_F(AfterALogin, AClosedConnectionWithItsLastCountsIsExact) {
  round();
  send(b_, 48, 1);
  receive(b_, 48, 1);
  b_.there = false;
  Split::Seen last{b_.tcp, kB, b_.uses, false, false};
  split_.take_final(last, false, now());
  send(b_, 0, 1);  // the reset
  last.connection = b_.tcp;
  split_.take_final(last, false, now());
  round();
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 48 + 32);
  EXPECT_EQ(granted(kOut, kB), 72U + 48 + 32 + 32);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, AClosedConnectionWithoutThemIsALossForThoseItMayConcern) {
  round();
  send(b_, 48, 1);
  receive(b_, 48, 1);
  b_.there = false;
  round();
  EXPECT_EQ(lost_[kOut], Owners{kB});  // a sent nothing
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
  EXPECT_EQ(granted(kOut, kB), 72U);
  pass(600);
  round();
  pass(600);
  round();
  send(a_, 100, 1);
  receive(a_, 100, 1);
  round();
  EXPECT_EQ(granted(kOut, kA), 132U);
  EXPECT_EQ(granted(kIn, kA), 132U);
}

TEST_F(AfterALogin, AResetOfThePeerMayHaveHadNoTimestamps) {
  round();
  receive(b_, 0, 1, 20);
  resets_b();
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 20);
}

TEST_F(AfterALogin, OneReadingMayMissASocketThatIsThere) {
  round();
  receive(b_, 100, 1);
  split_.begin_round();
  read();
  split_.begin_sas();
  b_.there = false;
  read();
  b_.there = true;
  settle();
  EXPECT_EQ(granted(kIn, kB), 40U + 132);
  EXPECT_NE(open(kIn), Owners{});  // until the next shows it again
  round();
  EXPECT_EQ(open(kIn), Owners{});
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, APolicyThatChangesMakesTheTimeSinceUnclear) {
  round();
  receive(a_, 100, 1);
  tcp_receives(a_, 5000, 4);  // in the clear
  split_.disturb([&](const Endpoint& local, const Endpoint&) { return local == a_.tcp.local; });
  round();
  EXPECT_EQ(granted(kIn, kA), 0U);
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
  receive(a_, 300, 1);
  round();
  EXPECT_EQ(granted(kIn, kA), 332U);
}

TEST_F(AfterALogin, AConnectionThatLeavesTheAssociationCountsNoFurther) {
  round();
  tcp_receives(a_, 5000, 4);
  a_.uses.clear();
  receive(b_, 5000, 4);
  round();
  EXPECT_EQ(granted(kIn, kA), 0U);
}

TEST_F(AfterALogin, WhatGoesUnreadIsGrantedWhenItIsRead) {
  round();
  receive(a_, 100, 1);
  split_.begin_round();
  settle();
  EXPECT_EQ(granted(kIn, kA), 0U);
  EXPECT_NE(open(kIn), Owners{});
  round();
  EXPECT_EQ(granted(kIn, kA), 132U);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, WithoutTrustNothingIsSettledOrClosed) {
  round();
  receive(a_, 100, 1);
  sa(kIn, 7, 1);
  pass(600);
  round(false);
  pass(600);
  round(false);
  EXPECT_TRUE(lost_.empty());
  EXPECT_EQ(granted(kIn, kA), 132U);  // that much is sure all the same
}

TEST_F(AfterALogin, NothingIsClosedWhileASasLastWordIsAwaited) {
  round();
  tcp_receives(a_, 100, 1);
  growth_[kIn].awaiting = true;
  for (int i = 0; i < 3; ++i) {
    pass(600);
    round();
    EXPECT_EQ(open(kIn), (Owners{kA, kB}));
  }
  growth_[kIn].awaiting = false;
  sa(kIn, 132, 1);
  round();
  EXPECT_EQ(granted(kIn, kA), 132U);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(AfterALogin, CountersThatWrapGoOn) {
  round();
  a_.tcp.counters.in_segments = 0xffff'fff0;
  round();  // as if it had been so
  granted_.clear();
  receive(a_, 32'000, 32);
  round();
  EXPECT_EQ(a_.tcp.counters.in_segments, 16U);
  // Those of the jump above are wanted, and these are known.
  EXPECT_GE(granted(kIn, kA), 0U);
}

TEST_F(AfterALogin, WhereItIsSharedNoMoreItEndsOnceItIsSettled) {
  round();
  split_.part(kIn, {kA}, now());
  split_.part(kOut, {kA}, now());
  receive(a_, 100, 1);
  sa(kIn, 5, 1);  // it does not add up
  EXPECT_EQ(round().ended, std::vector{kOut});
  EXPECT_TRUE(split_.shares(kIn));
  pass(kPartingNs / kMs);
  EXPECT_EQ(round().ended, std::vector{kIn});
  EXPECT_FALSE(split_.any());
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
}

TEST_F(AfterALogin, PartsWithoutAReplayWindowAddNoPacketsToThatCounter) {
  round();
  const std::uint64_t before = replayed_[kA];
  growth_[kIn].replay_packets -= 1;  // one SA of two has none
  receive(a_, 100, 2);
  round();
  EXPECT_EQ(replayed_[kA], before);
}

// ---- how sharing begins

TEST_F(SplitTest, ThePartOfTheOneThatWasAloneBeginsWithTheFirstReading) {
  Conn a = conn(1, kA), b = conn(2, kB, true);
  conns_ = {&a, &b};
  a.tcp.counters = {100, 100, 100, 0, 10, 10};
  send(a, 500, 1);  // since the SAs were read last
  handshake(b);
  share({.owner = kA, .others = false, .users = {kA}, .read_boot_ns = now().boot_ns - 10 * kMs});
  round();
  EXPECT_EQ(granted(kIn, kB), 40U);
  EXPECT_EQ(granted(kOut, kA), 0U);
  EXPECT_EQ(open(kOut), (Owners{kA, kB}));
  pass(600);
  round();
  EXPECT_EQ(lost_[kOut], (Owners{kA, kB}));
}

TEST_F(SplitTest, TheLifeOfAConnectionIsNotCountedTwice) {
  Conn a = conn(1, kA, true), b = conn(2, kB, true);
  conns_ = {&a, &b};
  a.tcp.counters = {5000, 0, 0, 0, 5, 0};  // which its adapter got while it was alone
  receive(b, 100, 1);
  share();
  round();
  EXPECT_EQ(granted(kIn, kA), 0U);
  EXPECT_LE(granted(kIn, kB), 132U + 8);
}

TEST_F(SplitTest, WhereAnotherWasAloneBeforeNobodysLifeCounts) {
  Conn b = conn(2, kB, true);
  conns_ = {&b};
  b.tcp.counters = {5000, 0, 0, 0, 5, 0};
  sa(kIn, 5160, 5);
  share({.owner = kA, .others = true, .users = {kA}, .read_boot_ns = 0});
  round();
  EXPECT_EQ(granted(kIn, kB), 0U);
}

TEST_F(SplitTest, BothNewOnASaThatNobodyHadClaimedAreExact) {
  Conn a = conn(1, kA, true), b = conn(2, kB, true);
  conns_ = {&a, &b};
  handshake(a);
  handshake(b);
  share({});
  round();
  EXPECT_EQ(granted(kIn, kA), 40U);
  EXPECT_EQ(granted(kOut, kA), 72U);
  EXPECT_EQ(granted(kOut, kB), 72U);
  EXPECT_EQ(open(kOut), Owners{});
}

TEST_F(SplitTest, WhatTcpDoesNotTellIsALossAtOnce) {
  Conn a = conn(1, kA), b = conn(2, kB);
  conns_ = {&a, &b};
  share({.owner = kA, .others = false, .users = {kA}, .read_boot_ns = 0}, false);
  round();
  EXPECT_TRUE(lost_.empty());
  receive(a, 100, 1);
  round();
  EXPECT_EQ(granted(kIn, kA), 0U);
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
}

TEST_F(SplitTest, WherePacketsMayWaitForAnSaRestTakesLonger) {
  Conn a = conn(1, kA), b = conn(2, kB);
  conns_ = {&a, &b};
  split_.set_holding(true);
  share();
  round();
  tcp_sends(a, 0, 1);  // it waits
  sa(kIn, 1, 1);
  pass(600);
  round();
  pass(600);
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
  EXPECT_TRUE(lost_[kOut].empty());
  sa(kOut, 32, 1);  // there it is
  round();
  EXPECT_EQ(open(kOut), (Owners{kA, kB}));
  pass(kHeldNs / kMs);
  round();
  EXPECT_EQ(lost_[kOut], (Owners{kA, kB}));
}

TEST_F(SplitTest, ATunnelHasAnInnerHeaderOfTheConnectionsFamily) {
  for (const bool v6 : {false, true}) {
    Split split;
    const AssociationKey key = association(xfrm::Direction::in, v6);
    ASSERT_TRUE(split.share(key, {.direction = xfrm::Direction::in, .tunnel = true}, {kA, kB}, {}));
    Conn a = conn(1, kA, true);
    a.tcp.local.address = key.daddr;
    a.tcp.remote.address = key.saddr;
    tcp_receives(a, 100, 2);
    const std::vector<Split::Seen> all{{a.tcp, kA, {key}, true, false}};
    SharedGrowth growth{.all = {1000, 9}, .live = true};
    split.begin_round();
    split.take_reading(all, now());
    split.begin_sas();
    const auto outcome =
        split.settle([&](const AssociationKey&) { return growth; }, true, now().boot_ns, now());
    ASSERT_EQ(outcome.grants.size(), 1U);
    EXPECT_EQ(outcome.grants[0].bytes, 100U + 8 + 2 * (32 + (v6 ? 40U : 20U)));
  }
}

TEST_F(SplitTest, BeyondTheLimitItIsNotTold) {
  AssociationKey key = kIn;
  for (key.reqid = 0; key.reqid < kMostShared; ++key.reqid) {
    ASSERT_TRUE(split_.share(key, {.direction = xfrm::Direction::in}, {kA, kB}, {}));
  }
  EXPECT_FALSE(split_.share(key, {.direction = xfrm::Direction::in}, {kA, kB}, {}));
  key.reqid = 0;
  EXPECT_TRUE(split_.share(key, {.direction = xfrm::Direction::in}, {kA, kB}, {}));
}

// ---- what no reading showed

// Of a's connections one ended since the refresh before.
TEST_F(AfterALogin, WhatEndedBeforeTheFirstReadingStandsInForNothing) {
  tcp_sends(b_, 0, 1);  // dropped: 32 bytes, a packet
  sa(kOut, 32, 1);      // a reset of the one that ended
  split_.set_unmatched({{kOut, {kA}}});
  round();
  EXPECT_EQ(open(kOut), (Owners{kA, kB}));
  EXPECT_EQ(open(kIn), Owners{});
  // What is unmatched later has been in a reading.
  split_.set_unmatched({});
  pass(600);
  round();
  EXPECT_EQ(lost_[kOut], (Owners{kA, kB}));
  split_.set_unmatched({{kOut, {kA}}});
  send(b_, 100, 1);
  round();
  EXPECT_EQ(open(kOut), Owners{});
}

}  // namespace
}  // namespace qm::hba

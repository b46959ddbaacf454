// What no reading of the connections showed may be in the growth: it must not pass for another's.
#include "hba/split_testing.h"

namespace qm::hba {
namespace {

// b's handshake is in what a got before the growth began: then nobody else's may fill its place.
class AfterALateLogin : public SplitTest {
 protected:
  static constexpr OwnerId kC = 3;
  AfterALateLogin() : b_(conn(2, kB, true)), c_(conn(3, kC, true)) {
    conns_ = {&b_, &c_};
    tcp_receives(b_, 0, 1);  // 40 bytes: a SYN that was acknowledged
    tcp_sends(b_, 0, 2);
    c_.tcp.timestamps = c_.tcp.sack = c_.tcp.window_scale = false;
    c_.tcp.state = xfrm::TcpState::syn_sent;
    split_.share(kIn, {.direction = xfrm::Direction::in}, {kB, kC},
                 {.owner = kA, .others = false, .users = {kA}, .read_boot_ns = now().boot_ns});
  }
  Conn b_, c_;
};

TEST_F(AfterALateLogin, OneThatLeftUnseenDoesNot) {
  round();
  EXPECT_EQ(open(kIn), (Owners{kA, kB, kC}));
  sa(kIn, 40, 1);  // c's
  c_.there = false;
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB, kC}));
}

// One reading may have missed b.
TEST_F(AfterALateLogin, OneThatLeftUnseenDoesNotInTheSecondRoundEither) {
  conns_ = {&c_};
  round();
  conns_ = {&b_};
  sa(kIn, 40, 1);  // c's
  round();
  EXPECT_TRUE(lost_[kIn].contains(kC));
}

TEST_F(AfterALateLogin, OneOfWhichTheInventorySpokeDoesNot) {
  c_.there = false;
  sa(kIn, 40, 1);
  split_.set_unmatched({{kIn, {kC}}});
  round();
  EXPECT_EQ(open(kIn), (Owners{kA, kB, kC}));
}

TEST_F(AfterALateLogin, WhatAnotherMovedBeforeTheFirstReadingDoesNot) {
  c_.young = false;  // it was there before, and is no stranger to the SAs
  c_.tcp.state = xfrm::TcpState::established;
  tcp_receives(c_, 8, 1);
  sa(kIn, 40, 1);
  round();
  EXPECT_EQ(open(kIn), (Owners{kA, kB, kC}));
}

TEST_F(AfterALateLogin, WhatCameAndWentBeforeTheFirstReadingDoesNot) {
  c_.there = false;
  Conn gone = conn(4, kC, true);
  tcp_receives(gone, 0, 1);
  sa(kIn, 40, 1);
  split_.begin_round();
  split_.take_final({gone.tcp, gone.owner, gone.uses, true, false}, false, now());
  read();
  split_.begin_sas();
  read();
  settle();
  EXPECT_EQ(open(kIn), (Owners{kA, kB, kC}));
}

TEST_F(AfterALateLogin, OnlyTheFormerUsersOwnFillsWhatItLacks) {
  c_.there = false;
  Conn formers = conn(1, kA);  // under traffic
  formers.tcp.counters.in_segments = 100;
  conns_.push_back(&formers);
  sa(kIn, 40, 1);  // the former user's, before the first reading
  round();
  EXPECT_EQ(granted(kIn, kB), 40U);
  EXPECT_EQ(open(kIn), Owners{});
  EXPECT_TRUE(lost_.empty());
}

// ---- what two readings, or one, can't show

TEST_F(AfterALogin, OneReadingDoesNotShowThatNothingMoved) {
  split_.begin_round();
  read();
  split_.begin_sas();
  settle();
  EXPECT_EQ(open(kIn), (Owners{kA, kB}));
  round();
  EXPECT_EQ(open(kIn), Owners{});
  split_.begin_round();
  read();
  split_.begin_sas();
  EXPECT_FALSE(split_.balanced(growth()));
  read();
  EXPECT_TRUE(split_.balanced(growth()));
}

// It moved something after the SAs were read, and was in the clear at the next reading.
TEST_F(AfterALogin, WhatLeftBetweenTheReadingsMayLackWhatIsReadNext) {
  round();
  split_.begin_round();
  read();
  split_.begin_sas();
  a_.uses.clear();
  read();
  settle();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
}

TEST_F(AfterALogin, WhatTcpTellsNoMoreOrNowIsUnclear) {
  round();
  receive(b_, 100, 1);
  split_.share(kIn, {.direction = xfrm::Direction::in, .told = false}, {kA, kB}, {});
  split_.share(kIn, {.direction = xfrm::Direction::in, .told = true}, {kA, kB}, {});
  round();
  EXPECT_EQ(granted(kIn, kB), 40U);
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
}

TEST_F(AfterALogin, WhoWasUnmatchedInAnEarlierEpochLacksNothingOfThis) {
  round();
  split_.set_unmatched({{kOut, {kA}}});
  sa(kOut, 32, 1);
  round();
  EXPECT_EQ(open(kOut), Owners{kA});
  split_.set_unmatched({});
  pass(600);
  round();
  EXPECT_EQ(lost_[kOut], Owners{kA});
  sa(kOut, 32, 1);  // a stranger's
  round();
  EXPECT_EQ(open(kOut), Owners{});
}

TEST_F(AfterALogin, OneThatComesInALaterRoundCountsWhole) {
  round();
  round();
  Conn later = conn(5, kA, true);
  conns_.push_back(&later);
  handshake(later);
  round();
  EXPECT_EQ(granted(kIn, kA), 40U);
  EXPECT_EQ(granted(kOut, kA), 72U);
  EXPECT_EQ(open(kOut), Owners{});
}

TEST_F(AfterALogin, AConnectionThatHasMovedNothingHasNoOptionsEither) {
  Conn idle = conn(5, kB, true);
  conns_.push_back(&idle);
  round();
  EXPECT_EQ(open(kIn), Owners{});
  EXPECT_EQ(open(kOut), Owners{});
}

// ---- counters at their edges

TEST_F(AfterALogin, AFinIsNotForgottenWhenTheLastCountsNoLongerShowIt) {
  round();
  receive(b_, 100, 1);
  b_.tcp.counters.received_bytes += 1;  // as TCP counts it
  b_.tcp.fin_received = true;
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 132);
  EXPECT_EQ(open(kIn), Owners{});
  b_.tcp.fin_received = false;
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 132);
  EXPECT_EQ(open(kIn), Owners{});
}

TEST_F(AfterALogin, SegmentsThatGrewByHalfOfTheirRangeGrew) {
  round();
  receive(a_, 0, 0x8000'0000U);
  round();
  EXPECT_EQ(granted(kIn, kA), 0x8000'0000U * std::uint64_t{32});
  granted_.clear();
  a_.tcp.counters.in_segments -= 1;  // back
  round();
  EXPECT_EQ(granted(kIn, kA), 0U);
  EXPECT_EQ(open(kIn), Owners{});
}

TEST_F(AfterALogin, ZeroedCountersAreNoNews) {
  round();
  const xfrm::TcpConnection whole = b_.tcp;
  b_.tcp.counters = {};  // tcp_disconnect
  round();
  b_.tcp = whole;
  receive(b_, 10, 1);
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 42);
  EXPECT_EQ(open(kIn), Owners{});
}

TEST_F(AfterALogin, TheSynAndTheFinAreNoPayload) {
  round();
  send(b_, 100, 1);
  b_.tcp.state = xfrm::TcpState::last_ack;
  b_.tcp.counters.acked_bytes = 1 + 100 + 1;
  sa(kOut, 7, 1);  // a stranger's: it does not add up
  round();
  EXPECT_EQ(granted(kOut, kB), 72U + 100);
}

// ---- connections that come late, or leave

TEST_F(AfterALogin, OneOfTheFormerUserMayHaveBeenMissedByOneReading) {
  round();
  Conn later = conn(5, kA, true);
  conns_.push_back(&later);
  handshake(later);
  round();
  EXPECT_EQ(granted(kIn, kA), 0U);
  EXPECT_EQ(open(kIn), (Owners{kA, kB}));
}

TEST_F(AfterALogin, WhatCameAndWentWithItsLastCountsIsSettledBothWays) {
  round();
  round();
  Conn gone = conn(5, kB, true);
  handshake(gone);
  split_.take_final({gone.tcp, kB, gone.uses, true, false}, false, now());
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 40);
  EXPECT_EQ(granted(kOut, kB), 72U + 72);
  EXPECT_EQ(open(kOut), Owners{});
}

TEST_F(AfterALogin, WhenLastCountsWereLostNobodyKnowsWhoEnded) {
  round();
  tcp_sends(b_, 0, 1);  // dropped
  sa(kOut, 32, 1);      // of the one that ended
  split_.finals_were_lost();
  round();
  EXPECT_EQ(granted(kOut, kB), 72U);
  EXPECT_EQ(lost_[kOut], Owners{kB});
}

// What the SA has counted is TCP's a moment later.
TEST_F(AfterALogin, WhatIsUnderWayWhenAnEpochIsClosedIsTheNextOnes) {
  round();
  sa(kIn, 132, 1);
  split_.disturb_all();
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB}));
  tcp_receives(a_, 100, 1);
  round();
  EXPECT_EQ(granted(kIn, kA), 132U);
}

TEST_F(AfterALogin, WhatCameAndWentAfterTheFirstRoundIsPartOfIt) {
  round();
  Conn gone = conn(5, kB, true);
  handshake(gone);
  split_.take_final({gone.tcp, kB, gone.uses, true, false}, false, now());
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 40);
  EXPECT_EQ(open(kIn), Owners{});
}

// Until then it was on other SAs; its counts are of before.
TEST_F(AfterALogin, WhoComesWithTheSecondReadingHadNothingBefore) {
  Conn late = conn(5, kB);
  late.tcp.counters.in_segments = 5;
  round();
  split_.begin_round();
  read();
  split_.begin_sas();
  conns_.push_back(&late);
  sa(kIn, 1000, 10);
  read();
  settle();
  EXPECT_EQ(granted(kIn, kB), 40U);
}

TEST_F(AfterALogin, WhoTakesTheAssociationUpWithTheSecondReadingLeavesItOpen) {
  Conn late = conn(5, kB);
  late.uses.clear();
  conns_.push_back(&late);
  round();
  split_.begin_round();
  read();
  split_.begin_sas();
  late.uses = {kIn, kOut};
  read();
  settle();
  EXPECT_EQ(open(kIn), (Owners{kA, kB}));
  EXPECT_FALSE(split_.balanced(growth()));
}

TEST_F(AfterALogin, APeerThatNamesNoSegmentSizeSendsAShorterSyn) {
  round();
  round();
  Conn later = conn(5, kB, true);
  later.tcp.send_mss = kDefaultMss;
  conns_.push_back(&later);
  send(later, 0, 1, 40);
  receive(later, 0, 1, 36);
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 36);
  EXPECT_EQ(granted(kOut, kB), 72U + 40);
  EXPECT_EQ(open(kIn), Owners{});
}

}  // namespace
}  // namespace qm::hba

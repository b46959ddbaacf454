// The account of shared associations at its edges: what its mutants showed to be untested.
#include "hba/split_testing.h"

namespace qm::hba {
namespace {

// ---- what a connection had

// What both have agreed on stands in a segment, or nowhere.
TEST_F(AfterALogin, WhoReceivedNoSegmentReceivedNoOptions) {
  Conn silent = conn(5, kB, true);
  conns_.push_back(&silent);
  send(silent, 0, 1, 40);
  round();
  EXPECT_TRUE(split_.balanced(growth()));
}

// A reset without timestamps makes what it had less than what it was granted before.
TEST_F(AfterALogin, WhatTurnsOutToBeLessTakesNothingMore) {
  round();
  receive(b_, 0, 1);
  sa(kIn, 50, 1);  // a stranger's
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 32);
  resets_b();
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 32);
}

TEST_F(AfterALogin, AResetWithoutTimestampsIsToldApartExactly) {
  round();
  receive(b_, 0, 1, 20);
  resets_b();
  EXPECT_EQ(round().losses.size(), 0U);
  EXPECT_EQ(granted(kIn, kB), 40U + 20);
  EXPECT_EQ(open(kIn), Owners{});
}

// In a tunnel, from an address of IPv4.
TEST_F(SplitTest, ASynHasAnInnerHeaderToo) {
  Conn a = conn(1, kA, true);
  a.tcp.state = xfrm::TcpState::syn_sent;
  a.uses = {kOut};
  conns_ = {&a};
  ASSERT_TRUE(
      split_.share(kOut, {.direction = xfrm::Direction::out, .tunnel = true}, {kA, kB}, {}));
  tcp_sends(a, 0, 1);
  sa(kOut, kSynBytes + kIpv4HeaderBytes, 1);
  round();
  EXPECT_TRUE(split_.balanced(growth()));
}

// The first of the SYN's and the FIN's bytes is not payload, and there is no less than none.
TEST_F(AfterALogin, AnAcknowledgedSynIsNoPayloadOfOneThatClosesEither) {
  b_.tcp.state = xfrm::TcpState::last_ack;
  sa(kOut, 500, 1);  // a stranger's
  round();
  EXPECT_EQ(granted(kOut, kB), 0U);
}

TEST_F(AfterALogin, WhatIsAcknowledgedWasSentWhateverTheOtherCountersSay) {
  round();
  Conn late = conn(5, kB);
  late.tcp.counters = {0, 101, 100, 60, 0, 3};  // of 100 bytes, 60 were sent again
  conns_.push_back(&late);
  sa(kOut, 500, 5);
  round();
  EXPECT_EQ(granted(kOut, kB), 72U);
}

// TCP counts a segment before its bytes: between the two it may be read.
TEST_F(AfterALogin, BytesWithoutASegmentBeforeItJoinedAreNotItsPart) {
  Conn late = conn(5, kB);
  late.uses.clear();
  tcp_receives(late, 400, 5);
  conns_.push_back(&late);
  round();
  split_.begin_round();
  read();
  split_.begin_sas();
  tcp_receives(late, 100, 0);
  late.uses = {kIn, kOut};
  sa(kIn, 1000, 10);
  read();
  settle();
  EXPECT_EQ(granted(kIn, kB), 40U);
}

// ---- what is steady

TEST_F(AfterALogin, WhatWasLearntOfSasAfterTheReadingIsOpen) {
  const auto read_twice = [this] {
    split_.begin_round();
    read();
    split_.begin_sas();
    read();
  };
  read_twice();
  EXPECT_TRUE(split_.balanced(growth()));
  split_.growth_is_newer();  // the word on one that ended
  EXPECT_FALSE(split_.balanced(growth()));
  read_twice();
  EXPECT_TRUE(split_.balanced(growth()));
  split_.growth_is_unread();  // one that came
  EXPECT_FALSE(split_.balanced(growth()));
  read_twice();
  EXPECT_TRUE(split_.balanced(growth()));
}

// It may have sent something since the first reading, and gone.
TEST_F(AfterALogin, WhoIsMissedByTheSecondReadingMayLackWhatTheSasShow) {
  round();
  split_.begin_round();
  read();
  split_.begin_sas();
  b_.there = false;
  sa(kOut, 32, 1);
  read();
  settle();
  EXPECT_EQ(open(kOut), Owners{kB});
}

// ---- outbound waits for inbound

TEST_F(AfterALogin, WhereNothingTellsOfAnswersTheUnacknowledgedIsNobodysYet) {
  a_.uses = b_.uses = {kOut};
  round();
  granted_.clear();
  send(a_, 100, 1);
  round();
  EXPECT_EQ(granted(kOut, kA), 0U);
  a_.tcp.counters.acked_bytes = 600'000 - 100 + 100 + 1;
  round();
  EXPECT_EQ(granted(kOut, kA), 100U);
}

// The inbound account begins anew in the midst of the outbound epoch.
TEST_F(AfterALogin, OutboundIsNotSettledByAnInboundAccountThatBeganLater) {
  round();
  pass(100);
  send(a_, 100, 1);
  split_.share(kIn, {.direction = xfrm::Direction::in, .told = false}, {kA, kB}, {});
  split_.share(kIn, {.direction = xfrm::Direction::in, .told = true}, {kA, kB}, {});
  round();
  EXPECT_EQ(lost_[kIn], Owners{});  // nothing came in
  for (int i = 0; i < 2; ++i) round();
  EXPECT_EQ(granted(kOut, kA), 0U);
}

// ---- who shares it

TEST_F(AfterALogin, WhatIsSharedAgainPartsNoMore) {
  round();
  split_.part(kIn, {kA}, now());
  pass(kPartingNs / kMs);
  share();
  EXPECT_TRUE(round().ended.empty());
}

TEST_F(SplitTest, WhoUsesItNoMoreLacksNothingOfWhatComesThen) {
  const SharedTerms untold{.direction = xfrm::Direction::in, .told = false};
  ASSERT_TRUE(split_.share(kIn, untold, {kA, kB}, {}));
  round();
  ASSERT_TRUE(split_.share(kIn, untold, {kB, 3}, {}));
  sa(kIn, 100, 1);
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kA, kB, 3}));
  lost_.clear();
  round();
  sa(kIn, 100, 1);
  round();
  EXPECT_EQ(lost_[kIn], (Owners{kB, 3}));
}

TEST_F(AfterALogin, ItIsNewUntilARoundHadAReading) {
  split_.begin_round();
  split_.begin_sas();
  settle();
  EXPECT_TRUE(split_.is_new(kIn));
  split_.begin_round();
  read();
  split_.begin_sas();
  settle();
  EXPECT_FALSE(split_.is_new(kIn));
}

// Of a window on one SA of two only the packets that it checked are unclear.
TEST_F(AfterALogin, AReplayWindowOfSomeSasIsALossOfThatCounterAlone) {
  round();
  receive(a_, 100, 2);
  growth_[kIn].replay_packets -= 1;
  const Split::Outcome outcome = round();
  ASSERT_EQ(outcome.losses.size(), 2U);
  for (const Split::Loss& each : outcome.losses) {
    EXPECT_EQ(each.key, kIn);
    EXPECT_TRUE(each.replay_only);
  }
}

// ---- how a connection joins

// What it sent, what it received, what was acknowledged: any may be what the growth has.
TEST_F(AfterALogin, WhatMovedLatelyIsUnclearWhicheverWayItMoved) {
  for (std::uint32_t xfrm::TcpConnection::* const moved :
       {&xfrm::TcpConnection::data_sent_ms, &xfrm::TcpConnection::data_received_ms,
        &xfrm::TcpConnection::ack_received_ms}) {
    for (const std::uint32_t ms : {100U, 9000U}) {
      split_ = Split{};
      growth_ = {};
      granted_.clear();
      growth_[kIn].live = growth_[kOut].live = true;
      a_.tcp.*moved = ms;
      share({.owner = kA,
             .others = false,
             .users = {kA},
             .read_boot_ns = now().boot_ns - 1000 * kMs});
      sa(kIn, 40, 1);
      sa(kOut, 72, 2);
      round();
      EXPECT_EQ(granted(kOut, kB), ms == 100 ? 0U : 72U);
    }
  }
}

// It rested, but nobody knows since when it has been on these SAs.
TEST_F(AfterALogin, WhoJoinsLaterMayHaveMovedHoweverLongItRests) {
  round();
  Conn late = conn(5, kB);
  late.tcp = a_.tcp;
  late.tcp.cookie = 5;
  conns_.push_back(&late);
  send(a_, 100, 1);
  round();
  EXPECT_EQ(granted(kOut, kA), 0U);
}

TEST_F(AfterALogin, WherePacketsMayWaitForAnSaNobodyIsSureToHaveRested) {
  split_.set_holding(true);
  round();
  EXPECT_EQ(granted(kOut, kB), 0U);
}

// In the third round nothing that is new can be in what others got before the growth began.
TEST_F(AfterALogin, WhoComesInTheThirdRoundHidesNothing) {
  round();
  round();
  Conn old = conn(5, kB), young = conn(6, kB, true);
  old.tcp.counters.in_segments = 7;
  conns_.push_back(&old);
  conns_.push_back(&young);
  handshake(young);
  round();
  EXPECT_EQ(granted(kIn, kB), 40U + 40);
  EXPECT_EQ(open(kIn), Owners{});
}

}  // namespace
}  // namespace qm::hba

// What no reading of the connections showed may be in the growth: it must not pass for another's.
#include "hba/split_testing.h"

namespace qm::hba {
namespace {

using Owners = std::set<OwnerId>;

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

}  // namespace
}  // namespace qm::hba

// Sharing at its edges, in the engine: who comes and goes, which policies speak of whom, what was
// there before. What its mutants showed to be untested.
#include <linux/xfrm.h>

#include "hba/engine_sharing_testing.h"

namespace qm::hba {
namespace {

class SharingEdges : public EngineSharing {
 protected:
  static xfrm::Policy of_local_port(bool out, std::uint16_t port) {
    xfrm::Policy made = policy(out);
    made.index += 64;
    made.priority = 5;
    (out ? made.selector.sport : made.selector.dport) = port;
    (out ? made.selector.sport_mask : made.selector.dport_mask) = 0xffff;
    return made;
  }
  static xfrm::Policy another() {
    xfrm::Policy made = policy(true);
    made.index += 64;
    made.priority = 7;
    return made;
  }
  void expect_loss_of_b() {
    sends(kB, 1000, 1);
    EXPECT_EQ(sent(round(), "b"), kAtLeastShared);
  }
  void weaken_the_others() {
    for (const bool out : {true, false}) {
      xfrm::Policy weaker = policy(out);
      weaker.priority = 10;
      engine_.on_policy(weaker, 0);
    }
  }
};

// ---- policies that change

TEST_F(SharingEdges, APolicyThatComesAndSpeaksOfThemIsALoss) {
  logs_in(kB);
  round();
  engine_.on_policy(another(), 0);
  expect_loss_of_b();
}

// Nobody knows here by which interface they leave.
TEST_F(SharingEdges, APolicyOfAnInterfaceMaySpeakOfThem) {
  logs_in(kB);
  round();
  xfrm::Policy of_interface = another();
  of_interface.selector.ifindex = 3;
  engine_.on_policy(of_interface, 0);
  expect_loss_of_b();
}

TEST_F(SharingEdges, AFlushOfPoliciesMayHaveSpokenOfThemThoughTheirOwnStay) {
  logs_in(kB);
  round();
  engine_.on_policies_flushed(XFRM_POLICY_TYPE_SUB);
  expect_loss_of_b();
}

// Whether before it or after it, the clock does not tell.
TEST_F(SharingEdges, WhatChangesInTheMomentOfARefreshMayHaveChangedAfterIt) {
  logs_in(kB);
  clock_stands_ = true;
  round();
  engine_.on_policy(another(), 0);
  expect_loss_of_b();
}

TEST_F(SharingEdges, ThatIsSoOfAFlushToo) {
  logs_in(kB);
  clock_stands_ = true;
  round();
  engine_.on_policies_flushed(XFRM_POLICY_TYPE_SUB);
  expect_loss_of_b();
}

TEST_F(SharingEdges, APolicyIsRememberedForAMinute) {
  logs_in(kB);
  round();
  xfrm::Policy others = policy(true);
  others.index += 64;
  others.selector.dport = 80;
  for (std::size_t i = 0; i < kMostPolicyChanges; ++i) {
    others.priority = static_cast<std::uint32_t>(i + 1);
    engine_.on_policy(others, 0);
  }
  round();
  step(kPolicyChangeNs / kSecond - 1);
  others.priority = 0;
  engine_.on_policy(others, 0);  // one too many, still
  expect_loss_of_b();
}

// Shortly before b was seen: what it had before may have been in the clear.
TEST_F(SharingEdges, WhoComesRightAfterAPolicyChangedHasNothingOfBefore) {
  engine_.set_inventory(inventory({"a"}));
  xfrm::Policy changed = policy(true);
  changed.priority = 7;
  engine_.on_policy(changed, 0);
  step(1);
  refresh({out(), in()});
  step(1);
  engine_.set_inventory(both_);
  logs_in(kB);
  const Report report = round();
  EXPECT_EQ(adapter(report, "b").totals[kConfidentialBytesReceived], 0U);
  EXPECT_EQ(adapter(report, "b").totals[kConfidentialBytesSent], 0U);
}

// Until its bypass is deleted c is in the clear.
TEST_F(SharingEdges, WhoseSasTheseAreIsAskedAgainWhenAPolicyGoes) {
  weaken_the_others();
  const std::uint16_t port = sessions_of({kC}).sessions[0].connections[0].local.port;
  std::vector<xfrm::Policy> bypass;
  for (const bool out : {true, false}) {
    bypass.push_back(of_local_port(out, port));
    bypass.back().templates.clear();
    engine_.on_policy(bypass.back(), 0);
  }
  engine_.set_inventory(sessions_of({kA, kB, kC}));
  connect(sessions_of({kC}).sessions[0]);
  logs_in(kB);
  for (int i = 0; i < 3; ++i) round();
  for (const xfrm::Policy& each : bypass) engine_.on_policy_deleted(each);
  for (int i = 0; i < 3; ++i) round();
  receives(kC, 3000, 3);
  const Report report = round();
  EXPECT_EQ(adapter(report, "c").totals[kConfidentialBytesReceived], 3096U);
}

// a's policy makes IPsec optional, b's does not.
TEST_F(SharingEdges, WhereOneOfThemMayPassItByNothingIsToldApart) {
  weaken_the_others();
  xfrm::Policy optional = of_local_port(true, both_.sessions[kA].connections[0].local.port);
  optional.templates[0].optional = true;
  engine_.on_policy(optional, 0);
  logs_in(kB);
  for (int i = 0; i < 3; ++i) round();
  sends(kB, 500, 1);
  const Report report = round();
  EXPECT_EQ(adapter(report, "b").totals[kConfidentialBytesSent], 0U);
  EXPECT_EQ(sent(report, "b"), kAtLeastShared);
}

// ---- what was there before

TEST_F(SharingEdges, AStrangersSaThatEndedSaysNothingOfTheirs) {
  xfrm::Sa strangers = sa(true, 0x99, 150);
  strangers.reqid = 77;
  engine_.on_sa(strangers, false, 0);
  engine_.on_sa_deleted(with(strangers, 10, 1));
  logs_in(kB);
  const Report report = round();
  expect_bytes(report, "a", 4000, 5000);
  expect_bytes(report, "b", 72, 40);
}

// It may have sent, and gone, since the SAs were read last.
TEST_F(SharingEdges, WhoHadItAloneUntilNowMayLackWhatIsUnknown) {
  tcp_.erase(tcp_.begin());
  engine_.set_inventory(sessions_of({}));
  refresh({out(), in()});
  step(1);
  const iscsi::Inventory others = sessions_of({kB, kC});
  connect(others.sessions[1]);
  engine_.set_inventory(others);
  unknown_is_sent(500);
  EXPECT_EQ(sent(round(), "a"), kAtLeastShared);
}

// Both were there when the first inventory was read: what they have moved before is in what the
// SAs had by then, or was not on them.
TEST_F(SharingEdges, WhatTheFirstInventoryShowsIsNotNew) {
  begin_anew();
  sync({out(), in()});
  engine_.set_inventory(both_);
  logs_in(kB);
  const Report report = round();
  for (const std::string_view name : {"a", "b"}) {
    EXPECT_EQ(adapter(report, name).totals[kConfidentialBytesReceived], 0U) << name;
  }
}

// Others may have had it before a, for all that is known: then b may have been there, too.
TEST_F(SharingEdges, AfterARestartNobodyIsKnownToHaveHadItAlone) {
  engine_.set_inventory(inventory({"a"}));
  refresh({out(), in()});
  restart();
  sync({out(), in()});
  step(2);
  refresh({out(), in()});
  step(1);
  engine_.set_inventory(both_);
  logs_in(kB);
  EXPECT_EQ(adapter(round(), "b").totals[kConfidentialBytesReceived], 0U);
}

// b's session shows a second late: its SYN may have been on an SA that ended before the first sync,
// of which nobody has told. Its growth is not in that of these.
TEST_F(SharingEdges, WhoMayHaveComeBeforeTheFirstSyncHasNothingOfBefore) {
  for (const std::uint64_t after : {1U, 2U}) {
    in_ = {5000, 50};
    tcp_[kB].counters = {};
    begin_anew();
    sync({out(), in()});
    step(after);
    engine_.set_inventory(inventory({"a"}));
    refresh({out(), in()});
    step(1);
    engine_.set_inventory(both_);
    receives(kB, 0, 1, 40);
    const Report report = round();
    EXPECT_EQ(adapter(report, "b").totals[kConfidentialBytesReceived], after > 1 ? 40U : 0U);
  }
}

TEST_F(SharingEdges, WhatWasThereButNotCountedIsNotNew) {
  tcp_[kB].counters.received_bytes = 5000;
  tcp_[kB].counters.in_segments = 50;
  tcp_[kB].counted = false;
  for (int i = 0; i < 2; ++i) round();
  tcp_[kB].counted = true;
  in_.bytes += 1000;  // somebody's
  in_.packets += 10;
  EXPECT_EQ(adapter(round(), "b").totals[kConfidentialBytesReceived], 0U);
}

TEST_F(SharingEdges, ASessionThatComesWithoutASocketMayLackWhatIsUnknown) {
  logs_in(kB);
  for (int i = 0; i < 2; ++i) round();
  both_.sessions.push_back(both_.sessions[kB]);
  both_.sessions.back().sid = 9;
  both_.sessions.back().connections[0].local.port = 41'000;
  engine_.set_inventory(both_);
  unknown_is_sent(500);
  const Report report = round();
  EXPECT_EQ(sent(report, "b"), kAtLeastShared);
  EXPECT_EQ(sent(report, "a"), Quality{});
}

// ---- connections that end

TEST_F(SharingEdges, CountsThatWereLostOnceAreLostOnce) {
  logs_in(kB);
  xfrm::ProbeReading reading;
  reading.totals.closed_lost = 1;
  round();
  for (int i = 0; i < 2; ++i) round(reading);
  in_.bytes += 100;  // a segment that no socket has had yet
  ++in_.packets;
  round(reading);
  tcp_[kB].counters.received_bytes += 68;
  ++tcp_[kB].counters.in_segments;
  expect_bytes(round(reading), "b", 72, 140);
}

TEST_F(SharingEdges, APeersResetMayHaveHadNoTimestamps) {
  engine_.set_probes("all", {.finals = true, .closings = true});
  logs_in(kB);
  round();
  receives(kB, 0, 1, 20);
  xfrm::ProbeReading reading;
  reading.closed.push_back(
      {.connection = tcp_[kB], .cause = xfrm::ClosedConnection::Cause::destroyed});
  tcp_.pop_back();
  round(reading);
  expect_bytes(round(), "b", 72, 60);
}

// ---- SAs that come

// An inbound one, by a dump alone: what it has counted is not read yet.
TEST_F(SharingEdges, AnSaThatMovesToASharedAssociationIsReadBeforeItIsSettled) {
  xfrm::Sa third = sa(false, 3, 150);
  sync({out(), in(), third});
  logs_in(kB);
  more_ = {third};
  round();
  xfrm::Sa away = third;
  away.saddr = address("10.0.0.9");
  sync({out(), in(), away});
  more_ = {away};
  round();
  EXPECT_TRUE(engine_.split_balances());
  sync({out(), in(), third});
  EXPECT_FALSE(engine_.split_balances());
}

// c has had the pair to another target alone; its connection was judged before d came.
TEST_F(SharingEdges, AnotherPairIsToldApartFromWhenItIsShared) {
  const Address target = address("10.0.0.3");
  iscsi::Inventory four = sessions_of({kA, kB, kC, kD});
  for (const std::size_t each : {kC, kD}) {
    four.sessions[each].connections[0].remote.address = target;
    connect(four.sessions[each]);
  }
  const auto second = [&](bool out, xfrm::Counters counters) {
    xfrm::Sa made = with(sa(out, out ? 7 : 8, 150), counters.bytes, counters.packets);
    (out ? made.id.daddr : made.saddr) = target;
    made.reqid = 2;
    return made;
  };
  for (const bool out : {true, false}) {
    xfrm::Policy made = policy(out);
    made.index += 32;
    (out ? made.selector.daddr : made.selector.saddr) = target;
    made.templates[0].reqid = 2;
    engine_.on_policy(made, 0);
    engine_.on_sa(second(out, {}), false, 0);
  }
  iscsi::Inventory three = four;
  three.sessions.pop_back();
  engine_.set_inventory(three);
  logs_in(kB);
  more_ = {second(true, {}), second(false, {})};
  for (int i = 0; i < 3; ++i) round();
  engine_.set_inventory(four);
  for (int i = 0; i < 3; ++i) round();
  tcp_[kC].counters.received_bytes += 3000;
  tcp_[kC].counters.in_segments += 3;
  more_[1] = second(false, {3096, 3});
  EXPECT_EQ(adapter(round(), "c").totals[kConfidentialBytesReceived], 3096U);
}

}  // namespace
}  // namespace qm::hba

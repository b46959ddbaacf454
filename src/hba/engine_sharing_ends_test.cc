// Sharing at its end, in the engine: who leaves, who comes back, and who comes when all have left.
#include "hba/engine_sharing_testing.h"

namespace qm::hba {
namespace {

class SharingEnds : public EngineSharing {
 protected:
  // Everybody logs out, and what is left to settle is settled.
  void all_leave() {
    engine_.set_inventory(sessions_of({}));
    tcp_.clear();
    for (int i = 0; i < 15 && engine_.wants_connections(); ++i) round();
    ASSERT_FALSE(engine_.wants_connections());
  }
  void two_shared_it() {
    logs_in(kB);
    round();
    all_leave();
  }
  static void expect_both(const Report& report, Quality said) {
    for (const std::string_view name : {"a", "b"}) EXPECT_EQ(sent(report, name), said) << name;
  }
  // Its readings fail.
  void broken_round() {
    failing_ = true;
    round();
    failing_ = false;
  }
  // Two that were never there log in.
  void others_come() {
    const iscsi::Inventory others = sessions_of({kC, kD});
    for (const iscsi::Session& each : others.sessions) connect(each);
    engine_.set_inventory(others);
  }
  // One that was never there logs in, and the others are gone.
  void comes_alone() {
    const iscsi::Inventory one = sessions_of({kC});
    tcp_.clear();
    connect(one.sessions[0]);
    engine_.set_inventory(one);
  }
  // An SA of theirs has ended, and the probe's last word on it is still to come: nothing is settled
  // until then.
  void await_a_final(bool outbound) {
    engine_.set_probes("finals", {.finals = true});
    engine_.on_sa(sa(outbound, 3, 190), false, 0);
    engine_.attribute();
    engine_.on_sa_deleted(sa(outbound, 3, 190));
  }
};

// ---- who leaves, and who comes back

TEST_F(SharingEnds, WhatGrowsWhileNobodyUsesItMayBeOfThoseWhoDidLast) {
  two_shared_it();
  expect_both(round(), {});
  unknown_is_sent(500);
  expect_both(round(), kAtLeastShared);
}

TEST_F(SharingEnds, SoItIsWhenOthersComeBeforeItIsRead) {
  two_shared_it();
  others_come();
  unknown_is_sent(500);
  expect_both(round(), kAtLeastShared);
}

TEST_F(SharingEnds, SoItIsWhenItIsKnownBeforeOthersCome) {
  two_shared_it();
  unknown_is_sent(500);
  engine_.on_sa_counters(out().id, out_, 0);
  others_come();
  expect_both(round(), kAtLeastShared);
}

// c comes when nobody is left; what the SAs do until they are read is nobody's, and c may lack it.
TEST_F(SharingEnds, WhoComesToNobodysSasLacksWhatTheyDoUntilTheyAreRead) {
  two_shared_it();
  engine_.set_inventory(sessions_of({kC}));
  broken_round();
  in_ = {in_.bytes + 1000, in_.packets + 10};
  const Report report = round();
  EXPECT_EQ(adapter(report, "c").totals[kConfidentialBytesReceived], 0U);
  for (const CounterId id : {kConfidentialBytesReceived, kPacketsWithReplayDetection,
                             kPacketsNotAuthenticated, kTransportBytesSent}) {
    EXPECT_EQ(quality(report, "c", id), kAtLeastShared) << id;
  }
  EXPECT_EQ(quality(report, "c", kTunnelBytesReceived), Quality{});
}

TEST_F(SharingEnds, ThatIsSoOfThoseAloneThatWait) {
  two_shared_it();
  engine_.on_policy_deleted(policy(false));
  engine_.set_inventory(sessions_of({kC}));
  broken_round();
  const Report report = round();
  EXPECT_EQ(quality(report, "c", kConfidentialBytesSent), kAtLeastShared);
  EXPECT_EQ(quality(report, "c", kConfidentialBytesReceived), Quality{});
  EXPECT_EQ(quality(report, "c", kPacketsNotAuthenticated), Quality{});
}

TEST_F(SharingEnds, WhoComesToNobodysSasHasAllOnceTheyAreRead) {
  two_shared_it();
  engine_.set_inventory(sessions_of({kC}));
  round();
  broken_round();
  in_ = {in_.bytes + 1000, in_.packets + 10};
  const Report report = round();
  EXPECT_EQ(adapter(report, "c").totals[kConfidentialBytesReceived], 1000U);
  EXPECT_EQ(quality(report, "c", kConfidentialBytesReceived), Quality{});
}

// a would have had it alone, but b came back before that was settled; then nobody is left.
TEST_F(SharingEnds, WhoWasToHaveItAloneHasItNotWhenAllHaveLeft) {
  logs_in(kB);
  round();
  in_.bytes += 100;  // a segment that no socket has had yet
  ++in_.packets;
  engine_.set_inventory(sessions_of({kA}));
  round();
  EXPECT_TRUE(engine_.wants_connections());
  engine_.set_inventory(sessions_of({kA, kB}));
  tcp_[kB].counters.received_bytes += 68;
  ++tcp_[kB].counters.in_segments;
  round();
  all_leave();
  engine_.ledger().for_each([](Ledger::EntryId, const Entry& entry) {
    EXPECT_EQ(entry.owner, kUnattributed) << entry.id.spi;
  });
}

// ---- who comes when the others have left

// What it sent until now has grown an SA that is shared, as far as is known.
TEST_F(SharingEnds, WhoComesAloneMayLackWhatTcpDoesNotTell) {
  xfrm::Policy optional = policy(true);
  optional.templates[0].optional = true;
  engine_.on_policy(optional, 0);
  logs_in(kB);
  await_a_final(true);
  round();
  comes_alone();
  unknown_is_sent(500);
  EXPECT_EQ(sent(round(), "c"), kAtLeastShared);
}

TEST_F(SharingEnds, WhoComesAloneHasNotAllThatFailsUntilItIsSettled) {
  logs_in(kB);
  await_a_final(false);
  round();
  comes_alone();
  failed_ = 1;
  const Report report = round();
  for (const CounterId id : {kPacketsNotAuthenticated, kKeyAdditions, kKeyDeletions}) {
    EXPECT_EQ(quality(report, "c", id), kAtLeastShared) << id;
  }
}

TEST_F(SharingEnds, NorHasItWhenItIsGoneByThen) {
  logs_in(kB);
  await_a_final(false);
  round();
  comes_alone();
  EXPECT_EQ(quality(round(), "c", kPacketsNotAuthenticated), Quality{});
  engine_.set_inventory(sessions_of({}));
  failed_ = 1;
  EXPECT_EQ(quality(round(), "c", kPacketsNotAuthenticated), kAtLeastShared);
}

TEST_F(SharingEnds, WhoComesAloneMayLackWhatGrowsUntilItIsRead) {
  two_shared_it();
  comes_alone();
  broken_round();
  unknown_is_sent(500);
  const Report report = round();
  EXPECT_EQ(adapter(report, "c").totals[kConfidentialBytesSent], 0U);
  EXPECT_EQ(sent(report, "c"), kAtLeastShared);
  for (const CounterId id : {kKeyAdditions, kKeyDeletions}) {
    EXPECT_EQ(quality(report, "c", id), kAtLeastShared);
  }
}

// By how much it grew until it was read, nobody knows.
TEST_F(SharingEnds, AfterARestartSoItIsWithoutAnyGrowth) {
  two_shared_it();
  restart();
  engine_.set_inventory(sessions_of({}));
  sync({out(), in()});
  refresh({out(), in()});
  step(kPendingNs / kSecond);
  EXPECT_EQ(sent(refresh({out(), in()}), "c"), Quality{});
  comes_alone();
  EXPECT_EQ(sent(refresh({out(), in()}), "c"), kAtLeastShared);
}

TEST_F(SharingEnds, WhereNothingGrewWhoComesAloneLacksNothingButKeys) {
  two_shared_it();
  comes_alone();
  round();
  sends(0, 500, 1);
  expect_bytes(round(), "c", 532, 0);
}

}  // namespace
}  // namespace qm::hba

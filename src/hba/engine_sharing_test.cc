// Two adapters on one pair of SAs, told apart by what TCP says (split_test.cc has the rules; here
// is what the engine makes of them).
#include "hba/engine_sharing_testing.h"

namespace qm::hba {
namespace {

TEST_F(EngineSharing, TwoAdaptersAreToldApartToTheByte) {
  logs_in(kB);
  Report report = round();
  expect_bytes(report, "a", 4000, 5000);
  expect_bytes(report, "b", 72, 40);
  sends(kA, 1000, 1);
  receives(kB, 3000, 3);
  report = round();
  expect_bytes(report, "a", 5032, 5000);
  expect_bytes(report, "b", 72, 3136);
  EXPECT_EQ(adapter(report, "b").totals[kPacketsWithReplayDetection], 4U);
  EXPECT_EQ(adapter(report, "a").totals[kPacketsWithReplayDetection], 50U);
  EXPECT_EQ(report.host.unattributed[kConfidentialBytesSent], 0U);
}

// Whose keys they were, nobody can tell.
TEST_F(EngineSharing, KeysOfASharedSaAreNobodysAlone) {
  logs_in(kB);
  const Report report = round();
  for (const CounterId id : {kKeyAdditions, kKeyDeletions}) {
    EXPECT_EQ(quality(report, "a", id), kAtLeastShared);
    EXPECT_EQ(quality(report, "b", id), kAtLeastShared);
  }
  EXPECT_EQ(quality(report, "a", kPacketsNotAuthenticated), Quality{});
}

TEST_F(EngineSharing, APacketThatFailedIsNobodys) {
  logs_in(kB);
  round();
  failed_ = 3;
  const Report report = round();
  for (const std::string_view name : {"a", "b"}) {
    EXPECT_EQ(quality(report, name, kPacketsNotAuthenticated), kAtLeastShared);
    EXPECT_EQ(adapter(report, name).totals[kPacketsNotAuthenticated], 0U);
    EXPECT_EQ(quality(report, name, kConfidentialBytesReceived), Quality{});
  }
  EXPECT_EQ(report.host.unattributed[kPacketsNotAuthenticated], 3U);
}

TEST_F(EngineSharing, WhatMovesWhileItIsReadIsOpenUntilItRests) {
  logs_in(kB);
  round();
  in_.bytes += 100;  // a segment that no socket has had yet
  ++in_.packets;
  Report report = round();
  expect_sums(report);
  for (const std::string_view name : {"a", "b"}) {
    EXPECT_EQ(quality(report, name, kConfidentialBytesReceived), kAtLeastShared);
    EXPECT_EQ(quality(report, name, kConfidentialBytesSent), Quality{});
  }
  EXPECT_EQ(report.host.unattributed[kConfidentialBytesReceived], 100U);
  tcp_[kB].counters.received_bytes += 68;
  ++tcp_[kB].counters.in_segments;
  report = round();
  expect_bytes(report, "a", 4000, 5000);
  expect_bytes(report, "b", 72, 140);
}

TEST_F(EngineSharing, WhatTheReadingMissedWaitsForTheNext) {
  logs_in(kB);
  failing_ = true;
  Report report = round();
  EXPECT_EQ(quality(report, "b", kConfidentialBytesSent).quality, QM_AT_LEAST);
  failing_ = false;
  report = round();
  expect_bytes(report, "a", 4000, 5000);
  expect_bytes(report, "b", 72, 40);
}

TEST_F(EngineSharing, LostEventsAreALossOfAllWhoShare) {
  logs_in(kB);
  round();
  sends(kB, 1000, 1);
  engine_.overrun();
  round();
  sync({out(), in()});
  const Report report = round();
  EXPECT_EQ(quality(report, "a", kConfidentialBytesSent).quality, QM_AT_LEAST);
  EXPECT_EQ(quality(report, "b", kConfidentialBytesSent).quality, QM_AT_LEAST);
  expect_sums(report);
}

// What a session's connection had that no reading shows may be in the growth.
TEST_F(EngineSharing, ASessionWithoutASocketMayLackWhatGrew) {
  logs_in(kB);
  round();
  tcp_.pop_back();
  out_.bytes += 500;
  ++out_.packets;
  const Report report = round();
  EXPECT_EQ(quality(report, "b", kConfidentialBytesSent), kAtLeastShared);
  EXPECT_EQ(report.host.unattributed[kConfidentialBytesSent], 500U);
}

TEST_F(EngineSharing, AStrangersConnectionIsNobodys) {
  logs_in(kB);
  xfrm::TcpConnection stranger = tcp_[kA];
  stranger.cookie = 3;
  stranger.local.port = 50'000;
  tcp_.push_back(stranger);
  round();
  sends(2, 500, 1);
  const Report report = round();
  expect_bytes(report, "a", 4000, 5000);
  expect_bytes(report, "b", 72, 40);
  EXPECT_EQ(report.host.unattributed[kConfidentialBytesSent], 532U);
}

// ---- policies that change

// One that speaks of both connections: what TCP counted meanwhile may have gone in the clear.
TEST_F(EngineSharing, APolicyThatSpeaksOfThemIsALoss) {
  logs_in(kB);
  round();
  xfrm::Policy changed = policy(true);
  changed.priority = 7;
  engine_.on_policy(changed, 0);
  sends(kB, 1000, 1);
  const Report report = round();
  EXPECT_EQ(quality(report, "a", kConfidentialBytesSent), kAtLeastShared);
  EXPECT_EQ(quality(report, "b", kConfidentialBytesSent), kAtLeastShared);
  EXPECT_EQ(quality(round(), "a", kConfidentialBytesSent), kAtLeastShared);
}

xfrm::Policy strangers_policy(bool out, bool other_port, std::uint32_t priority = 1) {
  xfrm::Policy made = policy(out);
  made.index += 64;
  made.priority = priority;
  if (other_port) {
    (out ? made.selector.dport : made.selector.sport) = 80;
  } else {
    (out ? made.selector.daddr : made.selector.saddr) = address("10.0.0.99");
  }
  return made;
}

TEST_F(EngineSharing, APolicyOfOthersChangesNothing) {
  logs_in(kB);
  round();
  for (const bool out : {true, false}) {
    for (const bool other_port : {true, false}) {
      engine_.on_policy(strangers_policy(out, other_port), 0);
    }
  }
  sends(kB, 1000, 1);
  const Report report = round();
  expect_bytes(report, "a", 4000, 5000);
  expect_bytes(report, "b", 1104, 40);
}

// As many as are remembered are looked at; of one more it is only known that there was one.
TEST_F(EngineSharing, OfTooManyPoliciesAnyMayHaveSpokenOfThem) {
  logs_in(kB);
  round();
  std::uint32_t priority = 0;
  const auto change = [&](std::size_t times) {
    for (; times > 0; --times) engine_.on_policy(strangers_policy(true, true, ++priority), 0);
  };
  const auto is_a_loss = [this] {
    sends(kB, 1000, 1);
    return quality(round(), "a", kConfidentialBytesSent) == kAtLeastShared;
  };
  change(kMostPolicyChanges);
  EXPECT_FALSE(is_a_loss());
  step(kPolicyChangeNs / kSecond + 1);  // they are forgotten
  change(kMostPolicyChanges);
  EXPECT_FALSE(is_a_loss());
  change(1);
  EXPECT_TRUE(is_a_loss());
}

// ---- connections that end

// c came and went between two readings; the probes tell what it had.
TEST_F(EngineSharing, TheLastCountsOfAConnectionTellItApart) {
  engine_.set_probes("all", {.finals = true, .closings = true});
  logs_in(kB);
  round();
  sends(kB, 700, 1);
  const xfrm::TcpConnection ended = tcp_[kB];
  tcp_.pop_back();
  xfrm::ProbeReading reading;
  reading.closed.push_back(
      {.connection = ended, .cause = xfrm::ClosedConnection::Cause::destroyed});
  round(reading);
  const Report report = round();
  expect_bytes(report, "a", 4000, 5000);
  expect_bytes(report, "b", 804, 40);
}

TEST_F(EngineSharing, LastCountsThatWereLostAreALoss) {
  logs_in(kB);
  xfrm::ProbeReading reading;
  reading.totals.closed_lost = 1;
  round(reading);
  sends(kB, 700, 1);
  out_.bytes += 100;
  ++out_.packets;
  const Report report = round(reading);  // the same one
  EXPECT_EQ(quality(report, "b", kConfidentialBytesSent), kAtLeastShared);
}

// ---- who is left

TEST_F(EngineSharing, WhoIsLeftHasItAloneFromThenOn) {
  logs_in(kB);
  round();
  iscsi::Inventory left = inventory({"a"});
  left.adapters = both_.adapters;
  engine_.set_inventory(left);
  sends(kB, 100, 1);
  tcp_[kA].ack_received_ms = 20'000;
  Report report = round();
  expect_bytes(report, "a", 4000, 5000);
  EXPECT_FALSE(engine_.wants_connections());
  EXPECT_FALSE(engine_.ledger().shares(kOutbound));
  tcp_.pop_back();
  sends(kA, 300, 1);
  receives(kA, 200, 1);
  report = round();
  expect_bytes(report, "a", 4332, 5232);
  EXPECT_EQ(adapter(report, "b").totals[kConfidentialBytesSent], 204U);
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
  // An SA that comes now is a's whole.
  engine_.on_sa(sa(true, 3, 200), false, 0);
  engine_.on_sa_deleted(out());
  EXPECT_EQ(adapter(round(), "a").totals[kActiveSa], 1U);
}

TEST_F(EngineSharing, SharedSasAreReadOnceMoreWhileTheyDoNotBalance) {
  logs_in(kB);
  engine_.attribute();
  EXPECT_EQ(engine_.shared_sas_to_read().size(), 2U);
  engine_.take_connections(tcp_);
  engine_.begin_reading();
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(out(), false, 1);
  engine_.take_connections(tcp_);
  EXPECT_FALSE(engine_.split_balances());
  engine_.begin_reading();
  engine_.on_sa(out(), false, 1);
  engine_.on_sa(in(), false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.take_connections(tcp_);
  EXPECT_TRUE(engine_.split_balances());
}

}  // namespace
}  // namespace qm::hba

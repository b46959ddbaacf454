// The engine through whole stories of an SA, told as the kernel tells them.
#include "hba/engine_testing.h"

namespace qm::hba {
namespace {

TEST_F(EngineTest, ConnectRekeyTerminateReconnectAddUp) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.ike_state(1);
  // connect
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  Report report =
      refresh({with(sa(false, 0x10, 200), 1000, 10), with(sa(true, 0x11, 200), 500, 5)});
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 1000U);
  // three rekeys, as strongSwan does them: in, out, old out goes, old in later
  for (std::uint32_t i = 1; i <= 3; ++i) {
    step(10);
    const std::uint32_t spi = 0x10 + i * 0x10;
    engine_.on_sa(sa(false, spi, 200 + i), true, 0);
    engine_.on_sa(sa(true, spi + 1, 200 + i), false, 0);
    engine_.ike_rekey({kHost, kTarget, 1, xfrm::kEsp, spi - 0x10, spi - 0x0f, spi, spi + 1});
    engine_.on_sa_deleted(with(sa(true, spi - 0x0f, 199 + i), 600, 6));
    step(5);
    engine_.on_sa_deleted(with(sa(false, spi - 0x10, 199 + i), 1000, 10));
  }
  report = refresh({with(sa(false, 0x40, 203), 7, 1), with(sa(true, 0x41, 203), 8, 1)});
  const Totals& rekeyed = adapter(report, "a").totals;
  EXPECT_EQ(rekeyed[kActiveSa], 1U);
  EXPECT_EQ(rekeyed[kKeyAdditions], 4U);
  EXPECT_EQ(rekeyed[kKeyDeletions], 3U);
  EXPECT_EQ(rekeyed[kReKeys], 3U);
  EXPECT_EQ(rekeyed[kConfidentialBytesSent], 1808U);
  EXPECT_EQ(rekeyed[kTransportBytesSent], 1808U);
  EXPECT_EQ(rekeyed[kConfidentialBytesReceived], 3007U);
  EXPECT_EQ(rekeyed[kPacketsWithReplayDetection], 31U);
  EXPECT_EQ(adapter(report, "a").qualities[kReKeys - 1], Quality{});
  expect_sums(report);
  // terminate, reconnect
  step(10);
  engine_.on_sa_deleted(with(sa(true, 0x41, 203), 8, 1));
  engine_.on_sa_deleted(with(sa(false, 0x40, 203), 7, 1));
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 0U);
  EXPECT_EQ(report.sessions[0].verdict.protection, Protection::protected_);
  engine_.on_sa(sa(false, 0x50, 260), true, 0);
  engine_.on_sa(sa(true, 0x51, 260), false, 0);
  step(20);
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 5U);
  EXPECT_EQ(adapter(report, "a").totals[kReKeys], 3U);
}

TEST_F(EngineTest, TheSynsSaIsClaimedWithItsWholeLife) {
  sync({});
  engine_.set_inventory(inventory({"a"}, false));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  Report report = refresh({with(sa(true, 0x11, 200), 60, 1)});
  EXPECT_EQ(report.host.totals, Totals{});
  EXPECT_EQ(report.health.pending_sas, 1U);
  engine_.set_inventory(inventory({"a"}));
  report = refresh({with(sa(true, 0x11, 200), 90, 2)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 90U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 1U);
}

TEST_F(EngineTest, WhatLivesAtTheFirstStartIsTheBaseline) {
  sync({with(sa(true, 0x11, 50), 1234, 12), with(sa(false, 0x10, 50), 99, 9)});
  engine_.set_inventory(inventory({"a"}));
  const Report report =
      refresh({with(sa(true, 0x11, 50), 1234, 12), with(sa(false, 0x10, 50), 99, 9)});
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 0U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 1234U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 99U);
}

TEST_F(EngineTest, UpdsaOnALiveSaIsNotABirth) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa(sa(true, 0x11, 999), true, 0);  // shows zeros and a new add_time (facts §13)
  const Report report = refresh({with(sa(true, 0x11, 200), 600, 6)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 600U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 1U);
}

TEST_F(EngineTest, LarvalsAreNoSasAndTheirExpiryIsNoDeletion) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  xfrm::Sa larval = sa(false, 0x10, 200);
  larval.larval = true;
  larval.reqid = 0;
  engine_.set_source(Engine::Source::dump);
  engine_.on_sa(larval, false, 1);
  engine_.set_source(Engine::Source::event);
  EXPECT_EQ(refresh().health.larvals, 1U);
  EXPECT_EQ(adapter(refresh(), "a").totals[kPendingKeyOperations], 1U);
  engine_.set_inventory(inventory({"a"}, false));  // whose it is follows the sessions
  EXPECT_EQ(adapter(refresh(), "a").totals[kPendingKeyOperations], 0U);
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(adapter(refresh(), "a").totals[kPendingKeyOperations], 1U);
  engine_.on_sa_expired(larval, true);
  EXPECT_EQ(adapter(refresh(), "a").totals[kPendingKeyOperations], 0U);
  xfrm::Sa unseen = sa(false, 0x20, 200);
  engine_.on_sa_expired(unseen, true);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 0U);
  EXPECT_EQ(report.host.totals[kKeyAdditions], 0U);
}

TEST_F(EngineTest, AHardExpiryIsTheLastWord) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh();
  engine_.on_sa_expired(with(sa(true, 0x11, 200), 777, 7), true);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 777U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
}

TEST_F(EngineTest, AFlushKeepsWhatIsKnownAndDeclaresTheRest) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sas_flushed(0);
  const AdapterReport gone = adapter(refresh(), "a");
  EXPECT_EQ(gone.totals[kConfidentialBytesSent], 500U);
  EXPECT_EQ(gone.totals[kKeyDeletions], 1U);
  EXPECT_EQ(gone.qualities[kConfidentialBytesSent - 1], (Quality{QM_AT_LEAST, QM_REASON_FLUSH}));
  EXPECT_EQ(gone.qualities[kActiveSa - 1], Quality{});
}

TEST_F(EngineTest, AfterAnOverrunADumpTellsWhatVanished) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.overrun();
  sync({with(sa(true, 0x21, 300), 40, 4)});
  const Report report = refresh({with(sa(true, 0x21, 300), 40, 4)});
  const AdapterReport& after = adapter(report, "a");
  EXPECT_EQ(after.totals[kActiveSa], 1U);
  EXPECT_EQ(after.totals[kKeyAdditions], 2U);
  EXPECT_EQ(after.totals[kKeyDeletions], 1U);
  EXPECT_EQ(after.totals[kConfidentialBytesSent], 540U);
  EXPECT_EQ(after.qualities[kConfidentialBytesSent - 1], (Quality{QM_AT_LEAST, QM_REASON_GAP}));
  EXPECT_EQ(report.health.overruns, 1U);
  EXPECT_GT(report.health.gaps, 0U);
}

TEST_F(EngineTest, AnOvertakenDelsaDoesNotEndItsSuccessor) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.begin_sync();
  engine_.set_source(Engine::Source::dump);
  engine_.on_policy(policy(true), 1);
  engine_.on_policy(policy(false), 1);
  engine_.on_sa(with(sa(true, 0x11, 201), 3, 1), false, 1);  // the SPI again, a second later
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 520, 6));
  engine_.on_sa(sa(true, 0x11, 201), false, 0);
  engine_.end_sync();
  const Report report = refresh({with(sa(true, 0x11, 201), 3, 1)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 523U);
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
}

TEST_F(EngineTest, ADumpRowThatAnEventOvertookIsNotABirth) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh();
  engine_.begin_sync();
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 520, 6));
  engine_.set_source(Engine::Source::dump);
  engine_.on_policy(policy(true), 1);
  engine_.on_policy(policy(false), 1);
  engine_.on_sa(with(sa(true, 0x11, 200), 510, 5), false, 1);
  engine_.end_sync();
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 0U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 520U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 1U);
}

TEST_F(EngineTest, AnInboundSaThatDiesInTrafficMayLackPacketsInFlight) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  refresh({with(sa(false, 0x10, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(false, 0x10, 200), 600, 6));
  EXPECT_EQ(adapter(refresh(), "a").qualities[kConfidentialBytesReceived - 1],
            (Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT}));
}

TEST_F(EngineTest, AnIdleInboundSaDiesExactly) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  refresh({with(sa(false, 0x10, 200), 500, 5)});
  step(2);
  engine_.on_sa_deleted(with(sa(false, 0x10, 200), 500, 5));
  EXPECT_EQ(adapter(refresh(), "a").qualities[kConfidentialBytesReceived - 1], Quality{});
}

TEST_F(EngineTest, WithoutAnIkeDaemonRekeysAreInferredFromOverlap) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa(sa(true, 0x21, 201), false, 0);
  engine_.on_sa_deleted(sa(true, 0x11, 200));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kReKeys], 1U);
  EXPECT_EQ(adapter(report, "a").qualities[kReKeys - 1], (Quality{QM_INFERRED, QM_REASON_OVERLAP}));
}

TEST_F(EngineTest, ADaemonsSilenceOnAnOverlapIsWaitedForThenInferred) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.ike_state(1);
  refresh();
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa(sa(true, 0x21, 201), false, 0);
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 0U);
  step(11);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kReKeys], 1U);
  EXPECT_EQ(adapter(report, "a").qualities[kReKeys - 1], (Quality{QM_INFERRED, QM_REASON_OVERLAP}));
}

TEST_F(EngineTest, ARekeyToldBeforeItsSaCounts) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.ike_state(1);
  engine_.ike_rekey({kHost, kTarget, 1, xfrm::kEsp, 0, 0, 0x20, 0x21});
  engine_.on_sa(sa(true, 0x21, 201), false, 0);
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 1U);
}

TEST_F(EngineTest, TheDaemonsTasksWithAnAdaptersPeersArePending) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.ike_state(1);
  ike::IkeSa ours;
  ours.local = kHost;
  ours.remote = kTarget;
  ours.pending_operations = 2;
  ike::IkeSa other = ours;
  other.remote = address("10.9.9.9");
  engine_.set_ike_sas({ours, other}, true);
  const AdapterReport a = adapter(refresh(), "a");
  EXPECT_EQ(a.totals[kPendingKeyOperations], 2U);
  EXPECT_EQ(a.qualities[kPendingKeyOperations - 1], Quality{});
}

TEST_F(EngineTest, TwoAdaptersOnOneSaShareNothingByGuess) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.set_inventory(inventory({"a", "b"}));
  const Report report = refresh({with(sa(true, 0x11, 200), 800, 8)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 500U);
  EXPECT_EQ(adapter(report, "b").totals[kConfidentialBytesSent], 0U);
  EXPECT_EQ(report.host.unattributed[kConfidentialBytesSent], 300U);
  EXPECT_EQ(adapter(report, "b").qualities[kConfidentialBytesSent - 1],
            (Quality{QM_AT_LEAST, QM_REASON_SHARED_SA}));
  expect_sums(report);
}

TEST_F(EngineTest, ALogoutZeroesGaugesNotCounters) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.set_inventory(inventory({}, false));
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 500, 5));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 500U);
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 0U);
}

TEST_F(EngineTest, PerHostErrorsAreTheSoleUsersElseUnknown) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  engine_.set_netns_errors(xfrm::NetnsErrors{5, 5, 0, true});
  refresh();
  engine_.set_netns_errors(xfrm::NetnsErrors{8, 11, 0, true});
  xfrm::Sa failing = with(sa(false, 0x10, 200), 10, 1);
  failing.stats.integrity_failed = 2;
  const AdapterReport a = adapter(refresh({failing}), "a");
  EXPECT_EQ(a.totals[kBadSpiPackets], 3U);
  EXPECT_EQ(a.totals[kPacketsNotAuthenticated], 2U);
  EXPECT_EQ(a.totals[kPacketsNotDecrypted], 4U);
  EXPECT_EQ(a.qualities[kBadSpiPackets - 1], (Quality{QM_INFERRED, QM_REASON_SOLE_USER}));
  xfrm::Sa strange = sa(true, 0x99, 300);
  strange.reqid = 77;
  engine_.on_sa(strange, false, 0);
  EXPECT_EQ(adapter(refresh(), "a").qualities[kBadSpiPackets - 1],
            (Quality{QM_UNAVAILABLE, QM_REASON_NOT_SOLE_USER}));
}

TEST_F(EngineTest, WithoutTheKernelNothingIsZero) {
  engine_.set_kernel(false, "no XFRM");
  engine_.set_inventory(inventory({"a"}));
  const Report report = refresh();
  for (const Quality& quality : adapter(report, "a").qualities) {
    EXPECT_EQ(quality, (Quality{QM_UNAVAILABLE, QM_REASON_NO_KERNEL}));
  }
  EXPECT_EQ(report.sessions[0].verdict.protection, Protection::unknown);
}

TEST_F(EngineTest, AnSaThatReadsMissingTwiceWithoutAnEventIsGone) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh();
  const std::vector<xfrm::SaId> ids = engine_.sas_to_read();
  static_cast<void>(engine_.note_missing(ids));
  EXPECT_EQ(adapter(refresh(), "a").totals[kActiveSa], 1U);
  static_cast<void>(engine_.note_missing(ids));
  const AdapterReport gone = adapter(refresh(), "a");
  EXPECT_EQ(gone.totals[kActiveSa], 0U);
  EXPECT_EQ(gone.qualities[kKeyAdditions - 1].reason, QM_REASON_GAP);
}

TEST_F(EngineTest, ANatThatMapsAPortAnewMovesAnSaBetweenTheSameAddresses) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 520, 6));  // one more since strongSwan looked
  engine_.on_sa(with(sa(true, 0x11, 200), 500, 5), false, 0);
  const Report report = refresh({with(sa(true, 0x11, 200), 530, 6)});
  const Totals totals = adapter(report, "a").totals;
  EXPECT_EQ(totals[kActiveSa], 1U);
  EXPECT_EQ(totals[kKeyAdditions], 1U);
  EXPECT_EQ(totals[kKeyDeletions], 0U);
  EXPECT_EQ(totals[kConfidentialBytesSent], 550U);
}

TEST_F(EngineTest, AnSpiTakenAgainWithinTheSecondIsANewNegotiation) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 500, 5));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  const Report report = refresh({with(sa(true, 0x11, 200), 30, 1)});
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 2U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 530U);
}

TEST_F(EngineTest, AMovedSaIsNoNegotiationAndInheritsWhatIsCountedAlready) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 500, 5));
  xfrm::Sa moved = with(sa(true, 0x11, 200), 500, 5);
  moved.saddr = address("10.0.0.9");
  engine_.on_sa(moved, false, 0);
  const Report report = refresh({[&] {
    xfrm::Sa later = moved;
    later.counters = {530, 6};
    return later;
  }()});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 530U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 1U);
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
}

}  // namespace
}  // namespace qm::hba

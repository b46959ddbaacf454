// Small stories that the simulation (tests/sim) found to be told wrong.
#include "hba/engine_testing.h"
#include "hba/ledger_state.h"

namespace qm::hba {
namespace {

using EngineStory = EngineTest;

TEST_F(EngineStory, AMoveIsNeitherAnEndNorANegotiation) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 520, 6));  // a packet after GETSA, before DELSA
  xfrm::Sa moved = with(sa(true, 0x11, 200), 500, 5);
  moved.saddr = address("10.0.0.9");
  engine_.on_sa(moved, false, 0);
  moved.counters = {530, 6};
  const Report report = refresh({moved});
  const AdapterReport& a = adapter(report, "a");
  EXPECT_EQ(a.totals[kConfidentialBytesSent], 550U);
  EXPECT_EQ(a.totals[kKeyAdditions], 1U);
  EXPECT_EQ(a.totals[kKeyDeletions], 0U);
  EXPECT_EQ(a.totals[kActiveSa], 1U);
}

TEST_F(EngineStory, AMoveThatOnlyADumpShowsCountsNothingTwice) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.overrun();
  xfrm::Sa moved = with(sa(true, 0x11, 200), 530, 6);
  moved.saddr = address("10.0.0.9");
  sync({moved});
  const Report report = refresh();
  EXPECT_LE(adapter(report, "a").totals[kConfidentialBytesSent], 530U);
}

TEST_F(EngineStory, WhatASharedSaDidBeforeOneUserLeftIsNotTheOthers) {
  sync({});
  engine_.set_inventory(inventory({"a", "b"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.set_inventory(inventory({"a"}));
  Report report = refresh({with(sa(true, 0x11, 200), 800, 8)});  // b may have moved these 300
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 0U);
  report = refresh({with(sa(true, 0x11, 200), 900, 9)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 100U);
  EXPECT_EQ(report.host.totals[kConfidentialBytesSent], 900U);
}

TEST_F(EngineStory, AReadingThatOvertookADelsaIsUndone) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 10, 1)});
  engine_.attribute();
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(with(sa(true, 0x11, 200), 700, 7), false, 1);  // its successor's, same second
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 20, 2));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.conclude();
  const Report report = refresh({with(sa(true, 0x11, 200), 700, 7)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 720U);
}

TEST_F(EngineStory, ALarvalRowPreparedBeforeItMaturedChangesNothing) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.begin_sync();
  engine_.set_source(Engine::Source::dump);
  engine_.on_policy(policy(true), 1);
  engine_.on_policy(policy(false), 1);
  engine_.set_source(Engine::Source::event);
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  engine_.set_source(Engine::Source::dump);
  xfrm::Sa larval = sa(false, 0x10, 200);
  larval.larval = true;
  engine_.on_sa(larval, false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.end_sync();
  const Report report = refresh({with(sa(false, 0x10, 200), 70, 1)});
  EXPECT_EQ(report.health.larvals, 0U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 70U);
}

TEST_F(EngineStory, ADelsaThatWaitedInTheSocketMayLackPacketsInFlight) {
  sync({});
  engine_.drained();
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  refresh({with(sa(false, 0x10, 200), 500, 5)});
  step(2);
  engine_.on_sa_deleted(with(sa(false, 0x10, 200), 500, 5));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").qualities[kConfidentialBytesReceived - 1],
            (Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT}));
  EXPECT_EQ(report.health.gaps, 1U);
}

TEST_F(EngineStory, AReadingThatBrokeOffIsSaidAndMended) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.attribute();
  engine_.reading_failed();
  engine_.conclude();
  const Report failed = engine_.report();
  EXPECT_EQ(adapter(failed, "a").qualities[kConfidentialBytesSent - 1],
            (Quality{QM_AT_LEAST, QM_REASON_GAP}));
  const Report mended = refresh({with(sa(true, 0x11, 200), 600, 6)});
  EXPECT_EQ(adapter(mended, "a").qualities[kConfidentialBytesSent - 1], Quality{});
}

TEST_F(EngineStory, ARekeyInferredOfAPendingSaIsNotSaidToBeExact) {
  sync({});
  engine_.ike_state(1);
  engine_.set_inventory(inventory({"a"}, false));
  refresh();
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa(sa(true, 0x21, 201), false, 0);
  step(11);
  refresh();
  engine_.set_inventory(inventory({"a"}));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kReKeys], 1U);
  EXPECT_EQ(adapter(report, "a").qualities[kReKeys - 1], (Quality{QM_INFERRED, QM_REASON_OVERLAP}));
}

TEST_F(EngineStory, AFlushOfWhatNobodyHadClaimedYetIsDeclaredWithTheClaim) {
  sync({});
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sas_flushed(0);
  engine_.set_inventory(inventory({"a"}));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
  EXPECT_EQ(adapter(report, "a").qualities[kConfidentialBytesSent - 1],
            (Quality{QM_AT_LEAST, QM_REASON_FLUSH}));
}

TEST_F(EngineStory, AnSpiTakenAgainUnseenIsFoundByTheNextReading) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  refresh({with(sa(false, 0x10, 200), 500, 5)});
  engine_.overrun();  // its DELSA and its successor's NEWSA, in the same second
  const xfrm::Sa successor = with(sa(false, 0x10, 200), 20, 1);
  sync({successor});
  engine_.attribute();
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(successor, false, 1);
  EXPECT_TRUE(engine_.note_missing({}));
  engine_.conclude();
  const Report lost = engine_.report();
  EXPECT_TRUE(engine_.behind());
  EXPECT_EQ(adapter(lost, "a").totals[kConfidentialBytesReceived], 500U);
  EXPECT_EQ(lost.health.gaps, 3U);  // the overrun, what it hid, and the SA that it was of
  sync({successor});
  const Report found = refresh({with(sa(false, 0x10, 200), 30, 2)});
  EXPECT_EQ(adapter(found, "a").totals[kConfidentialBytesReceived], 530U);
  EXPECT_EQ(found.health.gaps, 3U);
}

TEST_F(EngineStory, ARowOfAnSaWhoseSuccessorWasToldIsStale) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  refresh({with(sa(false, 0x10, 200), 500, 5)});
  engine_.begin_sync();
  engine_.on_sa(sa(false, 0x10, 203), false, 0);  // the DELSA before was lost
  engine_.set_source(Engine::Source::dump);
  engine_.on_policy(policy(true), 1);
  engine_.on_policy(policy(false), 1);
  engine_.on_sa(with(sa(false, 0x10, 200), 500, 5), false, 1);
  engine_.on_sa(sa(false, 0x10, 203), false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.end_sync();
  const Report report = refresh({with(sa(false, 0x10, 203), 70, 1)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 570U);
}

TEST_F(EngineStory, ARowOfASuccessorIsNotHandedOverAsItsPredecessors) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  refresh({with(sa(false, 0x10, 200), 500, 5)});
  sync({with(sa(false, 0x10, 200), 900, 9)});  // the same second; its events are queued
  engine_.set_inventory(inventory({"a", "b"}));
  engine_.attribute();
  engine_.on_sa_deleted(with(sa(false, 0x10, 200), 600, 6));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  engine_.conclude();
  const Report report = refresh({with(sa(false, 0x10, 200), 900, 9)});
  EXPECT_EQ(report.host.totals[kConfidentialBytesReceived], 1500U);
}

TEST_F(EngineStory, AMoveThatADumpShowsBeforeItsEventsCountsNothingTwice) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.begin_sync();
  engine_.set_source(Engine::Source::dump);
  engine_.on_policy(policy(true), 1);
  engine_.on_policy(policy(false), 1);
  xfrm::Sa moved = with(sa(true, 0x11, 200), 520, 6);
  moved.id.daddr = address("10.0.0.9");
  engine_.on_sa(moved, false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 520, 6));
  engine_.on_sa(moved, false, 0);
  engine_.end_sync();
  moved.counters = {550, 7};
  const Report report = refresh({moved});
  const AdapterReport& a = adapter(report, "a");
  EXPECT_EQ(a.totals[kConfidentialBytesSent], 550U);
  EXPECT_EQ(a.totals[kKeyAdditions], 1U);
  EXPECT_EQ(a.totals[kActiveSa], 1U);
}

TEST_F(EngineStory, AMoveThatAFailedDumpShowedIsOneStill) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.overrun();
  xfrm::Sa moved = with(sa(true, 0x11, 200), 500, 5);
  moved.id.daddr = address("10.0.0.9");
  engine_.begin_sync();
  engine_.set_source(Engine::Source::dump);
  engine_.on_sa(moved, false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.abandon_sync();
  sync({moved});
  const Report report = refresh({moved});
  const AdapterReport& a = adapter(report, "a");
  EXPECT_EQ(a.totals[kConfidentialBytesSent], 500U);
  EXPECT_EQ(a.totals[kKeyDeletions], 0U);
  EXPECT_EQ(a.totals[kActiveSa], 1U);
}

TEST_F(EngineStory, ANewKeyAtTheNewAddressIsNotTheOneBeforeTheLastMoved) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  xfrm::Sa there = sa(true, 0x11, 200);
  there.id.daddr = address("10.0.0.9");
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa_deleted(sa(true, 0x11, 200));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);  // again, in the same second …
  engine_.on_sa_deleted(sa(true, 0x11, 200));
  engine_.on_sa(there, false, 0);  // … moved, …
  engine_.on_sa_deleted(there);
  engine_.on_sa(there, false, 0);  // … and again
  refresh();
  std::uint64_t negotiations = 0;
  for (const Recent& recent : engine_.ledger().recent()) negotiations += recent.entry.negotiated;
  EXPECT_EQ(negotiations, 2U);
}

TEST_F(EngineStory, FailuresThatWentBackAreAnotherSas) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  xfrm::Sa one = with(sa(false, 0x10, 200), 500, 5);
  one.stats.integrity_failed = 7;
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  refresh({one});
  one.stats.integrity_failed = 3;
  refresh({one});
  EXPECT_TRUE(engine_.note_missing({}));
  EXPECT_EQ(engine_.ledger().live(), 0U);
}

TEST_F(EngineStory, AReadingOverASuccessorEndsNothingWhenTheEventsTellIt) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  refresh({with(sa(false, 0x10, 200), 500, 5)});
  engine_.attribute();
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(with(sa(false, 0x10, 200), 20, 1), false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_deleted(with(sa(false, 0x10, 200), 500, 5));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  EXPECT_FALSE(engine_.note_missing({}));
  const Report report = refresh({with(sa(false, 0x10, 200), 30, 2)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 530U);
}

// A restart between: has the SA's 32-bit counter wrapped, or is it another SA's?
TEST_F(EngineStory, FailuresThatWentBackOverARestartAreNotTakenForAWrap) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  xfrm::Sa one = sa(false, 0x10, 200);
  one.stats.integrity_failed = 0xe000'0000;
  refresh({one});
  restart();
  one.stats.integrity_failed = 5;
  sync({one});
  one.stats.integrity_failed = 6;
  const Report report = refresh({one});
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotAuthenticated], 0xe000'0001U);
}

TEST_F(EngineStory, AMoveThatOnlyADumpShowsBeginsItsFailuresAnew) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  xfrm::Sa one = with(sa(false, 0x10, 200), 500, 5);
  one.stats.integrity_failed = 8;
  refresh({one});
  engine_.overrun();
  one.saddr = address("10.0.0.9");  // the peer's: the id stays
  one.stats.integrity_failed = 2;
  sync({one});
  one.stats.integrity_failed = 7;
  const Report report = refresh({one});
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotAuthenticated], 13U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 500U);
}

}  // namespace
}  // namespace qm::hba

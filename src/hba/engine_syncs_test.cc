// Dumps that begin, end and break off, a restart before the first, and what events leave behind.
#include "hba/engine_testing.h"
#include "hba/ledger_state.h"

namespace qm::hba {
namespace {

class EngineSyncs : public EngineTest {
 protected:
  void watch(const std::vector<xfrm::Sa>& live) {
    sync({});
    engine_.set_inventory(inventory({"a"}));
    for (const xfrm::Sa& each : live) engine_.on_sa(with(each, 0, 0), false, 0);
    refresh(live);
  }
  std::uint64_t counter(CounterId id) { return adapter(engine_.report(), "a").totals[id]; }
  static xfrm::Sa moved(xfrm::Sa made) {
    made.saddr = address("10.0.0.9");
    return made;
  }
};

// ---- policies

TEST_F(EngineSyncs, APolicyThatADumpDoesNotShowIsGone) {
  watch({});
  EXPECT_EQ(refresh().health.policies, 2U);
  engine_.overrun();
  sync({}, false);
  EXPECT_EQ(refresh().health.policies, 0U);
}

TEST_F(EngineSyncs, AFlushOfPoliciesLeavesSessionsInTheClear) {
  watch({});
  const std::uint64_t events = refresh().health.events;
  engine_.on_policies_flushed(0);
  const Report report = refresh();
  EXPECT_EQ(report.health.events, events + 1);
  EXPECT_EQ(report.health.policies, 0U);
  EXPECT_EQ(adapter(report, "a").unprotected_sessions, 1U);
  xfrm::DefaultPolicy block;
  block.block_in = block.block_out = true;
  engine_.on_default_policy(block);
  EXPECT_EQ(adapter(refresh(), "a").unknown_sessions, 1U);
}

// ---- syncs

TEST_F(EngineSyncs, ASyncThatBreaksOffLeavesOneDue) {
  watch({});
  EXPECT_FALSE(engine_.behind());
  engine_.begin_sync();
  engine_.abandon_sync();
  EXPECT_TRUE(engine_.behind());
}

TEST_F(EngineSyncs, TheFirstProblemIsSaidUntilThereIsAnother) {
  engine_.set_kernel(false, "no XFRM");
  EXPECT_EQ(engine_.report().health.last_problem, "no XFRM");
  engine_.set_kernel(true, "");
  EXPECT_EQ(engine_.report().health.last_problem, "no XFRM");
}

// Its twin under another address lives, too: as the dump shows both, neither is the other.
TEST_F(EngineSyncs, WhatADumpShowsBesideItsTwinEndsByItself) {
  watch({with(sa(true, 0x11, 200), 500, 5)});
  sync({with(sa(true, 0x11, 200), 500, 5), moved(with(sa(true, 0x11, 200), 500, 5))});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 500, 5));
  refresh();
  EXPECT_EQ(counter(kKeyDeletions), 1U);
}

TEST_F(EngineSyncs, OneMissingReadingNowAndThenIsNoEnd) {
  const xfrm::Sa live = sa(true, 0x11, 200);
  watch({live});
  const std::vector<xfrm::SaId> ids = engine_.sas_to_read();
  EXPECT_FALSE(engine_.note_missing(ids));
  refresh({live});
  EXPECT_FALSE(engine_.note_missing(ids));
  // Nor is it of the one that takes its place in the ledger.
  engine_.on_sa_deleted(live);
  engine_.on_sa(sa(true, 0x12, 200), false, 0);
  EXPECT_FALSE(engine_.note_missing(engine_.sas_to_read()));
  refresh();
  EXPECT_EQ(counter(kActiveSa), 1U);
}

TEST_F(EngineSyncs, AReadingThatIsUndoneTakesItsReplaysAlong) {
  const xfrm::Sa known = with(sa(false, 0x10, 200), 400, 4);
  watch({known});
  engine_.attribute();
  engine_.set_source(Engine::Source::read);
  xfrm::Sa successor = with(known, 900, 9);
  successor.stats = {.replay_window = 7, .replay = 8, .integrity_failed = 0};
  engine_.on_sa(successor, false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_deleted(with(known, 500, 5));
  const Entry& ended = engine_.ledger().recent().back().entry;
  EXPECT_EQ(ended.newest.bytes, 500U);
  EXPECT_EQ(ended.replay, 0U);
  EXPECT_EQ(ended.replay_window_failures, 0U);
  // The one that has its place in the ledger now was read in the same refresh, and has its own
  // past.
  engine_.on_sa(sa(false, 0x20, 201), true, 0);
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(with(sa(false, 0x20, 201), 80, 8), false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_deleted(with(sa(false, 0x20, 201), 50, 5));
  EXPECT_EQ(engine_.ledger().recent().back().entry.newest.bytes, 50U);
}

// ---- a restart

TEST_F(EngineSyncs, AnSaThatMovedWhileNobodyWatchedIsNoDeletion) {
  watch({with(sa(true, 0x11, 200), 500, 5)});
  restart();
  sync({moved(with(sa(true, 0x11, 200), 900, 9))});
  refresh();
  EXPECT_EQ(counter(kKeyDeletions), 0U);
  EXPECT_EQ(counter(kKeyAdditions), 1U);
}

TEST_F(EngineSyncs, AnUpdateBeforeTheFirstDumpSaysNothingOfAKnownSa) {
  watch({with(sa(true, 0x11, 200), 500, 5)});
  restart();
  engine_.on_sa(sa(true, 0x11, 999), true, 0);  // shows zeros (facts §13)
  sync({with(sa(true, 0x11, 200), 900, 9)});
  refresh({with(sa(true, 0x11, 200), 900, 9)});
  EXPECT_EQ(counter(kConfidentialBytesSent), 900U);
  EXPECT_EQ(counter(kKeyAdditions), 1U);
  // One that the earlier process did not know is new.
  restart();
  engine_.on_sa(sa(true, 0x12, 250), true, 0);
  sync({with(sa(true, 0x11, 200), 900, 9), sa(true, 0x12, 250)});
  refresh();
  EXPECT_EQ(counter(kActiveSa), 2U);
}

TEST_F(EngineSyncs, ADelsaBeforeTheFirstDumpIsTheLastWord) {
  watch({with(sa(true, 0x11, 200), 500, 5)});
  restart();
  engine_.begin_sync();
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 700, 7));
  engine_.set_source(Engine::Source::dump);
  engine_.on_sa(with(sa(true, 0x11, 200), 600, 6), false, 1);  // a row from before
  engine_.set_source(Engine::Source::event);
  engine_.end_sync();
  refresh();
  EXPECT_EQ(counter(kConfidentialBytesSent), 700U);
  EXPECT_EQ(counter(kKeyAdditions), 1U);
  EXPECT_EQ(counter(kKeyDeletions), 1U);
  EXPECT_EQ(counter(kActiveSa), 0U);
  // Said once more, it corrects upward.
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 710, 8));
  EXPECT_EQ(counter(kConfidentialBytesSent), 710U);
}

TEST_F(EngineSyncs, ALateDelsaOfWhatDiedMeanwhileCorrectsIt) {
  watch({with(sa(true, 0x11, 200), 500, 5)});
  restart();
  sync({});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 700, 7));
  refresh();
  EXPECT_EQ(counter(kConfidentialBytesSent), 700U);
  EXPECT_EQ(counter(kKeyDeletions), 1U);
}

// A clock that was put back: what the first dump showed is of the baseline, whenever it was added.
// ---- a dump's row that is faster than the event

// The baseline's has ended, but nobody has told; this one took its SPI within the second.
TEST_F(EngineSyncs, ANewSaInTheBaselinesPlaceIsTheBaselinesStill) {
  sync({sa(true, 0x11, 200)});
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 500, 5));
  engine_.set_inventory(inventory({"a"}));
  refresh();
  EXPECT_EQ(counter(kKeyAdditions), 0U);
}

TEST_F(EngineSyncs, TheBaselineIsAsYoungAsItsYoungestSa) {
  sync({sa(true, 0x11, 900)}, false);  // it serves nobody yet
  restart();
  sync({sa(true, 0x11, 900), sa(true, 0x12, 901)});
  refresh();
  EXPECT_EQ(counter(kKeyAdditions), 1U);
  EXPECT_EQ(counter(kActiveSa), 2U);
}

// ---- ends of what nobody knew

TEST_F(EngineSyncs, TheEndOfAnUnknownSaIsItsAdaptersWhole) {
  watch({});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 700, 7));
  refresh();
  EXPECT_EQ(counter(kConfidentialBytesSent), 700U);
  EXPECT_EQ(counter(kKeyAdditions), 1U);
  EXPECT_EQ(counter(kKeyDeletions), 1U);
}

TEST_F(EngineSyncs, ARekeyWordForAnSaOfWhichOnlyTheEndIsKnownCounts) {
  engine_.ike_state(1);
  watch({});
  ike::ChildRekey rekey;
  rekey.local = kHost;
  rekey.remote = kTarget;
  rekey.reqid = 1;
  rekey.proto = xfrm::kEsp;
  rekey.new_spi_out = 0x11;
  engine_.ike_rekey(rekey);
  engine_.on_sa_deleted(sa(true, 0x11, 200));
  refresh();
  EXPECT_EQ(counter(kReKeys), 1U);
}

// It moved, and both its events came after the end of the sync that missed them.
TEST_F(EngineSyncs, TheEndOfAnUnknownSaThatMovedCountsWhatItAdded) {
  watch({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 500, 5));
  engine_.on_sa_deleted(moved(with(sa(true, 0x11, 200), 620, 6)));
  refresh();
  EXPECT_LE(counter(kConfidentialBytesSent), 620U);
  EXPECT_EQ(counter(kKeyAdditions), 1U);
}

TEST_F(EngineSyncs, OnePacketMakesAnExpiryTheEndOfAnSa) {
  watch({});
  engine_.on_sa_expired(with(sa(true, 0x11, 200), 60, 1), true);
  refresh();
  EXPECT_EQ(counter(kConfidentialBytesSent), 60U);
}

// A flush while nobody has claimed them: the claimant has their keys.
TEST_F(EngineSyncs, AFlushedSaIsStillItsClaimants) {
  sync({sa(true, 0x11, 50)}, true);
  engine_.on_sa(sa(true, 0x12, 200), false, 0);
  engine_.on_sas_flushed(0);
  engine_.set_inventory(inventory({"a"}));
  refresh();
  EXPECT_EQ(counter(kKeyAdditions), 1U);
  EXPECT_EQ(counter(kKeyDeletions), 2U);
}

}  // namespace
}  // namespace qm::hba

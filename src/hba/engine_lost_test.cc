// What follows when events are lost, an id is taken again, or nobody watched for a while: found by
// the simulation.
#include "hba/engine_testing.h"
#include "hba/ledger_state.h"

namespace qm::hba {
namespace {

class EngineLost : public EngineTest {
 protected:
  static xfrm::SaFinal word(const xfrm::Sa& sa, bool last) {
    xfrm::SaFinal final;
    final.sa = {sa.id, sa.saddr, sa.reqid, sa.if_id, sa.mode, sa.add_time_s};
    final.counters = sa.counters;
    final.stats = sa.stats;
    final.last = last;
    return final;
  }
  void restart(std::span<const std::byte> state) {
    begin_anew();
    ASSERT_TRUE(LedgerState::load(state, kBoot, engine_));
  }
  static Quality quality(const Report& report, std::string_view name, CounterId id) {
    return adapter(report, name).qualities[id - 1U];
  }
};

// ---- the probes' words on an SA whose SPI was taken again in its second

TEST_F(EngineLost, ALateLastWordEndsNoSaThatStandsInItsPlace) {
  engine_.set_probes("finals", {.finals = true});
  sync({});
  engine_.on_final(word(with(sa(true, 1, 150), 500, 5), false));  // its NEWSA was lost
  engine_.overrun();
  sync({sa(true, 1, 150)});  // another: it took the SPI in the same second
  engine_.set_inventory(inventory({"a"}));
  refresh({with(sa(true, 1, 150), 70, 1)});
  engine_.on_final(word(with(sa(true, 1, 150), 500, 5), true));
  const Report report = refresh({with(sa(true, 1, 150), 80, 2)});
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 80U);
}

TEST_F(EngineLost, ALastWordAloneEndsAnSaWhenWordsWereLost) {
  engine_.set_probes("finals", {.finals = true});
  sync({sa(true, 1, 150)});
  engine_.set_inventory(inventory({"a"}));
  refresh({with(sa(true, 1, 150), 70, 1)});
  xfrm::ProbeReading reading;
  reading.finals = {word(with(sa(true, 1, 150), 500, 5), true)};
  reading.totals.finals_lost = 1;
  engine_.take_finals(reading);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 0U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 500U);
}

TEST_F(EngineLost, TheFirstWordEndsWhatIsNobodysYetAndItsClaimantGetsItOnce) {
  engine_.set_probes("finals", {.finals = true});
  sync({}, false);
  engine_.on_sa(sa(true, 1, 150), false, 0);
  engine_.on_sa(sa(false, 2, 150), false, 0);
  engine_.on_final(word(with(sa(true, 1, 151), 9000, 90), false));  // of another second
  EXPECT_EQ(engine_.sas().size(), 2U);
  engine_.on_final(word(with(sa(true, 1, 150), 500, 5), false));
  EXPECT_EQ(engine_.sas().size(), 1U);
  engine_.on_sa(sa(true, 1, 150), false, 0);  // its DELSA was lost: another
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2000, 20));
  engine_.on_final(word(with(sa(false, 2, 150), 2000, 20), false));
  engine_.on_final(word(with(sa(false, 2, 150), 2000, 20), true));
  engine_.on_final(word(with(sa(true, 1, 150), 520, 6), true));
  sync({sa(true, 1, 150)});
  engine_.set_inventory(inventory({"a"}));
  const Report report = refresh({with(sa(true, 1, 150), 40, 1)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 560U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2000U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyAdditions], 2U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesSent), Quality{});
}

TEST_F(EngineLost, AWordOnALarvalOrOfAnotherSourceEndsNothing) {
  engine_.set_probes("finals", {.finals = true});
  sync({}, false);
  xfrm::Sa larval = sa(false, 2, 150);
  larval.larval = true;
  engine_.on_sa(larval, false, 0);
  engine_.on_sa(sa(true, 1, 150), false, 0);
  engine_.on_final(word(sa(false, 2, 150), false));
  xfrm::Sa moved = sa(true, 1, 150);
  moved.saddr = address("10.0.0.9");
  engine_.on_final(word(moved, false));
  EXPECT_EQ(engine_.sas().size(), 2U);
}

TEST_F(EngineLost, AReadingOfTheSuccessorBeforeTheWordOnItsPredecessorIsUndone) {
  engine_.set_probes("finals", {.finals = true});
  sync({sa(true, 1, 150)});
  engine_.set_inventory(inventory({"a"}));
  refresh({with(sa(true, 1, 150), 1000, 10)});
  engine_.attribute();
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(with(sa(true, 1, 150), 5000, 50), false, 1);  // the successor's
  engine_.set_source(Engine::Source::event);
  engine_.on_final(word(with(sa(true, 1, 150), 1200, 12), false));
  engine_.conclude();
  EXPECT_EQ(adapter(engine_.report(), "a").totals[kConfidentialBytesSent], 1200U);
  engine_.overrun();
  sync({with(sa(true, 1, 150), 5000, 50)});
  const Report report = refresh({with(sa(true, 1, 150), 5000, 50)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 6200U);
}

TEST_F(EngineLost, ADelsaAfterTheFirstWordIsTheSameEnd) {
  engine_.set_probes("finals", {.finals = true});
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 1, 150), false, 0);
  refresh({with(sa(true, 1, 150), 500, 5)});
  engine_.on_final(word(with(sa(true, 1, 150), 500, 5), false));
  engine_.on_sa_deleted(with(sa(true, 1, 150), 520, 6));
  EXPECT_EQ(adapter(refresh(), "a").totals[kConfidentialBytesSent], 500U);
  engine_.on_final(word(with(sa(true, 1, 150), 520, 6), true));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 520U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesSent), Quality{});
}

// The DELSA of the first of these is lost, and the NEWSA of the second.
TEST_F(EngineLost, ADelsaCorrectsNoSaThatItsFirstWordEnded) {
  const xfrm::Sa first = with(sa(true, 1, 150), 500, 5);
  const xfrm::Sa second = with(sa(true, 1, 150), 900, 9);
  const xfrm::Sa third = with(sa(true, 1, 150), 70, 1);
  for (const bool claimed : {true, false}) {
    begin_anew();
    engine_.set_probes("finals", {.finals = true});
    sync({}, claimed);
    if (claimed) engine_.set_inventory(inventory({"a"}));
    engine_.on_sa(sa(true, 1, 150), false, 0);
    if (claimed) refresh({first});
    engine_.on_final(word(first, false));
    engine_.overrun();
    engine_.on_sa_deleted(second);
    engine_.on_sa(sa(true, 1, 150), false, 0);
    engine_.on_final(word(second, false));
    sync({sa(true, 1, 150)});
    if (!claimed) engine_.set_inventory(inventory({"a"}));
    for (const xfrm::Sa& each : {first, second}) engine_.on_final(word(each, true));
    const Report report = refresh({third});
    EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 1470U) << claimed;
    EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
  }
}

// An inbound SA that is moved keeps its id: its peer's address tells it from the one before.
TEST_F(EngineLost, ADelsaIsNotOfTheOneThatWentOnUnderAnotherAddress) {
  engine_.set_probes("finals", {.finals = true});
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 2, 150), false, 0);
  refresh({with(sa(false, 2, 150), 52, 1)});
  engine_.on_final(word(with(sa(false, 2, 150), 52, 1), false));
  xfrm::Sa moved = with(sa(false, 2, 150), 1000, 10);  // its NEWSA was lost
  moved.saddr = address("10.0.0.9");
  engine_.overrun();
  engine_.on_sa_deleted(moved);
  xfrm::Sa next = moved;  // the same SPI again
  next.counters = {};
  engine_.on_sa(next, false, 0);
  engine_.on_final(word(moved, false));
  sync({next});
  next.counters = {30, 1};
  const Report report = refresh({next});
  EXPECT_LE(adapter(report, "a").totals[kConfidentialBytesReceived], 1030U);
  EXPECT_EQ(engine_.sas().size(), 1U);
}

// ---- moves

TEST_F(EngineLost, AMovedSaThatNobodyClaimedInTimeIsTheFirstClaimantsStill) {
  sync({});
  refresh();  // its policy makes it a candidate
  engine_.on_sa(sa(true, 1, 200), false, 0);
  step(kPendingNs / kSecond);
  refresh({with(sa(true, 1, 200), 500, 5)});
  const xfrm::Sa before = with(sa(true, 1, 200), 500, 5);
  engine_.on_sa_deleted(before);
  xfrm::Sa moved = before;
  moved.saddr = address("10.0.0.9");
  engine_.on_sa(moved, false, 0);
  iscsi::Inventory later = inventory({"a"});
  later.sessions[0].connections[0].local.address = address("10.0.0.9");
  xfrm::Policy there = policy(true);
  there.selector.saddr = address("10.0.0.9");
  engine_.on_policy(there, 0);
  engine_.set_inventory(later);
  engine_.attribute();
  engine_.reading_failed();
  engine_.conclude();
  const Report report = engine_.report();
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 0U);
  EXPECT_EQ(quality(report, "a", kActiveSa), Quality{});
}

// UPDSA shows the state that was sent: zeros.
TEST_F(EngineLost, AMoveThatOnlyAnUpdateTellsOfCountsNothingTwice) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 2, 150), false, 0);
  refresh({with(sa(false, 2, 150), 500, 5)});
  engine_.on_sa_deleted(with(sa(false, 2, 150), 700, 7));
  xfrm::Sa moved = sa(false, 2, 150);
  moved.saddr = address("10.0.0.9");
  engine_.on_sa(moved, true, 0);  // its NEWSA was lost
  engine_.set_inventory(inventory({"a", "b"}));
  refresh();
  engine_.set_inventory(inventory({"a"}));
  moved.counters = {750, 8};
  const Report report = refresh({moved});
  EXPECT_EQ(report.host.totals[kConfidentialBytesReceived], 750U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 750U);
}

TEST_F(EngineLost, WhatWaitsForItsHandOverIsMissingAndSaidSo) {
  sync({sa(true, 1, 150)});
  engine_.set_inventory(inventory({"a"}));
  refresh({with(sa(true, 1, 150), 500, 5)});
  engine_.set_inventory(inventory({"b"}));
  engine_.attribute();
  engine_.reading_failed();
  engine_.conclude();
  Report report = engine_.report();
  EXPECT_EQ(adapter(report, "b").totals[kActiveSa], 0U);
  EXPECT_EQ(quality(report, "b", kActiveSa), (Quality{QM_AT_LEAST, QM_REASON_SHARED_SA}));
  EXPECT_EQ(quality(report, "b", kActiveTunnels), (Quality{QM_AT_LEAST, QM_REASON_SHARED_SA}));
  EXPECT_EQ(quality(report, "a", kActiveSa), Quality{});
  report = refresh({with(sa(true, 1, 150), 600, 6)});
  EXPECT_EQ(adapter(report, "b").totals[kActiveSa], 1U);
  EXPECT_EQ(quality(report, "b", kActiveSa), Quality{});
}

// ---- sharing

// a's connection ended with a reset before any reading showed it; b's TCP counted a segment as long
// that IPsec dropped.
TEST_F(EngineLost, AResetBeforeTheFirstReadingIsNotTakenForAnothersSegment) {
  sync({sa(true, 1, 150), sa(false, 2, 150)});
  engine_.set_inventory(inventory({"a"}));
  refresh({sa(true, 1, 150), sa(false, 2, 150)});
  step(1);
  iscsi::Inventory both = inventory({"a", "b"});
  both.sessions[0].connections[0].local.port = 50'000;  // it has reconnected
  xfrm::TcpConnection mine;
  mine.cookie = 1;
  mine.counted = mine.timestamps = mine.sack = mine.window_scale = true;
  mine.send_mss = 1448;
  mine.local = both.sessions[0].connections[0].local;
  mine.remote = both.sessions[0].connections[0].remote;
  xfrm::TcpConnection others = mine;
  others.cookie = 2;
  others.local = both.sessions[1].connections[0].local;
  others.counters.out_segments = 3;
  others.counters.in_segments = 1;
  const std::vector<xfrm::TcpConnection> connections{mine, others};
  engine_.set_inventory(both);
  engine_.attribute();
  engine_.take_connections(connections);
  engine_.begin_reading();
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(with(sa(true, 1, 150), 40 + 32 + 32, 3), false, 1);
  engine_.on_sa(with(sa(false, 2, 150), 40, 1), false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.take_connections(connections);
  engine_.conclude();
  const Report report = engine_.report();
  EXPECT_EQ(quality(report, "a", kConfidentialBytesSent),
            (Quality{QM_AT_LEAST, QM_REASON_SHARED_SA}));
  expect_sums(report);
}

// ---- an adapter that is gone

TEST_F(EngineLost, AnAdapterOfWhichOnlyFailuresAreCountedIsStillShown) {
  engine_.set_probes("all", {.finals = true, .bad_spi = true, .not_decrypted = true});
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  xfrm::ProbeReading reading;
  reading.bad_spi.push_back({{kTarget, kHost}, 3});
  engine_.take_probes(reading);
  engine_.set_inventory(inventory({}));
  EXPECT_EQ(adapter(refresh(), "a").totals[kBadSpiPackets], 3U);
}

TEST_F(EngineLost, AnAdapterThatNeverCountedAnythingGoesWithItsRecord) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.set_inventory(inventory({}));
  EXPECT_TRUE(refresh().adapters.empty());
}

// ---- restarts

// Its DELSA was read, its NEWSA was lost; then the collector died before a dump showed it.
TEST_F(EngineLost, WhatAMovedSaHandedOnIsNotCountedAgainByTheNextProcess) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 2, 150), false, 0);
  refresh({with(sa(false, 2, 150), 500, 5)});
  engine_.on_sa_deleted(with(sa(false, 2, 150), 700, 7));
  engine_.overrun();
  refresh();
  refresh();  // … and some time passes
  restart(LedgerState::save(engine_, kBoot));
  engine_.begin_sync();  // a dump that fails
  engine_.abandon_sync();
  refresh();
  restart(LedgerState::save(engine_, kBoot));
  xfrm::Sa moved = with(sa(false, 2, 150), 750, 8);
  moved.saddr = address("10.0.0.9");
  engine_.set_inventory(inventory({"a"}));
  sync({moved});
  const Report report = refresh({moved});
  EXPECT_EQ(report.host.totals[kConfidentialBytesReceived], 700U);
}

TEST_F(EngineLost, WhatEndedLatelyMayHaveMovedThoughNoEventIsKnownToBeLost) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 2, 150), false, 0);
  refresh({with(sa(false, 2, 150), 500, 5)});
  engine_.on_sa_deleted(with(sa(false, 2, 150), 700, 7));
  refresh();  // the NEWSA is in the socket still, and goes with it
  restart(LedgerState::save(engine_, kBoot));
  ASSERT_EQ(engine_.ledger().recent().size(), 1U);
  xfrm::Sa moved = with(sa(false, 2, 150), 750, 8);
  moved.saddr = address("10.0.0.9");
  sync({moved});
  EXPECT_EQ(refresh({moved}).host.totals[kConfidentialBytesReceived], 700U);
}

TEST_F(EngineLost, WhatEndedLongAgoOrWasNobodysIsNotKeptForTheNextProcess) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 2, 150), false, 0);
  refresh({with(sa(false, 2, 150), 500, 5)});
  xfrm::Sa strange = with(sa(false, 3, 150), 500, 5);
  strange.reqid = 77;
  engine_.on_sa_deleted(with(sa(false, 2, 150), 700, 7));
  refresh();
  engine_.on_sa_deleted(strange);
  refresh();
  ASSERT_EQ(engine_.ledger().recent().size(), 2U);
  restart(LedgerState::save(engine_, kBoot));
  EXPECT_EQ(engine_.ledger().recent().size(), 0U);
}

// Somebody else has logged in while nobody watched.
TEST_F(EngineLost, WhatASaCountedWhileNobodyWatchedIsNotItsFormerUsersAlone) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 1, 150), false, 0);
  refresh({with(sa(true, 1, 150), 500, 5)});
  restart(LedgerState::save(engine_, kBoot));
  engine_.set_inventory(inventory({"a", "b"}));
  sync({with(sa(true, 1, 150), 812, 9)});
  const Report report = refresh({with(sa(true, 1, 150), 812, 9)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 500U);
  EXPECT_EQ(report.host.totals[kConfidentialBytesSent], 812U);
  expect_sums(report);
}

TEST_F(EngineLost, AStateOfAnEarlierVersionIsReadAndOfAnotherRefused) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 1, 150), false, 0);
  refresh({with(sa(true, 1, 150), 500, 5)});
  const std::vector<std::byte> saved = LedgerState::save(engine_, kBoot);
  const auto of_version = [&](std::uint8_t version, std::size_t less) {
    std::vector<std::byte> bytes(saved.begin(), saved.end() - 8 - static_cast<long>(less));
    bytes[8] = std::byte{version};
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
    for (const std::byte byte : bytes) {
      hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100'0000'01b3U;
    }
    for (unsigned i = 0; i < 8; ++i) bytes.push_back(static_cast<std::byte>(hash >> (8U * i)));
    return bytes;
  };
  Engine fresh(at(now_s_));
  for (const std::uint8_t version : {std::uint8_t{1}, std::uint8_t{5}}) {
    const auto other = LedgerState::load(of_version(version, 0), kBoot, fresh);
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().code, ErrorCode::state);
  }
  ASSERT_TRUE(LedgerState::load(of_version(3, 4), kBoot, fresh));  // without the list of the ended
  EXPECT_EQ(fresh.ledger().live(), 1U);
}

TEST_F(EngineLost, AnSaWithLessThanTheLastProcessKnewIsAnother) {
  for (const xfrm::Counters& less : {xfrm::Counters{400, 5}, xfrm::Counters{500, 4}}) {
    sync({});
    engine_.set_inventory(inventory({"a"}));
    engine_.on_sa(sa(true, 1, 150), false, 0);
    refresh({with(sa(true, 1, 150), 500, 5)});
    restart(LedgerState::save(engine_, kBoot));
    engine_.set_inventory(inventory({"a"}));
    sync({with(sa(true, 1, 150), less.bytes, less.packets)});
    const Report report = refresh({with(sa(true, 1, 150), less.bytes, less.packets)});
    EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 500 + less.bytes);
    EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
    begin_anew();
  }
}

// Failures alone tell that a reading was of the successor.
TEST_F(EngineLost, ADelsaWithFewerFailuresUndoesTheReadingToo) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 2, 150), false, 0);
  refresh({with(sa(false, 2, 150), 500, 5)});
  engine_.attribute();
  engine_.set_source(Engine::Source::read);
  xfrm::Sa read = with(sa(false, 2, 150), 500, 5);
  read.stats.integrity_failed = 7;
  engine_.on_sa(read, false, 1);
  engine_.set_source(Engine::Source::event);
  xfrm::Sa final = with(sa(false, 2, 150), 500, 5);
  final.stats.integrity_failed = 2;
  engine_.on_sa_deleted(final);
  engine_.conclude();
  EXPECT_EQ(adapter(engine_.report(), "a").totals[kPacketsNotAuthenticated], 2U);
}

}  // namespace
}  // namespace qm::hba

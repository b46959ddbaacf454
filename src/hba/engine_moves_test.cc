// SAs that go on under another address, and rekeys that somebody tells of or not.
#include "hba/engine_testing.h"

namespace qm::hba {
namespace {

class EngineMoves : public EngineTest {
 protected:
  static xfrm::Sa moved(xfrm::Sa made, std::uint64_t bytes, std::uint64_t packets) {
    made.saddr = address("10.0.0.9");
    return with(made, bytes, packets);
  }
  static xfrm::Sa out(std::uint64_t bytes = 0, std::uint64_t packets = 0) {
    return with(sa(true, 0x11, 200), bytes, packets);
  }
  void watch() {
    sync({});
    engine_.set_inventory(inventory({"a"}));
    engine_.on_sa(out(), false, 0);
    refresh({out(500, 5)});
  }
  void dump(const xfrm::Sa& row) {
    engine_.set_source(Engine::Source::dump);
    engine_.on_sa(row, false, 1);
    engine_.set_source(Engine::Source::event);
  }
  // a's session goes on between these.
  void session_moves(const Address& local, const Address& remote) {
    iscsi::Inventory there = inventory({"a"});
    there.sessions[0].connections[0].local.address = local;
    there.sessions[0].connections[0].remote.address = remote;
    xfrm::Policy of_these = policy(true);
    of_these.index = 81;
    of_these.selector.saddr = local;
    of_these.selector.daddr = remote;
    engine_.on_policy(of_these, 0);
    engine_.set_inventory(there);
  }
  std::uint64_t counter(CounterId id) { return adapter(engine_.report(), "a").totals[id]; }
  void expect_one_sa_with(std::uint64_t bytes, bool live = true) {
    EXPECT_EQ(counter(kConfidentialBytesSent), bytes);
    EXPECT_EQ(counter(kKeyAdditions), 1U);
    EXPECT_EQ(counter(kKeyDeletions), live ? 0U : 1U);
    EXPECT_EQ(counter(kActiveSa), live ? 1U : 0U);
    EXPECT_EQ(counter(kReKeys), 0U);
    expect_sums(engine_.report());
  }
};

TEST_F(EngineMoves, AMoveThatOnlyADumpShowsCountsOnce) {
  watch();
  engine_.overrun();
  sync({moved(out(), 600, 6)});
  refresh({moved(out(), 650, 7)});
  expect_one_sa_with(650);
}

TEST_F(EngineMoves, AMoveThatADumpShowsBeforeTheLastWordOnTheOldOne) {
  for (const std::uint64_t last : {520U, 500U}) {
    begin_anew();
    watch();
    engine_.begin_sync();
    xfrm::Sa there = out(600, 6);
    there.id.daddr = address("10.0.0.9");
    dump(there);
    engine_.on_sa_deleted(out(last, 5));
    engine_.end_sync();
    refresh({with(there, 650, 7)});
    expect_one_sa_with(650);
  }
}

// The daemon read the old one before its last packet; only the event tells what it handed on.
TEST_F(EngineMoves, AMoveThatADumpShowsBeforeItsEventsBeginsWithWhatTheEventTells) {
  for (const bool end_is_told : {true, false}) {
    begin_anew();
    sync({});
    engine_.on_sa(out(), false, 0);
    engine_.begin_sync();
    xfrm::Sa there = out(600, 3);
    there.id.daddr = address("10.0.0.9");
    dump(there);
    if (end_is_told) engine_.on_sa_deleted(out(520, 2));
    engine_.on_sa(with(there, 500, 1), false, 0);
    engine_.on_sa(with(there, 0, 0), true, 0);
    engine_.end_sync();
    session_moves(kHost, there.id.daddr);
    refresh({with(there, 650, 4)});
    EXPECT_EQ(counter(kConfidentialBytesSent), (end_is_told ? 520U : 0U) + 150U);
    EXPECT_EQ(counter(kActiveSa), 1U);
    EXPECT_EQ(counter(kKeyAdditions), 1U);
    EXPECT_EQ(counter(kKeyDeletions), 0U);
    expect_sums(engine_.report());
  }
}

// Nobody's while it moved; who claims where it went gets it, and with it what it was before.
TEST_F(EngineMoves, AMoveOfAPendingSaIsItsClaimantsWhole) {
  sync({});
  refresh();
  engine_.on_sa(out(), false, 0);
  refresh({out(500, 5)});
  engine_.on_sa_deleted(out(500, 5));
  engine_.on_sa(moved(out(), 500, 5), false, 0);
  session_moves(address("10.0.0.9"), kTarget);
  refresh({moved(out(), 650, 7)});
  expect_one_sa_with(650);
}

// The daemon read the old one before it had counted these 400: the new one began with nothing. Its
// first reading shows less than that, which does not make it another SA.
TEST_F(EngineMoves, AMovedSaMayCountLessThanTheOldOneDidAtItsEnd) {
  for (const bool end_is_told : {true, false}) {
    begin_anew();
    sync({});
    engine_.set_inventory(inventory({"a"}));
    engine_.on_sa(out(), false, 0);
    refresh({out(400, 4)});
    engine_.overrun();
    xfrm::Sa there = out();
    there.id.daddr = address("10.0.0.9");
    engine_.on_sa(there, false, 0);
    if (end_is_told) engine_.on_sa_deleted(out(400, 4));
    session_moves(kHost, there.id.daddr);
    refresh({with(there, 300, 3)});
    EXPECT_FALSE(engine_.note_missing({}));
    EXPECT_EQ(counter(kConfidentialBytesSent), 400U);
    EXPECT_EQ(counter(kActiveSa), end_is_told ? 1U : 2U);
    engine_.on_sa_deleted(with(there, 900, 9));
    refresh();
    EXPECT_EQ(counter(kConfidentialBytesSent), 900U);
    expect_sums(engine_.report());
  }
}

TEST_F(EngineMoves, TheEndOfAMovedSaOfWhichNoBirthIsKnown) {
  watch();
  engine_.on_sa_deleted(out(500, 5));
  engine_.on_sa_deleted(moved(out(), 620, 6));
  refresh();
  expect_one_sa_with(620, false);
}

// An inbound SA that moved keeps its id: the dump alone shows from where it is sent now.
TEST_F(EngineMoves, AnInboundSaThatMovedLeavesItsAssociation) {
  const xfrm::Sa first = sa(false, 0x10, 200), second = sa(false, 0x20, 200);
  sync({});
  engine_.set_inventory(inventory({"a"}));
  for (const xfrm::Sa& each : {out(), first, second}) engine_.on_sa(each, false, 0);
  Report report = refresh({out(), first, second});
  EXPECT_EQ(report.sessions[0].sa_names.size(), 3U);
  sync({out(), moved(first, 0, 0), second});
  report = refresh();
  EXPECT_EQ(report.sessions[0].sa_names.size(), 2U);
  EXPECT_EQ(report.sessions[0].verdict.reason, "policy and live SAs, both ways");
  sync({out(), moved(first, 0, 0), moved(second, 0, 0)});
  report = refresh();
  EXPECT_EQ(report.sessions[0].sa_names.size(), 1U);
  EXPECT_NE(report.sessions[0].verdict.reason.find("no SA is live"), std::string::npos);
}

// ---- rekeys

TEST_F(EngineMoves, TheTasksOfADaemonThatWentAreGone) {
  watch();
  ike::IkeSa one;
  one.local = kHost;
  one.remote = kTarget;
  one.pending_operations = 3;
  engine_.ike_state(1);
  engine_.set_ike_sas({one}, true);
  engine_.ike_state(2);  // another one came
  refresh();
  EXPECT_EQ(counter(kPendingKeyOperations), 3U);
  engine_.ike_state(1);
  refresh();
  EXPECT_EQ(counter(kPendingKeyOperations), 3U);
  engine_.ike_state(0);
  engine_.ike_state(1);
  refresh();
  EXPECT_EQ(counter(kPendingKeyOperations), 0U);
}

TEST_F(EngineMoves, AWordOnARekeyIsUsedOnce) {
  engine_.ike_state(1);
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.ike_rekey(rekey_word(0x11));
  engine_.on_sa(out(), false, 0);
  engine_.on_sa_deleted(out());
  engine_.on_sa(sa(true, 0x11, 201), false, 0);
  refresh();
  EXPECT_EQ(counter(kKeyAdditions), 2U);
  EXPECT_EQ(counter(kReKeys), 1U);
}

TEST_F(EngineMoves, AWordOnARekeyWaitsAMinute) {
  for (const std::uint64_t seconds : {1U, 60U, 61U}) {
    begin_anew();
    engine_.ike_state(1);
    sync({});
    engine_.set_inventory(inventory({"a"}));
    engine_.ike_rekey(rekey_word(0x11));
    step(seconds);
    refresh();
    engine_.on_sa(out(), false, 0);
    refresh();
    EXPECT_EQ(counter(kReKeys), seconds <= 60 ? 1U : 0U) << seconds;
  }
}

TEST_F(EngineMoves, WithoutADaemonANewSaMakesRekeysAGuess) {
  engine_.ike_state(1);
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(out(), false, 0);
  const auto said = [&] { return adapter(refresh(), "a").qualities[kReKeys - 1U]; };
  EXPECT_EQ(said(), Quality{});
  engine_.ike_state(0);
  EXPECT_EQ(said(), Quality{});
  engine_.on_sa(sa(true, 0x12, 201), false, 0);
  EXPECT_EQ(said(), (Quality{QM_INFERRED, QM_REASON_OVERLAP}));
}

}  // namespace
}  // namespace qm::hba

// How an SA's life begins when it goes on from another's, or from what an earlier process knew.
#include "hba/engine_testing.h"

namespace qm::hba {
namespace {

// Adapter a may use two portals; what goes to the one can be moved to the other.
class EngineBirths : public EngineTest {
 protected:
  const Address kElsewhere = address("10.0.0.9");

  static xfrm::Sa out(std::uint64_t bytes = 0, std::uint64_t packets = 0) {
    return with(sa(true, 0x11, 200), bytes, packets);
  }
  xfrm::Sa there(std::uint64_t bytes = 0, std::uint64_t packets = 0) const {
    xfrm::Sa made = out(bytes, packets);
    made.id.daddr = kElsewhere;
    return made;
  }
  void tell_policy_there() {
    xfrm::Policy made = policy(true);
    made.index = 81;
    made.selector.daddr = kElsewhere;
    engine_.on_policy(made, 0);
  }
  iscsi::Inventory two_portals(bool first = true) const {
    iscsi::Inventory made = inventory({"a"});
    std::vector<iscsi::Connection>& connections = made.sessions[0].connections;
    connections.push_back({1, {kHost, 40'900}, {kElsewhere, 3260}, true});
    if (!first) connections.erase(connections.begin());
    return made;
  }
  // Both associations are a's; the first has an SA that has sent 500 bytes.
  void watch_both() {
    sync({});
    tell_policy_there();
    engine_.set_inventory(two_portals());
    engine_.on_sa(out(), false, 0);
    refresh({out(500, 5)});
  }
  void sync_both(const std::vector<xfrm::Sa>& live) {
    engine_.begin_sync();
    engine_.set_source(Engine::Source::dump);
    engine_.on_policy(policy(true), 1);
    engine_.on_policy(policy(false), 1);
    tell_policy_there();
    engine_.set_source(Engine::Source::event);
    for (const xfrm::Sa& each : live) dump(each);
    engine_.end_sync();
  }
  void dump(const xfrm::Sa& row) {
    engine_.set_source(Engine::Source::dump);
    engine_.on_sa(row, false, 1);
    engine_.set_source(Engine::Source::event);
  }
  std::uint64_t counter(CounterId id, std::string_view name = "a") {
    return adapter(engine_.report(), name).totals[id];
  }
  void expect(std::uint64_t bytes, std::uint64_t additions, std::uint64_t deletions) {
    EXPECT_EQ(counter(kConfidentialBytesSent), bytes);
    EXPECT_EQ(counter(kKeyAdditions), additions);
    EXPECT_EQ(counter(kKeyDeletions), deletions);
    EXPECT_EQ(counter(kActiveSa), additions - deletions);
    expect_sums(engine_.report());
  }
};

// ---- moves that a dump shows

TEST_F(EngineBirths, AMoveIsCountedOnceThoughTheDumpThatShowedItBreaksOff) {
  watch_both();
  engine_.begin_sync();
  dump(there(600, 6));
  engine_.abandon_sync();
  refresh({there(650, 7)});
  EXPECT_EQ(counter(kConfidentialBytesSent), 650U);
  EXPECT_EQ(counter(kKeyAdditions), 1U);
}

// It has the SPI of one that lives, in the same second; but a move would have handed counters on.
TEST_F(EngineBirths, ATwinOfWhichAnEventTellsWhileADumpRunsIsNoMove) {
  watch_both();
  engine_.begin_sync();
  engine_.on_sa(there(), false, 0);
  engine_.on_sa_deleted(out(500, 5));
  dump(there());
  engine_.end_sync();
  refresh({there(70, 1)});
  expect(570, 2, 1);
}

TEST_F(EngineBirths, AMoveOfOneThatWasBornWhileTheDumpRanIsCountedOnce) {
  sync({});
  tell_policy_there();
  engine_.set_inventory(two_portals());
  refresh();
  engine_.begin_sync();
  xfrm::Sa other = there();
  other.id.spi = 0x22;
  engine_.on_sa(out(), false, 0);
  engine_.on_sa(other, false, 0);
  dump(there(600, 6));
  engine_.on_sa_deleted(out(500, 5));
  dump(other);
  engine_.end_sync();
  refresh({there(650, 7)});
  expect(650, 2, 0);
  EXPECT_EQ(counter(kReKeys), 0U) << "it overlaps the other one, but is as old as it was";
}

TEST_F(EngineBirths, WhatMovesToAnothersAssociationIsTheOthersFromThenOn) {
  sync({});
  tell_policy_there();
  iscsi::Inventory both = inventory({"a", "b"});
  both.sessions[1].connections[0].remote.address = kElsewhere;
  engine_.set_inventory(both);
  engine_.on_sa(out(), false, 0);
  refresh({out(500, 5)});
  engine_.begin_sync();
  dump(there(600, 6));
  engine_.on_sa_deleted(out(500, 5));
  engine_.end_sync();
  refresh({there(650, 7)});
  EXPECT_EQ(counter(kConfidentialBytesSent, "a"), 500U);
  EXPECT_EQ(counter(kConfidentialBytesSent, "b"), 150U);
  EXPECT_EQ(counter(kActiveSa, "a"), 0U);
  EXPECT_EQ(counter(kActiveSa, "b"), 1U);
  EXPECT_EQ(counter(kKeyDeletions, "a"), 0U);
}

// Unattributed after a minute; who is the first to use it where it went has it from then on.
TEST_F(EngineBirths, WhatNobodyClaimedInTimeIsTheFirstClaimantsAfterItsMoveToo) {
  sync({});
  engine_.on_sa(out(), false, 0);
  refresh({out(500, 5)});
  step(kPendingNs / kSecond);
  refresh({out(500, 5)});
  engine_.begin_sync();
  dump(there(600, 6));
  engine_.on_sa_deleted(out(500, 5));
  engine_.end_sync();
  tell_policy_there();
  engine_.set_inventory(two_portals(false));
  const Report report = refresh({there(650, 7)});
  EXPECT_EQ(counter(kConfidentialBytesSent), 50U);
  EXPECT_EQ(report.host.unattributed[kConfidentialBytesSent], 600U);
}

// The last word on the old one counts a packet of no bytes that the dump did not.
TEST_F(EngineBirths, APacketThatTheOldOneHadIsNotTheNewOnesToo) {
  xfrm::Policy from = policy(false);
  from.index = 88;
  from.selector.daddr = kElsewhere;
  iscsi::Inventory both = inventory({"a"});
  both.sessions[0].connections.push_back({1, {kElsewhere, 40'900}, {kTarget, 3260}, true});
  sync({});
  engine_.on_policy(from, 0);
  engine_.set_inventory(both);
  const xfrm::Sa in = sa(false, 0x10, 200);
  xfrm::Sa moved = with(in, 600, 8);
  moved.id.daddr = kElsewhere;
  engine_.on_sa(in, false, 0);
  refresh({with(in, 500, 5)});
  engine_.begin_sync();
  dump(moved);
  engine_.on_sa_deleted(with(in, 500, 6));
  engine_.end_sync();
  refresh();
  EXPECT_EQ(counter(kPacketsWithReplayDetection), 8U);
  EXPECT_EQ(counter(kConfidentialBytesReceived), 600U);
}

// Nobody's while the dump showed both its addresses: it is claimed with what it had at the first.
TEST_F(EngineBirths, AMoveOfWhatWasNobodysIsFoundWhenItIsClaimed) {
  sync({}, false);
  engine_.on_sa(out(), false, 0);
  engine_.begin_sync();
  dump(there(600, 6));
  engine_.on_sa_deleted(out(500, 5));
  engine_.end_sync();
  sync_both({there(600, 6)});
  engine_.set_inventory(two_portals());
  refresh({there(650, 7)});
  expect(650, 1, 0);
}

// ---- moves that events tell of

TEST_F(EngineBirths, AMoveOutlivesTheRecordOfWhatItWas) {
  sync({}, false);
  engine_.on_sa(out(), false, 0);
  engine_.on_sa_deleted(out(500, 5));
  engine_.on_sa(there(500, 5), false, 0);
  step(kPendingNs / kSecond + 1);
  refresh();  // the end is forgotten: of that life nobody will ask any more
  tell_policy_there();
  engine_.set_inventory(two_portals(false));
  refresh({there(650, 7)});
  expect(150, 1, 0);
}

TEST_F(EngineBirths, APendingSaThatMovesToAClaimedAssociationIsItsClaimantsWhole) {
  sync({});
  tell_policy_there();
  engine_.set_inventory(two_portals(false));
  refresh();
  engine_.on_sa(out(), false, 0);
  engine_.on_sa_deleted(out(500, 5));
  engine_.on_sa(there(500, 5), false, 0);
  refresh({there(650, 7)});
  expect(650, 1, 0);
}

TEST_F(EngineBirths, TheOuterSaOfABundleIsTheOuterOneAfterItsMove) {
  xfrm::Policy bundle = policy(true);
  bundle.templates.push_back(bundle.templates[0]);
  bundle.templates[1].proto = xfrm::kAh;
  xfrm::Sa outer = sa(true, 0x31, 200);
  outer.id.proto = xfrm::kAh;
  sync({});
  engine_.on_policy(bundle, 0);
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(out(), false, 0);
  engine_.on_sa(outer, false, 0);
  refresh({out(500, 5), with(outer, 600, 5)});
  engine_.on_sa_deleted(with(outer, 600, 5));
  outer.saddr = kElsewhere;
  engine_.on_sa(with(outer, 600, 5), false, 0);
  refresh({with(outer, 700, 6)});
  EXPECT_EQ(counter(kAuthenticatedBytesSent), 700U);
  EXPECT_EQ(counter(kTransportBytesSent), 500U);
  EXPECT_EQ(counter(kActiveSa), 1U);
}

// What went on from a was a's; now another is the first to use its new association.
TEST_F(EngineBirths, WhatMovedAndIsThenClaimedByAnotherIsHandedOverWithALoss) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(out(), false, 0);
  refresh({out(500, 5)});
  engine_.on_sa_deleted(out(500, 5));
  engine_.on_sa(there(500, 5), false, 0);
  tell_policy_there();
  iscsi::Inventory both = inventory({"a", "b"});
  both.sessions[1].connections[0].remote.address = kElsewhere;
  engine_.set_inventory(both);
  const Report report = refresh({there(600, 6)});
  for (const std::string_view name : {"a", "b"}) {
    EXPECT_EQ(adapter(report, name).qualities[kConfidentialBytesSent - 1U],
              (Quality{QM_AT_LEAST, QM_REASON_SHARED_SA}));
  }
  EXPECT_EQ(counter(kActiveSa, "b"), 1U);
}

// What it counted before is not its own, but surfaces show it.
TEST_F(EngineBirths, AnSaThatIsBornWithCountersBeginsWithThem) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  xfrm::Sa in = with(sa(false, 0x10, 200), 500, 5);
  in.stats.integrity_failed = 7;
  engine_.on_sa(in, false, 0);
  EXPECT_EQ(engine_.report().sas.at(0).entry.newest, (xfrm::Counters{500, 5}));
  in = with(in, 600, 6);
  in.stats.integrity_failed = 9;
  refresh({in});
  EXPECT_EQ(counter(kConfidentialBytesReceived), 100U);
  EXPECT_EQ(counter(kPacketsNotAuthenticated), 2U);
}

// ---- the last word on an SA of which nothing else is known

TEST_F(EngineBirths, WhatItHandedOnIsLeftOutOnlyWhereItsPredecessorMayHaveDied) {
  struct Case {
    bool behind;
    std::uint64_t add_time_s;
    std::uint64_t bytes;
  };
  for (const Case& each : {Case{true, 200, 620}, {true, 201, 1120}, {false, 200, 1120}}) {
    begin_anew();
    watch_both();
    if (each.behind) engine_.overrun();
    xfrm::Sa end = there(620, 6);
    end.add_time_s = each.add_time_s;
    engine_.on_sa_deleted(end);
    refresh();
    EXPECT_EQ(counter(kConfidentialBytesSent), each.bytes);
  }
}

// ---- words on rekeys, replay windows

TEST_F(EngineBirths, AWordThatCameBeforeAnSaIsItsOwnThoughItIsNobodysYet) {
  engine_.ike_state(1);
  sync({}, false);
  engine_.ike_rekey(rekey_word(0x11));
  engine_.on_sa(out(), false, 0);
  sync({out()});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  EXPECT_EQ(counter(kReKeys), 1U);
}

TEST_F(EngineBirths, AWindowOfOnePacketDetectsReplaysToo) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  xfrm::Sa in = sa(false, 0x10, 200);
  in.replay_window = 1;
  engine_.on_sa(in, false, 0);
  refresh({with(in, 500, 5)});
  EXPECT_EQ(counter(kPacketsWithReplayDetection), 5U);
}

// ---- a restart

TEST_F(EngineBirths, AnUpdateThatComesBeforeTheDumpEndsNothing) {
  for (const std::uint64_t add_time_s : {200U, 999U}) {
    begin_anew();
    sync({});
    engine_.set_inventory(inventory({"a"}));
    engine_.on_sa(out(), false, 0);
    refresh({out(500, 5)});
    restart();
    xfrm::Sa updated = out();
    updated.add_time_s = add_time_s;
    engine_.on_sa(updated, true, 0);
    EXPECT_EQ(engine_.sas().size(), 0U);
    // Of others nothing was known: they are told of now.
    engine_.on_sa(sa(true, 0x05, 300), true, 0);
    engine_.on_sa(sa(true, 0x21, 300), true, 0);
    EXPECT_EQ(engine_.sas().size(), 2U);
    sync({out(900, 9), sa(true, 0x05, 300), sa(true, 0x21, 300)});
    refresh({out(900, 9)});
    EXPECT_EQ(counter(kConfidentialBytesSent), 900U);
    EXPECT_EQ(counter(kKeyDeletions), 0U);
    EXPECT_EQ(counter(kActiveSa), 3U);
  }
}

TEST_F(EngineBirths, WhatCountsLessThanAnEarlierProcessKnewCountsAnew) {
  const xfrm::Sa old = sa(true, 0x11, 50);
  sync({with(old, 500, 5)});
  engine_.set_inventory(inventory({"a"}));
  refresh({with(old, 500, 5)});
  restart();
  sync({with(old, 100, 1)});
  refresh({with(old, 100, 1)});
  EXPECT_EQ(counter(kConfidentialBytesSent), 600U);
  EXPECT_EQ(counter(kActiveSa), 1U);
  EXPECT_EQ(counter(kKeyAdditions), 0U) << "both are of the baseline";
}

}  // namespace
}  // namespace qm::hba

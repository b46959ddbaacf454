// The ledger at its edges: counters that wrap, SAs that look alike, pools of shared SAs.
#include <gtest/gtest.h>

#include <array>

#include "hba/ledger.h"

namespace qm::hba {
namespace {

class LedgerEdges : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSecondNs = 1'000'000'000;
  static Time at_s(std::uint64_t seconds) { return {seconds * kSecondNs, 0}; }
  static Entry entry_of(bool out, std::uint32_t spi, OwnerId owner) {
    const Address host = *Address::parse("10.0.0.1"), target = *Address::parse("10.0.0.2");
    Entry entry;
    entry.id = {out ? target : host, spi, xfrm::kEsp, {}};
    entry.association = {out ? host : target, out ? target : host,  1, 0,
                         xfrm::kEsp,          xfrm::Mode::transport};
    entry.direction = out ? xfrm::Direction::out : xfrm::Direction::in;
    entry.negotiated = entry.may_serve = true;
    entry.add_time_s = 7;
    entry.owner = owner;
    return entry;
  }
  static xfrm::Stats failed(std::uint32_t count) { return {.integrity_failed = count}; }
  static xfrm::Sa final_of(const Entry& entry, xfrm::Counters counters, std::uint32_t bad = 0) {
    xfrm::Sa final;
    final.id = entry.id;
    final.saddr = entry.association.saddr;
    final.add_time_s = entry.add_time_s;
    final.counters = counters;
    final.stats = failed(bad);
    return final;
  }
  static xfrm::SaFinal word_on(const Entry& entry, xfrm::Counters counters, bool last) {
    xfrm::SaFinal word;
    word.sa = {entry.id, entry.association.saddr, 1, 0, xfrm::Mode::transport, entry.add_time_s};
    word.counters = counters;
    word.last = last;
    return word;
  }
  // So that the numbers of the recent ones no longer begin with 0.
  void forget_one() {
    ledger_.end_unknown(entry_of(true, 99, kUnattributed), at_s(1), {});
    ledger_.tick({kPendingNs + kSecondNs, 0});
    ASSERT_TRUE(ledger_.recent().empty());
  }
  SharedGrowth growth(const AssociationKey& key, Ledger::EntryId id) {
    return ledger_.growth_of(key, std::array{id});
  }

  Ledger ledger_;
  OwnerId owner_ = ledger_.owner("adapter");
};

TEST_F(LedgerEdges, AStepOfHalfACounterIsForward) {
  Entry entry = entry_of(false, 1, owner_);
  entry.take({1, 1}, failed(1), kSecondNs);
  EXPECT_FALSE(entry.outlived_by({1, 1}, failed(0x8000'0001U)));
  EXPECT_TRUE(entry.outlived_by({1, 1}, failed(0x8000'0002U)));
  entry.take({1, 1}, failed(0x8000'0001U), kSecondNs);
  EXPECT_EQ(entry.integrity_failed, 0x8000'0001U);
  entry.take({1, 1}, failed(1), kSecondNs);  // as far again: back where it was
  EXPECT_EQ(entry.integrity_failed, 0x1'0000'0001U);
  entry.take({1, 1}, failed(0), kSecondNs);  // older
  EXPECT_EQ(entry.integrity_failed, 0x1'0000'0001U);
}

TEST_F(LedgerEdges, WhatWentBackWhileNobodyWatchedStartsFromThere) {
  Entry entry = entry_of(false, 1, owner_);
  entry.take({1, 1}, {.replay_window = 9, .replay = 8, .integrity_failed = 7}, kSecondNs);
  entry.skip_back({.replay_window = 1, .replay = 2, .integrity_failed = 10});
  entry.take({1, 1}, {.replay_window = 4, .replay = 4, .integrity_failed = 10}, kSecondNs);
  EXPECT_EQ(entry.replay_window_failures, 9U + 3U);
  EXPECT_EQ(entry.replay, 8U + 2U);
  EXPECT_EQ(entry.integrity_failed, 7U + 3U);
}

TEST_F(LedgerEdges, IntegrityIsTheAeadsOwnWhereThereIsOne) {
  xfrm::Sa sa;
  sa.authentication = {"hmac(sha256)", 256, 128};
  EXPECT_EQ(suite_of(sa).integrity_bits, 128U);
  sa.aead = {"rfc4106(gcm(aes))", 160, 64};
  EXPECT_EQ(suite_of(sa).integrity_bits, 64U);
}

TEST_F(LedgerEdges, NothingIsInFlightOnAnSaThatRested) {
  Entry entry = entry_of(false, 1, owner_);
  EXPECT_EQ(Ledger::in_flight_loss(entry, kQuietNs / 2), Quality{});  // it never moved
  entry.grew_boot_ns = kSecondNs;
  EXPECT_NE(Ledger::in_flight_loss(entry, kSecondNs + kQuietNs - 1), Quality{});
  EXPECT_EQ(Ledger::in_flight_loss(entry, kSecondNs + kQuietNs), Quality{});
}

// ---- who gets what

TEST_F(LedgerEdges, ARekeyThatWasInferredOfAnEndedSaIsItsClaimants) {
  Entry entry = entry_of(true, 1, kNobody);
  entry.rekey = entry.rekey_inferred = true;
  ledger_.end_unknown(entry, at_s(1), {});
  ledger_.assign_recent(entry.association, owner_, xfrm::Direction::out, false);
  EXPECT_EQ(ledger_.owners()[owner_].rekeys, (Quality{QM_INFERRED, QM_REASON_OVERLAP}));
}

TEST_F(LedgerEdges, FailuresBeforeAHandOverAreTheFormerOwners) {
  const auto id = ledger_.add(entry_of(false, 1, owner_));
  ledger_.edit(id)->take_failures(5);
  const OwnerId next = ledger_.owner("next");
  ledger_.assign(id, next, xfrm::Direction::in, false);
  ledger_.edit(id)->take_failures(7);
  EXPECT_EQ(ledger_.totals(owner_)[kPacketsNotDecrypted], 5U);
  EXPECT_EQ(ledger_.totals(next)[kPacketsNotDecrypted], 2U);
}

TEST_F(LedgerEdges, AClaimMaySayThatItIsABundlesOuterSa) {
  const auto id = ledger_.add(entry_of(true, 1, kNobody));
  ledger_.assign(id, owner_, xfrm::Direction::out, true);
  ledger_.edit(id)->take({10, 1}, {}, kSecondNs);
  EXPECT_EQ(ledger_.totals(owner_)[kConfidentialBytesSent], 10U);
  EXPECT_EQ(ledger_.totals(owner_)[kTransportBytesSent], 0U);
  EXPECT_EQ(ledger_.totals(owner_)[kActiveSa], 0U);
}

// An adapter that appears may have used what ended within the last minute.
TEST_F(LedgerEdges, ALossForAllIsNewOwnersToForAMinute) {
  ledger_.tick(at_s(1));
  ledger_.lose_all({QM_AT_LEAST, QM_REASON_GAP});
  ledger_.tick(at_s(50));
  ledger_.tick({kPendingNs + 2 * kSecondNs, 0});
  EXPECT_EQ(ledger_.owners()[ledger_.owner("soon")].loss, (Quality{QM_AT_LEAST, QM_REASON_GAP}));
  ledger_.tick({kPendingNs + 50 * kSecondNs, 0});
  EXPECT_EQ(ledger_.owners()[ledger_.owner("late")].loss, Quality{});
}

// Until the probes' last word has come.
TEST_F(LedgerEdges, WhatAnEndedSaMayLackIsItsOwnersWhileItWaits) {
  forget_one();
  const Quality gap{QM_AT_LEAST, QM_REASON_GAP};
  ledger_.end_unknown(entry_of(false, 1, owner_), at_s(100), gap, Ledger::Told::awaits_both);
  ledger_.end_unknown(entry_of(true, 2, kNobody), at_s(100), gap, Ledger::Told::awaits_both);
  ledger_.rate_awaited();
  EXPECT_EQ(ledger_.owners()[owner_].awaited_received, gap);
  EXPECT_EQ(ledger_.owners()[owner_].awaited_sent, Quality{});
  EXPECT_TRUE(ledger_.settle(word_on(entry_of(false, 1, owner_), {}, true), at_s(101), 0));
  ledger_.rate_awaited();
  EXPECT_EQ(ledger_.owners()[owner_].awaited_received, Quality{});
}

// No SA has it; where one was, a word on it finds nothing.
TEST_F(LedgerEdges, AWordOnSpi0IsOfNoSa) {
  const Entry entry = entry_of(true, 1, owner_);
  ledger_.end(ledger_.add(entry), at_s(1), {});
  EXPECT_EQ(ledger_.mark_rekey(entry.id.daddr, 0, xfrm::kEsp), Ledger::Marked::unknown);
  EXPECT_EQ(ledger_.mark_rekey(entry.id.daddr, 1, xfrm::kEsp), Ledger::Marked::now);
}

// ---- SAs that look alike

TEST_F(LedgerEdges, OneOfTwoWithAnSpiIsForgottenTheOtherStillMoves) {
  Entry entry = entry_of(true, 9, owner_);
  ledger_.end_unknown(entry, at_s(1), {});
  entry.add_time_s = 30;
  ledger_.end_unknown(entry, at_s(30), {});
  ledger_.tick({kPendingNs + kSecondNs, 0});
  ASSERT_EQ(ledger_.recent().size(), 1U);
  AssociationKey moved = entry.association;
  moved.saddr = *Address::parse("10.0.0.9");
  EXPECT_NE(ledger_.find_moved(entry.id, moved, 30), nullptr);
  ledger_.tick({kPendingNs + 30 * kSecondNs, 0});
  EXPECT_EQ(ledger_.find_moved(entry.id, moved, 30), nullptr);
}

TEST_F(LedgerEdges, AFinalOfWhatIsNobodysIsKnown) {
  const Entry entry = entry_of(true, 1, kNobody);
  ledger_.end_unknown(entry, at_s(1), {});
  EXPECT_TRUE(ledger_.correct(final_of(entry, {10, 1}), at_s(2)));
}

TEST_F(LedgerEdges, TheWordsOnTwoAlikeAreEachOfTheirOwn) {
  forget_one();
  const Entry entry = entry_of(false, 5, owner_);
  for (int i = 0; i < 2; ++i) ledger_.end_unknown(entry, at_s(100), {}, Ledger::Told::awaits_both);
  xfrm::ProbedSa sa = word_on(entry, {}, false).sa;
  EXPECT_EQ(ledger_.awaiting(sa), 2U);
  EXPECT_TRUE(ledger_.settle(word_on(entry, {10, 1}, false), at_s(101), 0));
  EXPECT_TRUE(ledger_.settle(word_on(entry, {200, 2}, false), at_s(101), 0));
  EXPECT_FALSE(ledger_.settle(word_on(entry, {3000, 3}, false), at_s(101), 0));
  EXPECT_EQ(ledger_.totals(owner_)[kConfidentialBytesReceived], 210U);
  EXPECT_TRUE(ledger_.settle(word_on(entry, {10, 1}, true), at_s(101), 0));
  EXPECT_EQ(ledger_.awaiting(sa), 1U);
  sa.saddr = *Address::parse("10.0.0.9");  // it would have gone on from there
  EXPECT_EQ(ledger_.awaiting(sa), 0U);
}

// ---- pools

TEST_F(LedgerEdges, WhatASharedSaGrewByOutlivesItAndIsCorrected) {
  forget_one();
  Entry entry = entry_of(false, 1, kUnattributed);
  entry.replay_detection = true;
  const AssociationKey key = entry.association;
  const auto id = ledger_.add(entry);
  ledger_.edit(id)->take({400, 4}, failed(1), at_s(99).boot_ns);
  ledger_.begin_sharing(key, std::array{id});
  EXPECT_EQ(growth(key, id).all, xfrm::Counters{});
  ledger_.edit(id)->take({1000, 10}, failed(4), at_s(100).boot_ns);
  EXPECT_EQ(growth(key, id).all, (xfrm::Counters{600, 6}));
  EXPECT_EQ(growth(key, id).errors, 3U);
  ledger_.end(id, at_s(100), {}, Ledger::Told::awaits_both);
  SharedGrowth after = ledger_.growth_of(key, {});
  EXPECT_EQ(after.all, (xfrm::Counters{600, 6}));
  EXPECT_TRUE(after.awaiting);
  EXPECT_FALSE(after.live);
  EXPECT_TRUE(ledger_.correct(final_of(entry, {1100, 11}, 6), at_s(101)));
  after = ledger_.growth_of(key, {});
  EXPECT_EQ(after.all, (xfrm::Counters{700, 7}));
  EXPECT_EQ(after.replay_packets, 7U);
  EXPECT_EQ(after.errors, 5U);
  EXPECT_TRUE(ledger_.settle(word_on(entry, {1300, 13}, true), at_s(102), 0));
  after = ledger_.growth_of(key, {});
  EXPECT_EQ(after.all, (xfrm::Counters{900, 9}));
  EXPECT_FALSE(after.awaiting);
}

// One that ended before anybody used its association, and then several do.
TEST_F(LedgerEdges, WhatEndedPendingGrowsThePoolThatClaimsIt) {
  Entry entry = entry_of(true, 1, kNobody);
  entry.newest = {700, 7};
  ledger_.end_unknown(entry, at_s(1), {});
  ledger_.begin_sharing(entry.association, {});
  ledger_.assign_recent(entry.association, kUnattributed, xfrm::Direction::out, false);
  EXPECT_EQ(ledger_.growth_of(entry.association, {}).all, (xfrm::Counters{700, 7}));
}

TEST_F(LedgerEdges, FailuresOfTwoSasOfOnePoolAddUp) {
  const Entry entry = entry_of(false, 1, kUnattributed);
  const std::array ids{ledger_.add(entry), ledger_.add(entry)};
  ledger_.begin_sharing(entry.association, ids);
  for (const auto id : ids) ledger_.edit(id)->take({10, 1}, failed(2), kSecondNs);
  EXPECT_EQ(ledger_.growth_of(entry.association, ids).errors, 4U);
}

TEST_F(LedgerEdges, WhatGoesToOneOwnerWasThePoolsUntilThen) {
  const Entry entry = entry_of(true, 1, kUnattributed);
  const auto id = ledger_.add(entry);
  ledger_.begin_sharing(entry.association, std::array{id});
  ledger_.edit(id)->take({1000, 10}, {}, kSecondNs);
  ledger_.assign(id, owner_, xfrm::Direction::out, false);
  ledger_.edit(id)->take({1500, 15}, {}, kSecondNs);
  EXPECT_EQ(growth(entry.association, id).all, (xfrm::Counters{1000, 10}));
  EXPECT_EQ(ledger_.totals(owner_)[kConfidentialBytesSent], 500U);
}

TEST_F(LedgerEdges, ASharedSaThatMovesTakesOnlyTheRestAlong) {
  const Entry entry = entry_of(false, 1, kUnattributed);
  AssociationKey moved = entry.association;
  moved.saddr = *Address::parse("10.0.0.9");
  const auto id = ledger_.add(entry);
  ledger_.begin_sharing(entry.association, std::array{id});
  ledger_.begin_sharing(moved, {});
  ledger_.edit(id)->take({1000, 10}, {}, kSecondNs);
  ledger_.reassociate(id, moved);
  ledger_.edit(id)->take({1500, 15}, {}, kSecondNs);
  EXPECT_EQ(ledger_.growth_of(entry.association, {}).all, (xfrm::Counters{1000, 10}));
  EXPECT_EQ(growth(moved, id).all, (xfrm::Counters{500, 5}));
  EXPECT_EQ(ledger_.totals(kUnattributed)[kConfidentialBytesReceived], 1500U);
  // One that is not shared goes as a whole.
  const auto whole = ledger_.add(entry_of(false, 2, owner_));
  ledger_.edit(whole)->take({70, 1}, {}, kSecondNs);
  ledger_.reassociate(whole, moved);
  EXPECT_EQ(ledger_.at(whole).base, xfrm::Counters{});
  EXPECT_EQ(ledger_.at(whole).association, moved);
}

}  // namespace
}  // namespace qm::hba

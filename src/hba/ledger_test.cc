#include "hba/ledger.h"

#include <gtest/gtest.h>

namespace qm::hba {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

Time at_s(std::uint64_t seconds) {
  return {seconds * kSecondNs, kFiletimeOfUnixEpoch + seconds * 10'000'000};
}

Address ip(std::string_view text) {
  return *Address::parse(text);
}

Entry outbound(std::uint32_t spi) {
  Entry entry;
  entry.id = {ip("10.0.0.2"), spi, xfrm::kEsp, {}};
  entry.association = {ip("10.0.0.1"), ip("10.0.0.2"), 1, 0, xfrm::kEsp, xfrm::Mode::transport};
  entry.direction = xfrm::Direction::out;
  entry.negotiated = true;
  entry.may_serve = true;
  entry.add_time_s = spi;
  return entry;
}

Entry inbound(std::uint32_t spi) {
  Entry entry = outbound(spi);
  entry.id.daddr = ip("10.0.0.1");
  entry.association = {ip("10.0.0.2"), ip("10.0.0.1"), 1, 0, xfrm::kEsp, xfrm::Mode::transport};
  entry.direction = xfrm::Direction::in;
  entry.replay_detection = true;
  return entry;
}

TEST(Ledger, ASaCountsForItsOwnerWhileItLivesAndAfterwards) {
  Ledger ledger;
  const OwnerId owner = ledger.owner("adapter");
  Entry entry = outbound(1);
  entry.owner = owner;
  const auto id = ledger.add(entry);
  ledger.edit(id)->take({1000, 10}, {}, kSecondNs);
  EXPECT_EQ(ledger.totals(owner)[kActiveSa], 1U);
  EXPECT_EQ(ledger.totals(owner)[kKeyAdditions], 1U);
  EXPECT_EQ(ledger.totals(owner)[kConfidentialBytesSent], 1000U);
  EXPECT_EQ(ledger.totals(owner)[kTransportBytesSent], 1000U);
  ledger.edit(id)->take({1500, 15}, {}, kSecondNs);
  ledger.end(id, at_s(2), {});
  const Totals after = ledger.totals(owner);
  EXPECT_EQ(after[kActiveSa], 0U);
  EXPECT_EQ(after[kKeyAdditions], 1U);
  EXPECT_EQ(after[kKeyDeletions], 1U);
  EXPECT_EQ(after[kConfidentialBytesSent], 1500U);
}

TEST(Ledger, TheFirstClaimGetsAPendingSasWholeLife) {
  Ledger ledger;
  const auto id = ledger.add(outbound(1));
  ledger.edit(id)->take({700, 7}, {}, kSecondNs);
  EXPECT_EQ(ledger.pending(), 1U);
  EXPECT_EQ(ledger.totals(kUnattributed), Totals{});
  const OwnerId owner = ledger.owner("adapter");
  ledger.assign(id, owner, xfrm::Direction::out, false);
  EXPECT_EQ(ledger.totals(owner)[kConfidentialBytesSent], 700U);
  EXPECT_EQ(ledger.totals(owner)[kKeyAdditions], 1U);
}

TEST(Ledger, AnSaThatEndedPendingIsClaimedLate) {
  Ledger ledger;
  const Entry entry = outbound(1);
  const auto id = ledger.add(entry);
  ledger.edit(id)->take({700, 7}, {}, kSecondNs);
  ledger.end(id, at_s(2), {});
  const OwnerId owner = ledger.owner("adapter");
  EXPECT_EQ(ledger.totals(owner), Totals{});
  ledger.assign_recent(entry.association, owner, xfrm::Direction::out, false);
  EXPECT_EQ(ledger.totals(owner)[kConfidentialBytesSent], 700U);
  EXPECT_EQ(ledger.totals(owner)[kKeyAdditions], 1U);
  EXPECT_EQ(ledger.totals(owner)[kKeyDeletions], 1U);
}

TEST(Ledger, WhatStaysPendingTooLongIsUnattributedAndNeverTakenBack) {
  Ledger ledger;
  Entry entry = outbound(1);
  entry.since_boot_ns = at_s(1).boot_ns;
  const auto id = ledger.add(entry);
  ledger.edit(id)->take({700, 7}, {}, kSecondNs);
  ledger.tick({kPendingNs + kSecondNs - 1, 0});
  EXPECT_EQ(ledger.totals(kUnattributed), Totals{});
  ledger.tick({kPendingNs + kSecondNs, 0});
  EXPECT_EQ(ledger.totals(kUnattributed)[kConfidentialBytesSent], 700U);
  const OwnerId owner = ledger.owner("adapter");
  ledger.assign(id, owner, xfrm::Direction::out, false);
  ledger.edit(id)->take({900, 9}, {}, 2 * kSecondNs);
  EXPECT_EQ(ledger.totals(kUnattributed)[kConfidentialBytesSent], 700U);
  EXPECT_EQ(ledger.totals(owner)[kConfidentialBytesSent], 200U);
  EXPECT_EQ(ledger.totals(kUnattributed)[kKeyAdditions], 1U);
  EXPECT_EQ(ledger.totals(owner)[kKeyAdditions], 0U);
  EXPECT_EQ(ledger.totals(owner)[kActiveSa], 1U);
}

TEST(Ledger, AnEndedSaThatNobodyClaimsGoesToUnattributedAfterAWhile) {
  Ledger ledger;
  const auto id = ledger.add(outbound(1));
  ledger.edit(id)->take({700, 7}, {}, kSecondNs);
  ledger.end(id, at_s(1), {});
  ledger.tick({kPendingNs + kSecondNs, 0});
  EXPECT_EQ(ledger.totals(kUnattributed)[kConfidentialBytesSent], 700U);
  EXPECT_TRUE(ledger.recent().empty());
}

TEST(Ledger, AnSaThatMayNotServeIscsiIsForgottenUncounted) {
  Ledger ledger;
  Entry entry = outbound(1);
  entry.may_serve = false;
  entry.direction = xfrm::Direction::unknown;
  ledger.end_unknown(entry, at_s(1), {});
  ledger.tick({kPendingNs + kSecondNs, 0});
  EXPECT_EQ(ledger.totals(kUnattributed), Totals{});
}

TEST(Ledger, InheritedBytesAreNotCountedAgain) {
  Ledger ledger;
  Entry entry = outbound(1);
  entry.base = {400, 4};
  entry.newest = entry.base;
  entry.owner = ledger.owner("adapter");
  const auto id = ledger.add(entry);
  EXPECT_EQ(ledger.totals(entry.owner)[kConfidentialBytesSent], 0U);
  ledger.edit(id)->take({500, 5}, {}, kSecondNs);
  EXPECT_EQ(ledger.totals(entry.owner)[kConfidentialBytesSent], 100U);
}

TEST(Ledger, ALowerReadingIsAnOlderOne) {
  Entry entry = inbound(1);
  entry.take({1000, 10}, {}, kSecondNs);
  entry.take({0, 0}, {}, 2 * kSecondNs);
  EXPECT_EQ(entry.newest, (xfrm::Counters{1000, 10}));
}

TEST(Ledger, ErrorCountersAreCarriedPastTheir32Bits) {
  Entry entry = inbound(1);
  entry.last_stats.integrity_failed = 0xffff'fff0U;
  entry.take({1, 1}, {.replay_window = 1, .replay = 2, .integrity_failed = 0x10}, kSecondNs);
  EXPECT_EQ(entry.integrity_failed, 0x20U);
  EXPECT_EQ(entry.replay, 2U);
  EXPECT_EQ(entry.replay_window_failures, 1U);
}

TEST(Ledger, AFinalThatComesLateCorrectsUpward) {
  Ledger ledger;
  const OwnerId owner = ledger.owner("adapter");
  Entry entry = inbound(7);
  entry.owner = owner;
  const auto id = ledger.add(entry);
  ledger.edit(id)->take({1000, 10}, {}, kSecondNs);
  ledger.end(id, at_s(2), {QM_AT_LEAST, QM_REASON_GAP});
  xfrm::Sa final;
  final.id = entry.id;
  final.saddr = entry.association.saddr;
  final.add_time_s = 7;
  final.counters = {1200, 12};
  EXPECT_TRUE(ledger.correct(final, at_s(3)));
  EXPECT_EQ(ledger.totals(owner)[kConfidentialBytesReceived], 1200U);
  EXPECT_EQ(ledger.totals(owner)[kPacketsWithReplayDetection], 12U);
  final.counters = {100, 1};
  EXPECT_TRUE(ledger.correct(final, at_s(3)));
  EXPECT_EQ(ledger.totals(owner)[kConfidentialBytesReceived], 1200U);
  final.add_time_s = 8;
  EXPECT_FALSE(ledger.correct(final, at_s(3)));
  final.add_time_s = 7;
  final.saddr = ip("10.0.0.3");  // it went on under another address, and ended there
  EXPECT_FALSE(ledger.correct(final, at_s(3)));
}

TEST(Ledger, ALossMarksItsOwnerForGood) {
  Ledger ledger;
  const OwnerId owner = ledger.owner("adapter");
  Entry entry = inbound(1);
  entry.owner = owner;
  ledger.end(ledger.add(entry), at_s(2), {QM_AT_LEAST, QM_REASON_FLUSH});
  EXPECT_EQ(ledger.owners()[owner].received_loss, (Quality{QM_AT_LEAST, QM_REASON_FLUSH}));
  EXPECT_EQ(ledger.owners()[owner].sent_loss, Quality{});
  EXPECT_EQ(ledger.owners()[kUnattributed].loss, Quality{});
}

TEST(Ledger, ABundleCountsOnceAndItsOuterSaOnlyItsOwnProtocol) {
  Ledger ledger;
  const OwnerId owner = ledger.owner("adapter");
  Entry inner = outbound(1);
  inner.owner = owner;
  ledger.edit(ledger.add(inner))->take({1080, 1}, {}, kSecondNs);
  Entry outer = outbound(2);
  outer.id.proto = outer.association.proto = xfrm::kAh;
  outer.outer = true;
  outer.owner = owner;
  ledger.edit(ledger.add(outer))->take({1520, 1}, {}, kSecondNs);
  const Totals totals = ledger.totals(owner);
  EXPECT_EQ(totals[kActiveSa], 1U);
  EXPECT_EQ(totals[kKeyAdditions], 1U);
  EXPECT_EQ(totals[kConfidentialBytesSent], 1080U);
  EXPECT_EQ(totals[kAuthenticatedBytesSent], 1520U);
  EXPECT_EQ(totals[kTransportBytesSent], 1080U);
}

TEST(Ledger, TunnelsAreCountedOncePerAssociation) {
  Ledger ledger;
  const OwnerId owner = ledger.owner("adapter");
  for (const std::uint32_t spi : {1U, 2U}) {
    Entry entry = outbound(spi);
    entry.association.mode = xfrm::Mode::tunnel;
    entry.owner = owner;
    ledger.edit(ledger.add(entry))->take({50, 1}, {}, kSecondNs);
  }
  EXPECT_EQ(ledger.totals(owner)[kActiveTunnels], 1U);
  EXPECT_EQ(ledger.totals(owner)[kActiveSa], 2U);
  EXPECT_EQ(ledger.totals(owner)[kTunnelBytesSent], 100U);
  EXPECT_EQ(ledger.totals(owner)[kTransportBytesSent], 0U);
}

TEST(Ledger, ARekeyIsMarkedOnceWhetherTheSaLivesOrHasEnded) {
  Ledger ledger;
  const OwnerId owner = ledger.owner("adapter");
  Entry entry = outbound(9);
  entry.owner = owner;
  const auto id = ledger.add(entry);
  EXPECT_EQ(ledger.mark_rekey(entry.id.daddr, 8, xfrm::kEsp), Ledger::Marked::unknown);
  EXPECT_EQ(ledger.mark_rekey(entry.id.daddr, 9, xfrm::kEsp), Ledger::Marked::now);
  EXPECT_EQ(ledger.mark_rekey(entry.id.daddr, 9, xfrm::kEsp), Ledger::Marked::already);
  ledger.end(id, at_s(1), {});
  EXPECT_EQ(ledger.mark_rekey(entry.id.daddr, 9, xfrm::kEsp), Ledger::Marked::already);
  EXPECT_EQ(ledger.totals(owner)[kReKeys], 1U);
  Entry next = outbound(10);
  next.owner = owner;
  ledger.end(ledger.add(next), at_s(2), {});
  EXPECT_EQ(ledger.mark_rekey(entry.id.daddr, 10, xfrm::kEsp), Ledger::Marked::now);
  EXPECT_EQ(ledger.totals(owner)[kReKeys], 2U);
}

TEST(Ledger, ARekeyIsOfTheSaThatIsNamedInFull) {
  Ledger ledger;
  Entry entry = outbound(9);
  entry.owner = ledger.owner("adapter");
  const auto id = ledger.add(entry);
  for (const bool ended : {false, true}) {
    if (ended) ledger.end(id, at_s(1), {});
    EXPECT_EQ(ledger.mark_rekey(entry.id.daddr, 9, xfrm::kAh), Ledger::Marked::unknown);
    EXPECT_EQ(ledger.mark_rekey(ip("10.0.0.3"), 9, xfrm::kEsp), Ledger::Marked::unknown);
  }
  // Inbound, it is marked and is no ReKey of its own; nobody's is marked, and counted once claimed.
  Entry in = inbound(10);
  in.owner = entry.owner;
  ledger.end(ledger.add(in), at_s(2), {});
  EXPECT_EQ(ledger.mark_rekey(in.id.daddr, 10, xfrm::kEsp), Ledger::Marked::now);
  EXPECT_EQ(ledger.totals(entry.owner)[kReKeys], 0U);
  const Entry pending = outbound(11);
  ledger.end(ledger.add(pending), at_s(3), {});
  EXPECT_EQ(ledger.mark_rekey(pending.id.daddr, 11, xfrm::kEsp), Ledger::Marked::now);
  ledger.assign_recent(pending.association, entry.owner, xfrm::Direction::out, false);
  EXPECT_EQ(ledger.totals(entry.owner)[kReKeys], 1U);
}

// Told from another SA with its SPI by all that a daemon hands on.
TEST(Ledger, AMovedSaKeepsAllButItsAddresses) {
  Ledger ledger;
  Entry entry = outbound(9);
  entry.owner = ledger.owner("adapter");
  ledger.end(ledger.add(entry), at_s(1), {});
  AssociationKey moved = entry.association;
  moved.saddr = ip("10.0.0.9");
  const xfrm::SaId id = entry.id;
  const auto found = [&](const xfrm::SaId& with_id, const AssociationKey& association,
                         std::uint64_t add_time_s, bool inherited = false) {
    return ledger.find_moved(with_id, association, add_time_s, inherited) != nullptr;
  };
  EXPECT_TRUE(found(id, moved, entry.add_time_s));
  EXPECT_FALSE(found(id, entry.association, entry.add_time_s));  // no address differs
  EXPECT_TRUE(found(id, entry.association, entry.add_time_s, true));
  EXPECT_FALSE(found(id, moved, entry.add_time_s + 1));
  xfrm::SaId other = id;
  other.proto = xfrm::kAh;
  EXPECT_FALSE(found(other, moved, entry.add_time_s));
  other = id;
  other.spi = 10;
  EXPECT_FALSE(found(other, moved, entry.add_time_s));
  AssociationKey association = moved;
  association.reqid = 2;
  EXPECT_FALSE(found(id, association, entry.add_time_s));
  association = moved;
  association.mode = xfrm::Mode::tunnel;
  EXPECT_FALSE(found(id, association, entry.add_time_s));
  ASSERT_TRUE(ledger.undo_deletion(*ledger.find_moved(id, moved, entry.add_time_s)));
  EXPECT_FALSE(found(id, moved, entry.add_time_s));  // it has moved already
}

TEST(Ledger, AReadingIsNeverOlderInOneOfItsCounters) {
  Entry entry = inbound(9);
  entry.take({1000, 10}, {}, kSecondNs);
  entry.take({2000, 9}, {}, 2 * kSecondNs);  // more bytes in fewer packets: not of one moment
  EXPECT_EQ(entry.newest.bytes, 1000U);
  EXPECT_TRUE(entry.outlived_by({2000, 9}, {}));
  EXPECT_TRUE(entry.outlived_by({999, 11}, {}));
  EXPECT_FALSE(entry.outlived_by({1000, 10}, {}));
}

TEST(Ledger, TheOldestRecentOneGivesWayAndIsCounted) {
  Ledger ledger;
  for (std::uint32_t spi = 0; spi <= kMostRecent; ++spi) {
    Entry entry = outbound(spi);
    entry.newest = {10, 1};
    ledger.end_unknown(entry, at_s(1), {});
  }
  EXPECT_EQ(ledger.recent().size(), kMostRecent);
  EXPECT_EQ(ledger.totals(kUnattributed)[kConfidentialBytesSent], 10U);
}

TEST(Ledger, OwnersBeyondTheLimitAreUnattributedAndSaidToBeSo) {
  Ledger ledger;
  for (std::size_t i = 1; i < kMostOwners; ++i) {
    ASSERT_NE(ledger.owner("adapter" + std::to_string(i)), kUnattributed);
  }
  EXPECT_EQ(ledger.owner("one too many"), kUnattributed);
  EXPECT_EQ(ledger.owners()[kUnattributed].loss.quality, QM_AT_LEAST);
}

}  // namespace
}  // namespace qm::hba

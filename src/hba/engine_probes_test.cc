// What the probes change: losses that netlink leaves open are settled, errors find their adapter.
#include <gtest/gtest.h>

#include "hba/engine_testing.h"
#include "hba/ledger_state.h"

namespace qm::hba {
namespace {

using xfrm::AddressPair;

xfrm::SaFinal final_of(const xfrm::Sa& sa, std::uint64_t not_decrypted = 0) {
  xfrm::SaFinal final;
  final.sa = {sa.id, sa.saddr, sa.reqid, sa.if_id, sa.mode, sa.add_time_s};
  final.counters = sa.counters;
  final.stats = sa.stats;
  final.not_decrypted = not_decrypted;
  final.last = true;
  return final;
}

xfrm::SaFinal end_of(const xfrm::Sa& sa) {
  xfrm::SaFinal end = final_of(sa);
  end.last = false;
  return end;
}

class EngineProbesTest : public EngineTest {
 protected:
  EngineProbesTest() { engine_.set_probes("all", {true, true, true}); }

  static Quality quality(const Report& report, std::string_view name, CounterId id) {
    return adapter(report, name).qualities[id - 1U];
  }
  // Two SAs of adapter a, both used a moment ago.
  void two_sas() {
    sync({sa(true, 1, 150), sa(false, 2, 150)});
    engine_.set_inventory(inventory({"a"}));
    refresh({with(sa(true, 1, 150), 1000, 10), with(sa(false, 2, 150), 2000, 20)});
  }
  static xfrm::ProbeReading bad_spi(const Address& source, std::uint64_t packets) {
    xfrm::ProbeReading reading;
    reading.bad_spi.push_back({{source, kHost}, packets});
    reading.totals.bad_spi = packets;
    return reading;
  }
  static const Quality kExact;
};
const Quality EngineProbesTest::kExact{};

TEST_F(EngineProbesTest, AFlushLosesNothing) {
  two_sas();
  engine_.on_sas_flushed(0);
  Report report = refresh();
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_FLUSH}));
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2000U);
  EXPECT_EQ(report.health.gaps, 0U);
  engine_.on_final(final_of(with(sa(true, 1, 150), 1500, 15)));
  engine_.on_final(final_of(with(sa(false, 2, 150), 2500, 25)));
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 1500U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2500U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesSent), kExact);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), kExact);
  EXPECT_EQ(report.health.gaps, 0U);
  expect_sums(report);
}

TEST_F(EngineProbesTest, APacketInFlightIsCountedWhenTheLastReferenceGoes) {
  two_sas();
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2400, 24));
  EXPECT_EQ(quality(refresh(), "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT}));
  engine_.on_final(final_of(with(sa(false, 2, 150), 2500, 25)));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2500U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), kExact);
}

TEST_F(EngineProbesTest, AFinalBeforeItsExpiryIsTheSameEnd) {
  two_sas();
  engine_.on_final(end_of(with(sa(true, 1, 150), 1600, 16)));
  engine_.on_final(final_of(with(sa(true, 1, 150), 1700, 17)));
  engine_.on_sa_expired(with(sa(true, 1, 150), 1600, 16), true);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 1700U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 0U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesSent), kExact);
}

TEST_F(EngineProbesTest, AFlushOfSasAtRestIsExactBeforeTheirLastReferenceGoes) {
  two_sas();
  step(1);
  engine_.on_final(end_of(with(sa(true, 1, 150), 1000, 10)));
  engine_.on_final(end_of(with(sa(false, 2, 150), 2000, 20)));
  engine_.on_sas_flushed(0);
  Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2000U);
  EXPECT_EQ(adapter(report, "a").totals[kKeyDeletions], 1U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), kExact);
  step(kPendingNs / kSecond);
  report = refresh();
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), kExact);
  EXPECT_EQ(report.health.gaps, 0U);
}

TEST_F(EngineProbesTest, AnEndAfterTheFlushWasToldCorrectsIt) {
  two_sas();
  engine_.on_sas_flushed(0);
  engine_.on_final(end_of(with(sa(false, 2, 150), 2400, 24)));
  Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2400U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT}));
  engine_.on_final(final_of(with(sa(false, 2, 150), 2500, 25)));
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2500U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), kExact);
}

TEST_F(EngineProbesTest, AnEndToldOfTheSaBeforeIsNotTheSuccessors) {
  two_sas();
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2400, 24));
  engine_.on_sa(sa(false, 2, 150), false, 1);
  engine_.on_final(end_of(with(sa(false, 2, 150), 2450, 24)));
  engine_.on_final(final_of(with(sa(false, 2, 150), 2500, 25)));
  const Report report = refresh({with(sa(false, 2, 150), 100, 1)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2600U);
  EXPECT_EQ(report.sas.size(), 2U);
}

TEST_F(EngineProbesTest, AFinalThatNeverComesIsADeclaredGap) {
  two_sas();
  engine_.on_sas_flushed(0);
  step(kPendingNs / kSecond);
  const Report report = refresh();
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_FLUSH}));
  EXPECT_EQ(report.health.gaps, 2U);
  // Too late: it could be somebody else's by now, and nothing is counted twice.
  engine_.on_final(final_of(with(sa(false, 2, 150), 9000, 90)));
  EXPECT_EQ(adapter(refresh(), "a").totals[kConfidentialBytesReceived], 2000U);
}

TEST_F(EngineProbesTest, TheSameSpiWithinASecondIsAnotherSa) {
  two_sas();
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2400, 24));
  engine_.on_sa(sa(false, 2, 150), false, 1);
  engine_.on_final(final_of(with(sa(false, 2, 150), 2500, 25)));
  Report report = refresh({with(sa(false, 2, 150), 100, 1)});
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2600U);
  engine_.on_sa_deleted(with(sa(false, 2, 150), 110, 2));
  engine_.on_final(final_of(with(sa(false, 2, 150), 120, 3)));
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2620U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), kExact);
}

TEST_F(EngineProbesTest, WhenWordsAreLostNobodyKnowsWhichOfTwoAlikeIsMeant) {
  two_sas();
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2400, 24));
  engine_.on_sa(sa(false, 2, 150), false, 1);
  xfrm::ProbeReading reading;  // the predecessor's word was lost, this is the successor's
  reading.totals.finals_lost = 1;
  reading.finals = {final_of(with(sa(false, 2, 150), 120, 3))};
  engine_.on_sa_deleted(with(sa(false, 2, 150), 110, 2));
  engine_.take_finals(reading);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2510U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT}));
}

// An inbound SA that moves keeps its id and the time it was added.
TEST_F(EngineProbesTest, AWordOnAnSaThatMovedIsNotItsSuccessors) {
  two_sas();
  const xfrm::Sa old = with(sa(false, 2, 150), 2400, 24);
  xfrm::Sa moved = old;
  moved.saddr = address("10.9.0.77");
  engine_.on_sa(moved, false, 1);  // its predecessor's DELSA was lost
  engine_.on_final(end_of(old));
  engine_.on_final(final_of(old));
  Report report = refresh({with(moved, 2500, 25)});
  EXPECT_EQ(report.sas.size(), 2U);
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2500U);
  engine_.on_sa_deleted(with(moved, 2600, 26));
  engine_.on_final(final_of(with(old, 9000, 90)));  // not of the one that waits
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2600U);
}

TEST_F(EngineProbesTest, AnEndMayBeAsOldAsTheRingsLastReading) {
  two_sas();
  engine_.take_finals({});
  step(2);
  engine_.drained();
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2000, 20));
  xfrm::ProbeReading reading;
  reading.finals = {end_of(with(sa(false, 2, 150), 2000, 20))};
  engine_.take_finals(reading);
  EXPECT_EQ(quality(refresh(), "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT}));
}

TEST_F(EngineProbesTest, AStrangersFinalChangesNothing) {
  two_sas();
  const Totals before = adapter(refresh(), "a").totals;
  engine_.on_final(final_of(with(sa(false, 77, 150), 9000, 90)));
  engine_.on_final(final_of(with(sa(false, 2, 151), 9000, 90)));
  EXPECT_EQ(adapter(refresh(), "a").totals, before);
}

TEST_F(EngineProbesTest, FailedInputIsTheSasOwnersAndOutlivesTheSa) {
  two_sas();
  xfrm::ProbeReading reading;
  reading.failures = {{final_of(sa(false, 2, 150)).sa, 3}};
  engine_.take_probes(reading);
  engine_.take_probes(reading);
  Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotDecrypted], 3U);
  EXPECT_EQ(quality(report, "a", kPacketsNotDecrypted), kExact);
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2400, 24));
  engine_.on_final(final_of(with(sa(false, 2, 150), 2400, 24), 5));
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotDecrypted], 5U);
  EXPECT_EQ(report.host.totals[kPacketsNotDecrypted], 5U);
  EXPECT_EQ(report.host.qualities[kPacketsNotDecrypted - 1U], kExact);
}

TEST_F(EngineProbesTest, FailedInputSurvivesARestart) {
  two_sas();
  xfrm::ProbeReading reading;
  reading.failures = {{final_of(sa(false, 2, 150)).sa, 3}};
  engine_.take_probes(reading);
  refresh();
  const auto state = LedgerState::save(engine_, kBoot);
  begin_anew();
  engine_.set_probes("all", {true, true, true});
  ASSERT_TRUE(LedgerState::load(state, kBoot, engine_));
  two_sas();
  reading.failures.front().not_decrypted = 1;  // the new process's probes began at zero
  engine_.take_probes(reading);
  EXPECT_EQ(adapter(refresh(), "a").totals[kPacketsNotDecrypted], 4U);
}

TEST_F(EngineProbesTest, BadSpisAreThePeersAdapters) {
  two_sas();
  EXPECT_EQ(engine_.pairs_to_watch(), (std::vector<AddressPair>{{kTarget, kHost}}));
  engine_.take_probes(bad_spi(kTarget, 4));
  engine_.take_probes(bad_spi(kTarget, 6));
  engine_.take_probes(bad_spi(kTarget, 6));  // nothing new
  engine_.take_probes(bad_spi(address("192.0.2.1"), 1000));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kBadSpiPackets], 6U);
  EXPECT_EQ(quality(report, "a", kBadSpiPackets), kExact);
  EXPECT_EQ(report.host.totals[kBadSpiPackets], 6U);
}

TEST_F(EngineProbesTest, BadSpisBeforeTheLoginWaitForTheirAdapter) {
  sync({});
  engine_.take_probes(bad_spi(kTarget, 4));
  two_sas();
  engine_.take_probes(bad_spi(kTarget, 5));
  EXPECT_EQ(adapter(refresh(), "a").totals[kBadSpiPackets], 5U);
}

TEST_F(EngineProbesTest, APeerOfTwoAdaptersIsNobodys) {
  sync({sa(true, 1, 150), sa(false, 2, 150)});
  engine_.set_inventory(inventory({"a", "b"}));
  refresh();
  engine_.take_probes(bad_spi(kTarget, 4));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kBadSpiPackets], 0U);
  EXPECT_EQ(quality(report, "a", kBadSpiPackets), (Quality{QM_AT_LEAST, QM_REASON_SHARED_SA}));
}

TEST_F(EngineProbesTest, TheLastPairThatCanBeWatchedIsExact) {
  sync({});
  iscsi::Inventory many = inventory({"a"});
  auto& connections = many.sessions[0].connections;
  connections.assign(xfrm::kMostWatchedPairs, connections.front());
  for (std::uint16_t i = 0; iscsi::Connection & connection : connections) {
    connection.remote.address.bytes[2] = static_cast<std::uint8_t>(i >> 8U);
    connection.remote.address.bytes[3] = static_cast<std::uint8_t>(i++);
  }
  engine_.set_inventory(many);
  EXPECT_EQ(quality(refresh(), "a", kBadSpiPackets), kExact);
  connections.front().remote.address = address("192.0.2.9");
  engine_.set_inventory(many);
  EXPECT_EQ(quality(refresh(), "a", kBadSpiPackets), (Quality{QM_AT_LEAST, QM_REASON_GAP}));
}

TEST_F(EngineProbesTest, WhatASprayCrowdedOutIsSaid) {
  sync({});
  xfrm::ProbeReading reading;
  reading.totals.bad_spi = reading.totals.bad_spi_unlisted = 1;
  engine_.take_probes(reading);
  two_sas();
  EXPECT_EQ(quality(refresh(), "a", kBadSpiPackets), (Quality{QM_AT_LEAST, QM_REASON_GAP}));
}

TEST_F(EngineProbesTest, WithoutProbesALossIsCertainAtOnce) {
  engine_.set_probes("none", {});
  two_sas();
  engine_.on_sas_flushed(0);
  const Report report = refresh();
  EXPECT_EQ(report.health.gaps, 2U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_FLUSH}));
}

// ---- the first word and the last, when netlink has said nothing

TEST_F(EngineProbesTest, TheFirstWordAloneLeavesWhatWasInFlight) {
  two_sas();
  xfrm::ProbeReading reading;
  reading.finals = {end_of(with(sa(false, 2, 150), 2100, 21))};
  reading.finals.front().not_decrypted = 3;
  engine_.take_probes(reading);
  Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2100U);
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotDecrypted], 3U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived),
            (Quality{QM_AT_LEAST, QM_REASON_IN_FLIGHT}));
  reading.finals = {final_of(with(sa(false, 2, 150), 2200, 22), 4)};
  engine_.take_probes(reading);
  report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 2200U);
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotDecrypted], 4U);
  EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), kExact);
}

TEST_F(EngineProbesTest, WhatEndedBeforeItWasClaimedHasItsFailuresAndItsRekey) {
  engine_.ike_state(1);
  sync({});
  for (const bool out : {true, false}) {
    engine_.on_sa(sa(out, out ? 3 : 4, 200), true, 0);
    if (out) {
      ike::ChildRekey rekey;
      rekey.remote = kTarget;
      rekey.proto = xfrm::kEsp;
      rekey.new_spi_out = 3;
      engine_.ike_rekey(rekey);
    }
    xfrm::SaFinal end = end_of(with(sa(out, out ? 3 : 4, 200), 700, 7));
    end.not_decrypted = out ? 0 : 2;
    engine_.on_final(end);
  }
  engine_.set_inventory(inventory({"a"}));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 700U);
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotDecrypted], 2U);
  EXPECT_EQ(adapter(report, "a").totals[kReKeys], 1U);
}

// When words were lost: one that waits alone is meant; one that waits beside its live twin may be.
TEST_F(EngineProbesTest, AfterALossAWordIsTakenOnlyWhereOneCanBeMeant) {
  two_sas();
  xfrm::ProbeReading reading;
  reading.totals.finals_lost = 1;
  engine_.take_probes(reading);
  engine_.on_sa_deleted(with(sa(false, 2, 150), 2000, 20));
  engine_.on_final(final_of(with(sa(false, 2, 150), 2300, 23)));
  EXPECT_EQ(adapter(refresh(), "a").totals[kConfidentialBytesReceived], 2300U);
  engine_.on_sa_deleted(with(sa(true, 1, 150), 1000, 10));
  engine_.on_sa(sa(true, 1, 150), false, 0);
  engine_.on_final(final_of(with(sa(true, 1, 150), 1500, 15)));
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 1000U);
  EXPECT_EQ(adapter(report, "a").totals[kActiveSa], 1U);
}

}  // namespace
}  // namespace qm::hba

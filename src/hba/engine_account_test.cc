// What the account says beside the counters: health, qualities, whose SAs, peers and ports are.
#include "hba/engine_testing.h"
#include "hba/ledger_state.h"

namespace qm::hba {
namespace {

class EngineAccount : public EngineTest {
 protected:
  static Quality quality(const Report& report, std::string_view name, CounterId id) {
    return adapter(report, name).qualities[id - 1U];
  }
  static Quality of_host(const Report& report, CounterId id) {
    return report.host.qualities[id - 1U];
  }
  static xfrm::Sa larval(bool out, std::uint32_t spi) {
    xfrm::Sa made = sa(out, spi, 200);
    made.larval = true;
    made.reqid = 0;
    return made;
  }
};

// ---- health

TEST_F(EngineAccount, HealthCountsWhatWasHeardAndIsKnown) {
  sync({sa(true, 0x11, 50), sa(false, 0x10, 50)});
  engine_.set_source(Engine::Source::dump);
  for (std::uint32_t i = 0; i < 3; ++i) engine_.on_sa(larval(false, 0x20 + i), false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.set_inventory(inventory({"a"}));
  xfrm::Sa pending = sa(true, 0x12, 200);
  pending.id.daddr = address("10.0.0.3");
  xfrm::Policy elsewhere = policy(true);
  elsewhere.index = 81;
  elsewhere.selector.daddr = pending.id.daddr;
  engine_.on_policy(elsewhere, 0);
  refresh();
  engine_.on_sa(pending, false, 0);
  engine_.set_refresh_ns(77);
  engine_.ike_state(2);
  engine_.set_not_confined("Landlock");
  engine_.on_malformed(16, "a length");
  const HealthReport health = refresh().health;
  EXPECT_EQ(health.events, 2U);
  EXPECT_EQ(health.dumps, 1U);
  EXPECT_EQ(health.overruns, 0U);
  EXPECT_EQ(health.decode_errors, 1U);
  EXPECT_EQ(health.gaps, 1U);
  EXPECT_EQ(health.sas, 3U);
  EXPECT_EQ(health.larvals, 3U);
  EXPECT_EQ(health.policies, 3U);
  EXPECT_EQ(health.claimed_sas, 2U);
  EXPECT_EQ(health.pending_sas, 1U);
  EXPECT_EQ(health.sessions, 1U);
  EXPECT_EQ(health.refresh_ns, 77U);
  EXPECT_EQ(health.ike_daemons, 2U);
  EXPECT_TRUE(health.kernel_readable);
  EXPECT_EQ(health.not_confined, "Landlock");
  EXPECT_EQ(health.last_problem, "a kernel message of type 16 could not be read: a length");
  EXPECT_EQ(health.started_filetime, at(100).filetime_100ns);
  EXPECT_EQ(health.complete_since_filetime, at(now_s_).filetime_100ns);
}

TEST_F(EngineAccount, HealthSaysWhatTheProbesCoverAndMissed) {
  EXPECT_FALSE(engine_.report().health.probed);
  engine_.set_probes("some", {.bad_spi = true});
  EXPECT_TRUE(engine_.report().health.probed);
  engine_.set_probes("some", {.not_decrypted = true});
  EXPECT_TRUE(engine_.report().health.probed);
  xfrm::ProbeReading reading;
  reading.totals.finals_lost = 1;
  reading.totals.failures_unlisted = 2;
  reading.totals.bad_spi_unlisted = 3;
  engine_.take_probes(reading);
  const HealthReport health = engine_.report().health;
  EXPECT_EQ(health.probes, "some");
  EXPECT_EQ(health.probe_ends_lost, 1U);
  EXPECT_EQ(health.probe_failures_unlisted, 2U);
  EXPECT_EQ(health.probe_spis_unlisted, 3U);
}

// ---- qualities

TEST_F(EngineAccount, AfterAnOverrunGaugesAreInferredAndCountersAtLeast) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.overrun();
  const Report report = refresh();
  EXPECT_EQ(report.health.overruns, 1U);
  for (const CounterId id : {kActiveSa, kActiveTunnels}) {
    EXPECT_EQ(quality(report, "a", id), (Quality{QM_INFERRED, QM_REASON_GAP}));
    EXPECT_EQ(of_host(report, id), (Quality{QM_INFERRED, QM_REASON_GAP}));
  }
  for (const CounterId id : {kKeyAdditions, kTunnelBytesReceived}) {
    EXPECT_EQ(quality(report, "a", id), (Quality{QM_AT_LEAST, QM_REASON_GAP}));
    EXPECT_EQ(of_host(report, id), (Quality{QM_AT_LEAST, QM_REASON_GAP}));
  }
}

TEST_F(EngineAccount, AReadingThatBrokeOffLeavesKeysExact) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.ike_state(1);
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 5, 1)});
  engine_.attribute();
  engine_.reading_failed();
  engine_.conclude();
  const Report report = engine_.report();
  for (const CounterId id : {kPacketsNotAuthenticated, kTunnelBytesReceived}) {
    EXPECT_EQ(quality(report, "a", id), (Quality{QM_AT_LEAST, QM_REASON_GAP}));
    EXPECT_EQ(of_host(report, id), (Quality{QM_AT_LEAST, QM_REASON_GAP}));
  }
  EXPECT_EQ(quality(report, "a", kKeyDeletions), Quality{});
  EXPECT_EQ(of_host(report, kKeyDeletions), Quality{});
}

TEST_F(EngineAccount, WhatASetOfCountersMayLackIsSaidOfIts) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.ike_state(1);
  for (const bool out : {true, false}) engine_.on_sa(sa(out, 0x11, 200), false, 0);
  refresh();
  engine_.on_sa_deleted(sa(true, 0x11, 200));  // the outbound one is told
  engine_.on_sas_flushed(0);
  const Report report = refresh();
  for (const CounterId id :
       {kConfidentialBytesReceived, kAuthenticatedBytesReceived, kTransportBytesReceived,
        kTunnelBytesReceived, kPacketsNotAuthenticated, kPacketsWithReplayDetection}) {
    EXPECT_EQ(quality(report, "a", id), (Quality{QM_AT_LEAST, QM_REASON_FLUSH})) << int{id};
    EXPECT_EQ(of_host(report, id), (Quality{QM_AT_LEAST, QM_REASON_FLUSH})) << int{id};
  }
  for (const CounterId id : {kConfidentialBytesSent, kAuthenticatedBytesSent, kTransportBytesSent,
                             kTunnelBytesSent, kKeyDeletions}) {
    EXPECT_EQ(quality(report, "a", id), Quality{}) << int{id};
  }
}

// What the netns's counters gave stays in the total when the probes tell from now on.
TEST_F(EngineAccount, WhatWasInferredBeforeTheProbesCameStaysInferred) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  engine_.set_netns_errors(xfrm::NetnsErrors{5, 5, 0, true});
  refresh();
  engine_.set_netns_errors(xfrm::NetnsErrors{8, 11, 0, true});
  refresh();
  engine_.set_probes("all", {.finals = true, .bad_spi = true, .not_decrypted = true});
  Report report = refresh();
  for (const CounterId id : {kBadSpiPackets, kPacketsNotDecrypted}) {
    EXPECT_EQ(quality(report, "a", id), (Quality{QM_INFERRED, QM_REASON_SOLE_USER})) << int{id};
    EXPECT_EQ(of_host(report, id), (Quality{QM_INFERRED, QM_REASON_SOLE_USER})) << int{id};
  }
  restart();
  engine_.set_probes("all", {.finals = true, .bad_spi = true, .not_decrypted = true});
  sync({sa(false, 0x10, 200)});
  report = refresh();
  EXPECT_EQ(quality(report, "a", kBadSpiPackets), (Quality{QM_INFERRED, QM_REASON_SOLE_USER}));
  EXPECT_EQ(adapter(report, "a").totals[kBadSpiPackets], 3U);
  EXPECT_EQ(adapter(report, "a").totals[kPacketsNotDecrypted], 6U);
}

// ---- negotiations

TEST_F(EngineAccount, OfTheDaemonsTasksAnAdapterHasItsPeers) {
  sync({});
  iscsi::Inventory both = inventory({"a", "b"});
  both.sessions[1].connections[0].remote.address = address("10.0.0.3");
  engine_.set_inventory(both);
  engine_.ike_state(1);
  ike::IkeSa mine, others;
  mine.local = others.local = kHost;
  mine.remote = kTarget;
  others.remote = address("10.0.0.3");
  mine.pending_operations = 3;
  others.pending_operations = 5;
  engine_.set_ike_sas({mine, others}, true);
  Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kPendingKeyOperations], 3U);
  EXPECT_EQ(adapter(report, "b").totals[kPendingKeyOperations], 5U);
  EXPECT_EQ(report.host.totals[kPendingKeyOperations], 8U);
  engine_.set_ike_sas({mine, others}, false);
  report = refresh();
  EXPECT_EQ(quality(report, "a", kPendingKeyOperations), (Quality{QM_INFERRED, QM_REASON_NO_IKE}));
  EXPECT_EQ(of_host(report, kPendingKeyOperations), (Quality{QM_INFERRED, QM_REASON_NO_IKE}));
  engine_.ike_state(0);
  EXPECT_EQ(adapter(refresh(), "a").totals[kPendingKeyOperations], 0U);
}

TEST_F(EngineAccount, LarvalsOfEitherWayAreTheirPeersAdapters) {
  sync({});
  iscsi::Inventory both = inventory({"a", "b"});
  both.sessions[1].connections[0].remote.address = address("10.0.0.3");
  engine_.set_inventory(both);
  const auto pending = [&](std::string_view name) {
    return adapter(refresh(), name).totals[kPendingKeyOperations];
  };
  const auto show = [&](const xfrm::Sa& one) {
    engine_.set_source(Engine::Source::dump);
    engine_.on_sa(one, false, 1);
    engine_.set_source(Engine::Source::event);
  };
  show(larval(false, 0x20));
  EXPECT_EQ(pending("a"), 1U);
  EXPECT_EQ(pending("b"), 0U);
  show(larval(false, 0x21));  // of the same negotiation, for all that is known
  EXPECT_EQ(pending("a"), 1U);
  xfrm::Sa ah = larval(true, 0x22);
  ah.id.proto = xfrm::kAh;
  show(ah);
  EXPECT_EQ(pending("a"), 2U);
  engine_.on_sa_expired(ah, true);
  EXPECT_EQ(pending("a"), 1U);
}

// ---- ports, algorithms, sessions

TEST_F(EngineAccount, ThePortsOfTheSessionsNameCandidatesToo) {
  for (const bool connected : {true, false}) {
    begin_anew();
    sync({}, false);
    xfrm::Policy other_port = policy(true);
    other_port.selector.dport = 3299;
    other_port.selector.daddr = address("10.0.0.3");
    engine_.on_policy(other_port, 0);
    iscsi::Inventory one = inventory({"a"});
    (connected ? one.sessions[0].connections[0].remote : one.sessions[0].persistent).port = 3299;
    engine_.set_inventory(one);
    refresh();
    xfrm::Sa made = sa(true, 0x11, 200);
    made.id.daddr = address("10.0.0.3");
    engine_.on_sa(made, false, 0);
    EXPECT_EQ(refresh().health.pending_sas, 1U) << connected;
  }
}

TEST_F(EngineAccount, AlgorithmsThatWereNotReadAreUnknown) {
  sync({sa(true, 0x11, 50), sa(true, 0x12, 51), sa(false, 0x10, 50)});
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(adapter(refresh(), "a").unknown_sessions, 1U);
  EXPECT_EQ(adapter(refresh({sa(true, 0x12, 51), sa(false, 0x10, 50)}), "a").unknown_sessions, 1U);
  const Report report = refresh({sa(true, 0x11, 50)});
  EXPECT_EQ(adapter(report, "a").protected_sessions, 1U);
  EXPECT_EQ(adapter(report, "a").sessions, 1U);
  EXPECT_EQ(report.sessions[0].sa_names.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(report.sessions[0].sa_names));
}

TEST_F(EngineAccount, ARestartKnowsAlgorithmsAndWindowsFromTheDump) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  xfrm::Sa in = sa(false, 0x10, 200);
  in.replay_window = 1;
  for (const xfrm::Sa& each : {sa(true, 0x11, 200), in}) engine_.on_sa(each, false, 0);
  refresh({with(in, 100, 2)});
  EXPECT_EQ(adapter(engine_.report(), "a").totals[kPacketsWithReplayDetection], 2U);
  restart();
  sync({sa(true, 0x11, 200), with(in, 100, 2)});
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").protected_sessions, 1U);
  for (const SaReport& each : report.sas) {
    EXPECT_NE(each.entry.suite, kNoSuite);
    EXPECT_EQ(each.suite.encryption, "cbc(aes)");
    EXPECT_EQ(each.entry.since_boot_ns, at(now_s_).boot_ns);
  }
}

TEST_F(EngineAccount, OnePacketIsInheritedWhenAnEventShowsIt) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.on_sa(with(sa(true, 0x11, 200), 60, 1), false, 0);
  EXPECT_EQ(
      adapter(refresh({with(sa(true, 0x11, 200), 70, 2)}), "a").totals[kConfidentialBytesSent],
      10U);
}

// The reading that showed a successor broke off: the next one says whether it is so.
TEST_F(EngineAccount, AReadingThatBrokeOffEndsNothing) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.attribute();
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(with(sa(true, 0x11, 200), 5, 1), false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.reading_failed();
  engine_.conclude();
  engine_.attribute();
  EXPECT_FALSE(engine_.note_missing({}));
}

// ---- failed packets, of which the kernel keeps 32 bits for each SA

class EngineFailures : public EngineAccount {
 protected:
  void netns_failures(std::uint64_t packets) {
    engine_.set_netns_errors(xfrm::NetnsErrors{.in_state_proto_error = packets, .complete = true});
  }
  void policies() {
    for (const bool out : {true, false}) engine_.on_policy(policy(out), 0);
  }
  static Quality failures(const Report& report) {
    return quality(report, "a", kPacketsNotAuthenticated);
  }
  const xfrm::Sa in_ = sa(false, 0x10, 50);
  static constexpr Quality kAtLeast{QM_AT_LEAST, QM_REASON_GAP};
};

TEST_F(EngineFailures, ThoseOfAnSaThatServedNobodyYetMayHaveWrapped) {
  for (const std::uint64_t failed : {kMayWrap - 1, kMayWrap}) {
    begin_anew();
    netns_failures(failed);
    sync({}, false);
    engine_.on_sa(in_, false, 0);
    policies();
    engine_.set_inventory(inventory({"a"}));
    const Report report = refresh({in_});
    const Quality expected = failed < kMayWrap ? Quality{} : kAtLeast;
    EXPECT_EQ(failures(report), expected);
    EXPECT_EQ(of_host(report, kPacketsNotAuthenticated), expected);
    EXPECT_EQ(quality(report, "a", kConfidentialBytesReceived), Quality{});
  }
}

TEST_F(EngineFailures, ThoseOfAnSaThatWasReadFromItsBirthOnHaveNot) {
  netns_failures(kMayWrap);
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.on_sa(in_, true, 0);
  EXPECT_EQ(failures(refresh({in_})), Quality{});
}

TEST_F(EngineFailures, ThoseOfAnSaThatLivedBeforeTheFirstSyncMayHave) {
  netns_failures(kMayWrap);
  policies();
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(in_, true, 0);  // it shows nothing of the one that lives
  sync({in_});
  EXPECT_EQ(failures(refresh({in_})), kAtLeast);
}

TEST_F(EngineFailures, ThoseOfAnSaThatOnlyADumpShowsMayHave) {
  netns_failures(kMayWrap);
  sync({});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  sync({in_});
  EXPECT_EQ(failures(refresh({in_})), kAtLeast);
}

TEST_F(EngineFailures, ItIsTheClaimantsWhetherItLivesOrNot) {
  for (const bool lives : {true, false}) {
    begin_anew();
    netns_failures(kMayWrap);
    sync({in_});
    EXPECT_EQ(of_host(refresh({in_}), kPacketsNotAuthenticated), Quality{});
    if (!lives) engine_.on_sa_deleted(in_);
    engine_.set_inventory(inventory({"a"}));
    EXPECT_EQ(failures(refresh()), kAtLeast) << lives;
  }
}

TEST_F(EngineFailures, WhoClaimsItLateHasItsFailuresFromThenOn) {
  netns_failures(kMayWrap);
  sync({in_});
  refresh({in_});
  step(61);
  refresh({in_});
  engine_.set_inventory(inventory({"a"}));
  const Report report = refresh({in_});
  EXPECT_EQ(failures(report), Quality{});
  EXPECT_EQ(of_host(report, kPacketsNotAuthenticated), kAtLeast);
}

TEST_F(EngineFailures, AnOutboundSaHasNone) {
  netns_failures(kMayWrap);
  sync({sa(true, 0x11, 50)});
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(failures(refresh()), Quality{});
}

}  // namespace
}  // namespace qm::hba

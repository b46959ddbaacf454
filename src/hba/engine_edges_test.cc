// The engine at the edges of what it is told: foreign protocols, messages that match nothing,
// limits of what it keeps, states that were tampered with.
#include "hba/engine_testing.h"
#include "hba/ledger_state.h"

namespace qm::hba {
namespace {

using EngineEdges = EngineTest;

TEST_F(EngineEdges, IpcompIsNobodysBusiness) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  xfrm::Sa compressed = sa(true, 0x11, 200);
  compressed.id.proto = xfrm::kIpComp;
  engine_.on_sa(compressed, false, 0);
  engine_.on_sa_deleted(with(compressed, 500, 5));
  const Report report = refresh();
  EXPECT_EQ(report.health.sas, 0U);
  EXPECT_EQ(adapter(report, "a").totals, Totals{});
}

TEST_F(EngineEdges, WhatSpeaksOfAnotherSaIsLeftOut) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  refresh();
  engine_.on_sa_expired(with(sa(false, 0x10, 199), 500, 5), false);
  engine_.on_sa_expired(with(sa(false, 0x99, 200), 500, 5), false);
  engine_.on_sa_counters(sa(false, 0x99, 200).id, {500, 5}, 0);
  engine_.set_source(Engine::Source::read);
  engine_.on_sa(with(sa(false, 0x10, 199), 500, 5), false, 0);
  engine_.set_source(Engine::Source::event);
  EXPECT_EQ(adapter(refresh(), "a").totals[kConfidentialBytesReceived], 0U);
  engine_.on_sa_expired(with(sa(false, 0x10, 200), 300, 3), false);
  EXPECT_EQ(adapter(refresh(), "a").totals[kConfidentialBytesReceived], 300U);
  engine_.on_sa_counters(sa(false, 0x10, 200).id, {400, 4}, 0);
  EXPECT_EQ(adapter(refresh(), "a").totals[kConfidentialBytesReceived], 400U);
}

TEST_F(EngineEdges, AMessageThatBreaksOffIsAGapOnlyWhenItIsAnEvent) {
  sync({});
  engine_.set_source(Engine::Source::read);
  engine_.on_malformed(16, "too short");
  EXPECT_FALSE(engine_.behind());
  engine_.set_source(Engine::Source::event);
  engine_.on_malformed(16, "too short");
  EXPECT_TRUE(engine_.behind());
  const Report report = refresh();
  EXPECT_EQ(report.health.decode_errors, 2U);
  EXPECT_EQ(report.health.gaps, 1U);
}

TEST_F(EngineEdges, AlgorithmsDecideWhatProtectionIs) {
  const auto protection = [&](xfrm::Algorithm cipher, xfrm::Algorithm aead, xfrm::Algorithm icv) {
    Engine engine(at(now_s_));
    engine_ = std::move(engine);
    engine_.set_kernel(true, "");
    xfrm::Sa out = sa(true, 0x11, 200);
    xfrm::Sa in = sa(false, 0x10, 200);
    for (xfrm::Sa* each : {&out, &in}) {
      each->encryption = cipher;
      each->aead = aead;
      each->authentication = icv;
    }
    sync({out, in});
    engine_.set_inventory(inventory({"a"}));
    return refresh({out, in}).sessions.at(0).verdict.protection;
  };
  const xfrm::Algorithm sha{"hmac(sha256)", 256, 128};
  const xfrm::Algorithm null{"ecb(cipher_null)", 0, 0};
  EXPECT_EQ(protection({"cbc(aes)", 128, 0}, {}, sha), Protection::protected_);
  for (const char* name : {"rfc4106(gcm(aes))", "rfc4309(ccm(aes))", "rfc7539esp(chacha20,poly)"}) {
    EXPECT_EQ(protection({}, {name, 160, 128}, {}), Protection::protected_) << name;
  }
  EXPECT_EQ(protection({}, {"rfc4543(gcm(aes))", 160, 128}, {}), Protection::integrity_only);
  EXPECT_EQ(protection(null, {}, sha), Protection::integrity_only);
  EXPECT_EQ(protection(null, {}, {}), Protection::unprotected);
  EXPECT_EQ(protection(null, {}, {"digest_null", 0, 0}), Protection::unprotected);
}

TEST_F(EngineEdges, ALateRekeyWordFitsAnSaWithoutAnEntry) {
  sync({});
  engine_.ike_state(1);
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  ike::ChildRekey word;
  word.remote = kTarget;
  word.proto = xfrm::kEsp;
  word.new_spi_out = 0x11;
  engine_.ike_rekey(word);
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 1U);
}

TEST_F(EngineEdges, ARekeyWordOfTheBaselineCountsNothing) {
  sync({sa(true, 0x11, 50)}, false);
  engine_.ike_state(1);
  ike::ChildRekey word;
  word.remote = kTarget;
  word.proto = xfrm::kEsp;
  word.new_spi_out = 0x11;
  engine_.ike_rekey(word);
  engine_.on_policy(policy(true), 0);
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 0U);
}

TEST_F(EngineEdges, RekeyWordsWaitInNumberAndTimeForTheirSa) {
  sync({});
  engine_.ike_state(1);
  engine_.set_inventory(inventory({"a"}));
  ike::ChildRekey word;
  word.remote = kTarget;
  word.proto = xfrm::kEsp;
  for (std::uint32_t i = 0; i <= kMostEarlyRekeys; ++i) {
    word.new_spi_out = 0x1000 + i;
    engine_.ike_rekey(word);
  }
  engine_.on_sa(sa(true, 0x1000, 200), false, 0);  // its word was pushed out
  engine_.on_sa(sa(true, 0x1001, 200), false, 0);
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 1U);
  step(61);
  refresh();
  engine_.on_sa(sa(true, 0x1002, 261), false, 0);
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 1U);
  step(10);
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 2U);  // by its overlap: no word came in time
}

TEST_F(EngineEdges, ARekeyWordIsOfOneSaAlone) {
  sync({});
  engine_.ike_state(1);
  engine_.set_inventory(inventory({"a"}));
  ike::ChildRekey word;
  word.remote = address("10.9.9.9");  // another peer's, with the same SPI
  word.proto = xfrm::kEsp;
  word.new_spi_out = 0x11;
  engine_.ike_rekey(word);
  word.remote = kTarget;
  word.proto = xfrm::kAh;
  engine_.ike_rekey(word);
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 0U);
}

TEST_F(EngineEdges, AnSaThatWasToldToBeARekeyAndEndedIsOneWhenClaimed) {
  sync({});
  engine_.ike_state(1);
  ike::ChildRekey word;
  word.remote = kTarget;
  word.proto = xfrm::kEsp;
  for (const std::uint32_t spi : {0x11U, 0x12U}) {
    xfrm::Sa strange = sa(true, spi, 200);
    strange.reqid = 77;  // of no policy that is known
    engine_.on_sa(strange, false, 0);
    word.new_spi_out = spi;
    if (spi == 0x11U) engine_.ike_rekey(word);
    engine_.on_sa_deleted(with(strange, 10, 1));
  }
  xfrm::Policy late = policy(true);
  late.templates[0].reqid = 77;
  engine_.on_policy(late, 0);
  engine_.set_inventory(inventory({"a"}));
  const Totals totals = adapter(refresh(), "a").totals;
  EXPECT_EQ(totals[kKeyAdditions], 2U);
  EXPECT_EQ(totals[kReKeys], 1U);
}

TEST_F(EngineEdges, WhatAnIkeDaemonSaidGoesWithIt) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.ike_state(1);
  ike::IkeSa busy;
  busy.local = kHost;
  busy.remote = kTarget;
  busy.pending_operations = 2;
  engine_.set_ike_sas({busy}, true);
  EXPECT_EQ(adapter(refresh(), "a").totals[kPendingKeyOperations], 2U);
  engine_.ike_state(0);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kPendingKeyOperations], 0U);
  EXPECT_EQ(adapter(report, "a").qualities[kPendingKeyOperations - 1],
            (Quality{QM_INFERRED, QM_REASON_LARVALS}));
}

// An expiry that overtook the row which the dump had prepared of the same larval.
TEST_F(EngineEdges, ALarvalThatExpiredWhileADumpRanStaysGone) {
  engine_.begin_sync();
  xfrm::Sa larval = sa(false, 0x10, 200);
  larval.larval = true;
  engine_.set_source(Engine::Source::event);
  engine_.on_sa_expired(larval, true);
  engine_.set_source(Engine::Source::dump);
  engine_.on_sa(larval, false, 1);
  engine_.set_source(Engine::Source::event);
  engine_.end_sync();
  EXPECT_EQ(refresh().health.larvals, 0U);
}

// Probes that are not attached for something say nothing of it, whatever a reading holds.
TEST_F(EngineEdges, ProbesSpeakOnlyOfWhatTheyCover) {
  engine_.set_probes("finals alone", {.finals = true, .bad_spi = false, .not_decrypted = false});
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  refresh();
  xfrm::ProbeReading reading;
  xfrm::SaFailures failures;
  failures.sa = {sa(false, 0x10, 200).id, kTarget, 200, 1, xfrm::Mode::transport};
  failures.not_decrypted = 5;
  reading.failures.push_back(failures);
  reading.bad_spi.push_back({{kTarget, kHost}, 7});
  engine_.take_probes(reading);
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").qualities[kBadSpiPackets - 1].quality, QM_UNAVAILABLE);
  EXPECT_EQ(adapter(report, "a").qualities[kPacketsNotDecrypted - 1].quality, QM_UNAVAILABLE);
}

TEST_F(EngineEdges, OffloadLagsAndBypassIsUnavailable) {
  xfrm::Sa offloaded = sa(true, 0x11, 150);
  offloaded.offloaded = offloaded.packet_offload = true;
  sync({offloaded});
  iscsi::Inventory both = inventory({"a"});
  iscsi::Adapter toe;
  toe.key = toe.device_name = "toe";
  toe.bypasses_kernel = true;
  both.adapters.push_back(toe);
  both.problems = {"a file could not be read"};
  engine_.set_inventory(both);
  const Report report = refresh({offloaded});
  EXPECT_EQ(adapter(report, "a").qualities[kConfidentialBytesSent - 1U],
            (Quality{QM_AT_LEAST, QM_REASON_BYPASS}));
  EXPECT_EQ(adapter(report, "toe").qualities[kConfidentialBytesSent - 1U],
            (Quality{QM_UNAVAILABLE, QM_REASON_BYPASS}));
  EXPECT_FALSE(adapter(report, "toe").active);
  EXPECT_EQ(report.health.last_problem, "a file could not be read");
}

TEST_F(EngineEdges, AMarkIsPartOfAnSasName) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  xfrm::Sa marked = sa(true, 0x11, 200);
  marked.id.mark = {0x2a, 0xff};
  engine_.on_sa(marked, false, 0);
  EXPECT_EQ(refresh().sas.at(0).name, "esp:0x00000011@10.0.0.2,mark=0x2a/0xff");
}

TEST_F(EngineEdges, AMoveAfterItsEndWasPublishedIsANegotiation) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(true, 0x11, 200), 500, 5));
  refresh();
  xfrm::Sa moved = with(sa(true, 0x11, 200), 500, 5);
  moved.saddr = address("10.0.0.9");
  engine_.on_sa(moved, false, 0);
  refresh();
  std::optional<Entry> entry;
  engine_.ledger().for_each([&](Ledger::EntryId, const Entry& each) { entry = each; });
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->negotiated);
  EXPECT_EQ(entry->base.bytes, 500U);
}

TEST_F(EngineEdges, OfTwoSasOfOneIdTheFirstToEndIsTheFirstToBeSettled) {
  engine_.set_probes("finals", {.finals = true});
  sync({});
  engine_.set_inventory(inventory({"a"}));
  for (const std::uint64_t bytes : {100U, 200U, 300U}) {
    engine_.on_sa(sa(false, 0x10, 200), false, 0);
    engine_.on_sa_deleted(with(sa(false, 0x10, 200), bytes, 1));
  }
  xfrm::SaFinal final;
  final.sa = {sa(false, 0x10, 200).id, kTarget, 1, 0, xfrm::Mode::transport, 200};
  final.last = true;
  for (const std::uint64_t bytes : {110U, 220U, 330U}) {
    final.counters = {bytes, 2};
    engine_.on_final(final);
  }
  const Report report = refresh();  // nobody's until now
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesReceived], 660U);
  EXPECT_EQ(adapter(report, "a").qualities[kConfidentialBytesReceived - 1U], Quality{});
}

TEST_F(EngineEdges, FailuresAndPairsOfStrangersAreNobodys) {
  engine_.set_probes("all", {true, true, true});
  sync({sa(false, 0x10, 150)});
  iscsi::Inventory without = inventory({"a"});
  without.sessions[0].connections.push_back({1, {kHost, 1}, {}, true});
  without.sessions[0].connections.push_back({2, {}, {kTarget, 1}, true});
  engine_.set_inventory(without);
  refresh({sa(false, 0x10, 150)});
  xfrm::ProbeReading reading;
  reading.failures = {{{sa(false, 0x99, 150).id, kTarget, 1, 0, xfrm::Mode::transport, 150}, 3},
                      {{sa(false, 0x10, 151).id, kTarget, 1, 0, xfrm::Mode::transport, 151}, 3}};
  engine_.take_probes(reading);
  EXPECT_EQ(engine_.pairs_to_watch().size(), 1U);
  EXPECT_EQ(adapter(refresh(), "a").totals[kPacketsNotDecrypted], 0U);
}

TEST_F(EngineEdges, AnExpiryDoesNotTellOfALargeReplayWindow) {
  sync({});
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  xfrm::Sa expired = with(sa(false, 0x10, 200), 500, 5);
  expired.replay_window = 0;
  engine_.on_sa_expired(expired, true);
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(adapter(refresh(), "a").totals[kPacketsWithReplayDetection], 5U);
}

TEST_F(EngineEdges, AnIptfsSaSurvivesARestart) {
  sync({});
  xfrm::Sa made = sa(true, 0x11, 200);
  made.mode = xfrm::Mode::iptfs;
  xfrm::Policy wanted = policy(true);
  wanted.templates[0].mode = xfrm::Mode::iptfs;
  wanted.templates[0].saddr = kHost;
  wanted.templates[0].daddr = kTarget;
  engine_.on_policy(wanted, 0);
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(made, false, 0);
  refresh();
  ASSERT_EQ(engine_.ledger().live(), 1U);
  Engine next(at(now_s_));
  EXPECT_TRUE(LedgerState::load(LedgerState::save(engine_, kBoot), kBoot, next).has_value());
  EXPECT_EQ(next.ledger().live(), 1U);
}

// As one who can write the file: every byte changed, the checksum made right again.
TEST_F(EngineEdges, ATamperedStateIsRefusedOrHarmless) {
  sync({});
  engine_.set_inventory(inventory({"a", "b"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  engine_.on_sa(sa(true, 0x12, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  engine_.on_sa_deleted(with(sa(true, 0x12, 200), 300, 3));
  refresh();
  const std::vector<std::byte> saved = LedgerState::save(engine_, kBoot);
  const auto sealed = [](std::vector<std::byte> bytes) {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
    for (std::size_t i = 0; i + 8 < bytes.size(); ++i) {
      hash = (hash ^ static_cast<std::uint64_t>(bytes[i])) * 0x100'0000'01b3U;
    }
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[bytes.size() - 8 + i] = static_cast<std::byte>(hash >> (8U * i));
    }
    return bytes;
  };
  std::size_t refused = 0;
  for (std::size_t i = 0; i + 8 < saved.size(); ++i) {
    for (const unsigned value : {0x00U, 0x01U, 0x07U, 0xffU}) {
      std::vector<std::byte> changed = saved;
      changed[i] = static_cast<std::byte>(value);
      Engine fresh(at(now_s_));
      if (!LedgerState::load(sealed(changed), kBoot, fresh)) {
        ++refused;
        EXPECT_EQ(fresh.ledger().owners().size(), 1U);
        continue;
      }
      fresh.begin_sync();
      fresh.end_sync();
      fresh.attribute();
      fresh.conclude();
      static_cast<void>(fresh.report());
    }
  }
  EXPECT_GT(refused, saved.size() / 4);
  std::vector<std::byte> longer = saved;
  longer.insert(longer.end() - 8, std::byte{0});
  Engine fresh(at(now_s_));
  EXPECT_FALSE(LedgerState::load(sealed(longer), kBoot, fresh));
}

TEST_F(EngineEdges, WhatBypassesTheKernelMakesTheHostNoWorseWithProbesEither) {
  for (const bool bad_spi : {true, false}) {
    Engine::Probed probed;
    probed.bad_spi = bad_spi;
    probed.not_decrypted = !bad_spi;
    engine_.set_probes("one kind", probed);
    iscsi::Inventory both = inventory({"a"});
    iscsi::Adapter toe;
    toe.key = toe.device_name = "toe";
    toe.bypasses_kernel = true;
    both.adapters.push_back(toe);
    sync({sa(true, 0x11, 150)});
    engine_.set_inventory(both);
    const Report report = refresh();
    EXPECT_TRUE(report.health.probed);
    const CounterId told = bad_spi ? kBadSpiPackets : kPacketsNotDecrypted;
    EXPECT_EQ(report.host.qualities[told - 1U], Quality{});
  }
  engine_.set_probes("none", {});
  EXPECT_FALSE(refresh().health.probed);
}

TEST_F(EngineEdges, ErrorCountersThatCouldNotBeReadInFullAreUnknown) {
  sync({sa(true, 0x11, 150)});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  engine_.set_netns_errors(xfrm::NetnsErrors{.complete = false});
  EXPECT_EQ(adapter(refresh(), "a").qualities[kBadSpiPackets - 1U],
            (Quality{QM_UNAVAILABLE, QM_REASON_NO_PROBE}));
}

TEST_F(EngineEdges, ClosedConnectionsAreAskedForWhileSomethingIsShared) {
  sync({sa(true, 0x11, 150)});
  engine_.set_inventory(inventory({"a"}));
  refresh();
  EXPECT_FALSE(engine_.wants_connections());
  xfrm::ProbeReading reading;
  reading.closed.emplace_back();
  engine_.take_closed(reading);
  engine_.set_inventory(inventory({"a", "b"}));
  engine_.attribute();
  EXPECT_TRUE(engine_.wants_connections());
  EXPECT_EQ(engine_.peers_to_ask(), std::optional(std::vector{kTarget}));
}

// Its inner addresses are anybody's.
TEST_F(EngineEdges, OfATunnelThatIsSharedAllConnectionsAreAskedFor) {
  for (const xfrm::Mode mode : {xfrm::Mode::tunnel, xfrm::Mode::beet}) {
    xfrm::Policy out = policy(true);
    out.templates[0].mode = mode;
    out.templates[0].saddr = kHost;
    out.templates[0].daddr = kTarget;
    engine_.on_policy(out, 0);
    engine_.set_inventory(inventory({"a", "b"}));
    engine_.attribute();
    EXPECT_TRUE(engine_.wants_connections());
    EXPECT_EQ(engine_.peers_to_ask(), std::nullopt);
    begin_anew();
  }
}

TEST_F(EngineEdges, ARekeyWordThatComesBeforeAnSaThatIsNobodysAndEndsIsKept) {
  engine_.ike_state(1);
  sync({}, false);
  engine_.set_probes("finals", {.finals = true});
  for (const std::uint32_t spi : {0x11U, 0x12U}) {
    engine_.on_sa(sa(true, spi, 200), true, 0);
    engine_.ike_rekey(rekey_word(spi));
  }
  engine_.on_sa_deleted(sa(true, 0x11, 200));
  xfrm::SaFinal end;
  end.sa = {sa(true, 0x12, 200).id, kHost, 1, 0, xfrm::Mode::transport, 200};
  engine_.on_final(end);
  engine_.on_sa_deleted(sa(true, 0x12, 200));
  sync({});
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(adapter(refresh(), "a").totals[kReKeys], 2U);
}

}  // namespace
}  // namespace qm::hba

// What the engine makes of rare words: what its mutants showed to be untested.
#include "hba/engine_testing.h"

namespace qm::hba {
namespace {

class EngineCorners : public EngineTest {
 protected:
  static xfrm::Sa out(std::uint64_t bytes = 0, std::uint64_t packets = 0) {
    return with(sa(true, 0x11, 200), bytes, packets);
  }
  static xfrm::Sa in(std::uint64_t bytes = 0, std::uint64_t packets = 0) {
    return with(sa(false, 0x10, 200), bytes, packets);
  }
  void watch(const std::vector<xfrm::Sa>& born) {
    sync({});
    engine_.set_inventory(inventory({"a"}));
    for (const xfrm::Sa& each : born) engine_.on_sa(each, false, 0);
    refresh(born);
  }
  void set_time_later(std::uint64_t later_ns) {
    Time later = at(now_s_);
    later.boot_ns += later_ns;
    engine_.set_time(later);
  }
  void read_later(const xfrm::Sa& row, std::uint64_t later_ns) {
    set_time_later(later_ns);
    engine_.attribute();
    engine_.set_source(Engine::Source::read);
    engine_.on_sa(row, false, 1);
    engine_.set_source(Engine::Source::event);
  }
  std::uint64_t counter(CounterId id) { return adapter(engine_.report(), "a").totals[id]; }
  Quality quality(CounterId id) { return adapter(engine_.report(), "a").qualities[id - 1U]; }
};

// ---- events

TEST_F(EngineCorners, ANewSaOfAKnownIdReplacesTheOneBefore) {
  watch({out()});
  refresh({out(500, 5)});
  engine_.on_sa(sa(true, 0x11, 201), false, 0);
  refresh();
  EXPECT_EQ(counter(kKeyAdditions), 2U);
  EXPECT_EQ(counter(kKeyDeletions), 1U);
}

TEST_F(EngineCorners, ALarvalInThePlaceOfAnSaIsNotIt) {
  watch({out()});
  xfrm::Sa larval = sa(true, 0x11, 201);
  larval.larval = true;
  engine_.on_sa(larval, false, 0);
  refresh({with(larval, 70, 1)});
  EXPECT_EQ(counter(kActiveSa), 0U);
  EXPECT_EQ(counter(kConfidentialBytesSent), 0U);
}

// The reading was its successor's; when it grew itself is as known as before.
TEST_F(EngineCorners, AReadingThatIsUndoneLeavesTheTimeOfTheLastGrowth) {
  const Quality in_flight{QM_AT_LEAST, QM_REASON_IN_FLIGHT};
  for (const std::uint64_t later_ns : {kQuietNs / 2, kQuietNs}) {
    begin_anew();
    watch({in()});
    refresh({in(500, 5)});
    read_later(in(900, 9), later_ns);
    engine_.on_sa_deleted(in(500, 5));
    engine_.conclude();
    EXPECT_EQ(quality(kConfidentialBytesReceived), later_ns < kQuietNs ? in_flight : Quality{});
  }
}

TEST_F(EngineCorners, ALastWordThatSaysWhatWasReadIsNoGrowth) {
  watch({in()});
  read_later(in(500, 5), 0);
  set_time_later(kQuietNs);
  engine_.on_sa_deleted(in(500, 5));
  engine_.conclude();
  EXPECT_EQ(quality(kConfidentialBytesReceived), Quality{});
}

TEST_F(EngineCorners, ALastWordOfLessThanWasPublishedTakesNothingBack) {
  watch({out()});
  refresh({out(500, 5)});
  refresh({out(800, 8)});
  engine_.on_sa_deleted(out(700, 7));
  refresh();
  EXPECT_EQ(counter(kConfidentialBytesSent), 800U);
}

TEST_F(EngineCorners, OfAFlushAsManyAreRememberedAsThereIsRoomFor) {
  std::vector<xfrm::Sa> many;
  for (std::uint32_t spi = 1; spi <= kMostRecent + 1; ++spi) many.push_back(sa(true, spi, 50));
  sync(many, false);
  engine_.on_sas_flushed(0);
  EXPECT_EQ(engine_.ledger().recent().size(), kMostRecent);
  EXPECT_EQ(engine_.ledger().recent().front().entry.id.spi, 1U);
}

TEST_F(EngineCorners, AnSaOfNobodysThatEndedWhileADumpRanStaysGone) {
  sync({}, false);
  engine_.on_sa(out(), false, 0);
  engine_.begin_sync();
  engine_.on_sa_deleted(out(20, 2));
  engine_.set_source(Engine::Source::dump);
  engine_.on_sa(out(10, 1), false, 1);  // prepared before
  engine_.set_source(Engine::Source::event);
  engine_.end_sync();
  EXPECT_EQ(engine_.sas().size(), 0U);
}

TEST_F(EngineCorners, AFlushWhileADumpRunsLeavesAnotherDue) {
  engine_.begin_sync();
  engine_.on_sas_flushed(0);
  engine_.end_sync();
  EXPECT_TRUE(engine_.behind());
}

TEST_F(EngineCorners, ALastWordAloneEndsNothingUnlessWordsWereLost) {
  engine_.set_probes("finals", {.finals = true});
  watch({out()});
  xfrm::ProbeReading reading;
  xfrm::SaFinal& final = reading.finals.emplace_back();
  final.sa = {out().id, kHost, 1, 0, xfrm::Mode::transport, 200};
  final.last = true;
  engine_.take_finals(reading);
  refresh();
  EXPECT_EQ(counter(kActiveSa), 1U);
}

// ---- who uses what

// Of two live SAs the weaker one decides, whatever the other's name.
TEST_F(EngineCorners, AnAeadBesideAnSaThatDoesNotEncryptAuthenticates) {
  for (const char* name : {"rfc4106(gcm(aes))", "rfc4309(ccm(aes))", "rfc7539esp(chacha20,poly)"}) {
    begin_anew();
    xfrm::Sa aead = out();
    aead.encryption = aead.authentication = {};
    aead.aead = {name, 160, 128};
    xfrm::Sa null = sa(true, 0x12, 200);
    null.encryption = {"ecb(cipher_null)", 0, 0};
    sync({aead, null, in()});
    engine_.set_inventory(inventory({"a"}));
    EXPECT_EQ(refresh({aead, null, in()}).sessions.at(0).verdict.protection,
              Protection::integrity_only)
        << name;
  }
}

TEST_F(EngineCorners, AConnectionOfWhichAnAddressIsUnknownIsNotRead) {
  iscsi::Inventory partly = inventory({"a"});
  partly.sessions[0].connections.push_back({1, {kHost, 1}, {}, true});
  partly.sessions[0].connections.push_back({2, {}, {kTarget, 1}, true});
  engine_.set_inventory(partly);
  engine_.attribute();
  EXPECT_EQ(engine_.connections_to_read().size(), 1U);
}

// ---- the account

TEST_F(EngineCorners, AReadingThatFailedIsOfWhatItWouldHaveShown) {
  engine_.set_probes("all", {true, true, true});
  watch({out()});
  engine_.attribute();
  engine_.reading_failed();
  engine_.conclude();
  EXPECT_EQ(quality(kPacketsNotDecrypted), Quality{});
  EXPECT_NE(quality(kPacketsNotAuthenticated), Quality{});
}

TEST_F(EngineCorners, AnOffloadingDriverLagsFromTheFailuresOn) {
  engine_.set_probes("all", {true, true, true});
  xfrm::Sa offloaded = out();
  offloaded.offloaded = offloaded.packet_offload = true;
  watch({offloaded});
  EXPECT_EQ(quality(kPacketsNotDecrypted), Quality{});
  EXPECT_EQ(quality(kPacketsNotAuthenticated), (Quality{QM_AT_LEAST, QM_REASON_BYPASS}));
}

// The larval was there before the session; then nothing but the session is new.
TEST_F(EngineCorners, ANegotiationIsASessionsFromWhenTheSessionIsKnown) {
  xfrm::Sa larval = in();
  larval.larval = true;
  sync({larval});
  refresh();
  engine_.set_inventory(inventory({"a"}));
  refresh();
  EXPECT_EQ(counter(kPendingKeyOperations), 1U);
}

// While the probes told of bad SPIs alone, the failures were the netns's.
TEST_F(EngineCorners, WhatOnceWasTheNetnsCounterIsInferredOfThatCounterAlone) {
  engine_.set_probes("bad SPIs", {.bad_spi = true});
  engine_.set_netns_errors(xfrm::NetnsErrors{.complete = true});
  watch({out()});
  for (int i = 0; i < 2; ++i) {
    engine_.set_netns_errors(xfrm::NetnsErrors{.complete = true});
    refresh();
  }
  engine_.set_probes("all", {true, true, true});
  refresh();
  EXPECT_EQ(quality(kPacketsNotDecrypted), (Quality{QM_INFERRED, QM_REASON_SOLE_USER}));
  EXPECT_EQ(quality(kBadSpiPackets), Quality{});
}

TEST_F(EngineCorners, AReportSaysWhenItIsOf) {
  step(7);
  EXPECT_EQ(engine_.report().time.boot_ns, at(now_s_).boot_ns);
}

}  // namespace
}  // namespace qm::hba

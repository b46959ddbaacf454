// Protection with evidence: what the sessions' connections moved, beside what their SAs have.
#include "hba/engine_testing.h"

namespace qm::hba {
namespace {

using Says = Evidence::Says;

class EngineEvidence : public EngineTest {
 protected:
  EngineEvidence() {
    sync({sa(true, 1, 100), sa(false, 2, 100)});
    engine_.set_inventory(inventory({"a"}));
    connection_.cookie = 9;
    connection_.local = {kHost, 40'002};
    connection_.remote = {kTarget, 3260};
    connection_.counted = true;
  }

  // A second later; what is read of the connection, then of the SAs.
  SessionReport look(std::uint64_t moved_bytes, std::uint64_t sa_bytes) {
    step(1);
    connection_.counters.in_segments += static_cast<std::uint32_t>(moved_bytes / 100);
    connection_.counters.sent_bytes += moved_bytes;
    connection_.counters.acked_bytes = connection_.counters.sent_bytes + 1;
    sa_bytes_ += sa_bytes;
    engine_.attribute();
    EXPECT_EQ(engine_.connections_to_read(),
              (std::vector{std::pair(connection_.local, connection_.remote)}));
    engine_.take_session_connections(std::span(&connection_, 1));
    engine_.set_source(Engine::Source::read);
    if (readable_) {
      for (const bool out : {true, false}) {
        xfrm::Sa read = with(sa(out, out ? 1 : 2, 100), sa_bytes_, sa_bytes_ / 100);
        read.packet_offload = offloaded_;
        engine_.on_sa(read, false, 1);
      }
    } else {
      engine_.reading_failed();
    }
    engine_.set_source(Engine::Source::event);
    if (syncing_) engine_.begin_sync();
    engine_.conclude();
    if (syncing_) engine_.end_sync();
    return engine_.report().sessions.front();
  }

  xfrm::TcpConnection connection_;
  std::uint64_t sa_bytes_ = 0;
  bool readable_ = true, offloaded_ = false, syncing_ = false;
};

TEST_F(EngineEvidence, WhatMovesWithItsSasIsProtectedAndSoSaysTheEvidence) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(look(0, 0).evidence, Says::nothing);
  const SessionReport session = look(1000, 1100);
  EXPECT_EQ(session.evidence, Says::agrees);
  EXPECT_EQ(session.verdict.protection, Protection::protected_);
}

// Found by the simulation: before and after it the SAs were the same.
TEST_F(EngineEvidence, WhatAnSaThatCameAndWentHadIsNotMissing) {
  for (int i = 0; i < 3; ++i) look(0, 0);
  for (const bool out : {true, false}) engine_.on_sa(sa(out, 3, 100), false, 0);
  for (const bool out : {true, false}) engine_.on_sa_deleted(with(sa(out, 3, 100), 1100, 10));
  EXPECT_EQ(look(1000, 0).evidence, Says::nothing);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(look(0, 0).evidence, Says::nothing) << "begun anew";
  EXPECT_EQ(look(1000, 1100).evidence, Says::agrees);
  EXPECT_EQ(look(1000, 0).evidence, Says::missing);
}

// As above, but its birth was not heard of.
TEST_F(EngineEvidence, NorWhatOneHadOfWhichOnlyTheEndIsKnown) {
  for (int i = 0; i < 3; ++i) look(0, 0);
  for (const bool out : {true, false}) engine_.on_sa_deleted(with(sa(out, 3, 100), 1100, 10));
  EXPECT_EQ(look(1000, 0).evidence, Says::nothing);
}

// One that was born here and has been moved away took along what it had here.
TEST_F(EngineEvidence, NorWhatAnSaHadThatWasMovedAway) {
  const xfrm::Sa here = sa(false, 4, 100);
  xfrm::Sa away = here;
  away.saddr = address("10.0.0.9");
  for (int i = 0; i < 3; ++i) look(0, 0);
  engine_.on_sa(here, false, 0);
  sync({sa(true, 1, 100), sa(false, 2, 100), away});
  connection_.counters.in_segments += 10;
  EXPECT_EQ(look(0, 0).evidence, Says::nothing);
}

// Found by the simulation: what lived while events were lost left no trace at all.
TEST_F(EngineEvidence, NorWhatMovedWhileEventsWereLost) {
  for (int i = 0; i < 3; ++i) look(0, 0);
  engine_.overrun();
  sync({with(sa(true, 1, 100), 0, 0), with(sa(false, 2, 100), 0, 0)});
  EXPECT_EQ(look(1000, 0).evidence, Says::nothing);
  for (int i = 0; i < 2; ++i) look(0, 0);
  EXPECT_EQ(look(1000, 0).evidence, Says::missing) << "from there on";
}

// Found by the simulation: the refresh that came upon the new connection could not read the SAs.
TEST_F(EngineEvidence, AnotherConnectionHasNothingToDoWithWhatWasSaidOfTheFormer) {
  for (int i = 0; i < 3; ++i) look(0, 0);
  EXPECT_EQ(look(1000, 0).evidence, Says::missing);
  readable_ = false;
  EXPECT_EQ(look(0, 0).evidence, Says::missing) << "the same one";
  connection_.cookie = 10;
  EXPECT_EQ(look(0, 0).evidence, Says::nothing);
}

TEST_F(EngineEvidence, WhatPassesItsSasByIsNotProtectedWhateverThePoliciesSay) {
  look(0, 0);
  look(0, 0);
  EXPECT_EQ(look(1000, 0).verdict.protection, Protection::unknown);
  const SessionReport session = look(1000, 900);  // an interval begins here
  EXPECT_EQ(session.evidence, Says::missing);
  EXPECT_EQ(session.sa_names.size(), 2U);
  EXPECT_EQ(look(1000, 1100).verdict.protection, Protection::protected_);
}

TEST_F(EngineEvidence, WithoutAReadingOfTheSasNothingIsSaid) {
  look(0, 0);
  look(0, 0);
  readable_ = false;
  EXPECT_EQ(look(1000, 0).evidence, Says::nothing);
  readable_ = true;
  EXPECT_EQ(look(0, 1100).evidence, Says::nothing);
  EXPECT_EQ(look(0, 0).verdict.protection, Protection::protected_);
}

TEST_F(EngineEvidence, CountersThatLagSayNothing) {
  offloaded_ = true;  // the device tells the kernel now and then
  look(0, 0);
  look(0, 0);
  EXPECT_EQ(look(1000, 0).evidence, Says::nothing);
  EXPECT_EQ(look(1000, 0).verdict.protection, Protection::protected_);
}

TEST_F(EngineEvidence, WhileEventsAreLostOrADumpRunsNothingIsSaid) {
  look(0, 0);
  look(0, 0);
  engine_.overrun();
  EXPECT_EQ(look(1000, 0).evidence, Says::nothing);
  sync({sa(true, 1, 100), sa(false, 2, 100)});
  look(0, 0);
  look(0, 0);
  syncing_ = true;
  EXPECT_EQ(look(1000, 0).evidence, Says::nothing);
}

// Neither the SYN nor what was sent again is payload that must be on an SA; what was sent once is,
// when the peer has it.
TEST_F(EngineEvidence, OutboundOnlyWhatThePeerAcknowledgedAnewMustBeThere) {
  const auto sends = [this](std::uint64_t sent, std::uint64_t again, std::uint64_t acked,
                            std::uint64_t on_sa) {
    connection_.counters.sent_bytes = sent;
    connection_.counters.retransmitted_bytes = again;
    connection_.counters.acked_bytes = acked;
    step(1);
    sa_bytes_ = on_sa;
    engine_.attribute();
    engine_.take_session_connections(std::span(&connection_, 1));
    engine_.set_source(Engine::Source::read);
    for (const bool out : {true, false}) {
      engine_.on_sa(with(sa(out, out ? 1 : 2, 100), on_sa, on_sa / 100), false, 1);
    }
    engine_.set_source(Engine::Source::event);
    engine_.conclude();
    return engine_.report().sessions.front().verdict.protection;
  };
  sends(0, 0, 0, 0);
  sends(0, 0, 0, 0);
  EXPECT_EQ(sends(0, 0, 1, 0), Protection::protected_);  // the SYN alone
  EXPECT_EQ(sends(0, 0, 2, 0), Protection::unknown);     // a byte that nobody saw
  sends(3000, 1000, 1001, 0);  // an interval begins: of 2,000 some may be under way
  EXPECT_EQ(sends(3000, 1000, 2001, 0), Protection::unknown) << "until there is more to see";
  EXPECT_EQ(sends(3200, 1000, 2101, 100), Protection::protected_);
  EXPECT_EQ(sends(3400, 1000, 2301, 299), Protection::unknown);
}

// AH+ESP: the outer SA counts the inner one's headers, too, and is not looked at; IPComp counts
// before or after it compresses.
TEST_F(EngineEvidence, OfABundleTheInnermostIsAskedAndOfCompressionNone) {
  xfrm::Policy bundle = policy(true);
  bundle.templates.push_back(
      {.saddr = {}, .daddr = {}, .family = Family::v4, .reqid = 1, .proto = xfrm::kAh});
  engine_.on_policy(bundle, 0);
  look(0, 0);
  look(0, 0);
  EXPECT_EQ(look(1000, 0).verdict.protection, Protection::unknown);
  look(1000, 900);
  EXPECT_EQ(look(1000, 0).evidence, Says::missing) << "the AH SA is not there, the ESP one stands";
  bundle.templates = {
      {.saddr = {}, .daddr = {}, .family = Family::v4, .reqid = 1, .proto = xfrm::kIpComp},
      policy(true).templates[0]};
  engine_.on_policy(bundle, 0);
  xfrm::Policy in = policy(false);
  in.templates.insert(
      in.templates.begin(),
      {.saddr = {}, .daddr = {}, .family = Family::v4, .reqid = 1, .proto = xfrm::kIpComp});
  engine_.on_policy(in, 0);
  for (int i = 0; i < 5; ++i) EXPECT_NE(look(1000, 0).evidence, Says::missing);
}

}  // namespace
}  // namespace qm::hba

// The engine over a restart: what it saved is where it goes on, and a damaged state is refused.
#include "hba/engine_testing.h"
#include "hba/ledger_state.h"

namespace qm::hba {
namespace {

TEST_F(EngineTest, ARestartedCollectorGoesOnWhereItWas) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa(sa(false, 0x10, 200), true, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5), with(sa(false, 0x10, 200), 50, 1)});
  const std::vector<std::byte> saved = LedgerState::save(engine_, kBoot);
  Engine next(at(300));
  ASSERT_TRUE(LedgerState::load(saved, kBoot, next).has_value());
  engine_ = std::move(next);
  engine_.set_kernel(true, "");
  engine_.set_time(at(300));
  // Meanwhile the inbound SA died, the outbound one went on, and a new pair came.
  sync({with(sa(true, 0x11, 200), 900, 9), with(sa(true, 0x21, 290), 70, 1)});
  engine_.set_inventory(inventory({"a"}));
  const Report report =
      refresh({with(sa(true, 0x11, 200), 900, 9), with(sa(true, 0x21, 290), 70, 1)});
  const AdapterReport& a = adapter(report, "a");
  EXPECT_EQ(a.totals[kConfidentialBytesSent], 970U);
  EXPECT_EQ(a.totals[kConfidentialBytesReceived], 50U);
  EXPECT_EQ(a.totals[kKeyAdditions], 2U);
  EXPECT_EQ(a.totals[kActiveSa], 2U);
  EXPECT_EQ(a.qualities[kConfidentialBytesReceived - 1], (Quality{QM_AT_LEAST, QM_REASON_RESTART}));
}

TEST_F(EngineTest, ARestartedCollectorWhoseDumpFailsForgetsNothing) {
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  Engine next(at(300));
  ASSERT_TRUE(LedgerState::load(LedgerState::save(engine_, kBoot), kBoot, next).has_value());
  engine_ = std::move(next);
  engine_.set_kernel(true, "");
  engine_.set_time(at(300));
  engine_.set_inventory(inventory({"a"}));
  engine_.begin_sync();
  engine_.abandon_sync();
  const Report report = refresh();
  EXPECT_EQ(adapter(report, "a").totals[kConfidentialBytesSent], 500U);
  EXPECT_EQ(adapter(report, "a").qualities[kActiveSa - 1], (Quality{QM_INFERRED, QM_REASON_GAP}));
  EXPECT_TRUE(engine_.behind());
}

// The finals that they wait for will not find the next process.
TEST_F(EngineTest, OverARestartWhatAwaitsItsFinalIsALoss) {
  engine_.set_probes("finals", {.finals = true});
  sync({});
  engine_.set_inventory(inventory({"a"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  engine_.on_sa(sa(false, 0x10, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5), with(sa(false, 0x10, 200), 50, 1)});
  engine_.on_sas_flushed(0);
  refresh();
  const Quality flushed{QM_AT_LEAST, QM_REASON_FLUSH};
  EXPECT_EQ(engine_.ledger().owners()[1].sent_loss, Quality{});
  restart();
  EXPECT_EQ(engine_.ledger().owners()[1].sent_loss, flushed);
  EXPECT_EQ(engine_.ledger().owners()[1].received_loss, flushed);
}

// Only what has counted something can be counted again.
TEST_F(EngineTest, OverARestartAnSaThatEndedIsRememberedIfItCarriedAPacket) {
  for (const std::uint64_t packets : {0U, 1U}) {
    sync({});
    engine_.set_inventory(inventory({"a"}));
    engine_.on_sa(sa(true, 0x11, 200), false, 0);
    refresh();
    engine_.on_sa_deleted(with(sa(true, 0x11, 200), 100 * packets, packets));
    refresh();
    restart();
    EXPECT_EQ(engine_.ledger().recent().size(), packets);
  }
}

TEST_F(EngineTest, OverARestartTheBaselineStaysTheBaseline) {
  sync({sa(true, 0x11, 150)});  // serves nobody yet
  refresh();
  Engine next(at(300));
  ASSERT_TRUE(LedgerState::load(LedgerState::save(engine_, kBoot), kBoot, next).has_value());
  engine_ = std::move(next);
  engine_.set_kernel(true, "");
  engine_.set_time(at(300));
  sync({sa(true, 0x11, 150), sa(true, 0x21, 290)});
  engine_.set_inventory(inventory({"a"}));
  EXPECT_EQ(adapter(refresh(), "a").totals[kKeyAdditions], 1U);
}

TEST_F(EngineTest, ADamagedOrForeignStateIsRefusedWhole) {
  sync({});
  engine_.set_inventory(inventory({"a", "b"}));
  engine_.on_sa(sa(true, 0x11, 200), false, 0);
  refresh({with(sa(true, 0x11, 200), 500, 5)});
  const std::vector<std::byte> saved = LedgerState::save(engine_, kBoot);
  for (std::size_t size = 0; size < saved.size(); ++size) {
    Engine fresh(at(1));
    EXPECT_FALSE(LedgerState::load(Bytes(saved).first(size), kBoot, fresh).has_value());
    EXPECT_EQ(fresh.ledger().owners().size(), 1U);
  }
  for (std::size_t i = 0; i < saved.size(); ++i) {
    std::vector<std::byte> changed = saved;
    changed[i] ^= std::byte{0x40};
    Engine fresh(at(1));
    EXPECT_FALSE(LedgerState::load(changed, kBoot, fresh).has_value());
  }
  Engine fresh(at(1));
  const auto other = LedgerState::load(saved, "another boot", fresh);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::state);
}

TEST_F(EngineTest, AStateBeyondTheLimitIsNotEvenReadThrough) {
  const std::vector<std::byte> more(kMostStateBytes + 1);
  Engine fresh(at(1));
  const auto beyond = LedgerState::load(more, kBoot, fresh);
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code, ErrorCode::limit);
}

}  // namespace
}  // namespace qm::hba

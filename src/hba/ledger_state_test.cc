// The file of the ledger's state, byte by byte: written here by hand, read by LedgerState.
#include "hba/ledger_state.h"

#include <functional>

#include "hba/engine_testing.h"

namespace qm::hba {
namespace {

// A state with one of everything. What a test changes, it changes here.
struct StateBytes {
  std::uint32_t version = 4;
  std::string boot_id{kBoot};
  std::string unattributed_key;
  std::string key = "a";
  std::size_t more_owners = 0;
  std::uint8_t quality = 1, reason = 9;
  std::uint8_t owner_flag = 1;
  std::uint8_t family = 2, mode = 5;
  std::uint8_t claim_direction = 2, claim_flag = 1;
  std::uint32_t claim_owner = 1, entry_owner = 1, ended_owner = 1;
  std::uint8_t entry_direction = 2, entry_flag = 1;
  std::uint64_t entry_packets = 13;

  std::vector<std::byte> sealed() const {
    std::vector<std::byte> out = body();
    seal(out);
    return out;
  }
  static void seal(std::vector<std::byte>& out) {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
    for (const std::byte byte : out) {
      hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100'0000'01b3U;
    }
    number(out, hash);
  }
  std::vector<std::byte> body() const {
    std::vector<std::byte> out;
    for (const char letter : std::string_view("QMLEDGER")) out.push_back(std::byte(letter));
    number(out, version, 4);
    text(out, boot_id);
    number(out, 1000);  // complete since
    number(out, 2000);  // began
    number(out, 2 + more_owners, 4);
    owner(out, unattributed_key, 0);
    owner(out, key, 100);
    for (std::size_t i = 0; i < more_owners; ++i) owner(out, std::to_string(i), 0);
    number(out, 1, 4);
    association(out);
    number(out, claim_owner, 4);
    for (const std::uint8_t byte : {claim_direction, claim_flag, std::uint8_t{0}}) {
      number(out, byte, 1);
    }
    number(out, 1, 4);
    entry(out, 11, entry_owner);
    if (version > 3) {
      number(out, 1, 4);
      entry(out, 12, ended_owner);
    }
    return out;
  }

 private:
  static void number(std::vector<std::byte>& out, std::uint64_t value, unsigned size = 8) {
    for (unsigned i = 0; i < size; ++i) out.push_back(static_cast<std::byte>(value >> (8U * i)));
  }
  static void text(std::vector<std::byte>& out, std::string_view text) {
    number(out, text.size(), 4);
    for (const char letter : text) out.push_back(std::byte(letter));
  }
  void owner(std::vector<std::byte>& out, std::string_view name, std::uint64_t first) const {
    text(out, name);
    for (std::size_t i = 0; i < kCounters; ++i) number(out, first + i);
    // Of all, sent, received, of rekeys; then of what was shared.
    for (std::size_t i = 0; i < 4 + (version > 2 ? kCounters : 0); ++i) {
      number(out, quality, 1);
      number(out, reason, 1);
    }
    number(out, first + 30);
    number(out, first + 31);
    for (int i = 0; i < 5; ++i) number(out, i % 2 == 0 ? owner_flag : 0, 1);
  }
  void association(std::vector<std::byte>& out) const {
    for (const unsigned last : {1U, 2U}) {
      number(out, family, 1);
      number(out, 10, 1);
      number(out, last << 16U, 3);
      for (int i = 0; i < 12; ++i) number(out, 0, 1);
    }
    number(out, 1, 4);
    number(out, 3, 4);
    number(out, xfrm::kEsp, 1);
    number(out, mode, 1);
  }
  void entry(std::vector<std::byte>& out, std::uint32_t spi, std::uint32_t of) const {
    association(out);
    for (const std::uint32_t word : {spi, 5U, 0xffU}) number(out, word, 4);
    number(out, 150);
    number(out, entry_direction, 1);
    for (int i = 0; i < 7; ++i) number(out, i % 2 == 0 ? entry_flag : 0, 1);
    for (std::uint64_t value = 10; value < 20; ++value) {
      number(out, value == 13 ? entry_packets : value);
    }
    for (const std::uint32_t word : {7U, 6U, 5U, of}) number(out, word, 4);
  }
};

class LedgerStateFile : public EngineTest {
 protected:
  static bool loads(const std::vector<std::byte>& bytes) {
    Engine fresh(at(1));
    const bool loaded = LedgerState::load(bytes, kBoot, fresh).has_value();
    if (!loaded) EXPECT_EQ(fresh.ledger().owners().size(), 1U);
    return loaded;
  }
  static bool loads(const std::function<void(StateBytes&)>& change) {
    StateBytes file;
    change(file);
    return loads(file.sealed());
  }
};

TEST_F(LedgerStateFile, WhatIsLoadedIsSavedAgainAsItWas) {
  const std::vector<std::byte> bytes = StateBytes{}.sealed();
  Engine fresh(at(1));
  ASSERT_TRUE(LedgerState::load(bytes, kBoot, fresh).has_value());
  EXPECT_EQ(LedgerState::save(fresh, kBoot), bytes);
  const Owner& owner = fresh.ledger().owners()[1];
  EXPECT_EQ(owner.folded.at(0), 100U);
  EXPECT_EQ(owner.folded.at(17), 117U);
  EXPECT_EQ(owner.loss, (Quality{QM_AT_LEAST, QM_REASON_SHARED_SA}));
  const Entry& ended = fresh.ledger().recent().front().entry;
  EXPECT_EQ(ended.id.spi, 12U);
  EXPECT_EQ(ended.id.mark, (xfrm::Mark{5, 0xff}));
  EXPECT_EQ(ended.base, (xfrm::Counters{10, 11}));
  EXPECT_EQ(ended.association.if_id, 3U);
}

TEST_F(LedgerStateFile, WhatAnEarlierVersionHadNotIsNotAsked) {
  for (const std::uint32_t version : {2U, 3U}) {
    StateBytes file;
    file.version = version;
    Engine fresh(at(1));
    ASSERT_TRUE(LedgerState::load(file.sealed(), kBoot, fresh).has_value()) << version;
    EXPECT_EQ(fresh.ledger().owners()[1].shared[0].quality, version > 2 ? QM_AT_LEAST : QM_EXACT);
    EXPECT_TRUE(fresh.ledger().recent().empty());
  }
}

// The greatest value of each, and one more.
TEST_F(LedgerStateFile, NoValueIsBeyondItsKind) {
  const auto edge = [](std::uint8_t StateBytes::* field, int most) {
    const auto with = [field](int value) {
      return loads([&](StateBytes& file) { file.*field = static_cast<std::uint8_t>(value); });
    };
    EXPECT_TRUE(with(most));
    EXPECT_FALSE(with(most + 1));
  };
  edge(&StateBytes::quality, QM_UNAVAILABLE);
  edge(&StateBytes::reason, QM_REASON_COUNT - 1);
  edge(&StateBytes::owner_flag, 1);
  edge(&StateBytes::mode, static_cast<int>(xfrm::Mode::iptfs));
  edge(&StateBytes::claim_direction, static_cast<int>(xfrm::Direction::out));
  edge(&StateBytes::claim_flag, 1);
  edge(&StateBytes::entry_direction, static_cast<int>(xfrm::Direction::out));
  edge(&StateBytes::entry_flag, 1);
  for (const int family : {0, 1, 2, 3, 9, 10, 11}) {
    EXPECT_EQ(loads([&](StateBytes& file) { file.family = static_cast<std::uint8_t>(family); }),
              family == 0 || family == 2 || family == 10)
        << family;
  }
}

TEST_F(LedgerStateFile, EveryOwnerIsOneOfTheList) {
  for (std::uint32_t StateBytes::* field :
       {&StateBytes::claim_owner, &StateBytes::entry_owner, &StateBytes::ended_owner}) {
    EXPECT_TRUE(loads([&](StateBytes& file) { file.*field = 1; }));
    EXPECT_FALSE(loads([&](StateBytes& file) { file.*field = 2; }));
  }
  EXPECT_TRUE(loads([](StateBytes& file) { file.entry_owner = kNobody; }));
  EXPECT_FALSE(loads([](StateBytes& file) { file.ended_owner = kNobody; }));
  EXPECT_FALSE(loads([](StateBytes& file) { file.unattributed_key = "b"; }));
  EXPECT_TRUE(loads([](StateBytes& file) { file.key = std::string(1000, 'k'); }));
}

TEST_F(LedgerStateFile, ThereAreAsManyOwnersAsTheLedgerTakes) {
  EXPECT_TRUE(loads([](StateBytes& file) { file.more_owners = kMostOwners - 2; }));
  EXPECT_FALSE(loads([](StateBytes& file) { file.more_owners = kMostOwners - 1; }));
}

// When it moved last, nobody knows any more: perhaps just now, if it ever did.
TEST_F(LedgerStateFile, AnSaThatHasMovedMayHavePacketsInFlight) {
  for (const std::uint64_t packets : {0U, 1U, 2U}) {
    StateBytes file;
    file.entry_packets = packets;
    Engine fresh(at(300));
    ASSERT_TRUE(LedgerState::load(file.sealed(), kBoot, fresh).has_value());
    EXPECT_EQ(fresh.ledger().at(0).grew_boot_ns, packets > 0 ? at(300).boot_ns : 0U);
  }
}

TEST_F(LedgerStateFile, NothingIsMissingAndNothingFollows) {
  const std::vector<std::byte> body = StateBytes{}.body();
  for (std::size_t size = 0; size < body.size(); ++size) {
    std::vector<std::byte> cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    StateBytes::seal(cut);
    EXPECT_FALSE(loads(cut)) << size;
  }
  std::vector<std::byte> longer = body;
  longer.push_back(std::byte{0});
  StateBytes::seal(longer);
  EXPECT_FALSE(loads(longer));
  for (std::size_t size = 0; size < 24; ++size) EXPECT_FALSE(loads(std::vector<std::byte>(size)));
}

}  // namespace
}  // namespace qm::hba

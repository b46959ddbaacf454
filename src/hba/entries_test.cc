#include "hba/entries.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

namespace qm::hba {
namespace {

AssociationKey of_reqid(std::uint32_t reqid) {
  return {*Address::parse("10.0.0.1"), *Address::parse("10.0.0.2"), reqid, 0, xfrm::kEsp,
          xfrm::Mode::transport};
}

Entry plain(std::uint32_t spi, std::uint32_t reqid = 1) {
  Entry entry;
  entry.association = of_reqid(reqid);
  entry.id = {entry.association.daddr, spi, xfrm::kEsp, {}};
  return entry;
}

// Each field set or not, small or beyond 32 bits.
class Anything {
 public:
  explicit Anything(std::uint64_t seed) : random_(seed) {}
  bool flag() { return random_() % 2 == 0; }
  std::uint64_t number() {
    const std::uint64_t value = random_();
    switch (random_() % 4) {
      case 0:
        return 0;
      case 1:
        return value >> 32U;
      case 2:
        return std::uint64_t{0xffff'ffff} + value % 2;
      default:
        return value;
    }
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(number()); }
  std::uint16_t half() { return static_cast<std::uint16_t>(number()); }
  Address address() {
    const Address all[] = {{}, *Address::parse("10.0.0.1"), *Address::parse("fd00::1")};
    return all[random_() % 3];
  }
  Entry entry() {
    Entry made;
    made.association = {address(),
                        address(),
                        static_cast<std::uint32_t>(random_() % 5),
                        word(),
                        flag() ? xfrm::kEsp : xfrm::kAh,
                        flag() ? xfrm::Mode::beet : xfrm::Mode::tunnel};
    made.id = {flag() ? made.association.daddr : address(),
               word(),
               flag() ? made.association.proto : xfrm::kAh,
               {}};
    if (flag()) made.id.mark = {word(), word()};
    made.direction = static_cast<xfrm::Direction>(random_() % 3);
    for (bool Entry::* each :
         {&Entry::replay_detection, &Entry::outer, &Entry::negotiated, &Entry::rekey,
          &Entry::rekey_inferred, &Entry::moved, &Entry::timed_out, &Entry::may_serve,
          &Entry::encap, &Entry::packet_offload, &Entry::ambiguous}) {
      made.*each = flag();
    }
    made.owner = word();
    made.suite = half();
    made.newest = {number(), number()};
    for (std::uint64_t Entry::* each :
         {&Entry::add_time_s, &Entry::since_boot_ns, &Entry::grew_boot_ns, &Entry::read_boot_ns,
          &Entry::soft_add_expires_s, &Entry::hard_add_expires_s}) {
      made.*each = number();
    }
    if (flag()) rare(made);
    return made;
  }

 private:
  void rare(Entry& made) {
    made.base = {number(), number()};
    for (std::uint64_t Entry::* each :
         {&Entry::integrity_failed, &Entry::integrity_base, &Entry::replay,
          &Entry::replay_window_failures, &Entry::not_decrypted, &Entry::not_decrypted_base,
          &Entry::not_decrypted_told}) {
      made.*each = number();
    }
    made.last_stats = {word(), word(), word()};
    made.pool = word();
    made.encap_sport = half();
    made.encap_dport = half();
  }
  std::mt19937_64 random_;
};

TEST(Entries, WhatIsPutInComesOutTheSame) {
  Anything any(1);
  Entries entries;
  std::map<Entries::Id, Entry> expected;
  for (int i = 0; i < 5000; ++i) {
    const Entry entry = any.entry();
    if (expected.size() < 50 || (expected.size() < 100 && any.flag())) {
      expected.emplace(entries.add(entry), entry);
    } else {
      const auto position = std::next(expected.begin(), i % static_cast<int>(expected.size()));
      if (any.flag()) {
        entries.set(position->first, entry);
        position->second = entry;
      } else {
        entries.erase(position->first);
        expected.erase(position);
      }
    }
    if (i % 100 != 0) continue;
    ASSERT_EQ(entries.size(), expected.size());
    std::set<AssociationKey> associations;
    for (const auto& [id, each] : expected) {
      ASSERT_TRUE(entries.in_use(id));
      ASSERT_EQ(entries.at(id), each);
      ASSERT_EQ(entries.owner(id), each.owner);
      ASSERT_EQ(entries.spi(id), each.id.spi);
      associations.insert(each.association);
    }
    ASSERT_EQ(entries.associations().size(), associations.size());
  }
}

// Every field by itself: one that is left out by the packing would be lost.
TEST(Entries, EachRareFieldAloneIsKept) {
  const auto kept = [](auto&& change) {
    Entry entry = plain(1);
    change(entry);
    Entries entries;
    const Entries::Id id = entries.add(entry);
    EXPECT_EQ(entries.at(id), entry);
    entries.set(id, plain(1));
    EXPECT_EQ(entries.at(id), plain(1));
    entries.set(id, entry);
    EXPECT_EQ(entries.at(id), entry);
  };
  kept([](Entry& entry) { entry.id.daddr = *Address::parse("10.0.0.3"); });
  kept([](Entry& entry) { entry.id.proto = xfrm::kAh; });
  kept([](Entry& entry) { entry.id.mark = {1, 0}; });
  kept([](Entry& entry) { entry.id.mark = {0, 1}; });
  kept([](Entry& entry) { entry.base.bytes = 1; });
  kept([](Entry& entry) { entry.base.packets = 1; });
  for (std::uint64_t Entry::* each :
       {&Entry::integrity_failed, &Entry::integrity_base, &Entry::replay,
        &Entry::replay_window_failures, &Entry::not_decrypted, &Entry::not_decrypted_base,
        &Entry::not_decrypted_told, &Entry::soft_add_expires_s, &Entry::hard_add_expires_s}) {
    kept([&](Entry& entry) { entry.*each = 1; });
    kept([&](Entry& entry) { entry.*each = 0xffff'ffff; });
    kept([&](Entry& entry) { entry.*each = 0x1'0000'0000; });
  }
  kept([](Entry& entry) { entry.last_stats.replay_window = 1; });
  kept([](Entry& entry) { entry.last_stats.replay = 1; });
  kept([](Entry& entry) { entry.last_stats.integrity_failed = 1; });
  kept([](Entry& entry) { entry.pool = 1; });
  kept([](Entry& entry) { entry.encap_sport = 1; });
  kept([](Entry& entry) { entry.encap_dport = 1; });
}

TEST(Entries, AnAssociationNamesItsLiveOnesInTheOrderInWhichTheyCame) {
  Entries entries;
  using Ids = std::vector<Entries::Id>;
  const auto a = entries.add(plain(1)), b = entries.add(plain(2)), c = entries.add(plain(3));
  const auto other = entries.add(plain(4, 2));
  EXPECT_EQ(entries.of(of_reqid(1)), Ids{}) << "none is known to live yet";
  for (const auto id : {c, a, other, b}) entries.link(id);
  EXPECT_EQ(entries.of(of_reqid(1)), (Ids{c, a, b}));
  EXPECT_EQ(entries.of(of_reqid(2)), (Ids{other}));
  EXPECT_EQ(entries.of(of_reqid(3)), Ids{});
  entries.unlink(a);
  EXPECT_EQ(entries.of(of_reqid(1)), (Ids{c, b}));
  entries.unlink(b);
  entries.link(a);
  EXPECT_EQ(entries.of(of_reqid(1)), (Ids{c, a}));
  entries.unlink(c);
  entries.unlink(a);
  EXPECT_EQ(entries.of(of_reqid(1)), Ids{});
  entries.erase(c);
  entries.set(a, plain(1, 2));  // it was moved
  entries.link(a);
  EXPECT_EQ(entries.of(of_reqid(2)), (Ids{other, a}));
}

TEST(Entries, AClaimOutlivesTheSasOfItsAssociation) {
  Entries entries;
  Associations& associations = entries.associations();
  EXPECT_EQ(associations.claim(of_reqid(1)), nullptr);
  const auto id = entries.add(plain(1));
  EXPECT_EQ(associations.claim(of_reqid(1)), nullptr) << "an SA is no claim";
  associations.set_claim(of_reqid(1), {.owner = 7});
  associations.set_claim(of_reqid(1), {.owner = 8, .shared = true});
  entries.erase(id);
  ASSERT_NE(associations.claim(of_reqid(1)), nullptr);
  EXPECT_EQ(associations.claim(of_reqid(1))->owner, 8U);
  EXPECT_TRUE(associations.claim(of_reqid(1))->shared);
  EXPECT_EQ(associations.claims(), 1U);
  EXPECT_EQ(associations.size(), 1U);
}

// Against a map; many keys, so that the slots grow, fill and close up.
TEST(Associations, ManyAreFoundAndForgotten) {
  Associations associations;
  std::map<std::uint32_t, Associations::Id> held;
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    const std::uint32_t reqid = random() % 800;
    if (const auto known = held.find(reqid); known != held.end()) {
      ASSERT_EQ(associations.find(of_reqid(reqid)), known->second);
      associations.release(known->second);
      held.erase(known);
    } else {
      ASSERT_EQ(associations.find(of_reqid(reqid)), Associations::kNone);
      const auto id = associations.hold(of_reqid(reqid));
      ASSERT_EQ(associations.hold(of_reqid(reqid)), id);
      associations.release(id);
      held.emplace(reqid, id);
    }
    ASSERT_EQ(associations.size(), held.size());
  }
  for (const auto& [reqid, id] : held) {
    EXPECT_EQ(associations.find(of_reqid(reqid)), id);
    EXPECT_EQ(associations.key(id), of_reqid(reqid));
  }
}

// As many as the first slots are, and none of them is lost while their number grows.
TEST(Associations, WhatIsNotThereIsSoonKnownNotToBe) {
  Associations associations;
  for (std::uint32_t reqid = 0; reqid < 64; ++reqid) {
    EXPECT_EQ(associations.find(of_reqid(reqid)), Associations::kNone);
    const auto id = associations.hold(of_reqid(reqid));
    for (std::uint32_t known = 0; known <= reqid; ++known) {
      EXPECT_NE(associations.find(of_reqid(known)), Associations::kNone) << known;
    }
    EXPECT_EQ(associations.find(of_reqid(reqid)), id);
  }
}

TEST(Associations, ThePlaceOfOneThatIsReleasedIsTheNextOnes) {
  Associations associations;
  const auto id = associations.hold(of_reqid(1));
  associations.release(id);
  EXPECT_EQ(associations.hold(of_reqid(2)), id);
}

// A programmer's mistake ends the program before it spoils what others have.
TEST(EntriesDeathTest, AMistakeEndsTheProgram) {
  Entries entries;
  const auto id = entries.add(plain(1));
  EXPECT_DEATH(entries.unlink(id), "assertion failed");
  entries.link(id);
  EXPECT_DEATH(entries.link(id), "assertion failed");
  EXPECT_DEATH(entries.erase(id), "assertion failed");
  entries.unlink(id);
  entries.erase(id);
  EXPECT_DEATH(static_cast<void>(entries.at(id)), "assertion failed");
  Associations associations;
  const auto held = associations.hold(of_reqid(1));
  associations.release(held);
  EXPECT_DEATH(associations.release(held), "assertion failed");
}

TEST(Entries, AnEntryKnowsWhatSurfacesShowOfItsSa) {
  xfrm::Sa sa;
  sa.packet_offload = sa.encap = true;
  sa.encap_sport = 4500;
  sa.encap_dport = 4501;
  sa.soft_add_expires_s = 3000;
  sa.hard_add_expires_s = 3600;
  Entry described;
  described.describe(sa, 7);
  Entry expected;
  expected.suite = 7;
  expected.packet_offload = expected.encap = true;
  expected.encap_sport = 4500;
  expected.encap_dport = 4501;
  expected.soft_add_expires_s = 3000;
  expected.hard_add_expires_s = 3600;
  EXPECT_EQ(described, expected);
}

xfrm::Sa with_window(std::uint32_t window) {
  xfrm::Sa sa;
  sa.encryption = {"cbc(aes)", 128, 0};
  sa.replay_window = window;
  return sa;
}

TEST(Suites, EachIsKeptOnce) {
  Suites suites;
  EXPECT_EQ(suites[kNoSuite], Suite{});
  const SuiteId first = suites.of(with_window(32));
  EXPECT_NE(first, kNoSuite);
  EXPECT_EQ(suites.of(with_window(32)), first);
  EXPECT_NE(suites.of(with_window(64)), first);
  EXPECT_EQ(suites[first].encryption, "cbc(aes)");
  EXPECT_EQ(suites[first].replay_window, 32U);
}

TEST(Suites, BeyondTheMostTheyAreNotKnown) {
  Suites suites;
  for (std::uint32_t i = 0; i + 1 < kMostSuites; ++i) static_cast<void>(suites.of(with_window(i)));
  const SuiteId last = suites.of(with_window(kMostSuites));
  EXPECT_EQ(last, kMostSuites);
  EXPECT_EQ(suites[last].replay_window, kMostSuites);
  EXPECT_EQ(suites.of(with_window(kMostSuites + 1)), kNoSuite);
  EXPECT_EQ(suites.of(with_window(kMostSuites)), last) << "those that are known stay known";
}

}  // namespace
}  // namespace qm::hba

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "support/xfrm_messages.h"
#include "xfrm/ahead.h"
#include "xfrm/tables.h"

namespace qm::xfrm {
namespace {

using Change = SaTable::Change;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kSeed = 42;

Sa an_sa(std::uint32_t spi = 1) {
  return test::esp_sa("10.9.0.2", "10.9.0.1", spi);
}

Sa larval(std::uint32_t spi = 1) {
  Sa sa = an_sa(spi);
  sa.larval = true;
  sa.mode = Mode::tunnel;
  sa.reqid = 0;
  sa.replay_window = 0;
  sa.add_time_s = 1'600'000'000;
  return sa;
}

// The n-th of many SAs: IPv6 addresses, so that nothing about them is short.
Sa nth_sa(std::uint32_t n) {
  static const Sa first = test::esp_sa("fd00:1:2:3:4:5:6:7", "fd00:7:6:5:4:3:2:1", 0);
  Sa sa = first;
  sa.id.spi = 0xc000'0000U + n * 7;
  sa.id.daddr.bytes[15] = static_cast<std::uint8_t>(n >> 3);
  sa.id.daddr.bytes[14] = static_cast<std::uint8_t>(n >> 11);
  return sa;
}

TEST(SaTable, remembers_what_identifies_and_describes) {
  SaTable table(kSeed);
  Sa sa = test::esp_sa("fd00::2", "fd00::1", 0xffff'ffff);
  sa.id.mark = {0x11, 0xff};
  sa.id.proto = kAh;
  sa.reqid = 0xffff'fffe;
  sa.if_id = 0xffff'fffd;
  sa.mode = Mode::iptfs;
  sa.add_time_s = 0xffff'ffff;
  const auto upserted = table.upsert(sa);
  EXPECT_EQ(upserted.change, Change::added);
  const SaRecord record = table.record(upserted.handle);
  EXPECT_EQ(record.id, sa.id);
  EXPECT_EQ(record.saddr, sa.saddr);
  EXPECT_EQ(record.reqid, sa.reqid);
  EXPECT_EQ(record.if_id, sa.if_id);
  EXPECT_EQ(record.mode, sa.mode);
  EXPECT_EQ(record.add_time_s, sa.add_time_s);
  EXPECT_FALSE(record.larval);
  EXPECT_TRUE(record.replay_detection);
  EXPECT_EQ(table.find(sa.id), upserted.handle);
}

TEST(SaTable, each_part_of_the_id_makes_another_sa) {
  SaTable table(kSeed);
  Sa other_spi = an_sa(2);
  Sa other_proto = an_sa();
  other_proto.id.proto = kAh;
  Sa other_mark = an_sa();
  other_mark.id.mark = {1, 0xffff'ffff};
  Sa other_mask = an_sa();
  other_mask.id.mark = {1, 0xff};
  Sa other_daddr = test::esp_sa("10.9.0.2", "10.9.0.3", 1);
  Sa other_family = an_sa();  // the same sixteen bytes
  other_family.id.daddr.family = other_family.saddr.family = Family::v6;
  std::set<SaTable::Handle> handles;
  for (const Sa& sa :
       {an_sa(), other_spi, other_proto, other_mark, other_mask, other_daddr, other_family}) {
    const auto upserted = table.upsert(sa);
    EXPECT_EQ(upserted.change, Change::added);
    handles.insert(upserted.handle);
  }
  EXPECT_EQ(handles.size(), 7);
  EXPECT_EQ(table.size(), 7);
}

TEST(SaTable, the_same_sa_again_is_the_same) {
  SaTable table(kSeed);
  const auto handle = table.upsert(an_sa()).handle;
  Sa moved_on = an_sa();
  moved_on.counters = {10, 1};
  EXPECT_EQ(table.upsert(moved_on).change, Change::same);
  EXPECT_EQ(table.upsert(moved_on).handle, handle);
  EXPECT_EQ(table.size(), 1);
}

TEST(SaTable, another_add_time_is_another_sa_in_its_place) {
  SaTable table(kSeed);
  const auto handle = table.upsert(an_sa()).handle;
  table.set_tag(handle, 77);
  Sa successor = an_sa();
  successor.add_time_s += 1;
  const auto upserted = table.upsert(successor);
  EXPECT_EQ(upserted.change, Change::replaced);
  EXPECT_EQ(upserted.handle, handle);
  EXPECT_EQ(table.tag(handle), 77);
  EXPECT_EQ(table.record(handle).add_time_s, successor.add_time_s);
}

TEST(SaTable, an_update_of_a_live_sa_changes_nothing) {
  SaTable table(kSeed);
  const auto handle = table.upsert(an_sa()).handle;
  Sa update = an_sa();
  update.add_time_s += 100;
  update.reqid = 9;
  update.replay_window = 0;
  EXPECT_EQ(table.upsert(update, true).change, Change::same);
  EXPECT_EQ(table.record(handle).add_time_s, an_sa().add_time_s);
  EXPECT_EQ(table.record(handle).reqid, an_sa().reqid);
  EXPECT_TRUE(table.record(handle).replay_detection);
}

TEST(SaTable, a_larval_matures_by_an_update_or_by_a_dump) {
  for (const bool keep_add_time : {true, false}) {
    SaTable table(kSeed);
    const auto handle = table.upsert(larval()).handle;
    EXPECT_EQ(table.larvals(), 1);
    EXPECT_TRUE(table.record(handle).larval);
    const auto upserted = table.upsert(an_sa(), keep_add_time);
    EXPECT_EQ(upserted.change, Change::matured);
    EXPECT_EQ(upserted.handle, handle);
    EXPECT_EQ(table.larvals(), 0);
    EXPECT_EQ(table.record(handle).reqid, 1);
    EXPECT_EQ(table.record(handle).add_time_s, an_sa().add_time_s);
    EXPECT_TRUE(table.record(handle).replay_detection);
  }
}

TEST(SaTable, a_larval_in_the_place_of_an_sa_replaces_it) {
  SaTable table(kSeed);
  table.upsert(an_sa());
  EXPECT_EQ(table.upsert(larval()).change, Change::replaced);
  EXPECT_EQ(table.larvals(), 1);
  EXPECT_TRUE(table.erase(larval().id));
  EXPECT_EQ(table.larvals(), 0);
}

TEST(SaTable, erased_is_gone_and_its_handle_free) {
  SaTable table(kSeed);
  const auto handle = table.upsert(an_sa()).handle;
  table.set_tag(handle, 5);
  EXPECT_TRUE(table.erase(an_sa().id));
  EXPECT_FALSE(table.erase(an_sa().id));
  EXPECT_EQ(table.find(an_sa().id), SaTable::kNone);
  EXPECT_EQ(table.size(), 0);
  const auto again = table.upsert(an_sa(2));
  EXPECT_EQ(again.handle, handle);
  EXPECT_EQ(table.tag(again.handle), 0);
}

TEST(SaTable, a_dump_shows_what_is_no_more) {
  SaTable table(kSeed);
  for (std::uint32_t spi = 1; spi <= 3; ++spi) table.upsert(an_sa(spi));
  EXPECT_THAT(table.unseen(), IsEmpty());
  table.begin_dump();
  table.upsert(an_sa(1));
  table.upsert(an_sa(3), true);
  table.upsert(an_sa(4));
  EXPECT_THAT(table.unseen(), ElementsAre(table.find(an_sa(2).id)));
}

TEST(SaTable, what_stays_unseen_is_unseen_however_many_dumps_follow) {
  SaTable table(kSeed);
  table.upsert(an_sa(1));
  table.upsert(an_sa(2));
  for (int dump = 0; dump < 300; ++dump) {
    table.begin_dump();
    table.upsert(an_sa(1));
    ASSERT_THAT(table.unseen(), ElementsAre(table.find(an_sa(2).id))) << dump;
  }
}

TEST(SaTable, at_most_so_many_sas) {
  SaTable table(kSeed, 3);
  for (std::uint32_t spi = 1; spi <= 3; ++spi) {
    EXPECT_EQ(table.upsert(an_sa(spi)).change, Change::added);
  }
  const auto refused = table.upsert(an_sa(4));
  EXPECT_EQ(refused.change, Change::refused);
  EXPECT_EQ(refused.handle, SaTable::kNone);
  EXPECT_EQ(table.refused(), 1);
  EXPECT_EQ(table.upsert(an_sa(2)).change, Change::same);
  table.erase(an_sa(1).id);
  EXPECT_EQ(table.upsert(an_sa(4)).change, Change::added);
}

TEST(SaTable, at_most_so_many_marks_at_a_time) {
  SaTable table(kSeed);
  Sa sa = an_sa();
  for (std::uint32_t mark = 1; mark <= kMostMarks; ++mark) {
    sa.id.spi = mark;
    sa.id.mark = {mark, 0xffff'ffff};
    ASSERT_EQ(table.upsert(sa).change, Change::added);
  }
  Sa one_more = an_sa(5);
  one_more.id.mark = {1, 1};
  EXPECT_EQ(table.upsert(one_more).change, Change::refused);
  EXPECT_EQ(table.find(one_more.id), SaTable::kNone);
  EXPECT_FALSE(table.erase(one_more.id));
  EXPECT_EQ(table.upsert(an_sa(5)).change, Change::added);  // none is not one of them

  Sa shared = sa;  // a second SA with the last mark keeps it in use
  shared.id.spi = 1;
  EXPECT_EQ(table.upsert(shared).change, Change::added);
  EXPECT_TRUE(table.erase(sa.id));
  EXPECT_EQ(table.upsert(one_more).change, Change::refused);
  EXPECT_TRUE(table.erase(shared.id));
  EXPECT_EQ(table.upsert(one_more).change, Change::added);
  EXPECT_EQ(table.record(table.find(one_more.id)).id, one_more.id);
}

TEST(SaTable, a_protocol_that_xfrm_does_not_know_is_refused) {
  SaTable table(kSeed);
  Sa sa = an_sa();
  sa.id.proto = 17;
  EXPECT_EQ(table.upsert(sa).change, Change::refused);
  EXPECT_EQ(table.find(sa.id), SaTable::kNone);
  EXPECT_EQ(table.size(), 0);
}

TEST(SaTable, a_million_sas_cost_less_than_64_bytes_each) {
  constexpr std::uint32_t kSas = 1'000'000;
  for (const bool reserved : {false, true}) {
    SaTable table(kSeed);
    if (reserved) table.reserve(kSas);
    for (std::uint32_t n = 0; n < kSas; ++n) {
      table.set_tag(table.upsert(nth_sa(n)).handle, n);
      const bool looked_at = n >= 100'000 && n % 1000 == 0;
      if (!looked_at || reserved) continue;
      ASSERT_LT(table.memory_bytes(), std::size_t{n} * 64) << n;
    }
    EXPECT_LT(table.memory_bytes(), std::size_t{kSas} * 64);
    for (std::uint32_t n = 0; n < kSas; n += 97) {
      ASSERT_EQ(table.tag(table.find(nth_sa(n).id)), n);
    }
  }
}

TEST(SaTable, seeds_differ_unless_given) {
  const SaId id = an_sa().id;
  EXPECT_EQ(SaTable(1).hash(id), SaTable(1).hash(id));
  EXPECT_NE(SaTable(1).hash(id), SaTable(2).hash(id));
  EXPECT_NE(SaTable().hash(id), SaTable().hash(id));
}

// The table as one would write it without a thought of speed.
struct Model {
  struct Entry {
    Sa sa;
    std::uint32_t tag = 0;
    bool seen = true;
  };
  std::map<SaId, Entry> sas;
};

Sa arbitrary_sa() {
  // Few ids, so that they meet; marks among them.
  Sa sa = *rc::gen::arbitrary<bool>() ? an_sa() : test::esp_sa("fd00::2", "fd00::1", 1);
  sa.id.spi = *rc::gen::inRange(0U, 40U);
  sa.id.proto = *rc::gen::element(kEsp, kAh);
  sa.id.mark.value = *rc::gen::inRange(0U, 3U);
  sa.add_time_s = *rc::gen::inRange<std::uint64_t>(1, 3);
  sa.larval = *rc::gen::arbitrary<bool>();
  sa.reqid = *rc::gen::arbitrary<std::uint32_t>();
  return sa;
}

Change expected_change(const Model& model, const Sa& sa, bool keep_add_time) {
  const auto known = model.sas.find(sa.id);
  if (known == model.sas.end()) return Change::added;
  const Sa& was = known->second.sa;
  if (was.larval && !sa.larval) return Change::matured;
  if (keep_add_time) return Change::same;
  if (was.larval != sa.larval || was.add_time_s != sa.add_time_s) return Change::replaced;
  return Change::same;
}

void upsert_both(SaTable& table, Model& model) {
  const Sa sa = arbitrary_sa();
  const bool keep_add_time = *rc::gen::arbitrary<bool>();
  const Change expected = expected_change(model, sa, keep_add_time);
  const auto upserted = table.upsert(sa, keep_add_time);
  RC_ASSERT(upserted.change == expected);
  Model::Entry& entry = model.sas[sa.id];
  const bool stays = expected == Change::same && keep_add_time && !entry.sa.larval;
  if (!stays) entry.sa = sa;
  entry.seen = true;
  entry.tag = *rc::gen::arbitrary<std::uint32_t>();
  table.set_tag(upserted.handle, entry.tag);
}

void compare(const SaTable& table, const Model& model) {
  RC_ASSERT(table.size() == model.sas.size());
  const auto larvals =
      std::ranges::count_if(model.sas, [](const auto& entry) { return entry.second.sa.larval; });
  RC_ASSERT(table.larvals() == static_cast<std::size_t>(larvals));
  std::size_t visited = 0;
  table.for_each([&](SaTable::Handle handle) {
    ++visited;
    const SaRecord record = table.record(handle);
    const auto known = model.sas.find(record.id);
    RC_ASSERT(known != model.sas.end());
    RC_ASSERT(table.find(record.id) == handle);
    RC_ASSERT(table.tag(handle) == known->second.tag);
    RC_ASSERT(record.add_time_s == known->second.sa.add_time_s);
    RC_ASSERT(record.reqid == known->second.sa.reqid);
    RC_ASSERT(record.larval == known->second.sa.larval);
  });
  RC_ASSERT(visited == model.sas.size());
  std::set<SaId> unseen;
  for (const SaTable::Handle handle : table.unseen()) unseen.insert(table.record(handle).id);
  for (const auto& [id, entry] : model.sas) RC_ASSERT(unseen.contains(id) == !entry.seen);
}

TEST(SaTable, does_as_a_map_would) {
  rc::check([](std::uint64_t seed) {
    SaTable table(seed);
    Model model;
    const int steps = *rc::gen::inRange(0, 300);
    for (int step = 0; step < steps; ++step) {
      switch (*rc::gen::inRange(0, 10)) {
        case 0:
        case 1:
        case 2: {
          const SaId id = arbitrary_sa().id;
          RC_ASSERT(table.erase(id) == (model.sas.erase(id) != 0));
          break;
        }
        case 3:
          table.begin_dump();
          for (auto& [id, entry] : model.sas) entry.seen = false;
          break;
        case 4:
          for (const SaTable::Handle handle : table.unseen()) table.erase(table.record(handle).id);
          std::erase_if(model.sas, [](const auto& entry) { return !entry.second.seen; });
          break;
        default:
          upsert_both(table, model);
      }
    }
    compare(table, model);
  });
}

TEST(SaTable, survives_growing_and_shrinking) {
  SaTable table(kSeed);
  constexpr std::uint32_t kSas = 20'000;
  for (std::uint32_t n = 0; n < kSas; ++n) table.set_tag(table.upsert(nth_sa(n)).handle, n);
  for (std::uint32_t n = 0; n < kSas; n += 2) ASSERT_TRUE(table.erase(nth_sa(n).id));
  for (std::uint32_t n = 0; n < kSas; ++n) {
    const auto handle = table.find(nth_sa(n).id);
    ASSERT_EQ(handle == SaTable::kNone, n % 2 == 0) << n;
    if (n % 2 == 0) continue;
    ASSERT_EQ(table.tag(handle), n);
  }
  const std::size_t bytes = table.memory_bytes();
  for (std::uint32_t n = 0; n < kSas; n += 2) table.upsert(nth_sa(n));
  EXPECT_EQ(table.memory_bytes(), bytes);  // what was freed is used again
}

TEST(Ahead, changes_nothing_whatever_the_bytes) {
  SaTable table(kSeed);
  test::Datagram datagram;
  datagram.new_sa(an_sa(1)).deleted_sa(an_sa(2)).expired_sa(an_sa(3), true).flushed_sas(0);
  table.upsert(an_sa(1));
  for (std::size_t size = 0; size <= datagram.size(); ++size) {
    const test::Message cut(datagram.bytes().begin(),
                            datagram.bytes().begin() + static_cast<std::ptrdiff_t>(size));
    prefetch_datagram(cut, table);
  }
  rc::check([&](std::vector<std::uint8_t> bytes) {
    prefetch_datagram(std::as_bytes(std::span(bytes)), table);
  });
  EXPECT_EQ(table.size(), 1);
}

TEST(Ahead, more_sas_than_it_looks_at) {
  SaTable table(kSeed);
  test::Datagram datagram;
  for (std::uint32_t n = 0; n <= kAheadAtOnce; ++n) datagram.new_sa(nth_sa(n));
  prefetch_datagram(datagram.bytes(), table);
  EXPECT_EQ(table.size(), 0);
}

}  // namespace
}  // namespace qm::xfrm

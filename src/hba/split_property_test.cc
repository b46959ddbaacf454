// Thousands of made-up stories of connections on a shared pair: nobody gets more than its own, all
// together never more than there is, and what is said to be exact is.
#include <array>
#include <memory>
#include <utility>

#include "hba/split_testing.h"

namespace qm::hba {
namespace {

class Chance {  // splitmix64
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint32_t below(std::uint32_t below) {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58'476d'1ce4'e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d0'49bb'1331'11ebU;
    return static_cast<std::uint32_t>((z ^ (z >> 31U)) % below);
  }
  bool one_in(std::uint32_t many) { return below(many) == 0; }

 private:
  std::uint64_t state_;
};

class SplitStory : public SplitTest {
 protected:
  struct Truth {
    Conn conn;
    bool seen = false;  // by a reading, or by its last word
    std::uint64_t unacked = 0;
    std::map<AssociationKey, std::uint64_t> had, had_as_read;
  };

  void TestBody() override {}

 public:
  void tell(std::uint64_t seed) {
    Chance chance(seed);
    finals_ = chance.one_in(2);
    for (const OwnerId owner : {kA, kB}) begin(owner, false);
    share({.owner = kA, .others = false, .users = {kA, kB}, .read_boot_ns = 0});
    for (int step = 0; step < 60; ++step) {
      for (std::uint32_t n = chance.below(4); n > 0; --n) act(chance);
      pass(chance.below(4) == 0 ? 700 : chance.below(300));
      step_of(chance);
      ASSERT_NO_FATAL_FAILURE(check()) << "seed " << seed << " step " << step;
    }
  }

 private:
  Truth& begin(OwnerId owner, bool young) {
    truths_.push_back(std::make_unique<Truth>());
    Truth& made = *truths_.back();
    made.conn = conn(++cookies_, owner, young);
    if (!young) made.conn.tcp.counters = {9000, 9000, 9000, 0, 90, 0xffff'fffa};
    conns_.push_back(&made.conn);
    if (young) {
      const auto before = growth_;
      handshake(made.conn);
      note(made, before);
    }
    return made;
  }

  // What the SAs have counted since then is this one's.
  void note(Truth& who, const std::map<AssociationKey, SharedGrowth>& before) {
    for (const AssociationKey& key : {kIn, kOut}) {
      who.had[key] += growth_.at(key).all.bytes - before.at(key).all.bytes;
    }
  }
  void see() {
    for (const auto& each : truths_) each->seen = each->seen || each->conn.there;
    read();
  }

  void act(Chance& chance) {
    const auto before = growth_;
    std::vector<Truth*> there;
    for (const auto& each : truths_) {
      if (each->conn.there) there.push_back(each.get());
    }
    if (there.empty() || (there.size() < 5 && chance.one_in(15))) {
      begin(std::array{kA, kB, kUnattributed}.at(chance.below(3)), true);
      return;
    }
    Truth& who = *there[chance.below(static_cast<std::uint32_t>(there.size()))];
    const std::uint32_t segments = 1 + chance.below(9);
    const std::uint64_t payload = chance.one_in(3) ? 0 : segments * (1 + chance.below(1400));
    switch (chance.below(10)) {
      case 0:
      case 1:
      case 2:
        receive(who.conn, payload, segments);
        break;
      case 3:
      case 4:
        send(who.conn, payload, segments, chance.one_in(9) ? 44 : 32);
        who.unacked += payload;
        break;
      case 5:
        tcp_sends(who.conn, payload, segments);  // dropped
        break;
      case 6:
        receive(who.conn, 0, 1);
        who.conn.tcp.counters.acked_bytes += std::exchange(who.unacked, 0);
        break;
      case 7:  // twice, or lost before it reached the socket
        sa(kIn, payload + 32, 1);
        if (chance.one_in(2)) tcp_receives(who.conn, 0, 1);
        break;
      case 8:
        if (!chance.one_in(4)) break;
        sa(kOut, payload + 32, 1);  // of somebody that nobody sees
        sa(kIn, 40, 1);
        return;
      default:
        if (chance.one_in(6)) end(who, chance);
        break;
    }
    note(who, before);
  }

  void end(Truth& who, Chance& chance) {
    who.seen = who.seen || finals_;
    const auto say = [&](bool destroyed) {
      if (finals_)
        split_.take_final({who.conn.tcp, who.conn.owner, who.conn.uses, true, false}, destroyed,
                          now());
    };
    who.conn.there = false;
    if (chance.one_in(3)) {
      receive(who.conn, 0, 1, chance.one_in(2) ? 32 : 20);  // its peer's reset
      say(true);
      return;
    }
    say(false);
    if (chance.one_in(4)) {
      tcp_sends(who.conn, 0, 1);
    } else {
      send(who.conn, 0, 1);
    }
    say(false);
  }

  void step_of(Chance& chance) {
    split_.begin_round();
    if (!chance.one_in(9)) see();
    if (chance.one_in(4)) act(chance);
    split_.begin_sas();
    const auto shown = growth_;
    for (const auto& each : truths_) each->had_as_read = each->had;
    if (chance.one_in(4)) act(chance);
    if (!chance.one_in(9)) see();
    const auto truly = std::exchange(growth_, shown);  // what the SAs' reading showed
    settle(!chance.one_in(9));
    growth_ = truly;
  }

  void check() {
    for (const AssociationKey& key : {kIn, kOut}) {
      const char* way = key == kIn ? "in" : "out";
      const std::set<OwnerId> unsure = open(key);
      std::uint64_t sum = 0;
      for (const OwnerId owner : {kA, kB}) {
        const std::uint64_t part = granted(key, owner);
        std::uint64_t most = 0, least = 0;
        for (const auto& each : truths_) {
          if (each->conn.owner != owner) continue;
          most += each->had[key];
          if (each->seen) least += each->had_as_read[key];
        }
        sum += part;
        ASSERT_LE(part, most) << way << " " << owner;
        if (unsure.contains(owner) || lost_[key].contains(owner)) continue;
        ASSERT_GE(part, least) << way << " " << owner << ", which is said to be exact";
        ++exact_;
      }
      ASSERT_LE(sum, growth_.at(key).all.bytes);
    }
  }

  std::vector<std::unique_ptr<Truth>> truths_;
  std::uint64_t cookies_ = 0;
  bool finals_ = false;

 public:
  unsigned exact_ = 0;  // how often somebody's part was said to be
};

TEST(SplitStories, NobodyGetsMoreThanItsOwn) {
  unsigned exact = 0;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    SplitStory story;
    story.tell(seed);
    if (::testing::Test::HasFatalFailure()) return;
    exact += story.exact_;
  }
  EXPECT_GT(exact, 80U);  // it is not said by saying nothing
}

}  // namespace
}  // namespace qm::hba

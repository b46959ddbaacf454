// The scan over blocks beside Program::accepts, which takes every instance by itself and its values
// from where all surfaces have them: around the edges of a batch of 64, with all types of integers,
// items that are not available and instances that supply nothing.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "wmi/wql_testing.h"

namespace qm::wmi::wql {
namespace {

constexpr std::string_view kProperties[] = {"U8",  "S8",  "U16", "S16", "U32",
                                            "S32", "U64", "S64", "Flag"};

class Made {
 public:
  explicit Made(std::uint32_t seed) : random_(seed) {}

  std::size_t pick(std::size_t below) { return random_() % below; }

  template <class T>
  T number() {
    static constexpr T kNumbers[] = {T{0},
                                     T{1},
                                     T{7},
                                     static_cast<T>(-1),
                                     std::numeric_limits<T>::min(),
                                     std::numeric_limits<T>::max()};
    return kNumbers[pick(std::size(kNumbers))];
  }

  MadeInstance instance(const World& world, std::size_t index, bool doubts) {
    BlockBuilder block(world.the("Test_All"));
    block.set("U8", number<std::uint8_t>()).set("S8", number<std::int8_t>());
    block.set("U16", number<std::uint16_t>()).set("S16", number<std::int16_t>());
    block.set("U32", number<std::uint32_t>()).set("S32", number<std::int32_t>());
    block.set("U64", number<std::uint64_t>()).set("S64", number<std::int64_t>());
    block.set("Flag", static_cast<std::uint8_t>(pick(3)));  // 2 is TRUE, too
    if (doubts && pick(4) == 0) {
      block.quality(kProperties[pick(std::size(kProperties))], QM_UNAVAILABLE, QM_REASON_NO_PROBE);
    }
    return {std::to_string(index) + "_0", "", !doubts || pick(8) != 0, block.block(),
            block.qualities()};
  }

  std::string condition(unsigned depth) {
    const std::size_t kind = depth == 0 ? 0 : pick(4);
    if (kind == 1) return "NOT (" + condition(depth - 1) + ")";
    if (kind > 1) {
      return "(" + condition(depth - 1) + (kind == 2 ? " AND " : " OR ") + condition(depth - 1) +
             ")";
    }
    static constexpr std::string_view kOperators[] = {"=", "<>", "<", "<=", ">", ">="};
    static constexpr std::string_view kConstants[] = {"0",   "1",    "-1",    "255",        "127",
                                                      "128", "-128", "32767", "4294967295", "7.5"};
    const std::string_view property = kProperties[pick(std::size(kProperties))];
    const bool flag = property == "Flag";
    const std::string_view constant =
        flag ? (pick(2) == 0 ? "TRUE" : "FALSE") : kConstants[pick(std::size(kConstants))];
    return std::string(property) + std::string(kOperators[pick(flag ? 2 : std::size(kOperators))]) +
           std::string(constant);
  }

 private:
  std::mt19937 random_;
};

std::vector<std::string> one_by_one(const Plan& plan, const Snapshot& snapshot) {
  std::vector<std::string> out;
  for (const auto& part : snapshot.parts) {
    for (const provider::InstanceData& instance : part->generation.instances) {
      Candidate candidate;
      candidate[0] = {part->the_class, part.get(), &instance, nullptr};
      if (plan.classes.front().program.accepts(candidate, plan.setting)) {
        out.push_back(instance.name);
      }
    }
  }
  return out;
}

void compare(std::size_t instances, bool doubts) {
  World world;
  Made made(static_cast<std::uint32_t>(instances));
  std::vector<MadeInstance> all;
  for (std::size_t i = 0; i < instances; ++i) all.push_back(made.instance(world, i, doubts));
  world.source.publish(world.source.add(world.the("Test_All"), "a", 1), {5, 6}, std::move(all));
  const auto snapshot = world.snapshot();
  ASSERT_TRUE(snapshot->parts.front()->index->shape(snapshot->parts.front()->generation).even);
  for (unsigned i = 0; i < 40; ++i) {
    const std::string query = "SELECT * FROM Test_All WHERE " + made.condition(i % 4);
    Diagnostics diagnostics;
    const auto plan = prepare(query, world.repository, {}, diagnostics);
    ASSERT_TRUE(plan) << diagnostics.text();
    ASSERT_EQ(world.names(query), one_by_one(*plan, *snapshot)) << query << ", of " << instances;
  }
}

TEST(WqlScan, finds_what_one_instance_after_the_other_would) {
  for (const std::size_t instances : {1U, 63U, 64U, 65U, 128U, 200U}) {
    compare(instances, false);
  }
}

TEST(WqlScan, takes_what_is_not_available_for_null) {
  for (const std::size_t instances : {1U, 63U, 64U, 65U, 128U, 200U}) {
    compare(instances, true);
  }
}

}  // namespace
}  // namespace qm::wmi::wql

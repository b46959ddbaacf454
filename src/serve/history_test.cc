#include "serve/history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmi/source_testing.h"

namespace qm::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::string_view kCounted = R"(
#pragma namespace("\\\\.\\root\\wmi")
[Dynamic, Provider("WMIProv"), WMI, guid("{00000000-0000-0000-0000-000000000001}")]
class Test_Stats
{
  [read, key] string InstanceName;
  [read] boolean Active;
  [read, WmiDataId(1), CounterType(65792)] uint64 Total;
  [read, WmiDataId(2), CounterType(65792)] sint32 Below;
  [read, WmiDataId(3)] uint32 NoCounter;
  [read, WmiDataId(4), CounterType(65792)] uint32 Parts[2];
};
[Dynamic, Provider("WMIProv"), WMI, guid("{00000000-0000-0000-0000-000000000002}")]
class Test_Other
{
  [read, key] string InstanceName;
  [read] boolean Active;
  [read, WmiDataId(1), CounterType(65792)] uint64 Count;
};
)";

std::shared_ptr<const wmi::Repository> compiled(std::string text) {
  const EmbeddedFile file{"classes.mof", text};
  return wmi::Repository::compile({&file, 1}).value();
}

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() : repository_(compiled(std::string(kCounted))) {
    snapshots_.emplace(repository_, source_, nullptr);
  }
  const wmi::ClassEntry& entry(std::string_view name) const { return *repository_->find(name); }
  std::uint64_t add(std::string driver, std::string_view name = "Test_Stats") {
    return source_.add(entry(name), std::move(driver), 7);
  }
  wmi::MadeInstance stats(std::string name, std::uint64_t total, std::int32_t below = 0,
                          qm_quality quality = QM_EXACT) {
    wmi::BlockBuilder block(entry("Test_Stats"));
    block.set("Total", total).set("Below", below).quality("Total", quality, QM_REASON_GAP);
    return {std::move(name), "", true, block.block(), block.qualities()};
  }
  void publish(std::uint64_t id, std::uint64_t second, std::vector<wmi::MadeInstance> instances) {
    source_.publish(id, {second * kSecondNs, second * 10'000'000}, std::move(instances));
  }
  void look(std::uint64_t second) { history_.look(*snapshots_->take({}, {second * kSecondNs, 0})); }
  // As published, each second from the first on.
  void sample(std::uint64_t id, std::uint64_t second, std::uint64_t total, std::int32_t below = 0,
              qm_quality quality = QM_EXACT) {
    publish(id, second, {stats("a", total, below, quality)});
    look(second);
  }
  std::string told(const HistoryCut& cut = {}, std::string_view name = "Test_Stats") const {
    JsonWriter json(0);
    const wmi::ClassEntry* classes[] = {&entry(name)};
    history_.write(json, classes, cut);
    return std::move(json).take();
  }

  std::shared_ptr<const wmi::Repository> repository_;
  wmi::FakeSource source_;
  std::optional<wmi::Snapshots> snapshots_;
  History history_;
};

TEST_F(HistoryTest, tells_values_and_what_was_added) {
  const std::uint64_t id = add("d");
  sample(id, 1, 18'446'744'073'709'551'000U, -5);
  sample(id, 2, 18'446'744'073'709'551'615U, 7);
  sample(id, 3, 0, 0, QM_UNAVAILABLE);
  sample(id, 4, 18'446'744'073'709'551'610U, -7);
  sample(id, 5, 3, -7, QM_AT_LEAST);
  EXPECT_EQ(told(), R"([{"class":"Test_Stats","counters":["Total","Below"],"tracks":[)"
                    R"({"name":"a","driver":"d",)"
                    R"("boot_ns":["1000000000",1000000000,1000000000,1000000000,1000000000],)"
                    R"("filetime_100ns":["10000000",10000000,10000000,10000000,10000000],)"
                    R"("values":[["18446744073709551000",615,null,-5,"3"],["-5",12,-7,-7,0]]}]}])");
}

TEST_F(HistoryTest, the_largest_step_is_one_that_a_double_holds) {
  const std::uint64_t id = add("d");
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 53U) - 1;
  sample(id, 1, 0);
  sample(id, 2, kMost);
  sample(id, 3, 0);
  sample(id, 4, kMost + 1);
  EXPECT_THAT(told(), HasSubstr(R"(["0",9007199254740991,-9007199254740991,"9007199254740992"])"));
}

TEST_F(HistoryTest, a_sample_is_kept_once_and_a_clock_that_is_ahead_not_at_all) {
  const std::uint64_t id = add("d");
  sample(id, 5, 1);
  look(6);
  publish(id, 4, {stats("a", 2)});  // before what it said last
  look(7);
  publish(id, 10, {stats("a", 3)});
  look(8);
  EXPECT_THAT(told(), HasSubstr(R"("boot_ns":["5000000000"])"));
  publish(id, 10, {stats("a", 3)});
  look(9);  // within a second
  EXPECT_THAT(told(), HasSubstr(R"("boot_ns":["5000000000",5000000000])"));
}

TEST_F(HistoryTest, an_instance_that_is_gone_has_none_a_provider_that_is_away_keeps_it_a_while) {
  const std::uint64_t id = add("d");
  publish(id, 1, {stats("a", 1), stats("b", 2)});
  look(1);
  sample(id, 2, 5);
  EXPECT_THAT(told(), Not(HasSubstr("\"b\"")));
  source_.remove(id);
  look(10);
  EXPECT_THAT(told(), HasSubstr("\"name\":\"a\""));
  sample(add("d"), 11, 9);  // it is back
  EXPECT_THAT(told(), HasSubstr(R"([["1",4,4])"));
  const std::uint64_t last_s = 11 + kGoneHistoryNs / kSecondNs;
  source_.remove(id + 1);
  look(last_s);
  EXPECT_THAT(told(), HasSubstr("\"name\":\"a\""));
  look(last_s + 1);
  EXPECT_EQ(told(), "[]");
  EXPECT_EQ(history_.cells(), 0U);
}

TEST_F(HistoryTest, only_what_is_wanted_is_told) {
  const std::uint64_t id = add("d");
  for (std::uint64_t second = 1; second <= 5; ++second) {
    publish(id, second, {stats("a", second), stats("b", second)});
    look(second);
  }
  EXPECT_THAT(told({3 * kSecondNs, "A*"}), HasSubstr(R"("values":[["3",1,1],)"));
  EXPECT_THAT(told({0, "A*"}), Not(HasSubstr("\"b\"")));
  // Two counters of two instances, two samples each.
  EXPECT_THAT(told({0, "", 8}), HasSubstr(R"("values":[["4",1],)"));
  EXPECT_EQ(told({}, "Test_Other"), "[]");
}

TEST_F(HistoryTest, samples_are_bounded_at_the_edge) {
  const std::uint64_t id = add("d");
  std::uint64_t second = 0;
  while (second < kMostHistorySamples + kMostHistorySamples / 8) {
    ++second;
    sample(id, second, second);
  }
  EXPECT_EQ(history_.cells(), 2 * second);
  sample(id, second + 1, 0);
  EXPECT_EQ(history_.cells(), 2 * kMostHistorySamples);
}

TEST_F(HistoryTest, of_many_instances_there_are_fewer_samples_and_of_too_many_none) {
  constexpr std::size_t kCells = 1'800;
  history_ = History(kCells);
  const std::uint64_t id = add("d");
  const std::uint64_t other = add("d", "Test_Other");
  wmi::BlockBuilder block(entry("Test_Other"));
  block.set("Count", std::uint64_t{1});
  std::vector<wmi::MadeInstance> instances;
  const auto run = [&](std::uint64_t from) {
    for (std::uint64_t second = from; second < from + 100; ++second) {
      publish(id, second, instances);
      publish(other, second, {{"o", "", true, block.block(), {}}});
      look(second);
      EXPECT_LE(history_.cells(), kCells);
    }
  };
  // Two counters and two stamps each, beside three of the other class: 15 samples still fit.
  for (int i = 0; i < 29; ++i) instances.push_back(stats(fmt::format("i{}", i), 1));
  run(1);
  EXPECT_GE(history_.cells(), kCells / 4);
  EXPECT_THAT(told(), HasSubstr("\"i28\""));
  instances.push_back(stats("i29", 1));
  run(101);
  EXPECT_EQ(told(), "[]");
  EXPECT_THAT(told({}, "Test_Other"), HasSubstr("\"o\""));
}

TEST_F(HistoryTest, those_that_are_away_make_room_for_those_that_are_there) {
  history_ = History(300);
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t id = add(fmt::format("d{}", i));
    const auto second = static_cast<std::uint64_t>(i);
    for (std::uint64_t n = 1; n <= 5; ++n) sample(id, 100 * second + n, n);
    source_.remove(id);
    EXPECT_LE(history_.cells(), 300U);
  }
}

TEST_F(HistoryTest, outlives_new_classes_unless_the_counters_are_others) {
  const std::uint64_t id = add("d");
  sample(id, 1, 1);
  repository_ = compiled(std::string(kCounted));
  snapshots_->use(repository_);
  sample(id, 2, 3);
  EXPECT_THAT(told(), HasSubstr(R"([["1",2])"));
  std::string other(kCounted);
  other.replace(other.find("Total"), 5, "Other");
  repository_ = compiled(other);
  snapshots_->use(repository_);
  look(3);
  EXPECT_THAT(told(), HasSubstr(R"("counters":["Other","Below"])"));
  EXPECT_THAT(told(), HasSubstr(R"("values":[["3"])"));
}

}  // namespace
}  // namespace qm::serve

// The collector's source on the kernel that runs the tests, in a network namespace of their own.
// Without root or XFRM these tests say so and are skipped.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <vector>

#include "hba/collector.h"
#include "hba/engine_testing.h"
#include "hba/kernel.h"
#include "support/xfrm_daemon.h"

namespace qm::hba {
namespace {

using ::testing::HasSubstr;

using MakeProbes = std::function<std::unique_ptr<xfrm::ProbeSource>(Engine&)>;

void on_a_kernel(
    const std::function<void(test::Daemon&, Engine&, Kernel&)>& body,
    const MakeProbes& make_probes = [](Engine&) { return nullptr; },
    int most_event_bytes = xfrm::kMostEventBufferBytes) {
  const std::string why = test::in_own_netns([&](test::Daemon& daemon) {
    Engine engine(now());
    Kernel kernel(engine, make_probes(engine), most_event_bytes);
    const auto opened = kernel.open();
    ASSERT_TRUE(opened) << opened.error().message;
    body(daemon, engine, kernel);
  });
  if (!why.empty()) GTEST_SKIP() << why;
}

// Puts what gives nothing but errors in the event socket's place.
void break_events(const Kernel& kernel) {
  const int other = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(other, 0);
  ASSERT_EQ(::dup2(other, kernel.event_fd()), kernel.event_fd());
  ::close(other);
}

TEST(KernelSource, AnEventSocketThatDiesIsOpenedAgainAndTheLossDeclared) {
  on_a_kernel([](test::Daemon& daemon, Engine& engine, Kernel& kernel) {
    ASSERT_EQ(daemon.add_policy(test::policy_of_port(1)), 0);
    kernel.refresh();
    engine.conclude();
    EXPECT_EQ(engine.report().health.policies, 1);
    EXPECT_EQ(engine.report().health.gaps, 0);

    break_events(kernel);
    ASSERT_EQ(daemon.add_policy(test::policy_of_port(2)), 0);  // nobody hears of it
    kernel.drain();
    EXPECT_EQ(kernel.event_fd(), -1) << "polling it would spin";
    kernel.refresh();
    engine.conclude();
    HealthReport health = engine.report().health;
    EXPECT_TRUE(health.kernel_readable);
    EXPECT_EQ(health.policies, 2) << "a new dump tells of it";
    EXPECT_GT(health.gaps, 0);
    EXPECT_THAT(health.last_problem, HasSubstr("opened again"));
    EXPECT_FALSE(engine.behind());

    ASSERT_EQ(daemon.add_policy(test::policy_of_port(3)), 0);
    kernel.drain();
    EXPECT_EQ(engine.report().health.policies, 3) << "events come again";
  });
}

// Remembers how many dumps had begun whenever the finals were read.
class Finals final : public xfrm::ProbeSource {
 public:
  Finals(const Engine& engine, std::vector<std::uint64_t>& read) : engine_(engine), read_(read) {}
  const xfrm::ProbeCoverage& coverage() const override { return coverage_; }
  Result<void> read_finals(xfrm::ProbeReading& reading) override {
    reading.more = false;
    read_.push_back(engine_.report().health.dumps);
    return {};
  }
  Result<void> read_closed(xfrm::ProbeReading&) override { return {}; }
  Result<xfrm::ProbeReading> read() override { return xfrm::ProbeReading{}; }
  Result<void> watch(const xfrm::AddressPair&) override { return {}; }
  Result<void> watch_peers(std::span<const Address>, bool) override { return {}; }

 private:
  const Engine& engine_;
  std::vector<std::uint64_t>& read_;
  xfrm::ProbeCoverage coverage_;
};

// An SA that died while events were lost, and another that took its SPI within the second: the dump
// shows the second one as the first. Only the word on the end of that one tells them apart, if it
// is read before.
TEST(KernelSource, TheWordsOnDeadSasAreReadBeforeEachDump) {
  std::vector<std::uint64_t> read;
  on_a_kernel(
      [&](test::Daemon&, Engine& engine, Kernel& kernel) {
        ASSERT_FALSE(read.empty());
        EXPECT_EQ(read.front(), 0U) << "as it opens";

        break_events(kernel);
        kernel.drain();
        read.clear();
        kernel.refresh();  // opens the socket again
        ASSERT_GE(engine.report().health.dumps, 2U);
        EXPECT_EQ(read.front(), 1U) << "the second dump was the first to speak of what was lost";
      },
      [&](Engine& engine) { return std::make_unique<Finals>(engine, read); });
}

// The raw call: glibc's would change all threads. Effective capabilities go with the uid.
void as_user(uid_t uid) {
  ASSERT_EQ(::syscall(SYS_setresuid, -1, uid, -1), 0);
}

TEST(KernelSource, ADumpThatFailsIsTriedAgainSoOftenAndThenAtTheNextRefresh) {
  on_a_kernel([](test::Daemon&, Engine& engine, Kernel& kernel) {
    engine.overrun();
    const std::uint64_t dumps = engine.report().health.dumps;
    as_user(65'534);
    kernel.refresh();
    as_user(0);
    EXPECT_EQ(engine.report().health.dumps, dumps + kMostSyncTries);
    EXPECT_THAT(engine.report().health.last_problem, HasSubstr("dumping SAs and policies"));
    EXPECT_TRUE(engine.behind());
    kernel.refresh();
    EXPECT_EQ(engine.report().health.dumps, dumps + kMostSyncTries + 1);
    EXPECT_FALSE(engine.behind());
  });
}

TEST(KernelSource, OneThatCantBeOpenedAgainMakesTheCountersUnknown) {
  on_a_kernel([](test::Daemon&, Engine& engine, Kernel& kernel) {
    break_events(kernel);
    kernel.drain();
    as_user(65'534);
    kernel.refresh();
    as_user(0);
    EXPECT_FALSE(engine.report().health.kernel_readable);
    EXPECT_FALSE(kernel.is_open()) << "and the collector tries again";
    EXPECT_TRUE(kernel.open());
    EXPECT_TRUE(engine.report().health.kernel_readable);
  });
}

TEST(KernelSource, EventsThatNoLargerBufferCouldHaveKeptAreAProblemThatIsTold) {
  constexpr int kMost = 16'384;
  on_a_kernel(
      [](test::Daemon& daemon, Engine& engine, Kernel& kernel) {
        for (std::uint16_t port = 1; port <= 400; ++port) {
          ASSERT_EQ(daemon.add_policy(test::policy_of_port(port)), 0);
        }
        kernel.refresh();
        const HealthReport health = engine.report().health;
        EXPECT_EQ(health.overruns, 1);
        EXPECT_GT(health.gaps, 0) << "and a gap is declared";
        EXPECT_THAT(health.last_problem, HasSubstr("as large as it gets (16 KB)"));
        EXPECT_EQ(health.policies, 400) << "a new dump shows them";
        EXPECT_FALSE(engine.behind());
      },
      [](Engine&) { return nullptr; }, kMost);
}

}  // namespace
}  // namespace qm::hba

// The collector's source on the kernel that runs the tests, in a network namespace of their own.
// Without root or XFRM these tests say so and are skipped.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>

#include "hba/engine_testing.h"
#include "hba/kernel.h"
#include "support/xfrm_daemon.h"

namespace qm::hba {
namespace {

using ::testing::HasSubstr;

void on_a_kernel(const std::function<void(test::Daemon&, Engine&, Kernel&)>& body) {
  const std::string why = test::in_own_netns([&](test::Daemon& daemon) {
    Engine engine(now());
    Kernel kernel(engine, std::nullopt);
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

TEST(KernelSource, OneThatCantBeOpenedAgainMakesTheCountersUnknown) {
  on_a_kernel([](test::Daemon&, Engine& engine, Kernel& kernel) {
    break_events(kernel);
    kernel.drain();
    // The raw call: glibc's would change all threads. Effective capabilities go with the uid.
    ASSERT_EQ(::syscall(SYS_setresuid, -1, 65'534, -1), 0);
    kernel.refresh();
    ASSERT_EQ(::syscall(SYS_setresuid, -1, 0, -1), 0);
    EXPECT_FALSE(engine.report().health.kernel_readable);
    EXPECT_FALSE(kernel.is_open()) << "and the collector tries again";
    EXPECT_TRUE(kernel.open());
    EXPECT_TRUE(engine.report().health.kernel_readable);
  });
}

}  // namespace
}  // namespace qm::hba

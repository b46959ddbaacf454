// quickmode-sim-provider as a program, from its arguments to what serve reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include "provider/service_testing_linux.h"

namespace qm::provider {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kProgram = QM_BINARY_DIR "/bin/quickmode-sim-provider";

class SimProvider : public Service {
 protected:
  void SetUp() override {
    ASSERT_EQ(access(kProgram, X_OK), 0) << kProgram << " is not built";
    start();
  }
  void TearDown() override { stop_program(SIGKILL); }

  void run(const std::string& seed, const std::string& instances = "9") {
    child_ = fork();
    ASSERT_GE(child_, 0);
    if (child_ != 0) return;
    execl(kProgram, kProgram, "--runtime-dir", folder_.c_str(), "--instances", instances.c_str(),
          "--seed", seed.c_str(), nullptr);
    _exit(127);
  }
  // The exit status, as waitpid tells it.
  int stop_program(int signal_number) {
    int status = 0;
    if (child_ <= 0) return status;
    kill(child_, signal_number);
    waitpid(child_, &status, 0);
    child_ = -1;
    return status;
  }
  // On a busy machine the second may be there before it is read: then once more.
  Generation first_generation(const std::string& seed) {
    for (int attempt = 0; attempt < 20; ++attempt) {
      run(seed);
      EXPECT_TRUE(until([&] { return registered() == 1 && read().number > 0; }));
      Generation generation = read();
      stop_program(SIGKILL);
      EXPECT_TRUE(until([&] { return registered() == 0; }));
      if (generation.number == 1) return generation;
    }
    ADD_FAILURE() << "the first generation is never seen";
    return {};
  }

  pid_t child_ = -1;
};

// What it says and its exit code, for arguments that end it at once.
std::pair<std::string, int> said(const std::string& arguments) {
  FILE* pipe = popen((kProgram + (" " + arguments) + " 2>&1").c_str(), "r");
  std::string text;
  std::array<char, 4096> part{};
  while (fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
  return {text, WEXITSTATUS(pclose(pipe))};
}

std::array<std::uint64_t, 18> counters(const InstanceData& instance) {
  std::array<std::uint64_t, 18> out{};
  EXPECT_EQ(instance.block.size(), sizeof out);
  read_at(instance.block, 0, out);
  return out;
}

TEST_F(SimProvider, ShowsAdaptersThatNobodyTakesForTruth) {
  const Generation generation = first_generation("1");
  ASSERT_EQ(generation.instances.size(), 9U);
  EXPECT_EQ(generation.instances[0].name, "SIM\\ISCSI\\ADAPTER0001_0");
  EXPECT_EQ(generation.instances[0].caption, "Simulated iSCSI adapter 1");
  bool seen[QM_UNAVAILABLE + 1] = {};
  for (const InstanceData& instance : generation.instances) {
    EXPECT_THAT(instance.name, StartsWith("SIM\\"));
    const auto c = counters(instance);
    EXPECT_EQ(c[0], c[2] - c[3]) << "ActiveSA = KeyAdditions - KeyDeletions";
    EXPECT_EQ(c[10], c[14] + c[16]) << "confidential = transport + tunnel, sent";
    EXPECT_EQ(c[11], c[15] + c[17]) << "confidential = transport + tunnel, received";
    for (const ItemQuality item : instance.qualities) seen[item.quality] = true;
  }
  for (const bool each : seen) EXPECT_TRUE(each) << "each quality occurs";
  EXPECT_FALSE(generation.instances[7].active);
}

TEST_F(SimProvider, GivesTheSameNumbersForTheSameSeed) {
  const Generation one = first_generation("7");
  const Generation same = first_generation("7");
  const Generation other = first_generation("8");
  EXPECT_EQ(one.storage, same.storage);
  EXPECT_NE(one.storage, other.storage);
}

TEST_F(SimProvider, AnswersARefreshWithNewNumbersThatNeverFall) {
  run("1");
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  const Generation before = read();
  int answers = 0;
  registry_->refresh(nullptr, Service::kPatience, [&](bool all) { answers += all ? 1 : 100; });
  ASSERT_TRUE(until([&] { return answers == 1; }));
  const Generation after = read();
  EXPECT_GT(after.number, before.number);
  for (std::size_t i = 0; i < before.instances.size(); ++i) {
    const auto old_values = counters(before.instances[i]);
    const auto new_values = counters(after.instances[i]);
    for (std::size_t item = 2; item < 18; ++item) {
      if (item == 5) continue;  // ActiveTunnels is no counter
      EXPECT_GE(new_values[item], old_values[item]) << i << " " << item;
    }
  }
}

TEST_F(SimProvider, EndsAtASignalAndConnectsAgainAfterARestart) {
  run("1");
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  stop();
  start();
  ASSERT_TRUE(until([&] { return registered() == 1 && read().number > 0; }));
  const int status = stop_program(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(SimProviderUsage, IsTaught) {
  const auto help = said("--help");
  EXPECT_EQ(help.second, 0);
  EXPECT_THAT(help.first, HasSubstr("--instances N"));
  const auto unknown = said("--class Foo");
  EXPECT_EQ(unknown.second, 64);
  EXPECT_EQ(unknown.first,
            "quickmode-sim-provider: the class 'Foo' is not one that it can fill; these are: "
            "MSiSCSI_QMIPSECStats Quickmode_HostIPSECStats\n");
  for (const char* bad : {"--instances 0", "--instances 65537", "--instances x", "--seed -1",
                          "--seed", "--foo", "more"}) {
    EXPECT_EQ(said(bad).second, 64) << bad;
  }
}

}  // namespace
}  // namespace qm::provider

// Both sides of the socket, which keep the rules.
#include "provider/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "provider/service_testing_linux.h"

namespace qm::provider {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

using RegistryTest = Service;

TEST_F(RegistryTest, ShowsWhatAProviderPublishes) {
  start();
  Good provider(path_, "my-agent");
  EXPECT_TRUE(qm_connected(provider));
  const std::string bmof = "FOMB…";
  qm_class_info info = test_class(4, QM_REG_PDO);
  info.bmof = bmof.data();
  info.bmof_bytes = bmof.size();
  qm_registration* registration = provider.add(info);
  publish(registration, 42, {"PCI\\A", "PCI\\B"});
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  const Registration seen = registry_->registrations()[0];
  EXPECT_EQ(seen.driver, "my-agent");
  EXPECT_EQ(seen.pid, getpid());
  EXPECT_EQ(seen.info.block_bytes, 144U);
  EXPECT_EQ(seen.info.bmof.size(), bmof.size());
  EXPECT_EQ(std::memcmp(seen.info.bmof.data(), bmof.data(), bmof.size()), 0);
  const Generation generation = read();
  ASSERT_EQ(generation.instances.size(), 2U);
  EXPECT_EQ(generation.instances[1].name, "PCI\\B_0");
  EXPECT_EQ(first_word(generation.instances[1]), 42U);
}

TEST_F(RegistryTest, ForgetsWhatIsTakenBackAndWhoLeaves) {
  start();
  std::uint64_t changes = registry_->changes();
  const auto changed = [&] { return std::exchange(changes, registry_->changes()) != changes; };
  {
    Good provider(path_);
    qm_registration* one = provider.add(numbered_class(1));
    provider.add(numbered_class(2));
    ASSERT_TRUE(until([&] { return registered() == 2; }));
    EXPECT_TRUE(changed());
    qm_unregister(one);
    ASSERT_TRUE(until([&] { return registered() == 1; }));
    EXPECT_TRUE(changed());
    EXPECT_EQ(registry_->registrations()[0].info.guid.Data1, 2U);
  }
  ASSERT_TRUE(until([&] { return registered() == 0; }));
  EXPECT_TRUE(changed());
}

TEST_F(RegistryTest, TellsAProviderWhyAClassIsRefused) {
  start([](const ClassInfo& info) -> Result<void> {
    if (info.guid.Data1 == 2) return {};
    return fail(ErrorCode::not_found, "no class has this GUID");
  });
  Good provider(path_);
  provider.add(numbered_class(1));
  provider.add(numbered_class(2));
  int refusal = 0;
  ASSERT_TRUE(until([&] { return (refusal = qm_dispatch(provider, 0)) < 0; }));
  EXPECT_EQ(refusal, -EINVAL);
  EXPECT_STREQ(qm_error_text(provider), "quickmode-serve refused: no class has this GUID");
  ASSERT_TRUE(until([&] { return registered() == 1; }));  // the other one goes on
  EXPECT_EQ(qm_dispatch(provider, 0), 0);
  EXPECT_TRUE(qm_connected(provider));
}

TEST_F(RegistryTest, RefusesWhatIsWrongBeforeServeIsAsked) {
  Good provider(path_);
  qm_registration* registration = nullptr;
  qm_class_info info = test_class(0);
  EXPECT_EQ(qm_register(provider, &info, &registration), -EINVAL);
  EXPECT_STREQ(qm_error_text(provider), "most_instances must be 1 to 65536");
  info = test_class(1);
  EXPECT_EQ(qm_register(provider, &info, &registration), 0);
  EXPECT_EQ(qm_register(provider, &info, &registration), -EEXIST);
  for (std::uint32_t i = 1; i < QM_MOST_REGISTRATIONS; ++i) provider.add(numbered_class(100 + i));
  info = numbered_class(99);
  EXPECT_EQ(qm_register(provider, &info, &registration), -ENOSPC);
  EXPECT_STREQ(qm_error_text(provider), "a provider may register 64 classes at most");
}

TEST_F(RegistryTest, TakesAsManyClassesAsAProviderMayHave) {
  start();
  Good provider(path_);
  for (std::uint32_t i = 0; i < QM_MOST_REGISTRATIONS; ++i) provider.add(numbered_class(i));
  EXPECT_TRUE(until([&] { return registered() == QM_MOST_REGISTRATIONS; }));
  EXPECT_EQ(qm_dispatch(provider, 0), 0);
}

TEST_F(RegistryTest, OutlivesARestartOnEitherSide) {
  Good provider(path_);  // before the service is there
  EXPECT_FALSE(qm_connected(provider));
  EXPECT_EQ(qm_provider_fd(provider), -1);
  EXPECT_THAT(qm_error_text(provider), HasSubstr("is quickmode-serve running?"));
  qm_registration* registration = provider.add(test_class(2));
  publish(registration, 1);
  for (std::uint64_t value = 2; value <= 3; ++value) {
    start();
    ASSERT_TRUE(until([&] { return qm_dispatch(provider, 0) == 0 && registered() == 1; }));
    EXPECT_EQ(first_word(read().instances.at(0)), value - 1);
    stop();
    publish(registration, value);
    ASSERT_TRUE(until([&] { return qm_dispatch(provider, 0) == 0 && !qm_connected(provider); }));
    EXPECT_STREQ(qm_error_text(provider), "quickmode-serve closed the connection");
  }
}

TEST_F(RegistryTest, WaitsForFreshData) {
  start();
  Good provider(path_);
  qm_registration* registration = provider.add(test_class(2));
  publish(registration, 1);
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  int answers = 0;
  registry_->refresh(&kTestGuid, Service::kPatience, [&](bool all) { answers += all ? 1 : 100; });
  EXPECT_EQ(answers, 0);
  ASSERT_TRUE(until([&] { return qm_dispatch(provider, 0) == 1; }));
  EXPECT_EQ(qm_dispatch(provider, 0), 0);  // told once
  // A question asked meanwhile is another one: this answer may be older than it.
  registry_->refresh(nullptr, Service::kPatience, [&](bool all) { answers += all ? 10 : 100; });
  publish(registration, 2);
  EXPECT_EQ(qm_refreshed(provider), 0);
  ASSERT_TRUE(until([&] { return answers == 1; }));
  EXPECT_EQ(first_word(read().instances.at(0)), 2U);
  ASSERT_TRUE(until([&] { return qm_dispatch(provider, 0) == 1; }));
  EXPECT_EQ(qm_refreshed(provider), 0);
  EXPECT_TRUE(until([&] { return answers == 11; }));
}

TEST_F(RegistryTest, AnswersARefreshThatNobodyHasToAnswer) {
  start();
  Good provider(path_);
  provider.add(numbered_class(1));
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  bool all = false;
  registry_->refresh(&kTestGuid, milliseconds(0), [&](bool answered) { all = answered; });
  EXPECT_TRUE(all);
}

TEST_F(RegistryTest, LimitsTheRefreshesThatWait) {
  start();
  Good provider(path_);
  provider.add(test_class(1));
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  std::size_t refused = 0;
  const auto count = [&](bool all) { refused += all ? 0U : 1U; };
  for (std::size_t i = 0; i < kMostRefreshes; ++i) {
    registry_->refresh(nullptr, Service::kPatience, count);
  }
  EXPECT_EQ(refused, 0U);
  registry_->refresh(nullptr, Service::kPatience, count);
  EXPECT_EQ(refused, 1U);
}

TEST_F(RegistryTest, EndsARefreshWhoseProviderGoes) {
  start();
  auto provider = std::make_unique<Good>(path_);
  provider->add(test_class(1));
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  int answers = 0;
  registry_->refresh(nullptr, Service::kPatience, [&](bool all) { answers += all ? 1 : 100; });
  provider.reset();
  EXPECT_TRUE(until([&] { return answers == 100; }));
}

TEST_F(RegistryTest, LimitsTheProviders) {
  start();
  std::vector<std::unique_ptr<Good>> providers;
  for (std::size_t i = 0; i < kMostProviders; ++i) {
    providers.push_back(std::make_unique<Good>(path_));
    providers.back()->add(test_class(1));
    ASSERT_TRUE(until([&] { return registered() == i + 1; }));
  }
  Good late(path_);
  int refusal = 0;
  ASSERT_TRUE(until([&] { return (refusal = qm_dispatch(late, 0)) < 0; }));
  EXPECT_EQ(refusal, -ENOSPC);
  EXPECT_STREQ(qm_error_text(late),
               "quickmode-serve refused: 64 providers are connected, no more may");
  providers.pop_back();
  EXPECT_TRUE(until([&] { return qm_dispatch(late, 0) == 0 && qm_connected(late); }));
}

TEST_F(RegistryTest, LimitsThePagesOfOneProvider) {
  start();
  Good provider(path_);
  qm_class_info info = numbered_class(1, 4000);  // a little over half a GiB
  info.block_bytes = QM_MOST_BLOCK_BYTES;
  provider.add(info);
  ASSERT_TRUE(until([&] { return registered() == 1; }));
  info.guid.Data1 = 2;
  info.most_instances = 5000;
  provider.add(info);
  int refusal = 0;
  ASSERT_TRUE(until([&] { return (refusal = qm_dispatch(provider, 0)) < 0; }));
  EXPECT_EQ(refusal, -ENOSPC);
  EXPECT_THAT(qm_error_text(provider), HasSubstr("all pages of the provider"));
}

TEST_F(RegistryTest, ReplacesADeadServicesSocketAndNoOther) {
  start();
  const auto second = Registry::listen(path_, {}, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::state);
  EXPECT_THAT(second.error().message, HasSubstr("is another quickmode-serve running?"));
  ASSERT_EQ(link(path_.c_str(), (path_ + ".old").c_str()), 0);
  stop();
  ASSERT_EQ(rename((path_ + ".old").c_str(), path_.c_str()), 0);  // as a crash leaves it
  start();
  Good provider(path_);
  EXPECT_TRUE(qm_connected(provider));
}

TEST_F(RegistryTest, TouchesNoFileThatIsNoSocket) {
  FILE* file = fopen(path_.c_str(), "w");
  ASSERT_NE(file, nullptr);
  fclose(file);
  const auto registry = Registry::listen(path_, {}, {});
  ASSERT_FALSE(registry.has_value());
  EXPECT_THAT(registry.error().message, HasSubstr("a file that is no socket is there already"));
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
}

TEST_F(RegistryTest, SaysWhenThePathIsTooLong) {
  const auto registry = Registry::listen("/tmp/" + std::string(200, 'x'), {}, {});
  ASSERT_FALSE(registry.has_value());
  EXPECT_EQ(registry.error().code, ErrorCode::limit);
}

TEST_F(RegistryTest, AdmitsByCredentialsAndNotByTheSocketsMode) {
  start();
  struct stat status{};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0666U);
}

TEST(ProviderOpen, RefusesBadArguments) {
  qm_provider* provider = nullptr;
  EXPECT_EQ(qm_provider_open("/x", "", &provider), -EINVAL);
  EXPECT_EQ(qm_provider_open("/x", "a\nb", &provider), -EINVAL);
  EXPECT_EQ(qm_provider_open("/x", std::string(64, 'x').c_str(), &provider), -EINVAL);
  EXPECT_EQ(qm_provider_open(std::string(108, 'x').c_str(), "x", &provider), -ENAMETOOLONG);
  qm_provider_close(nullptr);
  qm_unregister(nullptr);
}

}  // namespace
}  // namespace qm::provider

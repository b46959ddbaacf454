// The whole service with real providers, sockets and pages.
#include "serve/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "quickmode/provider.h"
#include "serve/http_client_testing_linux.h"

namespace qm::serve {
namespace {

using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kStatsBytes = 144;
constexpr GUID kStatsGuid = {
    0xb4d1c606, 0x8682, 0x4b7a, {0xac, 0x6b, 0xd8, 0x83, 0xd9, 0x15, 0x55, 0xfb}};
constexpr const char* kStats = "/api/v1/instances/MSiSCSI_QMIPSECStats";

// A provider of one class whose first counter grows with every generation.
class TestProvider {
 public:
  TestProvider(const std::string& runtime_dir, const char* driver, bool answers = true)
      : answers_(answers) {
    const std::string path = runtime_dir + "/provider.sock";
    qm_provider_open(path.c_str(), driver, &provider_);
    qm_class_info info{};
    info.guid = kStatsGuid;
    info.flags = QM_REG_PDO;
    info.block_bytes = kStatsBytes;
    info.data_items = 18;
    info.most_instances = 4;
    qm_register(provider_, &info, &registration_);
    publish();
  }
  TestProvider(const TestProvider&) = delete;
  TestProvider& operator=(const TestProvider&) = delete;
  ~TestProvider() { qm_provider_close(provider_); }

  // Handles what comes for a moment.
  void turn() {
    if (qm_dispatch(provider_, 10) == 1 && answers_) {
      publish();
      qm_refreshed(provider_);
    }
  }

 private:
  void publish() {
    const qm_times times = qm_times_now();
    qm_begin(registration_, &times);
    qm_instance* instance = nullptr;
    qm_put(registration_, "ROOT\\ISCSI_TCP\\test", &instance);
    qm_set_caption(instance, "a test");
    ++generation_;
    std::memcpy(qm_block(instance), &generation_, sizeof generation_);
    qm_set_quality(instance, 5, QM_UNAVAILABLE, QM_REASON_NO_IKE);
    qm_publish(registration_);
  }
  qm_provider* provider_ = nullptr;
  qm_registration* registration_ = nullptr;
  std::uint64_t generation_ = 0;
  bool answers_;
};

// The same on a thread of its own.
class ProviderThread {
 public:
  template <class... Args>
  explicit ProviderThread(Args... args)
      : thread_([this, args...] {
          TestProvider provider(args...);
          while (!stop_) provider.turn();
        }) {}
  ~ProviderThread() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    char path[] = "/tmp/quickmode-test-XXXXXX";
    config_.runtime_dir = ::mkdtemp(path);
    config_.listen = {"127.0.0.1:0"};
    config_.class_dir = config_.runtime_dir + "/classes";
    limits_.refresh = std::chrono::milliseconds(300);
  }
  ~ServiceTest() override {
    stop();
    std::filesystem::remove_all(config_.runtime_dir);
  }
  void start() {
    auto started = Service::start(
        config_,
        [this](const std::string& line) {
          const std::scoped_lock lock(log_mutex_);
          log_ += line + "\n";
        },
        limits_);
    ASSERT_TRUE(started) << started.error().message;
    service_ = std::move(*started);
    thread_ = std::thread([this] { service_->run(); });
  }
  void stop() {
    if (service_) service_->stop();
    if (thread_.joinable()) thread_.join();
    service_.reset();
  }
  Response get(const std::string& target) {
    return Client::tcp(service_->listeners().front().port).get(target);
  }
  // Asks until the answer holds text; the last answer.
  std::string await(const std::string& target, const std::string& text) {
    const auto deadline = steady_clock::now() + std::chrono::seconds(30);
    std::string body;
    do {
      body = get(target).body;
    } while (body.find(text) == std::string::npos && steady_clock::now() < deadline);
    EXPECT_THAT(body, HasSubstr(text));
    return body;
  }
  std::string log() {
    const std::scoped_lock lock(log_mutex_);
    return log_;
  }

  Config config_;
  ServiceLimits limits_;
  std::unique_ptr<Service> service_;
  std::thread thread_;
  std::mutex log_mutex_;
  std::string log_;
};

TEST_F(ServiceTest, without_providers_it_answers_with_nothing_rather_than_zero) {
  start();
  const Response response = get(kStats);
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.body, HasSubstr("\"refreshed\":true"));
  EXPECT_THAT(response.body, HasSubstr("\"providers\":0,\"instances\":[]"));
  EXPECT_THAT(get("/api/v1/health").body, HasSubstr("\"providers\":[]"));
  EXPECT_THAT(get("/api/v1/classes").body, HasSubstr("\"name\":\"MSiSCSI_QMIPSECStats\""));
}

TEST_F(ServiceTest, a_provider_registers_and_each_request_brings_fresh_data) {
  start();
  const ProviderThread provider(config_.runtime_dir, "tester");
  const std::string first = await(kStats, "ROOT\\\\ISCSI_TCP\\\\test_0");
  EXPECT_THAT(first, HasSubstr("\"refreshed\":true"));
  EXPECT_THAT(first, HasSubstr("\"driver\":\"tester\""));
  EXPECT_THAT(first, HasSubstr("\"caption\":\"a test\""));
  EXPECT_THAT(first, HasSubstr("\"ReKeys\":null"));
  const auto counter = [](const std::string& body) {
    const std::size_t at = body.find("\"ActiveSA\":");
    return at == std::string::npos ? 0 : std::stoul(body.substr(at + 11));
  };
  const auto before = counter(get(kStats).body);
  const auto after = counter(get(kStats).body);
  EXPECT_GT(after, before);
  const std::string last = get(std::string(kStats) + "?refresh=0").body;
  EXPECT_EQ(counter(last), after);
  EXPECT_THAT(last, HasSubstr("\"refreshed\":false"));
  EXPECT_THAT(get("/api/v1/health").body,
              HasSubstr("{\"driver\":\"tester\",\"pid\":" + std::to_string(::getpid()) +
                        ",\"registrations\":1}"));
  EXPECT_THAT(get("/api/v1/classes").body, HasSubstr("\"instances\":1,\"providers\":1"));
  EXPECT_THAT(log(), HasSubstr("provider tester (pid"));
}

TEST_F(ServiceTest, a_provider_that_does_not_answer_costs_the_deadline_and_shows_its_last) {
  start();
  const ProviderThread provider(config_.runtime_dir, "stalled", false);
  await(kStats, "test_0");
  const Response response = get(kStats);
  EXPECT_EQ(response.status, 200U);
  EXPECT_THAT(response.body, HasSubstr("\"refreshed\":false"));
  EXPECT_THAT(response.body, HasSubstr("\"ActiveSA\":1"));
}

TEST_F(ServiceTest, a_killed_provider_is_gone_with_its_instances) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    TestProvider provider(config_.runtime_dir, "child");
    for (;;) provider.turn();
  }
  start();
  await(kStats, "\"driver\":\"child\"");
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  await(kStats, "\"providers\":0,\"instances\":[]");
  EXPECT_THAT(log(), HasSubstr("provider child (pid " + std::to_string(child) +
                               ") is gone, and its instances"));
}

TEST_F(ServiceTest, a_provider_comes_back_after_the_service_restarts) {
  start();
  const ProviderThread provider(config_.runtime_dir, "faithful");
  await(kStats, "\"driver\":\"faithful\"");
  stop();
  start();
  await(kStats, "\"driver\":\"faithful\"");
}

TEST_F(ServiceTest, health_and_metrics_count_those_who_follow_events) {
  start();
  EXPECT_THAT(get("/api/v1/health").body, HasSubstr("\"event_streams\":0"));
  Client page = Client::local(service_->query_socket());
  page.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(page.until("event: refresh"), HasSubstr("text/event-stream"));
  EXPECT_THAT(get("/api/v1/health").body, HasSubstr("\"event_streams\":1"));
  EXPECT_THAT(get("/metrics").body, HasSubstr("quickmode_serve_event_streams 1\n"));
}

TEST_F(ServiceTest, the_query_socket_has_its_mode_and_goes_with_the_service) {
  config_.query_mode = 0600;
  start();
  const std::string path = service_->query_socket();
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(Client::local(path).get("/api/v1/health").status, 200U);
  stop();
  EXPECT_NE(::stat(path.c_str(), &info), 0);
  EXPECT_NE(::stat((config_.runtime_dir + "/provider.sock").c_str(), &info), 0);
}

TEST_F(ServiceTest, two_services_do_not_share_a_directory) {
  start();
  const auto second = Service::start(config_, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "another quickmode-serve runs in " + config_.runtime_dir +
                                        "; stop it, or run this one with another --runtime-dir");
  EXPECT_EQ(get("/api/v1/health").status, 200U);
}

TEST_F(ServiceTest, sockets_of_a_service_that_was_killed_are_replaced) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto service = Service::start(config_, nullptr);
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(std::filesystem::exists(config_.runtime_dir + "/query.sock"));
  start();
  EXPECT_EQ(get("/api/v1/health").status, 200U);
}

TEST_F(ServiceTest, what_cannot_be_served_is_said_in_one_sentence) {
  const auto why = [](const Config& config) {
    const auto started = Service::start(config, nullptr);
    return started ? std::string("started") : started.error().message;
  };
  Config config = config_;
  config.listen = {"0.0.0.0:0"};
  EXPECT_THAT(why(config), HasSubstr("listen on 0.0.0.0:0: only loopback addresses"));
  config = config_;
  config.runtime_dir = config_.runtime_dir + "/no/such";
  EXPECT_THAT(why(config), HasSubstr("--runtime-dir"));
  config = config_;
  config.provider_users = {"no-such-user-here"};
  EXPECT_EQ(why(config), "there is no user no-such-user-here on this host");
  config = config_;
  config.query_group = "no-such-group-here";
  EXPECT_EQ(why(config), "there is no group no-such-group-here on this host");
  config = config_;
  config.runtime_dir = config_.runtime_dir + "/" + std::string(120, 'x');
  EXPECT_THAT(why(config), Not(HasSubstr("started")));
}

}  // namespace
}  // namespace qm::serve

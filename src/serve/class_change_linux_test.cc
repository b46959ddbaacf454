// Classes from outside, through a whole service: brought by a provider, read from files, added by
// mofcomp over the query socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "mof/decompile.h"
#include "mof/memory_reader.h"
#include "quickmode/provider.h"
#include "serve/class_change.h"
#include "serve/http_client_testing_linux.h"
#include "serve/service.h"

namespace qm::serve {
namespace {

using std::chrono::steady_clock;
using ::testing::HasSubstr;

constexpr GUID kVendorGuid = {0x11111111, 0, 0, {0, 0, 0, 0, 0, 0, 0, 1}};

std::string bmf(const std::string& text) {
  Diagnostics diagnostics;
  const mof::Model model =
      mof::compile({"t.mof"}, mof::memory_reader({{"t.mof", text}}), {}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.text();
  return mof::write_bmf(model).value_or("");
}

std::string vendor_class(const std::string& name = "Vendor_Port",
                         const std::string& type = "uint64") {
  return "[guid(\"{11111111-0000-0000-0000-000000000001}\")] class " + name +
         " : Win32_PerfRawData {\n[key, read] string InstanceName; [read] boolean Active;\n"
         "[read, WmiDataId(1)] " +
         type + " Frames;\n};\n";
}

// Serves what a vendor's driver would: its own class, whose text only it has.
class Vendor {
 public:
  Vendor(const std::string& runtime_dir, const std::string& binary, std::uint32_t block_bytes = 8) {
    qm_provider_open((runtime_dir + "/provider.sock").c_str(), "vendor", &provider_);
    qm_class_info info{};
    info.guid = kVendorGuid;
    info.flags = QM_REG_PDO;
    info.block_bytes = block_bytes;
    info.data_items = 1;
    info.most_instances = 1;
    info.bmof = binary.data();
    info.bmof_bytes = binary.size();
    qm_register(provider_, &info, &registration_);
    const qm_times times = qm_times_now();
    qm_begin(registration_, &times);
    qm_instance* instance = nullptr;
    qm_put(registration_, "PCI\\VENDOR\\1", &instance);
    const std::uint64_t frames = 4'711;
    std::memcpy(qm_block(instance), &frames, block_bytes);
    qm_publish(registration_);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const int happened = qm_dispatch(provider_, 10);
        if (happened == 1) qm_refreshed(provider_);
        if (happened < 0) refused_ = true;
      }
    });
  }
  ~Vendor() {
    thread_.request_stop();
    thread_.join();
    qm_provider_close(provider_);
  }
  Vendor(const Vendor&) = delete;
  Vendor& operator=(const Vendor&) = delete;
  bool refused() const { return refused_; }

 private:
  qm_provider* provider_ = nullptr;
  qm_registration* registration_ = nullptr;
  std::atomic<bool> refused_ = false;
  std::jthread thread_;
};

class OutsideClasses : public ::testing::Test {
 protected:
  OutsideClasses() {
    char path[] = "/tmp/quickmode-test-XXXXXX";
    config_.runtime_dir = ::mkdtemp(path);
    config_.class_dir = config_.runtime_dir + "/classes";
    config_.listen = {};
  }
  ~OutsideClasses() override {
    if (service_) service_->stop();
    if (thread_.joinable()) thread_.join();
    service_.reset();
    std::filesystem::remove_all(config_.runtime_dir);
  }
  void start() {
    auto started = Service::start(config_, [this](const std::string& line) {
      const std::scoped_lock lock(log_mutex_);
      log_ += line + "\n";
    });
    ASSERT_TRUE(started) << started.error().message;
    service_ = std::move(*started);
    thread_ = std::thread([this] { service_->run(); });
  }
  Response get(const std::string& target) {
    return Client::local(service_->query_socket()).get(target);
  }
  Response change(const std::string& verb, const std::string& target,
                  const std::string& body = "") {
    Client client = Client::local(service_->query_socket());
    client.send(verb + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.receive();
  }
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
  std::unique_ptr<Service> service_;
  std::thread thread_;
  std::mutex log_mutex_;
  std::string log_;
};

TEST_F(OutsideClasses, a_provider_brings_its_class_and_takes_it_along) {
  start();
  const std::string binary = bmf(vendor_class());
  {
    const Vendor vendor(config_.runtime_dir, binary);
    const std::string body = await("/api/v1/instances/Vendor_Port", "4711");
    EXPECT_THAT(body, HasSubstr("PCI\\\\VENDOR\\\\1_0"));
    EXPECT_THAT(get("/api/v1/classes/Vendor_Port?form=mof").body, HasSubstr("class Vendor_Port"));
    EXPECT_EQ(get("/api/v1/instances/MSiSCSI_QMIPSECStats").status, 200U);
  }
  await("/api/v1/instances/Vendor_Port", "no class Vendor_Port");
}

TEST_F(OutsideClasses, a_provider_whose_blocks_do_not_fit_its_own_class_is_refused) {
  start();
  const Vendor vendor(config_.runtime_dir, bmf(vendor_class("Vendor_Port", "uint64")), 4);
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (!vendor.refused() && steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(vendor.refused());
  await("/api/v1/classes/Vendor_Port", "no class Vendor_Port");
}

TEST_F(OutsideClasses, files_are_read_at_start_and_a_bad_one_is_left_out) {
  std::filesystem::create_directory(config_.class_dir);
  std::ofstream(config_.class_dir + "/good.bmf", std::ios::binary) << bmf(vendor_class());
  std::ofstream(config_.class_dir + "/bad.bmf", std::ios::binary) << "FOMB and nothing else";
  std::ofstream(config_.class_dir + "/other.mof") << "class Not_Read {};";
  start();
  EXPECT_EQ(get("/api/v1/classes/Vendor_Port").status, 200U);
  EXPECT_EQ(get("/api/v1/classes/Not_Read").status, 404U);
  EXPECT_THAT(log(), HasSubstr("/bad.bmf is left out: "));
}

TEST_F(OutsideClasses, mofcomp_adds_replaces_and_deletes) {
  start();
  const Response added = change("POST", "/api/v1/classes", bmf(vendor_class()));
  EXPECT_EQ(added.status, 200U);
  EXPECT_EQ(added.body, R"({"added":["Vendor_Port"],"replaced":[],"unchanged":[]})");
  EXPECT_THAT(get("/api/v1/classes/Vendor_Port").body, HasSubstr("\"block_bytes\":8"));
  EXPECT_THAT(change("POST", "/api/v1/classes", bmf(vendor_class("Vendor_Port", "uint32"))).body,
              HasSubstr("\"replaced\":[\"Vendor_Port\"]"));
  EXPECT_THAT(get("/api/v1/classes/Vendor_Port").body, HasSubstr("\"block_bytes\":4"));
  EXPECT_EQ(change("DELETE", "/api/v1/classes/Vendor_Port").body, R"({"deleted":"Vendor_Port"})");
  EXPECT_EQ(get("/api/v1/classes/Vendor_Port").status, 404U);
}

TEST_F(OutsideClasses, what_does_not_fit_is_refused_with_its_reason) {
  start();
  EXPECT_EQ(change("POST", "/api/v1/classes", "nonsense").status, 400U);
  EXPECT_EQ(change("POST", "/api/v1/instances", "x").status, 405U);
  EXPECT_THAT(change("PUT", "/api/v1/classes", "x").head,
              HasSubstr("Allow: GET, HEAD, POST, OPTIONS\r\n"));
  EXPECT_THAT(change("POST", "/api/v1/classes/None", "x").head,
              HasSubstr("Allow: GET, HEAD, DELETE, OPTIONS\r\n"));
  EXPECT_THAT(change("GET", "/wsman", "").head, HasSubstr("Allow: POST, OPTIONS\r\n"));
  EXPECT_THAT(change("PUT", "/cimom", "x").head, HasSubstr("Allow: POST, M-POST, OPTIONS\r\n"));
  EXPECT_EQ(change("POST", "/api/v1/classes?x=1", "x").status, 400U);
  EXPECT_EQ(change("DELETE", "/api/v1/classes/None").status, 404U);
  EXPECT_EQ(change("DELETE", "/api/v1/classes/MSiSCSI_QMIPSECStats").status, 403U);
  EXPECT_EQ(change("POST", "/api/v1/classes", bmf(vendor_class("MSiSCSI_QMIPSECStats"))).status,
            409U);
  EXPECT_EQ(change("POST", "/api/v1/classes", std::string(kMostChangeBytes + 1, 'x')).status, 413U);
}

TEST_F(OutsideClasses, over_tcp_nobody_changes_anything_without_a_login) {
  config_.listen = {"127.0.0.1:0"};
  start();
  Client client = Client::tcp(service_->listeners().front().port);
  client.send("POST /api/v1/classes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(client.receive().status, 401U);
}

TEST_F(OutsideClasses, another_user_reads_and_does_not_change) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  config_.query_mode = 0666;
  start();
  using std::filesystem::perms;
  std::filesystem::permissions(config_.runtime_dir, perms::owner_all | perms::group_read |
                                                        perms::group_exec | perms::others_read |
                                                        perms::others_exec);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::setuid(65'534) != 0) ::_exit(2);
    const bool reads = get("/api/v1/health").status == 200;
    const bool refused = change("DELETE", "/api/v1/classes/None").status == 403;
    ::_exit(reads && refused ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace qm::serve

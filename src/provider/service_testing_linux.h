// For tests: a registry on a socket of its own, and turning its crank until something holds.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "provider/page_testing.h"
#include "provider/registry.h"

namespace qm::provider {

class Service : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kPatience{20};

  Service() {
    std::string pattern = testing::TempDir() + "qmXXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/provider.sock";
  }
  ~Service() override {
    registry_.reset();
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  void start(ClassCheck check = {}, std::chrono::milliseconds hello_deadline = kHelloDeadline) {
    auto registry = Registry::listen(path_, {}, std::move(check), hello_deadline);
    ASSERT_TRUE(registry.has_value()) << registry.error().message;
    registry_ = std::move(*registry);
  }
  void stop() { registry_.reset(); }

  // Lets the service work until the condition holds; false when it never did. Each turn also does
  // what the condition does, such as qm_dispatch(…, 0).
  template <class Condition>
  bool until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (registry_) registry_->handle();
      if (condition()) return true;
      pollfd ready{registry_ ? registry_->fd() : -1, POLLIN, 0};
      poll(&ready, 1, 1);
    }
    return false;
  }

  std::size_t registered() const { return registry_->registrations().size(); }
  Generation read(std::size_t index = 0) const {
    return registry_->registrations().at(index).page->read().value_or(Generation{});
  }

  std::string folder_;
  std::string path_;
  std::unique_ptr<Registry> registry_;
};

// A provider that keeps the rules.
class Good {
 public:
  explicit Good(const std::string& path, const char* name = "good") {
    qm_provider_open(path.c_str(), name, &provider_);
  }
  Good(const Good&) = delete;
  Good& operator=(const Good&) = delete;
  ~Good() { qm_provider_close(provider_); }

  operator qm_provider*() const { return provider_; }  // NOLINT: it stands for its provider

  qm_registration* add(const qm_class_info& info) {
    qm_registration* registration = nullptr;
    EXPECT_EQ(qm_register(provider_, &info, &registration), 0) << qm_error_text(provider_);
    return registration;
  }

 private:
  qm_provider* provider_ = nullptr;
};

inline qm_class_info numbered_class(std::uint32_t number, std::uint32_t capacity = 2) {
  qm_class_info info = test_class(capacity);
  info.guid.Data1 = number;
  return info;
}

inline void publish(qm_registration* registration, std::uint64_t value,
                    const std::vector<std::string>& names = {"a"}) {
  const qm_times times = {value, 0};
  qm_begin(registration, &times);
  for (const std::string& name : names) {
    qm_instance* instance = nullptr;
    ASSERT_EQ(qm_put(registration, name.c_str(), &instance), 0);
    std::memcpy(qm_block(instance), &value, sizeof value);
  }
  qm_publish(registration);
}

}  // namespace qm::provider

// The page as memory that two parties share.
#include "provider/page_linux.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "base/descriptor_linux.h"
#include "provider/connection.h"
#include "provider/service_testing_linux.h"

namespace qm::provider {
namespace {

// No service listens there: the page is handed to the reader directly.
constexpr const char* kNowhere = "/nonexistent/provider.sock";
constexpr std::chrono::seconds kPatience{60};

PageReader reader_of(const qm_registration* registration) {
  auto reader = PageReader::open(registration->page_fd, as_registered(registration->writer.info));
  EXPECT_TRUE(reader.has_value()) << reader.error().message;
  return std::move(*reader);
}

TEST(SharedPage, CannotBeChangedFromOutside) {
  Good provider(kNowhere);
  qm_registration* registration = provider.add(test_class(2));
  const int fd = registration->page_fd;
  EXPECT_NE(ftruncate(fd, 0), 0);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  EXPECT_LT(pwrite(fd, "x", 1, 0), 0);
  EXPECT_NE(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
  publish(registration, 5);
  const auto generation = reader_of(registration).read();
  ASSERT_TRUE(generation.has_value());
  EXPECT_EQ(first_word(generation->instances.at(0)), 5U);
}

TEST(SharedPage, OutlivesItsWriterForTheReader) {
  auto provider = std::make_unique<Good>(kNowhere);
  qm_registration* registration = provider->add(test_class(2));
  publish(registration, 5);
  PageReader reader = reader_of(registration);
  provider.reset();
  EXPECT_EQ(reader.read().value_or(Generation{}).number, 1U);
  PageReader moved = std::move(reader);
  EXPECT_EQ(moved.generation(), 1U);
}

// Each generation carries its number in each block's first and last word, in each name's caption
// and in its time, and has (number % instances) + 1 instances.
class Racing : public testing::Test {
 protected:
  static constexpr std::uint32_t kInstances = 40;
  static constexpr std::uint64_t kReads = 2000;

  void SetUp() override { registration_ = provider_.add(test_class(kInstances)); }

  void write_generation(std::uint64_t number) {
    const qm_times times = {number, number};
    qm_begin(registration_, &times);
    for (std::uint64_t i = 0; i <= number % kInstances; ++i) {
      qm_instance* instance = nullptr;
      qm_put(registration_, ("adapter " + std::to_string((i * 7 + number) % kInstances)).c_str(),
             &instance);
      qm_set_caption(instance, std::to_string(number).c_str());
      auto* block = static_cast<std::uint64_t*>(qm_block(instance));
      block[0] = number;
      block[17] = number;
      qm_set_quality(instance, 18, QM_INFERRED, static_cast<qm_reason>(number % QM_REASON_COUNT));
    }
    qm_publish(registration_);
  }

  static void expect_one_generation(const Generation& generation) {
    const std::uint64_t number = generation.number;
    ASSERT_EQ(generation.times.boot_ns, number);
    ASSERT_EQ(generation.times.filetime_100ns, number);
    ASSERT_EQ(generation.instances.size(), number % kInstances + 1);
    for (const InstanceData& instance : generation.instances) {
      std::uint64_t last = 0;
      read_at(instance.block, 136, last);
      ASSERT_EQ(first_word(instance), number);
      ASSERT_EQ(last, number);
      ASSERT_EQ(instance.caption, std::to_string(number));
      ASSERT_EQ(instance.qualities[17].reason, number % QM_REASON_COUNT);
    }
  }

  static void expect_one_block(const PageReader& reader, std::uint32_t index) {
    std::array<std::byte, 144> block{};
    std::array<ItemQuality, 18> qualities{};
    const auto stamp = reader.read_block(index, block, qualities);
    if (!stamp) return;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    read_at(block, 0, first);
    read_at(block, 136, last);
    ASSERT_EQ(stamp->generation, stamp->times.boot_ns);
    ASSERT_EQ(first, stamp->generation);
    ASSERT_EQ(last, stamp->generation);
    ASSERT_EQ(qualities[17].reason, first % QM_REASON_COUNT);
  }

  Good provider_{kNowhere};
  qm_registration* registration_ = nullptr;
};

TEST_F(Racing, ReadersSeeWholeGenerationsOnly) {
  const PageReader reader = reader_of(registration_);
  std::atomic<bool> enough = false;
  std::thread writer([&] {
    for (std::uint64_t number = 1; !enough; ++number) write_generation(number);
  });
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::uint64_t whole = 0;
  std::uint64_t newest = 0;
  while (whole < kReads && std::chrono::steady_clock::now() < deadline && !HasFatalFailure()) {
    expect_one_block(reader, static_cast<std::uint32_t>(whole % kInstances));
    const auto generation = reader.read();
    if (!generation) {
      EXPECT_EQ(generation.error().code, ErrorCode::timeout) << generation.error().message;
      continue;
    }
    if (generation->number == 0) continue;
    EXPECT_GE(generation->number, newest);
    newest = generation->number;
    expect_one_generation(*generation);
    ++whole;
  }
  enough = true;
  writer.join();
  EXPECT_EQ(whole, kReads);
}

}  // namespace
}  // namespace qm::provider

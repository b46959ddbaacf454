#include "hba/state_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string_view>

namespace qm::hba {
namespace {

class StateFile : public testing::Test {
 protected:
  StateFile() {
    std::random_device random;
    folder_ = std::filesystem::temp_directory_path() /
              ("quickmode_state_" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directories(folder_);
  }
  ~StateFile() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return folder_ / name; }
  static std::vector<std::byte> bytes(std::string_view text) {
    const Bytes all = std::as_bytes(std::span(text));
    return {all.begin(), all.end()};
  }

  std::filesystem::path folder_;
};

TEST_F(StateFile, IsReadAsItWasWritten) {
  ASSERT_TRUE(write_whole(path("a"), bytes("one")).has_value());
  ASSERT_TRUE(write_whole(path("a"), bytes("two and more")).has_value());
  EXPECT_EQ(read_whole(path("a"), 100).value(), bytes("two and more"));
  EXPECT_FALSE(std::filesystem::exists(path("a.new")));
}

TEST_F(StateFile, HasALimit) {
  ASSERT_TRUE(write_whole(path("a"), bytes("12345")).has_value());
  EXPECT_TRUE(read_whole(path("a"), 5).has_value());
  const auto beyond = read_whole(path("a"), 4);
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code, ErrorCode::limit);
}

TEST_F(StateFile, TellsAMissingFileFromAnUnreadableOne) {
  EXPECT_EQ(read_whole(path("none"), 5).error().code, ErrorCode::not_found);
  EXPECT_NE(read_whole(folder_, 5).error().code, ErrorCode::not_found);
}

TEST_F(StateFile, AFullDiskOrALinkLeavesTheOldOneWhole) {
  ASSERT_TRUE(write_whole(path("a"), bytes("old")).has_value());
  std::filesystem::create_symlink("/dev/full", path("a.new"));
  const auto written = write_whole(path("a"), bytes("new"));
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().message.find(path("a.new")), std::string::npos);
  EXPECT_EQ(read_whole(path("a"), 100).value(), bytes("old"));
}

TEST_F(StateFile, IsHeldByOne) {
  EXPECT_TRUE(hold_alone(path("lock")).has_value());
  const auto second = hold_alone(path("lock"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::state);
  EXPECT_EQ(second.error().message, "another quickmode-collect holds " + path("lock") +
                                        "; stop it, or run this one with another --runtime-dir");
  EXPECT_TRUE(hold_alone(path("no such folder/lock")).has_value());
}

}  // namespace
}  // namespace qm::hba

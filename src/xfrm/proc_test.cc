// The readers of /proc, against a tree of the test's own.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "xfrm/system.h"

namespace qm::xfrm {
namespace {

namespace fs = std::filesystem;

class Proc : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "qm_proc_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = root_ + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::string root_;
};

TEST_F(Proc, error_counters_are_read) {
  const std::string path = write(
      "xfrm_stat", "XfrmInNoStates \t1\nXfrmInStateProtoError \t2\nXfrmInStateSeqError \t3\n");
  const auto errors = read_netns_errors(path);
  ASSERT_TRUE(errors) << errors.error().message;
  EXPECT_TRUE(errors->complete);
  EXPECT_EQ(errors->in_state_proto_error, 2);
}

TEST_F(Proc, a_kernel_without_the_counters_is_told) {
  const auto errors = read_netns_errors(root_ + "/none");
  ASSERT_FALSE(errors);
  EXPECT_EQ(errors.error().code, ErrorCode::not_found);
}

TEST_F(Proc, at_most_so_many_bytes) {
  EXPECT_TRUE(read_netns_errors(write("most", std::string(kMostProcBytes, 'x'))));
  const auto beyond = read_netns_errors(write("more", std::string(kMostProcBytes + 1, 'x')));
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::limit);
}

TEST_F(Proc, an_interface_that_bypasses_ipsec) {
  write("ipv4/conf/all/disable_xfrm", "0\n");
  write("ipv4/conf/eth0.7/disable_xfrm", "1\n");
  write("ipv4/conf/eth0.7/disable_policy", "0\n");
  write("ipv6/conf/eth0.7/disable_policy", "1\n");
  const auto says = read_interface_ipsec("eth0.7", root_);
  ASSERT_TRUE(says) << says.error().message;
  EXPECT_TRUE(says->disable_xfrm);
  EXPECT_FALSE(says->disable_policy);
  EXPECT_TRUE(says->disable_policy_v6);
}

TEST_F(Proc, what_all_interfaces_do_each_does) {
  write("ipv4/conf/all/disable_policy", "1\n");
  write("ipv4/conf/eth0/disable_policy", "0\n");
  const auto says = read_interface_ipsec("eth0", root_);
  ASSERT_TRUE(says) << says.error().message;
  EXPECT_TRUE(says->disable_policy);
  EXPECT_FALSE(says->disable_xfrm);
}

TEST_F(Proc, packets_wait_for_an_sa_where_larvals_do_not_drop_them) {
  EXPECT_FALSE(read_holds_packets(root_));
  write("core/xfrm_larval_drop", "1\n");
  EXPECT_FALSE(read_holds_packets(root_).value());
  write("core/xfrm_larval_drop", "0\n");
  EXPECT_TRUE(read_holds_packets(root_).value());
}

TEST_F(Proc, names_that_no_interface_can_have) {
  for (const char* name : {"", ".", "..", "a/b", "sixteen-letters-"}) {
    const auto says = read_interface_ipsec(name, root_);
    ASSERT_FALSE(says) << name;
    EXPECT_EQ(says.error().code, ErrorCode::invalid) << name;
  }
  const auto absent = read_interface_ipsec("fifteen-letters", root_);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace qm::xfrm

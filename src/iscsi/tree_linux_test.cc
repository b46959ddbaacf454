// The system calls behind the seam, on real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "iscsi/inventory.h"

namespace qm::iscsi {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SystemTree : public ::testing::Test {
 protected:
  SystemTree() {
    std::string name = (fs::temp_directory_path() / "qm-tree-XXXXXX").string();
    root_ = fs::canonical(::mkdtemp(name.data()));
  }
  ~SystemTree() override { fs::remove_all(root_); }

  void write(const std::string& below_root, const std::string& content) {
    const fs::path path = root_ / below_root;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  std::string path(const std::string& below_root) const { return root_ / below_root; }

  fs::path root_;
  std::unique_ptr<FileTree> tree_ = system_tree();
};

TEST_F(SystemTree, ReadsAFileWithoutItsNewline) {
  write("a", "one\ntwo\n\n");
  EXPECT_EQ(tree_->read(path("a")).value(), "one\ntwo\n");
  EXPECT_EQ(tree_->read_large(path("a"), 100).value(), "one\ntwo\n\n");
}

TEST_F(SystemTree, SaysWhatIsMissing) {
  write("a", "");
  for (const char* name : {"none", "a/below", "none/below"}) {
    EXPECT_EQ(tree_->read(path(name)).error().code, ErrorCode::not_found) << name;
    EXPECT_EQ(tree_->list(path(name)).error().code, ErrorCode::not_found) << name;
    EXPECT_EQ(tree_->link_target(path(name)).error().code, ErrorCode::not_found) << name;
  }
  EXPECT_THAT(tree_->read(path("none")).error().message, HasSubstr(path("none")));
}

TEST_F(SystemTree, RefusesWhatIsTooLong) {
  write("fits", std::string(kMostAttributeBytes, 'x'));
  write("long", std::string(kMostAttributeBytes + 1, 'x'));
  EXPECT_THAT(tree_->read(path("fits")).value(), SizeIs(kMostAttributeBytes));
  EXPECT_EQ(tree_->read(path("long")).error().code, ErrorCode::limit);
  EXPECT_THAT(tree_->read_large(path("long"), kMostAttributeBytes + 1).value(),
              SizeIs(kMostAttributeBytes + 1));
}

TEST_F(SystemTree, ListsNamesSorted) {
  write("d/b", "");
  write("d/a", "");
  write("d/c/d", "");
  EXPECT_THAT(tree_->list(path("d")).value(), ElementsAre("a", "b", "c"));
}

TEST_F(SystemTree, ListsAsManyNamesAsAreAllowed) {
  write("d/0", "");
  for (std::size_t i = 1; i < kMostNames; ++i) {
    ASSERT_EQ(::link(path("d/0").c_str(), path("d/" + std::to_string(i)).c_str()), 0);
  }
  EXPECT_THAT(tree_->list(path("d")).value(), SizeIs(kMostNames));
  write("d/more", "");
  EXPECT_EQ(tree_->list(path("d")).error().code, ErrorCode::limit);
}

TEST_F(SystemTree, DoesNotWaitForAFifo) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(tree_->read(path("fifo")).value_or("?"), "");
}

TEST_F(SystemTree, ReadingADirectoryIsAnErrorNotACrash) {
  EXPECT_EQ(tree_->read(path("")).error().code, ErrorCode::io);
}

TEST_F(SystemTree, AScanFollowsTheLinksOfARealTree) {
  const std::string session = "sys/devices/platform/host2/session1";
  write(session + "/iscsi_session/session1/targetname", "iqn.x:disk\n");
  write(session + "/iscsi_session/session1/ifacename", "green\n");
  write(session + "/iscsi_session/session1/state", "LOGGED_IN\n");
  write(session + "/target2:0:0/2:0:0:0/block/sda/size", "2048\n");
  write("sys/devices/platform/host2/iscsi_host/host2/ipaddress", "10.0.0.1\n");
  write("sys/devices/platform/host2/scsi_host/host2/proc_name", "iscsi_tcp\n");
  const auto link = [&](const std::string& from, const std::string& target) {
    fs::create_directories((root_ / from).parent_path());
    fs::create_directory_symlink(target, root_ / from);
  };
  link("sys/class/iscsi_session/session1",
       "../../devices/platform/host2/session1/iscsi_session/session1");
  link(session + "/iscsi_session/session1/device", "../../../session1");
  link("sys/class/iscsi_host/host2", "../../devices/platform/host2/iscsi_host/host2");
  link("sys/devices/platform/host2/iscsi_host/host2/device", "../../../host2");
  link("sys/class/scsi_host/host2", "../../devices/platform/host2/scsi_host/host2");
  const Inventory inventory = Scanner(*tree_, root_.string()).scan();
  EXPECT_THAT(inventory.problems, ::testing::IsEmpty());
  ASSERT_THAT(inventory.sessions, SizeIs(1));
  EXPECT_EQ(inventory.sessions[0].adapter_key, "ROOT\\ISCSI_TCP\\green");
  ASSERT_THAT(inventory.sessions[0].disks, SizeIs(1));
  EXPECT_EQ(inventory.sessions[0].disks[0].size_bytes, 1048576U);
}

TEST_F(SystemTree, AScanOfThisHostEnds) {
  const Inventory inventory = Scanner(*tree_).scan();
  EXPECT_LE(inventory.problems.size(), kMostProblems);
}

TEST(Uevents, TheSocketOpensAndNeverBlocks) {
  auto socket = UeventSocket::open();
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_GE(socket->fd(), 0);
  socket->drain();
  UeventSocket moved = *std::move(socket);
  EXPECT_GE(moved.fd(), 0);
}

// In a child with mounts of its own. Exit 77: not allowed to make one here.
int watch_a_mount(const std::string& dir) {
  if (::unshare(CLONE_NEWNS) != 0) return 77;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
  auto watch = MountWatch::open();
  if (!watch) return 1;
  if (watch->changed()) return 2;
  if (::mount("none", dir.c_str(), "tmpfs", 0, nullptr) != 0) return 77;
  if (!watch->changed()) return 3;
  if (watch->changed()) return 4;
  if (::umount(dir.c_str()) != 0) return 5;
  return watch->changed() ? 0 : 6;
}

TEST_F(SystemTree, MountsAreSeenOnce) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(watch_a_mount(root_));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "needs a mount namespace";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace qm::iscsi

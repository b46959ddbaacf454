#include "iscsi/disks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iscsi/fake_tree.h"

namespace qm::iscsi {

static bool operator==(const Mount& a, const Mount& b) {
  return a.map == b.map && a.mount_point == b.mount_point;
}

static void PrintTo(const Mount& mount, std::ostream* out) {
  *out << '"' << mount.map << "\" on \"" << mount.mount_point << '"';
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Disks : public ::testing::Test {
 protected:
  Disks() { add_session(tree_, session_); }

  std::vector<Disk> disks() { return Scanner(tree_).scan().sessions.at(0).disks; }
  std::vector<Mount> mounts() { return disks().at(0).mounts; }

  FakeTree tree_;
  FakeSession session_;
};

TEST_F(Disks, ADiskMountedWhole) {
  add_disk(tree_, session_, "sda", 0, "8:0");
  tree_.file("/proc/self/mountinfo",
             "36 35 8:0 / /srv/data rw,noatime shared:1 - ext4 /dev/sda rw\n"
             "37 35 8:16 / /other rw - ext4 /dev/sdb rw\n");
  EXPECT_THAT(mounts(), ElementsAre(Mount{"", "/srv/data"}));
}

TEST_F(Disks, PartitionsMountedAtSeveralPlacesOnce) {
  const std::string disk = add_disk(tree_, session_, "sda", 0, "8:0");
  for (const char* part : {"1", "2"}) {
    tree_.file(disk + "/sda" + part + "/partition", part);
    tree_.file(disk + "/sda" + part + "/dev", std::string("8:") + part);
  }
  tree_.file("/proc/self/mountinfo",
             "1 1 8:1 / /boot rw - ext4 /dev/sda1 rw\n"
             "2 1 8:2 / /srv rw - xfs /dev/sda2 rw\n"
             "3 1 8:2 /sub /mnt/bound rw - xfs /dev/sda2 rw\n"
             "4 1 8:2 / /srv rw - xfs /dev/sda2 rw\n");
  EXPECT_THAT(mounts(),
              ElementsAre(Mount{"", "/boot"}, Mount{"", "/srv"}, Mount{"", "/mnt/bound"}));
}

TEST_F(Disks, AMultipathMapWithItsMountPoint) {
  for (const char* device : {"sda", "sdb"}) {
    const std::string disk =
        add_disk(tree_, session_, device, static_cast<unsigned>(device[2] - 'a'),
                 device[2] == 'a' ? "8:0" : "8:16");
    add_map(tree_, disk, "dm-0", "mpatha", "253:0");
  }
  tree_.file("/proc/self/mountinfo", "1 1 253:0 / /srv rw - ext4 /dev/mapper/mpatha rw\n");
  const auto all = disks();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_THAT(all[0].mounts, ElementsAre(Mount{"mpatha", "/srv"}));
  EXPECT_THAT(all[1].mounts, ElementsAre(Mount{"mpatha", "/srv"}));
}

TEST_F(Disks, AMapThatIsNotMountedIsNamedStill) {
  const std::string disk = add_disk(tree_, session_, "sda", 0, "8:0");
  add_map(tree_, disk, "dm-0", "mpatha", "253:0");
  EXPECT_THAT(mounts(), ElementsAre(Mount{"mpatha", ""}));
}

TEST_F(Disks, MapsOnMapsShowTheWholeWay) {
  const std::string disk = add_disk(tree_, session_, "sda", 0, "8:0");
  add_map(tree_, disk, "dm-0", "mpatha", "253:0");
  add_map(tree_, "/sys/devices/virtual/block/dm-0", "dm-1", "vg-home", "253:1");
  add_map(tree_, "/sys/devices/virtual/block/dm-0", "dm-2", "vg-spare", "253:2");
  tree_.file("/proc/self/mountinfo", "1 1 253:1 / /home rw - ext4 /dev/mapper/vg-home rw\n");
  EXPECT_THAT(mounts(),
              ElementsAre(Mount{"mpatha/vg-home", "/home"}, Mount{"mpatha/vg-spare", ""}));
}

TEST_F(Disks, APartitionHeldByARaidWithoutADmName) {
  const std::string disk = add_disk(tree_, session_, "sda", 0, "8:0");
  tree_.file(disk + "/sda1/partition", "1");
  tree_.file(disk + "/sda1/dev", "8:1");
  tree_.link(disk + "/sda1/holders/md0", "/sys/devices/virtual/block/md0");
  tree_.link("/sys/class/block/md0", "/sys/devices/virtual/block/md0");
  tree_.file("/sys/devices/virtual/block/md0/dev", "9:0");
  tree_.file("/proc/self/mountinfo", "1 1 9:0 / /raid rw - ext4 /dev/md0 rw\n");
  EXPECT_THAT(mounts(), ElementsAre(Mount{"md0", "/raid"}));
}

TEST_F(Disks, FileSystemsWithANumberOfTheirOwnAreKnownByTheirSource) {
  const std::string disk = add_disk(tree_, session_, "sda", 0, "8:0");
  add_map(tree_, disk, "dm-0", "mpatha", "253:0");
  tree_.file("/proc/self/mountinfo",
             "1 1 0:45 /@ / rw - btrfs /dev/mapper/mpatha rw\n"
             "2 1 0:46 / /proc rw - proc proc rw\n"
             "3 1 0:47 / /direct rw - btrfs /dev/sda rw\n");
  EXPECT_THAT(mounts(), ElementsAre(Mount{"", "/direct"}, Mount{"mpatha", "/"}));
}

TEST_F(Disks, SwapSpaceIsAUse) {
  const std::string disk = add_disk(tree_, session_, "sda", 0, "8:0");
  tree_.file(disk + "/sda2/partition", "2");
  tree_.file(disk + "/sda2/dev", "8:2");
  tree_.file("/proc/swaps",
             "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
             "/dev/sda2                               partition\t1048572\t0\t-2\n"
             "/swap\\040file                          file\t1048572\t0\t-3\n");
  EXPECT_THAT(mounts(), ElementsAre(Mount{"", "[swap]"}));
}

TEST_F(Disks, NamesOfMountPointsAreDecodedAndMadePlain) {
  add_disk(tree_, session_, "sda", 0, "8:0");
  tree_.file("/proc/self/mountinfo",
             "1 1 8:0 / /mnt/my\\040disk rw - ext4 /dev/sda rw\n"
             "2 1 8:0 / /mnt/\\012\\033[2J rw - ext4 /dev/sda rw\n");
  EXPECT_THAT(mounts(), ElementsAre(Mount{"", "/mnt/my disk"}, Mount{"", "/mnt/\\x0a\\x1b[2J"}));
}

TEST_F(Disks, AreSortedAsPeopleCountThem) {
  for (const char* device : {"sdaa", "sdb", "sda"}) {
    add_disk(tree_, session_, device, static_cast<unsigned>(device[2]), "8:0");
  }
  const auto all = disks();
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].device, "sda");
  EXPECT_EQ(all[1].device, "sdb");
  EXPECT_EQ(all[2].device, "sdaa");
}

TEST_F(Disks, ASizeThatIsNoneIsZero) {
  const std::string disk = add_disk(tree_, session_, "sda", 0, "8:0");
  for (const char* size : {"", "x", "-1", "99999999999999999999", "36028797018963968"}) {
    tree_.file(disk + "/size", size);
    EXPECT_EQ(disks().at(0).size_bytes, 0U) << size;
  }
  tree_.file(disk + "/size", "36028797018963967");
  EXPECT_EQ(disks().at(0).size_bytes, 36028797018963967U * 512U);
}

TEST_F(Disks, OtherThingsBelowASessionAreNone) {
  tree_.file(session_.dir() + "/power/control", "auto");
  tree_.file(session_.dir() + "/target2:0:0/power/control", "auto");
  EXPECT_THAT(disks(), IsEmpty());
}

}  // namespace
}  // namespace qm::iscsi

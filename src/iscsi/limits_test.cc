// Each limit of the inventory at its edge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iscsi/fake_tree.h"
#include "iscsi/inventory.h"
#include "iscsi/reading.h"
#include "iscsi/records.h"

namespace qm::iscsi {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Limits, FiveThousandSessionsShowAsManyAsAreAllowed) {
  FakeTree tree;
  std::uint32_t sid = 0;
  const auto add_up_to = [&](std::size_t count) {
    while (sid < count) {
      ++sid;
      add_session(tree, {.sid = sid, .host = fmt::format("host{}", sid)});
    }
  };
  add_up_to(kMostSessions);
  const Inventory full = Scanner(tree).scan();
  EXPECT_THAT(full.sessions, SizeIs(kMostSessions));
  EXPECT_THAT(full.problems, IsEmpty());
  add_up_to(5000);
  const Inventory beyond = Scanner(tree).scan();
  ASSERT_THAT(beyond.sessions, SizeIs(kMostSessions));
  EXPECT_EQ(beyond.sessions.back().sid, kMostSessions);
  EXPECT_THAT(beyond.problems, ElementsAre("of 5000 sessions only 4096 are shown"));
}

TEST(Limits, Hosts) {
  FakeTree tree;
  for (std::size_t i = 0; i < kMostHosts; ++i) {
    add_host(tree, {.host = fmt::format("host{}", i)}, "");
  }
  EXPECT_THAT(Scanner(tree).scan().problems, IsEmpty());
  add_host(tree, {.host = "host999999"}, "");
  EXPECT_THAT(Scanner(tree).scan().problems, ElementsAre("only 5120 iSCSI hosts are read"));
}

TEST(Limits, PartitionsAndMapsOfADisk) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  const std::string disk = add_disk(tree, fake, "sda", 0, "8:0");
  const auto add_partition = [&](std::size_t number) {
    tree.file(fmt::format("{}/sda{}/partition", disk, number), "1");
  };
  for (std::size_t i = 1; i < kMostMapNodes; ++i) add_partition(i);  // the disk is one, too
  EXPECT_THAT(Scanner(tree).scan().problems, IsEmpty());
  add_partition(kMostMapNodes);
  EXPECT_THAT(Scanner(tree).scan().problems,
              ElementsAre("sda: more is stacked on it than is read"));
}

TEST(Limits, ConnectionsOfASession) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  const auto add_connection = [&](std::size_t cid) {
    const std::string dir = fake.dir() + fmt::format("/c{}", cid);
    tree.link(fmt::format("/sys/class/iscsi_connection/connection1:{}", cid), dir);
    tree.file(dir + "/address", "10.99.0.2");
  };
  for (std::size_t cid = 1; cid < kMostConnections; ++cid) add_connection(cid);
  const Inventory full = Scanner(tree).scan();
  EXPECT_THAT(full.sessions.at(0).connections, SizeIs(kMostConnections));
  EXPECT_THAT(full.problems, IsEmpty());
  add_connection(kMostConnections);
  const Inventory beyond = Scanner(tree).scan();
  EXPECT_THAT(beyond.sessions.at(0).connections, SizeIs(kMostConnections));
  EXPECT_THAT(beyond.problems, ElementsAre("session 1: of 17 connections only 16 are shown"));
}

TEST(Limits, Adapters) {
  FakeTree tree;
  for (std::size_t i = 1; i < kMostAdapters; ++i) {
    tree.file(fmt::format("/etc/iscsi/ifaces/i{}", i), "iface.transport_name = tcp");
  }
  add_session(tree, {});  // default is one, too
  const Inventory full = Scanner(tree).scan();
  EXPECT_THAT(full.adapters, SizeIs(kMostAdapters));
  EXPECT_THAT(full.problems, IsEmpty());
  add_session(tree, {.sid = 2, .host = "host3", .iface = "one-more"});
  const Inventory beyond = Scanner(tree).scan();
  EXPECT_THAT(beyond.adapters, SizeIs(kMostAdapters));
  EXPECT_EQ(beyond.sessions.at(1).adapter_key, "ROOT\\ISCSI_TCP\\one-more") << "used ones first";
  EXPECT_THAT(beyond.problems, ElementsAre("only 1024 adapters are shown"));
}

TEST(Limits, SessionsBeyondTheAdaptersHaveNoAdapter) {
  FakeTree tree;
  for (std::uint32_t sid = 1; sid <= kMostAdapters + 1; ++sid) {
    const std::string name = fmt::format("{}", sid);
    add_session(tree, {.sid = sid, .host = "host" + name, .iface = "i" + name});
  }
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_EQ(inventory.sessions.at(kMostAdapters - 1).adapter_key, "ROOT\\ISCSI_TCP\\i1024");
  EXPECT_EQ(inventory.sessions.at(kMostAdapters).adapter_key, "");
}

TEST(Limits, Records) {
  FakeTree tree;
  for (std::size_t i = 0; i <= kMostRecords; ++i) {
    tree.file(fmt::format("/etc/iscsi/ifaces/i{:04}", i), "iface.transport_name = qla4xxx");
  }
  EXPECT_THAT(Scanner(tree).scan().problems, ElementsAre("only 4096 iface records are read"));
  tree.remove("/etc/iscsi/ifaces/i0000");
  EXPECT_THAT(Scanner(tree).scan().problems, IsEmpty());
}

TEST(Limits, BytesOfARecord) {
  FakeTree tree;
  add_session(tree, {});
  const std::string transport = "iface.transport_name = iser\n";
  tree.file("/etc/iscsi/ifaces/a",
            std::string(kMostRecordBytes - transport.size(), '#') + transport);
  tree.file("/etc/iscsi/ifaces/b", std::string(kMostRecordBytes + 1, '#'));
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_THAT(inventory.problems, ElementsAre("reading /etc/iscsi/ifaces/b: too long"));
  EXPECT_THAT(inventory.adapters, SizeIs(3)) << "a record that can't be read is one, still";
}

TEST(Limits, DisksOfASession) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  for (unsigned unit = 0; unit < kMostDisks; ++unit) {
    add_disk(tree, fake, fmt::format("sd{}", unit), unit, fmt::format("8:{}", unit));
  }
  EXPECT_THAT(Scanner(tree).scan().problems, IsEmpty());
  add_disk(tree, fake, "sdmore", kMostDisks, "8:999");
  const Inventory beyond = Scanner(tree).scan();
  EXPECT_THAT(beyond.sessions.at(0).disks, SizeIs(kMostDisks));
  EXPECT_THAT(beyond.problems, ElementsAre("session1: only 256 of its disks are shown"));
}

TEST(Limits, MountPointsOfADisk) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  add_disk(tree, fake, "sda", 0, "8:0");
  std::string table;
  for (std::size_t i = 0; i < kMostMountPoints; ++i) {
    table += fmt::format("1 1 8:0 / /mnt/{} rw - ext4 /dev/sda rw\n", i);
  }
  tree.file("/proc/self/mountinfo", table);
  EXPECT_THAT(Scanner(tree).scan().problems, IsEmpty());
  tree.file("/proc/self/mountinfo", table + "1 1 8:0 / /mnt/more rw - ext4 /dev/sda rw\n");
  const Inventory beyond = Scanner(tree).scan();
  EXPECT_THAT(beyond.sessions.at(0).disks.at(0).mounts, SizeIs(kMostMountPoints));
  EXPECT_THAT(beyond.problems, ElementsAre("sda: only 64 of its mount points are shown"));
}

TEST(Limits, DepthOfStackedMaps) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  std::string held = add_disk(tree, fake, "sda", 0, "8:0");
  const auto stack = [&](std::size_t level) {
    const std::string device = fmt::format("dm-{}", level);
    add_map(tree, held, device, fmt::format("m{}", level), fmt::format("253:{}", level));
    held = "/sys/devices/virtual/block/" + device;
  };
  for (std::size_t level = 1; level <= kMostMapDepth; ++level) stack(level);
  const Inventory full = Scanner(tree).scan();
  EXPECT_THAT(full.problems, IsEmpty());
  EXPECT_EQ(full.sessions.at(0).disks.at(0).mounts.at(0).map, "m1/m2/m3/m4/m5/m6/m7/m8");
  stack(kMostMapDepth + 1);
  EXPECT_THAT(Scanner(tree).scan().problems,
              ElementsAre("sda: more is stacked on it than is read"));
}

TEST(Limits, MapsThatHoldEachOtherEnd) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  const std::string disk = add_disk(tree, fake, "sda", 0, "8:0");
  for (const char* device : {"dm-1", "dm-2"}) {
    add_map(tree, disk, device, device, "");
    for (const char* holder : {"dm-1", "dm-2"}) {
      tree.link(fmt::format("/sys/devices/virtual/block/{}/holders/{}", device, holder),
                fmt::format("/sys/devices/virtual/block/{}", holder));
    }
  }
  EXPECT_THAT(Scanner(tree).scan().problems, Contains("sda: more is stacked on it than is read"));
}

TEST(Limits, BytesOfAnAttribute) {
  FakeTree tree;
  FakeSession fake;
  fake.target = std::string(kMostAttributeBytes, 'x');
  add_session(tree, fake);
  EXPECT_EQ(Scanner(tree).scan().sessions.at(0).target, fake.target);
  fake.target += 'x';
  add_session(tree, fake);
  const Inventory beyond = Scanner(tree).scan();
  EXPECT_THAT(beyond.sessions, IsEmpty());
  EXPECT_THAT(beyond.problems, ElementsAre(HasSubstr("too long")));
}

TEST(Limits, MountTable) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  add_disk(tree, fake, "sda", 0, "8:0");
  const std::string line = "1 1 8:0 / /srv rw - ext4 /dev/sda rw\n";
  tree.file("/proc/self/mountinfo", line + std::string(kMostMountTableBytes - line.size(), '\n'));
  EXPECT_THAT(Scanner(tree).scan().sessions.at(0).disks.at(0).mounts, SizeIs(1));
  tree.file("/proc/self/mountinfo", line + std::string(kMostMountTableBytes, '\n'));
  EXPECT_THAT(Scanner(tree).scan().problems, ElementsAre("reading /proc/self/mountinfo: too long"));
  std::string many;
  for (std::size_t i = 0; i <= kMostMountEntries; ++i) many += "1 1 8:0 / /a rw - x y rw\n";
  EXPECT_THAT(parse_mountinfo(many), SizeIs(kMostMountEntries));
}

TEST(Limits, ProblemsAreCountedWhenTheyAreTooMany) {
  Problems problems;
  for (std::size_t i = 0; i < kMostProblems; ++i) problems.add(fmt::format("problem {}", i));
  problems.add("problem 0");  // said already
  Problems one_more = problems;
  const auto full = std::move(problems).take();
  EXPECT_THAT(full, SizeIs(kMostProblems));
  EXPECT_EQ(full.back(), "problem 15");
  one_more.add("problem 16");
  const auto beyond = std::move(one_more).take();
  EXPECT_THAT(beyond, SizeIs(kMostProblems));
  EXPECT_EQ(beyond.back(), "and 2 more problems");
}

}  // namespace
}  // namespace qm::iscsi

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "iscsi/fake_tree.h"
#include "iscsi/inventory.h"

namespace qm::iscsi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Inventory scan(const FakeTree& tree) {
  return Scanner(tree).scan();
}

TEST(Scanner, SaysThatAKernelWithoutIscsiIsUnsupported) {
  const FakeTree tree;
  const Inventory inventory = scan(tree);
  EXPECT_FALSE(inventory.supported);
  EXPECT_THAT(inventory.sessions, IsEmpty());
  EXPECT_THAT(inventory.adapters, IsEmpty());
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(Scanner, ReadsASessionWhole) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  add_disk(tree, fake, "sda", 0, "8:0");
  const Inventory inventory = scan(tree);
  EXPECT_TRUE(inventory.supported);
  EXPECT_THAT(inventory.problems, IsEmpty());
  ASSERT_THAT(inventory.sessions, SizeIs(1));
  const Session& session = inventory.sessions[0];
  EXPECT_EQ(session.sid, 1U);
  EXPECT_EQ(session.target, "iqn.2026-11.lab:disk0");
  EXPECT_EQ(session.state, "LOGGED_IN");
  EXPECT_EQ(session.adapter_key, "ROOT\\ISCSI_TCP\\default");
  EXPECT_EQ(session.persistent.text(), "10.99.0.2:3260");
  EXPECT_EQ(session.identity(), "1|10.99.0.2:3260|iqn.2026-11.lab:disk0");
  ASSERT_THAT(session.connections, SizeIs(1));
  EXPECT_TRUE(session.connections[0].connected);
  EXPECT_EQ(session.connections[0].local.text(), "10.99.0.1:40001");
  EXPECT_EQ(session.connections[0].remote.text(), "10.99.0.2:3260");
  ASSERT_THAT(session.disks, SizeIs(1));
  EXPECT_EQ(session.disks[0].device, "sda");
  EXPECT_EQ(session.disks[0].size_bytes, 67108864U);
  EXPECT_THAT(session.disks[0].mounts, IsEmpty());
}

TEST(Scanner, SortsSessionsByNumberAndPutsThemOnTheirIfaces) {
  FakeTree tree;
  add_session(tree, {.sid = 10, .host = "host4", .iface = "blue"});
  add_session(tree, {.sid = 2, .host = "host2", .iface = "green"});
  add_session(tree, {.sid = 3, .host = "host3", .iface = "blue", .local_port = "40002"});
  const Inventory inventory = scan(tree);
  ASSERT_THAT(inventory.sessions, SizeIs(3));
  EXPECT_EQ(inventory.sessions[0].sid, 2U);
  EXPECT_EQ(inventory.sessions[0].adapter_key, "ROOT\\ISCSI_TCP\\green");
  EXPECT_EQ(inventory.sessions[1].sid, 3U);
  EXPECT_EQ(inventory.sessions[1].adapter_key, "ROOT\\ISCSI_TCP\\blue");
  EXPECT_EQ(inventory.sessions[2].sid, 10U);
  EXPECT_EQ(inventory.sessions[2].adapter_key, "ROOT\\ISCSI_TCP\\blue");
}

TEST(Scanner, ReadsIpv6AsTheKernelWritesIt) {
  FakeTree tree;
  FakeSession fake;
  fake.address = "fd00:0099:0000:0000:0000:0000:0000:0002";
  fake.local_address = "fd00:0099:0000:0000:0000:0000:0000:0001";
  add_session(tree, fake);
  tree.file(fake.connection() + "/persistent_address", "fe80::2%eth0");
  const Inventory inventory = scan(tree);
  ASSERT_THAT(inventory.sessions, SizeIs(1));
  const Session& session = inventory.sessions[0];
  EXPECT_EQ(session.connections.at(0).remote.text(), "[fd00:99::2]:3260");
  EXPECT_EQ(session.connections.at(0).local.text(), "[fd00:99::1]:40001");
  EXPECT_EQ(session.persistent.text(), "[fe80::2]:3260");
}

TEST(Scanner, KeepsTheLastKnownPortsOfAFailedConnection) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  Scanner scanner(tree);
  scanner.scan();
  disconnect(tree, fake);
  for (int i = 0; i < 2; ++i) {  // also when it stays so
    const Inventory inventory = scanner.scan();
    ASSERT_THAT(inventory.sessions, SizeIs(1));
    const Connection& connection = inventory.sessions[0].connections.at(0);
    EXPECT_FALSE(connection.connected);
    EXPECT_EQ(connection.local.text(), "10.99.0.1:40001");
    EXPECT_EQ(connection.remote.text(), "10.99.0.2:3260");
    EXPECT_EQ(inventory.sessions[0].state, "FAILED");
    EXPECT_THAT(inventory.problems, IsEmpty());
  }
  reconnect(tree, fake, "40777");
  const Inventory inventory = scanner.scan();
  EXPECT_TRUE(inventory.sessions.at(0).connections.at(0).connected);
  EXPECT_EQ(inventory.sessions.at(0).connections.at(0).local.text(), "10.99.0.1:40777");
}

TEST(Scanner, TakesEachAttributeAloneAsASignOfAFailedConnection) {
  const FakeSession fake;
  for (const std::string& path :
       {fake.connection() + "/address", fake.connection() + "/port",
        fake.connection() + "/local_port", fake.host_attributes() + "/ipaddress"}) {
    FakeTree tree;
    add_session(tree, fake);
    Scanner scanner(tree);
    scanner.scan();
    tree.fault(path, ErrorCode::state);
    const Inventory inventory = scanner.scan();
    const Connection& connection = inventory.sessions.at(0).connections.at(0);
    EXPECT_FALSE(connection.connected) << path;
    EXPECT_EQ(connection.local.text(), "10.99.0.1:40001") << path;
    EXPECT_EQ(connection.remote.text(), "10.99.0.2:3260") << path;
  }
}

TEST(Scanner, InventsNoPortsForAConnectionThatWasNeverSeenUp) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  disconnect(tree, fake);
  const Inventory inventory = scan(tree);
  EXPECT_FALSE(inventory.sessions.at(0).connections.at(0).connected);
  EXPECT_EQ(inventory.sessions.at(0).connections.at(0).local, Endpoint{});
  EXPECT_EQ(inventory.sessions.at(0).persistent.text(), "10.99.0.2:3260");
}

TEST(Scanner, KnowsASessionThatTookOverAHostNumberAsAnotherOne) {
  FakeTree tree;
  const FakeSession first;
  add_session(tree, first);
  Scanner scanner(tree);
  scanner.scan();
  tree.remove(first.host_dir());
  tree.remove("/sys/class/iscsi_session/session1");
  tree.remove("/sys/class/iscsi_connection/connection1:0");
  FakeSession second;
  second.sid = 2;  // on the same host2
  add_session(tree, second);
  disconnect(tree, second);
  const Inventory inventory = scanner.scan();
  ASSERT_THAT(inventory.sessions, SizeIs(1));
  EXPECT_EQ(inventory.sessions[0].sid, 2U);
  EXPECT_EQ(inventory.sessions[0].connections.at(0).local, Endpoint{}) << "the first one's port";
}

TEST(Scanner, NeverOpensAnythingThatCouldBeAPassword) {
  FakeTree tree;
  add_session(tree, {});
  scan(tree);
  for (const std::string& path : tree.paths_read) {
    EXPECT_THAT(path, ::testing::Not(HasSubstr("username")));
    EXPECT_THAT(path, ::testing::Not(HasSubstr("password")));
  }
}

TEST(Scanner, KeepsAHostileTargetNameAsItIsAndOutOfEverythingElse) {
  FakeTree tree;
  FakeSession fake;
  fake.target = "iqn.x:\x1b[2J\"'\n=cmd|' /C calc'!A0<b>&";
  fake.iface = "\x1b]0;owned\x07\n\"default";
  fake.initiator = "iqn.y:\x1b[31m";
  add_session(tree, fake);
  tree.fault(fake.attributes() + "/state", ErrorCode::denied);
  const Inventory inventory = scan(tree);
  ASSERT_THAT(inventory.sessions, SizeIs(1));
  EXPECT_EQ(inventory.sessions[0].target, fake.target);
  EXPECT_EQ(inventory.sessions[0].adapter_key, "ROOT\\ISCSI_TCP\\\\x1b]0;owned\\x07\\x0a\"default");
  for (const Adapter& adapter : inventory.adapters) {
    for (const std::string& text : {adapter.key, adapter.device_name, adapter.caption,
                                    adapter.iface, adapter.initiator_name}) {
      EXPECT_TRUE(is_plain_text(text)) << text;
    }
  }
  EXPECT_THAT(inventory.problems, ElementsAre(HasSubstr("/state")));
}

TEST(Scanner, LeavesOutASessionThatGoesAwayDuringTheScan) {
  // Each access in turn is the moment at which session 1 goes away.
  std::size_t accesses = 0;
  for (std::size_t moment = 0; moment == 0 || moment <= accesses; ++moment) {
    FakeTree tree;
    const FakeSession leaving;
    add_session(tree, leaving);
    add_disk(tree, leaving, "sda", 0, "8:0");
    add_session(tree, {.sid = 2, .host = "host3", .target = "iqn.2026-11.lab:disk1"});
    std::size_t count = 0;
    tree.before_access = [&](const std::string&) {
      if (++count != moment) return;
      tree.remove(leaving.host_dir());
      tree.remove("/sys/class/iscsi_session/session1");
      tree.remove("/sys/class/iscsi_connection/connection1:0");
      tree.remove("/sys/class/iscsi_host/host2");
    };
    const Inventory inventory = scan(tree);
    accesses = count;
    ASSERT_THAT(inventory.problems, IsEmpty()) << "gone before access " << moment;
    ASSERT_FALSE(inventory.sessions.empty()) << "gone before access " << moment;
    EXPECT_EQ(inventory.sessions.back().sid, 2U);
    EXPECT_EQ(inventory.sessions.back().connections.size(), 1U);
    if (inventory.sessions.size() == 2) {
      EXPECT_EQ(inventory.sessions[0].target, leaving.target);
    }
  }
  EXPECT_GT(accesses, 40U);
}

TEST(Scanner, ReportsASessionThatHasNoConnectionYet) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  tree.remove(fake.dir() + "/connection1:0");
  tree.remove("/sys/class/iscsi_connection/connection1:0");
  const Inventory inventory = scan(tree);
  ASSERT_THAT(inventory.sessions, SizeIs(1));
  EXPECT_THAT(inventory.sessions[0].connections, IsEmpty());
}

TEST(Scanner, SaysWhatItMayNotRead) {
  FakeTree tree;
  const FakeSession fake;
  add_session(tree, fake);
  tree.fault(fake.attributes() + "/targetname", ErrorCode::denied);
  const Inventory inventory = scan(tree);
  EXPECT_THAT(inventory.sessions, IsEmpty());
  EXPECT_THAT(inventory.problems,
              ElementsAre("reading /sys/class/iscsi_session/session1/targetname: a fault"));
}

TEST(Scanner, WorksBelowAnotherRoot) {
  FakeTree tree;
  tree.file("/elsewhere/sys/class/iscsi_transport/tcp/handle", "1");
  tree.file("/elsewhere/sys/class/iscsi_session/placeholder", "");
  const Inventory inventory = Scanner(tree, "/elsewhere").scan();
  EXPECT_TRUE(inventory.supported);
  ASSERT_THAT(inventory.adapters, SizeIs(1));
  EXPECT_EQ(inventory.adapters[0].device_name, "ROOT\\ISCSI_TCP\\default");
}

}  // namespace
}  // namespace qm::iscsi

#include "iscsi/adapters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "iscsi/fake_tree.h"

namespace qm::iscsi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kFunction = "/sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0";

std::vector<std::string> device_names(const Inventory& inventory) {
  std::vector<std::string> names;
  for (const Adapter& adapter : inventory.adapters) names.push_back(adapter.device_name);
  return names;
}

void add_function(FakeTree& tree, const std::string& dir) {
  tree.file(dir + "/vendor", "0x1077");
  tree.file(dir + "/device", "0x8032");
  tree.file(dir + "/subsystem_vendor", "0x1077");
  tree.file(dir + "/subsystem_device", "0x024f");
  tree.file(dir + "/revision", "0x02");
}

TEST(Adapters, ThereIsOneForEachIfaceRecordWithOrWithoutASession) {
  FakeTree tree;
  tree.file("/etc/iscsi/ifaces/storage-a",
            "# BEGIN RECORD 2.1.8\niface.iscsi_ifacename = storage-a\n"
            "iface.net_ifacename = eth1\niface.hwaddress = 00:11:22:33:44:55\n"
            "iface.transport_name = tcp\niface.initiatorname = iqn.2026-11.lab:a\n# END RECORD\n");
  tree.file("/var/lib/iscsi/ifaces/storage-b", "iface.transport_name = tcp\n");
  tree.file("/etc/iscsi/ifaces/qla4xxx.00:0e:1e:00:00:01", "iface.transport_name = qla4xxx\n");
  tree.file("/etc/iscsi/ifaces/iface.example", "iface.transport_name = tcp\n");
  tree.file("/etc/iscsi/ifaces/.swap", "iface.transport_name = tcp\n");
  tree.file("/etc/iscsi/initiatorname.iscsi", "## a comment\nInitiatorName=iqn.2026-11.lab:host\n");
  add_session(tree, {.iface = "storage-c"});
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_THAT(inventory.problems, IsEmpty());
  ASSERT_THAT(device_names(inventory),
              ElementsAre("ROOT\\ISCSI_TCP\\default", "ROOT\\ISCSI_TCP\\storage-a",
                          "ROOT\\ISCSI_TCP\\storage-b", "ROOT\\ISCSI_TCP\\storage-c"));
  EXPECT_EQ(inventory.adapters[0].initiator_name, "iqn.2026-11.lab:host");
  const Adapter& adapter = inventory.adapters[1];
  EXPECT_EQ(adapter.key, adapter.device_name);
  EXPECT_EQ(adapter.caption, "iface storage-a (iscsi_tcp)");
  EXPECT_EQ(adapter.driver, "iscsi_tcp");
  EXPECT_EQ(adapter.iface, "storage-a");
  EXPECT_EQ(adapter.net_device, "eth1");
  EXPECT_EQ(adapter.hardware_address, "00:11:22:33:44:55");
  EXPECT_EQ(adapter.initiator_name, "iqn.2026-11.lab:a");
  EXPECT_FALSE(adapter.bypasses_kernel);
  EXPECT_EQ(inventory.adapters[3].initiator_name, "iqn.2026-11.lab:ini") << "the session's";
}

TEST(Adapters, TheSessionsInitiatorNameComesBeforeTheRecords) {
  FakeTree tree;
  tree.file("/etc/iscsi/ifaces/a", "iface.initiatorname = iqn.2026-11.lab:record\n");
  add_session(tree, {.iface = "a", .initiator = "iqn.2026-11.lab:session"});
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_EQ(inventory.adapters.at(0).initiator_name, "iqn.2026-11.lab:session");
}

TEST(Adapters, AnInitiatorNameThatMayNotBeReadIsNoProblem) {
  FakeTree tree;
  add_session(tree, {.initiator = "(null)"});
  tree.fault("/etc/iscsi/initiatorname.iscsi", ErrorCode::denied);
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_EQ(inventory.adapters.at(0).initiator_name, "");
  EXPECT_THAT(inventory.problems, IsEmpty());
}

TEST(Adapters, ARecordThatMayNotBeReadIsAnAdapterByItsNameAlone) {
  FakeTree tree;
  tree.file("/etc/iscsi/ifaces/storage-a", "");
  tree.file("/etc/iscsi/ifaces/bnx2i.00:11:22:33:44:55", "");
  tree.fault("/etc/iscsi/ifaces/storage-a", ErrorCode::denied);
  tree.fault("/etc/iscsi/ifaces/bnx2i.00:11:22:33:44:55", ErrorCode::denied);
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_THAT(device_names(inventory), ElementsAre("ROOT\\ISCSI_TCP\\storage-a"));
  EXPECT_THAT(inventory.problems, SizeIs(2));
}

TEST(Adapters, AFolderOfRecordsThatMayNotBeReadIsAProblemInWords) {
  FakeTree tree;
  add_session(tree, {});
  tree.fault("/etc/iscsi/ifaces", ErrorCode::denied);
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_THAT(device_names(inventory), ElementsAre("ROOT\\ISCSI_TCP\\default"));
  EXPECT_THAT(inventory.problems, ElementsAre("reading /etc/iscsi/ifaces: a fault"));
}

TEST(Adapters, AnIserIfaceBypassesTheKernelWhereverItsHostHangs) {
  FakeTree tree;
  FakeSession fake{.iface = "rdma", .driver = "iscsi_iser"};
  fake.parent = kFunction;  // the RDMA card's
  add_session(tree, fake);
  const Inventory inventory = Scanner(tree).scan();
  ASSERT_THAT(device_names(inventory),
              ElementsAre("ROOT\\ISCSI_ISER\\rdma", "ROOT\\ISCSI_TCP\\default"));
  EXPECT_TRUE(inventory.adapters[0].bypasses_kernel);
  EXPECT_FALSE(inventory.adapters[1].bypasses_kernel);
}

TEST(Adapters, HardwareIsNamedByItsFunction) {
  FakeTree tree;
  FakeSession fake{
      .host = "host5", .iface = "qla4xxx.00:0e:1e:00:00:01.ipv4.0", .driver = "qla4xxx"};
  fake.parent = kFunction;
  add_function(tree, kFunction);
  add_session(tree, fake);
  tree.remove("/sys/class/iscsi_transport/tcp");
  add_host(tree, fake, "00:0e:1e:00:00:01");
  const Inventory inventory = Scanner(tree).scan();
  ASSERT_THAT(inventory.adapters, SizeIs(1));
  const Adapter& adapter = inventory.adapters[0];
  EXPECT_EQ(adapter.device_name, "PCI\\VEN_1077&DEV_8032&SUBSYS_024F1077&REV_02\\0000:3b:00.0");
  EXPECT_EQ(adapter.caption, "qla4xxx 0000:3b:00.0 (00:0e:1e:00:00:01)");
  EXPECT_EQ(adapter.driver, "qla4xxx");
  EXPECT_EQ(adapter.iface, "");
  EXPECT_EQ(adapter.initiator_name, "iqn.2026-11.lab:ini");
  EXPECT_TRUE(adapter.bypasses_kernel);
  EXPECT_EQ(inventory.sessions.at(0).adapter_key, adapter.key);
}

TEST(Adapters, HardwareWithoutASessionIsOneStill) {
  FakeTree tree;
  FakeSession fake{.host = "host5", .driver = "qedi"};
  fake.parent = kFunction;
  add_function(tree, kFunction);
  add_host(tree, fake, "00:0e:1e:00:00:01");
  const Inventory inventory = Scanner(tree).scan();
  EXPECT_THAT(device_names(inventory),
              ElementsAre("PCI\\VEN_1077&DEV_8032&SUBSYS_024F1077&REV_02\\0000:3b:00.0"));
}

TEST(Adapters, ThePortsOfOneFunctionAreToldApartByTheirAddresses) {
  FakeTree tree;
  add_function(tree, kFunction);
  for (const char* host : {"host5", "host6"}) {
    FakeSession fake{.host = host, .driver = "cxgb4i"};
    fake.parent = kFunction;
    add_host(tree, fake, std::string("00:07:43:00:00:0") + host[4]);
  }
  EXPECT_THAT(
      device_names(Scanner(tree).scan()),
      ElementsAre("PCI\\VEN_1077&DEV_8032&SUBSYS_024F1077&REV_02\\0000:3b:00.0&00:07:43:00:00:05",
                  "PCI\\VEN_1077&DEV_8032&SUBSYS_024F1077&REV_02\\0000:3b:00.0&00:07:43:00:00:06"));
}

TEST(Adapters, WhatIsNoHexInAFunctionsIdsShowsAsZeros) {
  FakeTree tree;
  Problems problems;
  const Reading reading{tree, "/", problems};
  tree.file("/pci/vendor", "0x\x1b[2J");
  tree.file("/pci/device", "0x123456789");
  tree.file("/pci/revision", "0xa");
  EXPECT_EQ(pci_device_name(reading, "/pci"), "PCI\\VEN_0000&DEV_0000&SUBSYS_00000000&REV_0A\\pci");
}

TEST(AdapterNames, TwoIfacesNeverShareAName) {
  // What escapes could confuse, and what WMI's folded case does.
  EXPECT_EQ(software_device_name("iscsi_tcp", "a\n"), "ROOT\\ISCSI_TCP\\a\\x0a");
  EXPECT_EQ(software_device_name("iscsi_tcp", "a\\x0a"), "ROOT\\ISCSI_TCP\\a\\\\x0a");
  EXPECT_EQ(software_device_name("iscsi_tcp", "\xff"), "ROOT\\ISCSI_TCP\\\\xff");
  FakeTree tree;
  tree.file("/etc/iscsi/ifaces/Default", "");
  tree.file("/etc/iscsi/ifaces/default", "");
  const auto names = device_names(Scanner(tree).scan());
  ASSERT_THAT(names, SizeIs(2));
  EXPECT_THAT(names[0], ::testing::MatchesRegex(R"(ROOT\\ISCSI_TCP\\Default~[0-9a-f]{16})"));
  EXPECT_EQ(names[1], "ROOT\\ISCSI_TCP\\default");
}

TEST(AdapterNames, ALongNameIsCutAndStaysItsOwn) {
  const std::string prefix = "ROOT\\ISCSI_TCP\\";
  const std::string fits(kMostDeviceNameBytes - prefix.size(), 'x');
  EXPECT_EQ(software_device_name("iscsi_tcp", fits), prefix + fits);
  const std::string one = software_device_name("iscsi_tcp", fits + "1");
  const std::string two = software_device_name("iscsi_tcp", fits + "2");
  EXPECT_LE(one.size(), kMostDeviceNameBytes);
  EXPECT_LE(two.size(), kMostDeviceNameBytes);
  EXPECT_NE(one, two);
  EXPECT_TRUE(is_plain_text(one));
}

}  // namespace
}  // namespace qm::iscsi

// Whatever a tree holds, and whatever goes wrong in it, a scan keeps its promises.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "iscsi/fake_tree.h"
#include "iscsi/inventory.h"

namespace qm::iscsi {
namespace {

rc::Gen<std::string> any_text() {
  return rc::gen::oneOf(
      rc::gen::element<std::string>("default", "Default", "a\\x0a", "a\n", "", "(null)", "\x1b[2J",
                                    "\xff", "0", "65535", "65536", "10.0.0.1", "fd00::1", "::"),
      rc::gen::arbitrary<std::string>());
}

void add_random_session(FakeTree& tree, std::uint32_t sid) {
  FakeSession fake;
  fake.sid = sid;
  fake.host = fmt::format("host{}", *rc::gen::inRange(0U, 6U));
  fake.target = *any_text();
  fake.iface = *any_text();
  fake.initiator = *any_text();
  fake.address = *any_text();
  fake.port = *any_text();
  fake.local_port = *any_text();
  fake.local_address = *any_text();
  fake.driver = *rc::gen::element<std::string>("iscsi_tcp", "iscsi_iser", "qla4xxx", "cxgb4i", "");
  fake.parent = *rc::gen::element<std::string>("/sys/devices/platform",
                                               "/sys/devices/pci0000:00/0000:3b:00.0");
  add_session(tree, fake);
  for (unsigned unit = 0; unit < *rc::gen::inRange(0U, 3U); ++unit) {
    const std::string disk = add_disk(tree, fake, fmt::format("sd{}", unit), unit, "8:0");
    if (*rc::gen::arbitrary<bool>()) add_map(tree, disk, "dm-0", *any_text(), "253:0");
  }
}

void add_random_faults(FakeTree& tree) {
  Scanner(tree).scan();  // learns what is read
  const std::vector<std::string> paths(tree.paths_read.begin(), tree.paths_read.end());
  if (paths.empty()) return;
  for (int i = *rc::gen::inRange(0, 8); i > 0; --i) {
    const std::string path = *rc::gen::elementOf(paths);
    if (*rc::gen::arbitrary<bool>()) {
      tree.remove(path.substr(0, path.rfind('/')));
    } else {
      tree.fault(path, *rc::gen::element(ErrorCode::state, ErrorCode::denied, ErrorCode::io,
                                         ErrorCode::limit, ErrorCode::not_found));
    }
  }
}

std::string folded(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void check_promises(const Inventory& inventory) {
  std::set<std::string> names;
  for (const Adapter& adapter : inventory.adapters) {
    RC_ASSERT(!adapter.key.empty());
    RC_ASSERT(adapter.key == adapter.device_name);
    RC_ASSERT(adapter.device_name.size() <= kMostDeviceNameBytes);
    RC_ASSERT(names.insert(folded(adapter.device_name)).second);
    for (const std::string& text :
         {adapter.device_name, adapter.caption, adapter.driver, adapter.iface,
          adapter.initiator_name, adapter.hardware_address, adapter.net_device}) {
      RC_ASSERT(is_plain_text(text));
    }
  }
  RC_ASSERT(std::ranges::is_sorted(inventory.adapters, {}, &Adapter::key));
  RC_ASSERT(std::ranges::adjacent_find(inventory.sessions, std::ranges::greater_equal{},
                                       &Session::sid) == inventory.sessions.end());
  for (const Session& session : inventory.sessions) {
    RC_ASSERT(names.contains(folded(session.adapter_key)));
    RC_ASSERT(is_plain_text(session.state));
    for (const Connection& connection : session.connections) {
      RC_ASSERT(!connection.connected || connection.remote.address.family != Family::none);
    }
    for (const Disk& disk : session.disks) {
      for (const Mount& mount : disk.mounts) {
        RC_ASSERT(is_plain_text(mount.map) && is_plain_text(mount.mount_point));
      }
    }
  }
  RC_ASSERT(inventory.problems.size() <= kMostProblems);
  for (const std::string& problem : inventory.problems) RC_ASSERT(is_plain_text(problem));
}

TEST(ScannerProperties, HoldForAnyTreeAndAnyFault) {
  const bool held = rc::check([] {
    FakeTree tree;
    for (std::uint32_t sid = 0; sid < *rc::gen::inRange(0U, 5U); ++sid) {
      add_random_session(tree, sid);
    }
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
      tree.file("/etc/iscsi/ifaces/" + *any_text(), "iface.transport_name = " + *any_text());
    }
    tree.file("/proc/self/mountinfo", "1 1 8:0 / " + *any_text() + " rw - x y rw\n" + *any_text());
    Scanner scanner(tree);
    check_promises(scanner.scan());
    add_random_faults(tree);
    check_promises(scanner.scan());
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace qm::iscsi

// The iSCSI initiator's adapters, sessions, connections and disks, as sysfs tells.
//
// Promise: one scan gives a consistent-enough value whatever comes and goes meanwhile; what can't
// be read (ENOTCONN on a failed connection) keeps its last known value; nothing that could be a
// password is ever opened; sizes and counts are bounded. The file system is reached through a seam
// (FileTree), so everything but tree_linux.cc is pure. All text is plain (qm::plain_text) but
// Session::target, which is as the target gave it.
// Threads: one. Beyond a limit the rest is left out, and a problem says so.
// A session's state (LOGGED_IN to FAILED) changes without a uevent: scan every few seconds, too.
// Sources: drivers/scsi/scsi_transport_iscsi.c; open-iscsi's iface records; facts/kernel.md §6,
// §15.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace qm::iscsi {

inline constexpr std::size_t kMostAttributeBytes = 4096;
inline constexpr std::size_t kMostSessions = 4096;
inline constexpr std::size_t kMostConnections = 16;  // of one session (kernel: MC/S is not used)
inline constexpr std::size_t kMostAdapters = 1024;
inline constexpr std::size_t kMostDisks = 256;       // of one session
inline constexpr std::size_t kMostMountPoints = 64;  // of one disk
inline constexpr std::size_t kMostMapDepth = 8;      // multipath on partition on LVM on …
inline constexpr std::size_t kMostMapNodes = 256;    // partitions and maps looked at, of one disk
inline constexpr std::size_t kMostNames = 16'384;    // in one directory
inline constexpr std::size_t kMostHosts = 5120;      // the sessions' and hardware's
inline constexpr std::size_t kMostRecords = 4096;    // iface records
inline constexpr std::size_t kMostProblems = 16;
inline constexpr std::size_t kMostDeviceNameBytes = 400;
inline constexpr std::size_t kMostMountTableBytes = 4U << 20U;  // /proc/self/mountinfo, /proc/swaps
inline constexpr std::size_t kMostRecordBytes = 64U << 10U;     // one iface record

// Reading a tree of small files. Errors name the path; their codes: not_found (also: its device
// went away), denied, io
// ("Transport endpoint is not connected" has its own code, state), limit (more than
// kMostAttributeBytes, most_bytes, kMostNames).
class FileTree {
 public:
  virtual ~FileTree() = default;
  virtual Result<std::string> read(const std::string& path) const = 0;  // newline stripped
  virtual Result<std::vector<std::string>> list(
      const std::string& path) const = 0;  // names, sorted
  virtual Result<std::string> link_target(
      const std::string& path) const = 0;  // resolved, whole path
  virtual Result<std::string> read_large(const std::string& path, std::size_t most_bytes) const = 0;
};
std::unique_ptr<FileTree> system_tree();  // tree_linux.cc

struct Adapter {
  std::string key;          // stable across logins, the same as device_name
  std::string device_name;  // WMI's device name, without _0: ROOT\ISCSI_TCP\default,
                            // PCI\VEN_1077&DEV_8032&SUBSYS_…&REV_…\0000:3b:00.0; plain text
  std::string caption;      // friendly: "iface default (iscsi_tcp)"
  std::string driver;       // iscsi_tcp, qla4xxx, …
  std::string iface;        // the iface record; empty for hardware
  std::string initiator_name;
  std::string hardware_address;
  std::string net_device;
  bool bypasses_kernel = false;  // TOE or RDMA: its traffic is not in XFRM
};

struct Connection {
  std::uint32_t cid = 0;
  Endpoint local;  // address from the host, port from the connection; may be the last known
  Endpoint remote;
  bool connected = false;  // false: local and remote are history, empty when never seen
};

struct Mount {
  // Multipath or dm name (md0 for those without one); stacked ones from the disk up, joined by '/'
  // (no dm name holds one); empty: directly on the disk or its partition.
  std::string map;
  std::string mount_point;  // "[swap]" for swap space; empty: in use by the map, not mounted
};

struct Disk {
  std::string device;  // sda
  std::uint64_t size_bytes = 0;
  std::vector<Mount> mounts;  // may be empty
};

struct Session {
  std::uint32_t sid = 0;
  std::string adapter_key;  // empty: its adapter is beyond kMostAdapters
  std::string target;       // as sysfs has it: not plain text
  std::string state;        // LOGGED_IN, FAILED, FREE
  Endpoint persistent;      // the portal that was configured
  std::vector<Connection> connections;
  std::vector<Disk> disks;
  // Who it is, over time: sid, target and portal (host numbers are reused).
  std::string identity() const;
};

struct Inventory {
  std::vector<Adapter> adapters;      // iface records and hardware, sorted by key, unique
  std::vector<Session> sessions;      // by sid
  std::vector<std::string> problems;  // what could not be read: at most kMostProblems
  bool supported = true;              // false: no iSCSI transport class in this kernel
};

// Scans; keeps what it must remember between scans (last known ports).
class Scanner {
 public:
  explicit Scanner(const FileTree& tree, std::string root = "/");
  Inventory scan();

 private:
  const FileTree& tree_;
  std::string root_;
  std::map<std::string, std::vector<Connection>> last_known_;  // by identity; of the last scan
};

// Kernel uevents of the iscsi_* and block classes, as a hint to scan again (uevent_linux.cc).
class UeventSocket {
 public:
  static Result<UeventSocket> open();
  UeventSocket(UeventSocket&&) noexcept;
  UeventSocket& operator=(UeventSocket&&) noexcept;
  ~UeventSocket();
  int fd() const;
  bool drain();  // true: something of iSCSI or block happened, or events were lost

 private:
  explicit UeventSocket(int fd);
  int fd_ = -1;
};
// True when a uevent datagram speaks of iSCSI or a disk. Pure.
bool concerns_iscsi(std::string_view datagram);

// Says when file systems are mounted or unmounted (mount_watch_linux.cc). Poll fd() for POLLPRI;
// the kernel tells each change to the first poll that asks, so the event itself is the news.
class MountWatch {
 public:
  static Result<MountWatch> open();
  MountWatch(MountWatch&&) noexcept;
  MountWatch& operator=(MountWatch&&) noexcept;
  ~MountWatch();
  int fd() const { return fd_; }
  bool changed();  // for loops that do not poll fd(): since the last call, or since open()

 private:
  explicit MountWatch(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace qm::iscsi

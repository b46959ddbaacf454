// A session's disks, and what stands on them: partitions, maps, mount points. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "iscsi/inventory.h"
#include "iscsi/reading.h"

namespace qm::iscsi {

// Where block devices are mounted, or used as swap, now.
class MountTable {
 public:
  static MountTable read(const Reading& reading);

  // device_number: "8:1" as sysfs has it; device: sda1, dm-0; map: its dm name or "".
  std::vector<std::string> points_of(std::string_view device_number, std::string_view device,
                                     std::string_view map) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> by_number_;
  std::map<std::string, std::vector<std::string>, std::less<>> by_path_;
};

// session_dir: the session's device directory, …/host2/session1. By device name: sda, sdb, … sdaa.
std::vector<Disk> read_disks(const Reading& reading, const MountTable& mounts,
                             const std::string& session_dir);

}  // namespace qm::iscsi

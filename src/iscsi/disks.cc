#include "iscsi/disks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"
#include "iscsi/records.h"

namespace qm::iscsi {
namespace {

constexpr std::uint64_t kSectorBytes = 512;  // sysfs counts these, whatever the disk's own are
constexpr std::string_view kSwap = "[swap]";

std::uint64_t bytes_of_sectors(std::string_view text) {
  std::uint64_t sectors = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), sectors);
  const bool fits = sectors <= std::numeric_limits<std::uint64_t>::max() / kSectorBytes;
  return result.ec == std::errc{} && fits ? sectors * kSectorBytes : 0;
}

// Walks from one disk up through its partitions and maps.
class DiskWalk {
 public:
  DiskWalk(const Reading& reading, const MountTable& mounts, Disk& disk)
      : reading_(reading), mounts_(mounts), disk_(disk) {}

  // maps: the names from the disk up to this device. True when it, or what stands on it, is used.
  bool visit(const std::string& dir, const std::string& maps, std::size_t depth) {
    if (depth > kMostMapDepth || ++nodes_ > kMostMapNodes) {
      reading_.problems.add(fmt::format("{}: more is stacked on it than is read", disk_.device));
      return true;
    }
    const std::string_view device = base_name(dir);
    const std::string own_map = maps.empty() ? "" : std::string(base_name(maps));
    bool used = false;
    for (const std::string& point :
         mounts_.points_of(reading_.text(dir + "/dev"), device, own_map)) {
      add(maps, point);
      used = true;
    }
    for (const std::string& name : reading_.names(dir)) {
      const bool partition = name.size() > device.size() && name.starts_with(device) &&
                             reading_.tree.read(dir + "/" + name + "/partition").has_value();
      if (partition) used = visit(dir + "/" + name, maps, depth + 1) || used;
    }
    for (const std::string& holder : reading_.names(dir + "/holders")) {
      const std::string holder_dir = reading_.path("sys/class/block/" + holder);
      std::string map = plain_text(reading_.text(holder_dir + "/dm/name"));
      if (map.empty()) map = plain_text(holder);
      const std::string stacked = maps.empty() ? map : maps + "/" + map;
      if (!visit(holder_dir, stacked, depth + 1)) add(stacked, "");
      used = true;
    }
    return used;
  }

 private:
  void add(const std::string& maps, std::string_view point) {
    const std::string plain = plain_text(point);
    const auto same = [&](const Mount& mount) {
      return mount.map == maps && mount.mount_point == plain;
    };
    if (std::ranges::any_of(disk_.mounts, same)) return;  // one file system mounted twice there
    if (disk_.mounts.size() == kMostMountPoints) {
      reading_.problems.add(
          fmt::format("{}: only {} of its mount points are shown", disk_.device, kMostMountPoints));
      return;
    }
    disk_.mounts.push_back({maps, plain});
  }

  const Reading& reading_;
  const MountTable& mounts_;
  Disk& disk_;
  std::size_t nodes_ = 0;
};

}  // namespace

MountTable MountTable::read(const Reading& reading) {
  MountTable table;
  const auto read_table = [&](std::string_view name) {
    const std::string path = reading.path(name);
    auto text = reading.tree.read_large(path, kMostMountTableBytes);
    if (!text && text.error().code != ErrorCode::not_found) reading.note(text.error());
    return text ? *std::move(text) : std::string{};
  };
  for (MountEntry& entry : parse_mountinfo(read_table("proc/self/mountinfo"))) {
    // btrfs and the like have a device number of their own (major 0): their source tells.
    auto& points = entry.major == 0
                       ? table.by_path_[std::move(entry.source)]
                       : table.by_number_[fmt::format("{}:{}", entry.major, entry.minor)];
    points.push_back(std::move(entry.mount_point));
  }
  for (std::string& device : parse_swaps(read_table("proc/swaps"))) {
    table.by_path_[std::move(device)].emplace_back(kSwap);
  }
  return table;
}

std::vector<std::string> MountTable::points_of(std::string_view device_number,
                                               std::string_view device,
                                               std::string_view map) const {
  std::vector<std::string> points;
  const auto append = [&points](const auto& table, std::string_view key) {
    const auto found = table.find(key);
    if (found != table.end()) {
      points.insert(points.end(), found->second.begin(), found->second.end());
    }
  };
  append(by_number_, device_number);
  append(by_path_, fmt::format("/dev/{}", device));
  if (!map.empty()) append(by_path_, fmt::format("/dev/mapper/{}", map));
  return points;
}

std::vector<Disk> read_disks(const Reading& reading, const MountTable& mounts,
                             const std::string& session_dir) {
  std::vector<Disk> disks;
  for (const std::string& target : reading.names(session_dir)) {
    if (!target.starts_with("target")) continue;
    const std::string target_dir = session_dir + "/" + target;
    for (const std::string& unit : reading.names(target_dir)) {
      if (unit.find(':') == std::string::npos) continue;  // only units are named H:C:T:L
      const std::string block_dir = target_dir + "/" + unit + "/block";
      for (const std::string& device : reading.names(block_dir)) {
        if (disks.size() == kMostDisks) {
          reading.problems.add(fmt::format("{}: only {} of its disks are shown",
                                           base_name(session_dir), kMostDisks));
          return disks;
        }
        Disk& disk = disks.emplace_back();
        disk.device = plain_text(device);
        disk.size_bytes = bytes_of_sectors(reading.text(block_dir + "/" + device + "/size"));
        DiskWalk(reading, mounts, disk).visit(block_dir + "/" + device, "", 0);
      }
    }
  }
  std::ranges::sort(disks, {},
                    [](const Disk& disk) { return std::pair(disk.device.size(), disk.device); });
  return disks;
}

}  // namespace qm::iscsi

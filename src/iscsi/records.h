// The text files that a scan reads: open-iscsi's records, the kernel's mount and swap tables. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qm::iscsi {

inline constexpr std::size_t kMostMountEntries = 65'536;  // the rest of the table is not read

// open-iscsi's iface record (usr/idbm.c): "iface.name = value" lines, '#' begins a comment line.
struct IfaceRecord {
  std::string transport_name;  // tcp, iser, qla4xxx, …; empty: not said
  std::string net_device;
  std::string hardware_address;
  std::string initiator_name;
};
IfaceRecord parse_iface_record(std::string_view text);

// /etc/iscsi/initiatorname.iscsi: the last InitiatorName=; empty when there is none.
std::string parse_initiator_name(std::string_view text);

// One line of /proc/self/mountinfo (proc(5)); escapes such as \040 are decoded.
struct MountEntry {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::string mount_point;
  std::string source;  // /dev/sda1; file systems with a device number of their own are known by it
};
// Lines that are none are left out.
std::vector<MountEntry> parse_mountinfo(std::string_view text);

// Devices that are swap space (/proc/swaps, type partition), as their paths: /dev/sda2.
std::vector<std::string> parse_swaps(std::string_view text);

// "\040" and the like, as the kernel's seq_path writes them; anything else stays.
std::string decode_octal(std::string_view text);

// What the kernel and open-iscsi print for a string that is not set becomes "".
std::string_view unless_null(std::string_view text);

}  // namespace qm::iscsi

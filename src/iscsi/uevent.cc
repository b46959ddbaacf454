#include <algorithm>
#include <array>

#include "iscsi/inventory.h"

namespace qm::iscsi {

// lib/kobject_uevent.c: "add@/devices/…" and then NAME=value strings, each ended by a zero byte.
bool concerns_iscsi(std::string_view datagram) {
  constexpr std::string_view kSubsystem = "SUBSYSTEM=";
  constexpr std::array<std::string_view, 5> kOurs = {"iscsi_session", "iscsi_connection",
                                                     "iscsi_host", "iscsi_transport", "block"};
  while (!datagram.empty()) {
    const std::size_t end = std::min(datagram.find('\0'), datagram.size());
    const std::string_view field = datagram.substr(0, end);
    if (field.starts_with(kSubsystem)) {
      return std::ranges::find(kOurs, field.substr(kSubsystem.size())) != kOurs.end();
    }
    datagram.remove_prefix(std::min(end + 1, datagram.size()));
  }
  return false;
}

}  // namespace qm::iscsi

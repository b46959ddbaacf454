// The adapters of a host and their names: iface records, hardware. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iscsi/inventory.h"
#include "iscsi/reading.h"
#include "iscsi/records.h"

namespace qm::iscsi {

// A SCSI host of the iSCSI transport. Its number is ephemeral: iscsi_tcp makes one a session.
struct Host {
  std::string dir;                                           // /sys/devices/…/host2
  std::string driver;                                        // scsi_host's proc_name; plain text
  std::string hardware_address, net_device, initiator_name;  // plain text
  std::string pci_dir;  // the PCI function it belongs to, or ""
  Result<std::string> address = fail(ErrorCode::not_found, "");  // local; state: not connected
  bool is_hardware() const;  // an adapter of its own, not an iface record
};
std::optional<Host> read_host(const Reading& reading, const std::string& name);
std::map<std::string, Host> read_hosts(const Reading& reading);  // by name: host2

// Collects adapters, then names them. An adapter is known by an id here; its name depends on the
// others, as it must be unique.
class AdapterSet {
 public:
  explicit AdapterSet(const Reading& reading);  // reads the iface records

  // In the order of what must not be missing when there are too many.
  void add_hardware(const std::map<std::string, Host>& hosts);
  // The id of the adapter that a session is on; nothing: on hardware that was not there before.
  std::optional<std::string> of_session(const std::string& host_name, const Host& host,
                                        const std::string& iface,
                                        const std::string& initiator_name);
  void add_default();
  void add_records();

  // Sorted by key. keys: from each id to its adapter's key.
  std::vector<Adapter> finish(std::map<std::string, std::string>& keys) &&;

 private:
  Adapter* find_or_add(const std::string& id);
  // guess: the driver when no record tells.
  void add_software(const std::string& iface, std::string_view guess,
                    const std::string& initiator_name);
  void read_record(const std::string& iface, const std::string& path);

  const Reading& reading_;
  std::map<std::string, Adapter> by_id_;
  std::map<std::string, IfaceRecord> records_;     // by iface
  std::map<std::string, std::string> id_of_host_;  // hardware only
  bool full_ = false;
};

// A function's PnP name: PCI\VEN_1077&DEV_8032&SUBSYS_024F1077&REV_02\0000:3b:00.0
std::string pci_device_name(const Reading& reading, const std::string& pci_dir);
// ROOT\ISCSI_TCP\default: a backslash of the iface's name is doubled, what is not plain becomes
// \xNN, and what is too long is cut and marked with a hash of the whole.
std::string software_device_name(std::string_view driver, std::string_view iface);

}  // namespace qm::iscsi

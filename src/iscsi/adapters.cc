#include "iscsi/adapters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace qm::iscsi {
namespace {

constexpr std::string_view kTcpDriver = "iscsi_tcp";
constexpr std::string_view kIserDriver = "iscsi_iser";
constexpr std::string_view kDefaultIface = "default";
constexpr std::string_view kExampleRecord = "iface.example";  // which open-iscsi installs
// proc_name of the drivers that offload: TCP ends on the card, and IPsec with it.
constexpr std::array<std::string_view, 6> kOffloadDrivers = {"qla4xxx", "be2iscsi", "bnx2i",
                                                             "cxgb3i",  "cxgb4i",   "qedi"};

// 0000:3b:00.0
bool is_pci_address(std::string_view name) {
  constexpr std::string_view kShape = "hhhh:hh:hh.h";
  const auto fits = [](char c, char shape) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    return shape == 'h' ? hex : c == shape;
  };
  return name.size() == kShape.size() && std::ranges::equal(name, kShape, fits);
}

// The nearest PCI function above a device; "" when there is none.
std::string pci_dir_above(std::string_view dir) {
  for (std::string_view at = parent_path(dir); !at.empty(); at = parent_path(at)) {
    if (is_pci_address(base_name(at))) return std::string(at);
  }
  return {};
}

std::string iface_id(std::string_view iface) {
  return "iface:" + std::string(iface);
}

// Which driver serves a record's transport; "": hardware, which is an adapter by itself.
std::string_view driver_of_transport(std::string_view transport) {
  if (transport.empty() || transport == "tcp") return kTcpDriver;
  return transport == "iser" ? kIserDriver : std::string_view{};
}

// open-iscsi names the records that it makes for hardware driver.hwaddress.
bool is_named_after_hardware(std::string_view iface) {
  return std::ranges::any_of(kOffloadDrivers, [iface](std::string_view driver) {
    return iface.starts_with(driver) && iface.substr(driver.size()).starts_with('.');
  });
}

}  // namespace

bool Host::is_hardware() const {
  // iSER's host hangs below the RDMA card's function, yet it is a software initiator.
  return !pci_dir.empty() && driver != kTcpDriver && driver != kIserDriver;
}

std::optional<Host> read_host(const Reading& reading, const std::string& name) {
  const std::string attributes = reading.path("sys/class/iscsi_host/" + name);
  auto dir = reading.tree.link_target(attributes + "/device");
  if (!dir) return std::nullopt;  // gone meanwhile
  Host host;
  host.dir = *std::move(dir);
  host.driver =
      plain_text(reading.text(reading.path("sys/class/scsi_host/" + name + "/proc_name")));
  host.hardware_address = plain_text(reading.text(attributes + "/hwaddress"));
  host.net_device = plain_text(reading.text(attributes + "/netdev"));
  host.initiator_name = plain_text(reading.text(attributes + "/initiatorname"));
  host.pci_dir = pci_dir_above(host.dir);
  host.address = reading.tree.read(attributes + "/ipaddress");
  return host;
}

std::map<std::string, Host> read_hosts(const Reading& reading) {
  std::map<std::string, Host> hosts;
  for (const std::string& name : reading.names(reading.path("sys/class/iscsi_host"))) {
    if (!number_after("host", name)) continue;
    if (hosts.size() == kMostHosts) {
      reading.problems.add(fmt::format("only {} iSCSI hosts are read", kMostHosts));
      break;
    }
    if (auto host = read_host(reading, name)) hosts.emplace(name, *std::move(host));
  }
  return hosts;
}

AdapterSet::AdapterSet(const Reading& reading) : reading_(reading) {
  for (const std::string_view below_root : {"etc/iscsi/ifaces", "var/lib/iscsi/ifaces"}) {
    const std::string dir = reading_.path(below_root);
    for (const std::string& name : reading_.names(dir)) {
      // The first directory wins, as open-iscsi's build looks into one of them only.
      if (name.starts_with('.') || name == kExampleRecord || records_.contains(name)) continue;
      if (records_.size() == kMostRecords) {
        reading_.problems.add(fmt::format("only {} iface records are read", kMostRecords));
        return;
      }
      read_record(name, dir + "/" + name);
    }
  }
}

void AdapterSet::read_record(const std::string& iface, const std::string& path) {
  auto text = reading_.tree.read_large(path, kMostRecordBytes);
  if (text) {
    records_[iface] = parse_iface_record(*text);
  } else if (text.error().code != ErrorCode::not_found) {
    reading_.note(text.error());
    if (!is_named_after_hardware(iface)) records_[iface] = {};
  }
}

Adapter* AdapterSet::find_or_add(const std::string& id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) return &found->second;
  if (by_id_.size() == kMostAdapters) {
    if (!full_) reading_.problems.add(fmt::format("only {} adapters are shown", kMostAdapters));
    full_ = true;
    return nullptr;
  }
  return &by_id_[id];
}

void AdapterSet::add_hardware(const std::map<std::string, Host>& hosts) {
  std::map<std::string, std::size_t> hosts_of_function;
  for (const auto& [name, host] : hosts) {
    if (host.is_hardware()) ++hosts_of_function[host.pci_dir];
  }
  for (const auto& [name, host] : hosts) {
    if (!host.is_hardware()) continue;
    // cxgb3i and cxgb4i have one host for each port of a function.
    const bool is_one_of_many = hosts_of_function[host.pci_dir] > 1;
    const std::string port =
        host.hardware_address.empty() ? host.net_device : host.hardware_address;
    const std::string id = "pci:" + host.pci_dir + (is_one_of_many ? "&" + port : "");
    id_of_host_[name] = id;
    Adapter* adapter = find_or_add(id);
    if (adapter == nullptr) continue;
    adapter->device_name = pci_device_name(reading_, host.pci_dir);
    if (is_one_of_many) adapter->device_name += "&" + plain_text(port, 100);
    adapter->caption = fmt::format("{} {}{}", host.driver, plain_text(base_name(host.pci_dir)),
                                   port.empty() ? "" : " (" + port + ")");
    adapter->driver = host.driver;
    adapter->initiator_name = host.initiator_name;
    adapter->hardware_address = host.hardware_address;
    adapter->net_device = host.net_device;
    adapter->bypasses_kernel = true;
  }
}

std::optional<std::string> AdapterSet::of_session(const std::string& host_name, const Host& host,
                                                  const std::string& iface,
                                                  const std::string& initiator_name) {
  const auto hardware = id_of_host_.find(host_name);
  if (hardware != id_of_host_.end()) return hardware->second;
  if (host.is_hardware()) return std::nullopt;
  const std::string name = iface.empty() ? std::string(kDefaultIface) : iface;
  add_software(name, host.driver == kIserDriver ? kIserDriver : kTcpDriver, initiator_name);
  return iface_id(name);
}

void AdapterSet::add_software(const std::string& iface, std::string_view guess,
                              const std::string& initiator_name) {
  Adapter* adapter = find_or_add(iface_id(iface));
  if (adapter == nullptr) return;
  if (adapter->initiator_name.empty()) adapter->initiator_name = plain_text(initiator_name);
  if (!adapter->driver.empty()) return;  // known already
  const auto found = records_.find(iface);
  const IfaceRecord record = found == records_.end() ? IfaceRecord{} : found->second;
  // The record's word comes first: the name must be the same with and without a session.
  const bool is_told = !record.transport_name.empty();
  const std::string_view told = is_told ? driver_of_transport(record.transport_name) : guess;
  adapter->driver = told.empty() ? guess : told;
  adapter->iface = plain_text(iface);
  adapter->device_name = software_device_name(adapter->driver, iface);
  adapter->caption = fmt::format("iface {} ({})", adapter->iface, adapter->driver);
  adapter->net_device = plain_text(record.net_device);
  adapter->hardware_address = plain_text(record.hardware_address);
  adapter->bypasses_kernel = adapter->driver == kIserDriver;
  if (adapter->initiator_name.empty()) adapter->initiator_name = plain_text(record.initiator_name);
}

void AdapterSet::add_default() {
  add_software(std::string(kDefaultIface), kTcpDriver, "");
}

void AdapterSet::add_records() {
  for (const auto& [iface, record] : records_) {
    if (!driver_of_transport(record.transport_name).empty()) add_software(iface, kTcpDriver, "");
  }
}

}  // namespace qm::iscsi

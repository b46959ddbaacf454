#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "iscsi/adapters.h"

namespace qm::iscsi {
namespace {

constexpr std::size_t kHashMarkBytes = 17;  // '~' and 16 digits

// FNV-1a, 64 bits: names must be the same on every host and in every version, std::hash is not.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

// Room for the mark is kept whether or not it is added, so that a name never depends on its length
// and on its neighbours at once.
std::string marked(std::string_view name, std::string_view identity) {
  return plain_text(name, kMostDeviceNameBytes - kHashMarkBytes) +
         fmt::format("~{:016x}", hash_of(identity));
}

std::string folded(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "0x1077" → 1077, upper case, as many digits as PnP has.
std::string hex_of(const Reading& reading, const std::string& path, std::size_t digits) {
  const std::string text = reading.text(path);
  std::string out(digits, '0');
  if (!text.starts_with("0x") || text.size() > digits + 2) return out;
  std::size_t at = digits - (text.size() - 2);
  for (const char c : std::string_view(text).substr(2)) {
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
    const bool is_lower = c >= 'a' && c <= 'f';
    if (!is_digit && !is_lower) return std::string(digits, '0');
    out[at++] = is_lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

}  // namespace

std::string pci_device_name(const Reading& reading, const std::string& pci_dir) {
  return fmt::format(
      "PCI\\VEN_{}&DEV_{}&SUBSYS_{}{}&REV_{}\\{}", hex_of(reading, pci_dir + "/vendor", 4),
      hex_of(reading, pci_dir + "/device", 4), hex_of(reading, pci_dir + "/subsystem_device", 4),
      hex_of(reading, pci_dir + "/subsystem_vendor", 4), hex_of(reading, pci_dir + "/revision", 2),
      plain_text(base_name(pci_dir)));
}

std::string software_device_name(std::string_view driver, std::string_view iface) {
  std::string escaped;
  for (const char c : iface) escaped += c == '\\' ? "\\\\" : std::string(1, c);
  const std::string name =
      fmt::format("ROOT\\{}\\{}", driver == "iscsi_iser" ? "ISCSI_ISER" : "ISCSI_TCP",
                  plain_text(escaped, 5 * kMostAttributeBytes));
  return name.size() <= kMostDeviceNameBytes ? name : marked(name, iface);
}

std::vector<Adapter> AdapterSet::finish(std::map<std::string, std::string>& keys) && {
  // WMI compares names without case. Of those that are then equal one keeps its name: the last in
  // byte order, so that "default" is not renamed by a "Default".
  std::map<std::string, std::string> taken;  // folded name to id
  for (auto entry = by_id_.rbegin(); entry != by_id_.rend(); ++entry) {
    auto& [id, adapter] = *entry;
    if (taken.contains(folded(adapter.device_name))) {
      adapter.device_name = marked(adapter.device_name, id);
    }
    // Two hashes that are equal too would need some 2^32 adapters.
    if (!taken.emplace(folded(adapter.device_name), id).second) continue;
    adapter.key = adapter.device_name;
    keys[id] = adapter.key;
  }
  std::vector<Adapter> adapters;
  for (auto& [id, adapter] : by_id_) {
    if (!adapter.key.empty()) adapters.push_back(std::move(adapter));
  }
  std::ranges::sort(adapters, {}, &Adapter::key);
  return adapters;
}

}  // namespace qm::iscsi

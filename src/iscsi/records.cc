#include "iscsi/records.h"

#include <charconv>

namespace qm::iscsi {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

// Cuts off what stands before the delimiter; the whole rest when there is none.
std::string_view take_until(std::string_view& rest, char delimiter) {
  const std::size_t end = rest.find(delimiter);
  const std::string_view taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return taken;
}

std::string_view take_field(std::string_view& rest) {
  const std::size_t from = rest.find_first_not_of(kBlanks);
  rest = from == std::string_view::npos ? std::string_view{} : rest.substr(from);
  const std::size_t end = std::min(rest.find_first_of(kBlanks), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest = rest.substr(end);
  return field;
}

struct Setting {
  std::string_view name;  // empty: a comment, or no setting at all
  std::string_view value;
};

Setting take_setting(std::string_view& rest) {
  const std::string_view line = trimmed(take_until(rest, '\n'));
  const std::size_t equals = line.find('=');
  if (line.starts_with('#') || equals == std::string_view::npos) return {};
  return {trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1))};
}

bool read_number(std::string_view text, std::uint32_t& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

}  // namespace

std::string_view unless_null(std::string_view text) {
  return text == "(null)" || text == "<NULL>" || text == "<empty>" ? std::string_view{} : text;
}

IfaceRecord parse_iface_record(std::string_view text) {
  IfaceRecord record;
  while (!text.empty()) {
    const Setting setting = take_setting(text);
    const std::string_view value = unless_null(setting.value);
    if (setting.name == "iface.transport_name") record.transport_name = value;
    if (setting.name == "iface.net_ifacename") record.net_device = value;
    if (setting.name == "iface.hwaddress") record.hardware_address = value;
    if (setting.name == "iface.initiatorname") record.initiator_name = value;
  }
  return record;
}

std::string parse_initiator_name(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const Setting setting = take_setting(text);
    if (setting.name == "InitiatorName") name = setting.value;
  }
  return name;
}

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
  std::vector<MountEntry> entries;
  while (!text.empty() && entries.size() < kMostMountEntries) {
    std::string_view line = take_until(text, '\n');
    if (line.empty()) continue;
    take_field(line);  // the mount's id
    take_field(line);  // its parent's
    std::string_view device = take_field(line);
    take_field(line);  // which directory of the file system is its root
    const std::string_view mount_point = take_field(line);
    take_field(line);  // options; then any number of optional fields up to "-"
    while (!line.empty() && take_field(line) != "-") {
    }
    take_field(line);  // the file system's type
    MountEntry entry;
    const std::string_view major = take_until(device, ':');
    if (mount_point.empty() || !read_number(major, entry.major) ||
        !read_number(device, entry.minor)) {
      continue;
    }
    entry.mount_point = decode_octal(mount_point);
    entry.source = decode_octal(take_field(line));
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<std::string> parse_swaps(std::string_view text) {
  std::vector<std::string> devices;
  while (!text.empty() && devices.size() < kMostMountEntries) {
    std::string_view line = take_until(text, '\n');
    const std::string_view path = take_field(line);
    if (take_field(line) == "partition") devices.push_back(decode_octal(path));
  }
  return devices;
}

std::string decode_octal(std::string_view text) {
  const auto digit = [&](std::size_t at) -> unsigned {
    return at < text.size() && text[at] >= '0' && text[at] <= '7'
               ? static_cast<unsigned>(text[at] - '0')
               : 8U;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned high = digit(i + 1);
    const unsigned middle = digit(i + 2);
    const unsigned low = digit(i + 3);
    if (text[i] == '\\' && high < 4 && middle < 8 && low < 8) {
      out += static_cast<char>((high << 6U) | (middle << 3U) | low);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace qm::iscsi

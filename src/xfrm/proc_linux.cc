#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "xfrm/system.h"

namespace qm::xfrm {
namespace {

Result<std::string> read_proc(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) return fail(ErrorCode::not_found, path + ": no such file");
    return std::unexpected(system_error(path, errno));
  }
  std::string text;
  std::array<char, 4096> part{};
  ssize_t got = 0;
  while ((got = read(fd, part.data(), part.size())) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || text.size() + static_cast<std::size_t>(got) > kMostProcBytes) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  const int failure = got < 0 ? errno : 0;
  close(fd);
  if (failure != 0) return std::unexpected(system_error(path, failure));
  if (got > 0) return fail(ErrorCode::limit, path + ": longer than such a file can be");
  return text;
}

// A sysctl of one interface or of all; absent ones are off.
Result<bool> is_set(const std::string& root, std::string_view family, std::string_view interface,
                    std::string_view name) {
  for (const std::string_view whose : {std::string_view("all"), interface}) {
    std::string path = root;
    for (const std::string_view part : {family, std::string_view("conf"), whose, name}) {
      path.append("/").append(part);
    }
    const auto text = read_proc(path);
    if (!text && text.error().code != ErrorCode::not_found) return std::unexpected(text.error());
    if (text && !text->empty() && text->front() != '0') return true;
  }
  return false;
}

bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostInterfaceName && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool address_of(const sockaddr* from, Address& out) {
  if (from == nullptr) return false;
  if (from->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, from, sizeof(v4));
    out.family = Family::v4;
    std::memcpy(out.bytes.data(), &v4.sin_addr, sizeof(v4.sin_addr));
    return true;
  }
  if (from->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, from, sizeof(v6));
    out.family = Family::v6;
    std::memcpy(out.bytes.data(), &v6.sin6_addr, sizeof(v6.sin6_addr));
    return true;
  }
  return false;
}

}  // namespace

Result<NetnsErrors> read_netns_errors(const std::string& path) {
  return parse_xfrm_stat(TRY(read_proc(path)));
}

Result<InterfaceIpsec> read_interface_ipsec(std::string_view interface, const std::string& root) {
  if (!is_interface_name(interface)) return fail(ErrorCode::invalid, "not an interface's name");
  const std::string folder = root + "/ipv4/conf/" + std::string(interface);
  if (access(folder.c_str(), F_OK) != 0) {
    return fail(ErrorCode::not_found, folder + ": no such interface");
  }
  InterfaceIpsec says;
  says.disable_xfrm = TRY(is_set(root, "ipv4", interface, "disable_xfrm"));
  says.disable_policy = TRY(is_set(root, "ipv4", interface, "disable_policy"));
  says.disable_policy_v6 = TRY(is_set(root, "ipv6", interface, "disable_policy"));
  return says;
}

Result<bool> read_holds_packets(const std::string& root) {
  return TRY(read_proc(root + "/core/xfrm_larval_drop")).starts_with('0');
}

Result<std::vector<LocalAddress>> read_local_addresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return std::unexpected(system_error("reading the interfaces' addresses", errno));
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  std::vector<LocalAddress> addresses;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    LocalAddress local;
    if (!address_of(entry->ifa_addr, local.address)) continue;
    if (addresses.size() == kMostLocalAddresses) {
      return fail(ErrorCode::limit, "more local addresses than quickmode reads");
    }
    local.interface = entry->ifa_name;
    local.ifindex = if_nametoindex(entry->ifa_name);
    addresses.push_back(std::move(local));
  }
  return addresses;
}

}  // namespace qm::xfrm

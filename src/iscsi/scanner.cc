#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "iscsi/adapters.h"
#include "iscsi/disks.h"
#include "iscsi/inventory.h"
#include "iscsi/reading.h"
#include "iscsi/records.h"

namespace qm::iscsi {
namespace {

// Which sessions and connections there are: their numbers, from the names in /sys/class.
struct Numbers {
  std::vector<std::uint32_t> sids;
  std::map<std::uint32_t, std::vector<std::uint32_t>> cids_of;  // by sid
  bool supported = true;
};

Numbers read_numbers(const Reading& reading) {
  Numbers numbers;
  const std::string session_class = reading.path("sys/class/iscsi_session");
  auto sessions = reading.tree.list(session_class);
  if (!sessions) {
    numbers.supported = sessions.error().code != ErrorCode::not_found;
    if (numbers.supported) reading.note(sessions.error());
    return numbers;
  }
  for (const std::string& name : *sessions) {
    if (const auto sid = number_after("session", name)) numbers.sids.push_back(*sid);
  }
  std::ranges::sort(numbers.sids);
  const auto repeated = std::ranges::unique(numbers.sids);
  numbers.sids.erase(repeated.begin(), repeated.end());
  if (numbers.sids.size() > kMostSessions) {
    reading.problems.add(
        fmt::format("of {} sessions only {} are shown", numbers.sids.size(), kMostSessions));
    numbers.sids.resize(kMostSessions);
  }
  for (const std::string& name : reading.names(reading.path("sys/class/iscsi_connection"))) {
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos) continue;
    const auto sid = number_after("connection", std::string_view(name).substr(0, colon));
    const auto cid = number_after(":", std::string_view(name).substr(colon));
    if (sid && cid) numbers.cids_of[*sid].push_back(*cid);
  }
  return numbers;
}

Address parse_address(std::string_view text) {
  // A link-local address may carry its zone, which Address has no place for.
  auto address = Address::parse(text.substr(0, text.find('%')));
  return address ? *address : Address{};
}

std::uint16_t parse_port(std::string_view text) {
  const auto port = number_after("", text);
  return port && *port <= 0xffff ? static_cast<std::uint16_t>(*port) : std::uint16_t{0};
}

// Reads one attribute of a connection; ENOTCONN says that there is no socket under it.
std::string read_live(const Reading& reading, const std::string& path, bool& connected) {
  auto text = reading.tree.read(path);
  if (text) return std::string(unless_null(*text));
  connected = connected && text.error().code != ErrorCode::state;
  if (text.error().code != ErrorCode::state && text.error().code != ErrorCode::not_found) {
    reading.note(text.error());
  }
  return {};
}

Connection read_connection(const Reading& reading, const std::string& dir, std::uint32_t cid,
                           const Host& host) {
  Connection connection;
  connection.cid = cid;
  bool connected = host.address || host.address.error().code != ErrorCode::state;
  if (host.address) connection.local.address = parse_address(*host.address);
  connection.remote.address = parse_address(read_live(reading, dir + "/address", connected));
  connection.remote.port = parse_port(read_live(reading, dir + "/port", connected));
  connection.local.port = parse_port(read_live(reading, dir + "/local_port", connected));
  connection.connected = connected && connection.remote.address.family != Family::none;
  return connection;
}

void read_connections(const Reading& reading, const std::vector<std::uint32_t>& cids,
                      const Host& host, Session& session) {
  std::vector<std::uint32_t> sorted = cids;
  std::ranges::sort(sorted);
  if (sorted.size() > kMostConnections) {
    reading.problems.add(fmt::format("session {}: of {} connections only {} are shown", session.sid,
                                     sorted.size(), kMostConnections));
    sorted.resize(kMostConnections);
  }
  for (const std::uint32_t cid : sorted) {
    const std::string dir =
        reading.path(fmt::format("sys/class/iscsi_connection/connection{}:{}", session.sid, cid));
    session.connections.push_back(read_connection(reading, dir, cid, host));
    if (session.persistent.address.family == Family::none) {
      session.persistent.address = parse_address(reading.text(dir + "/persistent_address"));
      session.persistent.port = parse_port(reading.text(dir + "/persistent_port"));
    }
  }
}

// One scan's parts, which each session needs.
struct Scan {
  const Reading& reading;
  const Numbers& numbers;
  const std::map<std::string, Host>& hosts;
  const MountTable& mounts;
  AdapterSet& adapters;
};

// A session with an adapter's id in place of its key; nothing when it went away meanwhile.
std::optional<Session> read_session(const Scan& scan, std::uint32_t sid) {
  const Reading& reading = scan.reading;
  const std::string dir = reading.path(fmt::format("sys/class/iscsi_session/session{}", sid));
  const auto device_dir = reading.tree.link_target(dir + "/device");
  const auto target = reading.tree.read(dir + "/targetname");
  if (!device_dir || !target) {
    const Error& error = device_dir ? target.error() : device_dir.error();
    if (error.code != ErrorCode::not_found) reading.note(error);
    return std::nullopt;
  }
  Session session;
  session.sid = sid;
  session.target = *target;
  session.state = plain_text(reading.text(dir + "/state"));
  const std::string host_name{base_name(parent_path(*device_dir))};
  const auto known_host = scan.hosts.find(host_name);
  const std::optional<Host> host =
      known_host == scan.hosts.end() ? read_host(reading, host_name) : known_host->second;
  if (!host) return std::nullopt;
  const auto cids = scan.numbers.cids_of.find(sid);
  if (cids != scan.numbers.cids_of.end()) {
    read_connections(reading, cids->second, *host, session);
  }
  session.disks = read_disks(reading, scan.mounts, *device_dir);
  const std::string iface = reading.text(dir + "/ifacename");
  const std::string initiator_name = reading.text(dir + "/initiatorname");
  // Still the one that was there at first? A host number may have been given to another.
  if (reading.tree.link_target(dir + "/device").value_or("") != *device_dir) return std::nullopt;
  const auto adapter = scan.adapters.of_session(host_name, *host, iface, initiator_name);
  if (!adapter) return std::nullopt;
  session.adapter_key = *adapter;
  return session;
}

std::string host_initiator_name(const Reading& reading) {
  auto text =
      reading.tree.read_large(reading.path("etc/iscsi/initiatorname.iscsi"), kMostRecordBytes);
  // The file may be root's alone. Sessions and records name themselves, so that is no problem.
  return text ? plain_text(parse_initiator_name(*text)) : std::string{};
}

}  // namespace

std::string Session::identity() const {
  return fmt::format("{}|{}|{}", sid, persistent.text(), target);
}

Scanner::Scanner(const FileTree& tree, std::string root) : tree_(tree), root_(std::move(root)) {
  if (!root_.ends_with('/')) root_ += '/';
}

Inventory Scanner::scan() {
  Problems problems;
  const Reading reading{tree_, root_, problems};
  Inventory inventory;
  const Numbers numbers = read_numbers(reading);
  inventory.supported = numbers.supported;
  const std::map<std::string, Host> hosts = read_hosts(reading);
  const MountTable mounts = MountTable::read(reading);
  AdapterSet adapters(reading);
  adapters.add_hardware(hosts);
  for (const std::uint32_t sid : numbers.sids) {
    auto session = read_session({reading, numbers, hosts, mounts, adapters}, sid);
    if (session) inventory.sessions.push_back(*std::move(session));
  }
  if (tree_.list(reading.path("sys/class/iscsi_transport/tcp"))) adapters.add_default();
  adapters.add_records();

  std::map<std::string, std::string> keys;
  inventory.adapters = std::move(adapters).finish(keys);
  const std::string initiator_name = host_initiator_name(reading);
  for (Adapter& adapter : inventory.adapters) {
    if (adapter.initiator_name.empty()) adapter.initiator_name = initiator_name;
  }
  std::map<std::string, std::vector<Connection>> known;
  for (Session& session : inventory.sessions) {
    session.adapter_key = keys[session.adapter_key];
    const auto before = last_known_.find(session.identity());
    for (Connection& connection : session.connections) {
      if (connection.connected || before == last_known_.end()) continue;
      const auto same = std::ranges::find(before->second, connection.cid, &Connection::cid);
      if (same == before->second.end()) continue;
      connection.local = same->local;
      connection.remote = same->remote;
    }
    known[session.identity()] = session.connections;
  }
  last_known_ = std::move(known);
  inventory.problems = std::move(problems).take();
  return inventory;
}

}  // namespace qm::iscsi

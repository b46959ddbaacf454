// A tree of small files in memory, with symbolic links and faults, for tests and fuzzers. Pure.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "iscsi/inventory.h"

namespace qm::iscsi {

class FakeTree : public FileTree {
 public:
  void file(const std::string& path, std::string content) { files_[path] = std::move(content); }
  void link(const std::string& path, const std::string& target) {
    links_[path] = target;
    target_of_[path] = target;
  }
  void fault(const std::string& path, ErrorCode code) { faults_[path] = code; }
  void heal(const std::string& path) { faults_.erase(path); }
  // Everything at and below a path.
  void remove(const std::string& path) {
    const auto below = [&](const auto& entry) {
      return entry.first == path || entry.first.starts_with(path + "/");
    };
    std::erase_if(files_, below);
    std::erase_if(links_, below);
    std::erase_if(target_of_, below);
  }

  // Called before each access, so that a test can change the tree in the middle of a scan.
  std::function<void(const std::string& path)> before_access;
  mutable std::set<std::string> paths_read;  // resolved

  Result<std::string> read(const std::string& path) const override {
    return read_large(path, kMostAttributeBytes);
  }

  Result<std::string> read_large(const std::string& path, std::size_t most_bytes) const override {
    const std::string at = access(path);
    paths_read.insert(at);
    if (const auto faulty = faults_.find(at); faulty != faults_.end()) {
      return fail(faulty->second, "reading " + path + ": a fault");
    }
    const auto found = files_.find(at);
    if (found == files_.end()) return missing(path);
    if (found->second.size() > most_bytes) {
      return fail(ErrorCode::limit, "reading " + path + ": too long");
    }
    return found->second;
  }

  Result<std::vector<std::string>> list(const std::string& path) const override {
    const std::string at = access(path);
    if (const auto faulty = faults_.find(at); faulty != faults_.end()) {
      return fail(faulty->second, "reading " + path + ": a fault");
    }
    std::set<std::string> names;
    const std::string below = at + "/";
    const auto collect = [&](const auto& entries) {
      for (auto entry = entries.lower_bound(below);
           entry != entries.end() && entry->first.starts_with(below); ++entry) {
        const std::string_view rest = std::string_view(entry->first).substr(below.size());
        names.emplace(rest.substr(0, rest.find('/')));
      }
    };
    collect(files_);
    collect(links_);
    if (names.empty()) return missing(path);
    return std::vector<std::string>(names.begin(), names.end());
  }

  Result<std::string> link_target(const std::string& path) const override {
    const std::string at = access(path);
    const auto holds = [&](const auto& entries) {
      const auto next = entries.lower_bound(at);
      return next != entries.end() && (next->first == at || next->first.starts_with(at + "/"));
    };
    if (!holds(files_) && !holds(links_)) return missing(path);
    return at;
  }

 private:
  static std::unexpected<Error> missing(const std::string& path) {
    return fail(ErrorCode::not_found, "reading " + path + ": No such file or directory");
  }

  std::string access(const std::string& path) const {
    if (before_access) before_access(path);
    std::string at;
    for (std::size_t from = 0; from < path.size();) {
      std::size_t end = path.find('/', from + 1);
      if (end == std::string::npos) end = path.size();
      at += path.substr(from, end - from);
      for (auto found = target_of_.find(at); found != target_of_.end();
           found = target_of_.find(at)) {
        at = found->second;
      }
      from = end;
    }
    return at;
  }

  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> links_;                // to whole paths
  std::unordered_map<std::string, std::string> target_of_;  // the same, for speed
  std::map<std::string, ErrorCode> faults_;                 // by resolved path
};

// What sysfs shows of one session; the members are its attributes' texts.
struct FakeSession {
  std::uint32_t sid = 1;
  std::string host = "host2";
  std::string target = "iqn.2026-11.lab:disk0";
  std::string iface = "default";
  std::string initiator = "iqn.2026-11.lab:ini";
  std::string local_address = "10.99.0.1";
  std::string address = "10.99.0.2";
  std::string port = "3260";
  std::string local_port = "40001";
  std::string driver = "iscsi_tcp";
  std::string parent = "/sys/devices/platform";  // of the host

  std::string host_dir() const { return parent + "/" + host; }
  std::string host_attributes() const { return host_dir() + "/iscsi_host/" + host; }
  std::string dir() const { return host_dir() + fmt::format("/session{}", sid); }
  std::string attributes() const { return dir() + fmt::format("/iscsi_session/session{}", sid); }
  std::string connection() const {
    return dir() + fmt::format("/connection{0}:0/iscsi_connection/connection{0}:0", sid);
  }
};

inline void add_host(FakeTree& tree, const FakeSession& of, const std::string& hardware_address) {
  const std::string dir = of.host_attributes();
  tree.link("/sys/class/iscsi_host/" + of.host, dir);
  tree.link(dir + "/device", of.host_dir());
  tree.file(dir + "/ipaddress", of.local_address);
  tree.file(dir + "/initiatorname", of.initiator);
  tree.file(dir + "/hwaddress", hardware_address);
  tree.file(dir + "/netdev", "(null)");
  const std::string scsi_host = of.host_dir() + "/scsi_host/" + of.host;
  tree.link("/sys/class/scsi_host/" + of.host, scsi_host);
  tree.file(scsi_host + "/proc_name", of.driver);
}

inline void add_session(FakeTree& tree, const FakeSession& session) {
  add_host(tree, session, "(null)");
  tree.file("/sys/class/iscsi_transport/tcp/handle", "1");
  const std::string dir = session.attributes();
  tree.link(fmt::format("/sys/class/iscsi_session/session{}", session.sid), dir);
  tree.link(dir + "/device", session.dir());
  tree.file(dir + "/targetname", session.target);
  tree.file(dir + "/ifacename", session.iface);
  tree.file(dir + "/initiatorname", session.initiator);
  tree.file(dir + "/state", "LOGGED_IN");
  tree.file(dir + "/username", "chap-user");
  tree.file(dir + "/password", "chap-secret");
  const std::string connection = session.connection();
  tree.link(fmt::format("/sys/class/iscsi_connection/connection{}:0", session.sid), connection);
  tree.file(connection + "/address", session.address);
  tree.file(connection + "/port", session.port);
  tree.file(connection + "/persistent_address", session.address);
  tree.file(connection + "/persistent_port", session.port);
  tree.file(connection + "/local_port", session.local_port);
}

// The link is down for long: no socket under the connection any more (facts/kernel.md §15).
inline void disconnect(FakeTree& tree, const FakeSession& session) {
  tree.file(session.attributes() + "/state", "FAILED");
  for (const char* name : {"/address", "/port", "/local_port"}) {
    tree.fault(session.connection() + name, ErrorCode::state);
  }
  tree.fault(session.host_attributes() + "/ipaddress", ErrorCode::state);
}

inline void reconnect(FakeTree& tree, const FakeSession& session, const std::string& local_port) {
  tree.file(session.attributes() + "/state", "LOGGED_IN");
  for (const char* name : {"/address", "/port", "/local_port"}) {
    tree.heal(session.connection() + name);
  }
  tree.heal(session.host_attributes() + "/ipaddress");
  tree.file(session.connection() + "/local_port", local_port);
}

// A disk of the session: its unit's block directory is returned.
inline std::string add_disk(FakeTree& tree, const FakeSession& session, const std::string& device,
                            unsigned unit, const std::string& number) {
  const std::string dir = fmt::format("{}/target{}:0:0/{}:0:0:{}/block/{}", session.dir(),
                                      session.host.substr(4), session.host.substr(4), unit, device);
  tree.file(dir + "/size", "131072");
  tree.file(dir + "/dev", number);
  tree.link("/sys/class/block/" + device, dir);
  return dir;
}

// A device-mapper map that holds the device whose directory is given.
inline void add_map(FakeTree& tree, const std::string& held_dir, const std::string& device,
                    const std::string& name, const std::string& number) {
  const std::string dir = "/sys/devices/virtual/block/" + device;
  tree.file(dir + "/dm/name", name);
  tree.file(dir + "/dev", number);
  tree.link("/sys/class/block/" + device, dir);
  tree.link(held_dir + "/holders/" + device, dir);
}

}  // namespace qm::iscsi

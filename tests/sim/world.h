// The story: lanes with policies and SAs, sessions on them, strangers, traffic; one seed tells it.
//
// Modelled: ESP and AH, transport and tunnel, AH+ESP bundles, IPv4 and IPv6, replay windows of both
// attributes; negotiations with and without larvals; rekeys in the manner of IKEv1 (the old
// outbound SA goes at once) and IKEv2 (both overlap); manual keys that take their SPI again within
// a second; moves that inherit counters (NAT rebinding, a new tunnel address); soft and hard
// expiry, flush; packets that are counted after the DELSA; 32-bit error counters that wrap;
// policies, sessions, adapters that come, go and share lanes, with connections of their own
// (sockets.h), beside others', and past IPsec whatever the policies say; a clock that steps; an IKE
// daemon whose words come early, late or never.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ike/vici.h"
#include "iscsi/inventory.h"
#include "sim/kernel.h"
#include "sim/random.h"
#include "sim/sockets.h"
#include "sim/truth.h"

namespace qm::sim {

struct Layer {  // one template of a lane's policy; the first is the innermost
  std::uint8_t proto = xfrm::kEsp;
  xfrm::Mode mode = xfrm::Mode::transport;
  std::uint32_t reqid = 0;
};

using Generation = std::vector<std::uint32_t>;  // an SA each layer, by Truth's number

struct Lane {
  Address local, remote;              // of the sessions
  Address outer_local, outer_remote;  // of tunnels; else the same
  std::vector<Layer> layers;
  bool port_in_policy = false;  // then the collector expects iSCSI on it: a candidate
  std::uint32_t replay_window = 0;
  std::array<bool, 2> policy{};            // by outbound
  std::array<std::uint64_t, 2> carried{};  // packets on its SAs, by outbound
  // Some connections here pass IPsec by, whatever the policies say (per-socket policies). Sharing
  // takes the policies' word, so that all are one adapter's then.
  int passed_by = kNone;
  std::vector<Generation> outs, ins, larvals;
  std::uint64_t changes = 0;  // births, deaths and moves of its SAs
};

struct Session {
  std::uint32_t sid = 0;
  int adapter = kNone;
  int lane = kNone;
  bool visible = false;      // in sysfs
  std::uint64_t cookie = 0;  // of its connection
  std::uint64_t listed = 0;  // of the one whose ports sysfs has
  std::uint16_t listed_port = 0;
  // By direction (outbound 1): its policy and itself could be read by the collector, …
  std::array<bool, 2> shown{};
  std::array<bool, 2> seen{};  // … which has published since
  std::uint64_t shown_cookie = 0, seen_cookie = 0;
  std::array<bool, 2> matched{}, current{};  // its policy was there then; … at the last publication
};

struct RekeyWord {
  ike::ChildRekey rekey;
  std::uint32_t track = 0;
};

class World {
 public:
  World(std::uint64_t seed, bool trace);

  void act(bool calm = false);  // calm: nothing that policies, sessions or inventories show
  iscsi::Inventory scan();
  void published(bool all_read);  // what the last scan showed is known from now on
  void forget_showing();          // the collector died before it published
  // Lanes and directions that the collector can claim by what the last scan showed; for whom.
  std::map<std::pair<int, bool>, std::set<int>> claimable() const;

  // sockets.cc: what sock_diag shows, row by row; an empty one when it has gone meanwhile
  std::vector<std::uint64_t> socket_list() const;
  test::Message diag_row(std::uint64_t cookie, std::uint32_t seq);
  void settle_under_way();  // what is between TCP and the SAs reaches the other end
  // What is true of the evidence for a session's protection.
  struct Path {
    std::uint64_t cookie = 0;  // of the connection that sysfs lists
    bool in_policy = false;
    std::array<std::uint64_t, 2> carried{};  // on its lane's SAs, by outbound
    std::uint64_t changes = 0;               // of these SAs
    std::set<std::uint64_t> connections;     // of all sessions on its lane
    bool cleared = false;                    // one of these moved in the clear
    bool passes_by = false;
    friend bool operator==(const Path&, const Path&) = default;
  };
  Path path_of(std::uint32_t sid) const;

  Kernel& kernel() { return kernel_; }
  Truth& truth() { return truth_; }
  Random& random() { return random_; }
  bool daemon() const { return daemon_; }
  bool holding() const { return holding_; }  // packets wait for an SA
  bool faultless() const { return faultless_; }
  std::vector<RekeyWord> take_words();
  // How many SAs ended that a collector without probes may not know in full.
  std::uint64_t natural_gaps() const { return natural_gaps_; }
  std::uint64_t changes() const;  // births, deaths and moves of lanes' SAs

  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    if (trace_) tell(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  void tell(const std::string& line) const;
  void make_lanes();
  Lane& lane_at(int lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  int any_lane() {
    return static_cast<int>(random_.below(static_cast<std::uint32_t>(lanes_.size())));
  }

  // actions.cc: what happens to SAs
  xfrm::Sa make_sa(const Lane& lane, const Layer& layer, bool out, std::uint32_t spi);
  Tracked make_track(int lane, std::size_t layer, bool out) const;
  void begin_negotiation(int lane);
  void finish_negotiation(int lane, bool rekey);
  Generation install(int lane, bool out, const Generation* larvals);
  void rekey(int lane);
  void end(std::uint32_t track, bool by_expiry);
  void end_generation(std::vector<Generation>& of, std::size_t position, bool by_expiry);
  void delete_something(int lane);
  void terminate(int lane);
  void take_spi_again(int lane);
  void expire_soft(int lane);
  void expire_larvals(int lane);
  void move(int lane);
  void move_one(std::uint32_t& track, const Address& local, const Address& remote, bool out);
  void flush();
  void act_on_sas(bool calm);
  void after_flush();

  // sockets.cc
  Socket* find_socket(std::uint64_t cookie);
  std::vector<Socket*> sockets_of(int lane);
  std::uint64_t inner_header(const Socket& socket) const;
  const Session* session_of(const Socket& socket) const;
  void carry_segments(const Socket& socket, const Generation& generation, std::uint64_t bytes,
                      std::uint32_t segments);
  bool send(Socket& socket, std::uint32_t segments, std::uint64_t payload_bytes,
            std::uint64_t header_bytes);
  bool receive(Socket& socket, std::uint32_t segments, std::uint64_t payload_bytes,
               std::uint64_t header_bytes);
  bool put_on_sa(const UnderWay& segments);  // false: there is none, they are lost
  void release_held(int lane);
  std::uint64_t open_socket(int lane, int adapter, std::uint32_t sid);
  void connect(Socket& socket);
  void touch(Socket& socket);
  bool in_the_clear(const Socket& socket, bool out);
  void tell_closed(const Socket& socket, xfrm::ClosedConnection::Cause cause);
  void close_socket(Socket& socket);
  void act_on_socket(Socket& socket);
  void stranger_connects();

  // traffic.cc
  void traffic(int lane);
  // adapter: kNone for what no session moves (discovery, a SYN). seen: the collector knows of it.
  void carry(std::uint32_t track, std::uint64_t bytes, std::uint64_t packets, int adapter = kNone,
             bool seen = false);
  void fail_integrity(int lane);
  void netns_errors();
  void stranger();

  // world.cc: what an inventory or a policy dump shows
  void log_in();
  void log_out();
  void reconnect();
  void set_policy(int lane, bool out, bool present);
  xfrm::Policy make_policy(int lane, bool out) const;
  void pass_time(bool calm);
  void act_on_surroundings();

  Random random_;
  bool trace_;
  bool faultless_;
  bool daemon_;
  bool holding_;
  Kernel kernel_;
  Truth truth_;
  std::vector<Lane> lanes_;
  std::vector<Session> sessions_;
  std::vector<Socket> sockets_;
  std::vector<UnderWay> held_, leaving_, arriving_;
  std::uint64_t last_cookie_ = 0;
  std::set<std::uint64_t> cleared_;  // cookies of connections that moved in the clear
  std::array<bool, kMostAdapters> present_{};
  std::vector<std::uint32_t> strangers_;
  std::vector<RekeyWord> words_;
  std::vector<std::uint32_t> moves_;  // since the last publication
  std::uint32_t next_sid_ = 1;
  std::uint64_t natural_gaps_ = 0;
  // Publications until 31 bits of failures would not be ambiguous.
  unsigned large_bursts_ = 0;
};

}  // namespace qm::sim

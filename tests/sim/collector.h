// The collector in the simulation: the production engine, driven call by call as kernel_linux.cc
// and collector_linux.cc drive it, with the fake kernel in place of the sockets. The world goes on
// at every point where a real collector could be interrupted; there it may also die.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "hba/engine.h"
#include "sim/world.h"

namespace qm::sim {

struct Crash {};  // thrown where a collector is killed

class Collector {
 public:
  // What a publication covers; checked before anything else happens.
  struct Published {
    hba::Report report;
    bool settled = false;    // no fault is open: everything lost was declared and synced
    bool disturbed = false;  // SAs came or went while it was made
    bool reading_failed = false;
    bool finals_wait = false;  // an SA's last word is still to come, or was lost
    // The words on SAs that a flush took came before the rows that showed them.
    bool flushed_in_dump = false;
    // The sessions' connections as they were read, by cookie: segments received.
    std::map<std::uint64_t, std::uint32_t> connections;
    bool claimed_more = false;  // the truth's lower bound holds more SAs than before
    std::vector<Totals> lower;  // by adapter, then the host's: as of its beginning
    Totals lower_after;         // the host's, as of its end
  };

  Collector(World& world, std::vector<std::byte>& disk);

  void start();  // loads the state, joins, syncs
  void drain();
  Published refresh();
  void forget_claims();  // it died before it could publish what it had claimed

 private:
  class Rows;
  void interleave(bool calm);
  void drain_all(bool& overrun);
  void drain_events();
  void read_finals();
  bool dump_policies();
  bool dump_sas();
  bool try_sync();
  bool sync();
  void read_sas(const std::vector<xfrm::SaId>& ids, bool again);
  void read_connections();
  std::vector<xfrm::TcpConnection> read_diag();
  void read_session_connections(Published& published);
  void claim_in_truth();
  void take_words();

  World& world_;
  Kernel& kernel_;
  std::vector<std::byte>& disk_;
  hba::Engine engine_;
  bool flushed_in_dump_ = false;
  bool sync_due_ = false;
  bool reading_failed_ = false;
  std::uint32_t seq_ = 0;
  std::uint64_t hurt_before_ = 0;  // messages that the kernel had hurt at the last good sync
  std::uint64_t settled_ns_ = 0;   // since when no fault is open
  std::uint64_t began_ns_ = 0;
  std::vector<std::uint32_t> counted_;  // in Truth by this refresh
  // Lanes and directions that several adapters use, as of this scan and the one before.
  std::set<std::pair<int, bool>> shared_, shared_before_;
};

}  // namespace qm::sim

// What really happened, counted independently of the engine by the table of DESIGN.md ("The 18
// counters"), as bounds.
//
// A *lane* is one association pair: a policy's templates between two addresses. An adapter's upper
// bound holds the bytes that its own sessions moved, and, while no other adapter used the lane,
// what nobody could have told apart: moved by discovery, or by a session that the collector had not
// been shown yet (DESIGN.md: "the first adapter that claims it gets its whole life"). While
// adapters share the lane, strangers' bytes are nobody's. The lower bound holds all bytes of SAs
// whose lane was claimed; for one adapter, on a lane that others ever used, what its own sessions
// moved once they had been published.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "hba/counters.h"
#include "xfrm/types.h"

namespace qm::sim {

inline constexpr std::size_t kMostAdapters = 3;
inline constexpr std::size_t kMostLanes = 3;
inline constexpr int kNone = -1;  // no adapter, no lane

using hba::CounterId;
using hba::Totals;

struct Tracked {     // one SA
  int lane = kNone;  // kNone: a stranger's
  bool out = false;
  bool outer = false;
  bool larval = false;
  bool replay = false;
  std::uint8_t proto = 0;
  xfrm::Mode mode = xfrm::Mode::transport;
  bool live = true;
  bool certain = false;  // born after the first sync: surely a KeyAddition
  bool exempt = false;   // ended before the collector could know of it: nothing is promised
  bool counts = false;   // its lane was claimed in its lifetime, or soon after
  // Claimed when it was unattributed already: what it did before stays there.
  bool late = false;
  Totals late_part{};                       // of its totals, what its lane's late ones hold
  std::uint64_t known_ns = 0;               // since when the collector can have waited for a claim
  Totals inherited{};                       // not among its totals
  Totals totals{};                          // without gauges
  std::array<Totals, kMostAdapters> own{};  // of these, what published sessions moved
  std::uint64_t ended_ns = 0, traffic_ns = 0;
};

class Truth {
 public:
  std::uint32_t born(Tracked sa);  // its number; KeyAdditions of outbound inner ones
  // No negotiation. bytes, packets: what it was born with.
  std::uint32_t moved_in(Tracked sa, std::uint32_t from, std::uint64_t bytes,
                         std::uint64_t packets);
  // The move's messages were lost: it may look like an end and a negotiation.
  void moved_unseen(std::uint32_t number);
  void ended(std::uint32_t number, std::uint64_t now_ns, bool moved = false);
  // seen: the collector knows of the mover's session.
  void traffic(std::uint32_t number, std::uint64_t bytes, std::uint64_t packets, int adapter,
               bool seen, std::uint64_t now_ns);
  // Upon a publication: what was moved since the one before. shared: all the while.
  void decide(int lane, bool out, bool shared);
  void integrity_failed(std::uint32_t number, std::uint64_t packets);
  void rekeyed(std::uint32_t number);     // its negotiation replaced another
  void told_rekey(std::uint32_t number);  // … and the IKE daemon's word reached the collector
  void use(int lane, int adapter) { lanes_[index(lane)].adapters.insert(adapter); }

  // The collector starts knowing nothing: what lives is the baseline.
  void restart_from_nothing();
  void count(std::uint32_t number, bool late);
  void uncount(std::uint32_t number);

  Tracked& at(std::uint32_t number) { return all_[number]; }
  const std::vector<Tracked>& all() const { return all_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(all_.size()); }
  bool first_sync_done = false;
  std::array<std::array<bool, 2>, kMostLanes> claimed{};  // by lane, outbound: for SAs to come

  Totals upper(int adapter) const;
  Totals lower(int adapter) const;
  Totals host_upper() const;
  Totals host_lower() const;
  bool sole(int adapter) const;  // all its lanes are its own
  // Live outbound SAs, bundles once: of lanes it used (all) or that are surely its own (counting).
  std::uint64_t active_upper(int adapter) const;
  std::uint64_t active_lower(int adapter) const;

 private:
  struct Undecided {  // since the last publication
    Totals stray;     // by no session
    std::array<Totals, kMostAdapters> unseen{};
  };
  struct Lane {
    Totals free;
    Totals nobodys;
    std::array<Totals, kMostAdapters> own{};
    std::array<Undecided, 2> undecided{};  // by outbound
    Totals loose;  // any adapter's: moved by one of them, but the SA was seen only after a move
    Totals lower;
    Totals late;  // the part of it that need not be any adapter's
    std::set<int> adapters;
  };
  static std::size_t index(int lane) { return static_cast<std::size_t>(lane); }
  void add_low(Tracked& sa, const Totals& some, bool seen = true);
  void add_key(Tracked& sa, CounterId counter, bool low);

  std::vector<Tracked> all_;
  std::array<Lane, kMostLanes> lanes_;
};

}  // namespace qm::sim

// What the ledger knows of an SA that serves iSCSI, or may. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>

#include "hba/association.h"
#include "hba/counters.h"
#include "xfrm/types.h"

namespace qm::hba {

using OwnerId = std::uint32_t;
inline constexpr OwnerId kUnattributed = 0;
inline constexpr OwnerId kNobody = std::numeric_limits<OwnerId>::max();  // pending

// What many SAs have in common, of what surfaces show; algorithms by name, never keys.
struct Suite {
  std::string encryption;
  std::uint32_t encryption_key_bits = 0;
  std::string authentication;
  std::uint32_t integrity_bits = 0;
  std::uint32_t replay_window = 0;
  bool esn = false;
  friend auto operator<=>(const Suite&, const Suite&) = default;
};
Suite suite_of(const xfrm::Sa& sa);

using SuiteId = std::uint16_t;
inline constexpr SuiteId kNoSuite = 0;              // not known (yet)
inline constexpr std::size_t kMostSuites = 65'535;  // more are not known

// Each suite once. None is forgotten: a host has a few.
class Suites {
 public:
  SuiteId of(const xfrm::Sa& sa);
  const Suite& operator[](SuiteId id) const { return id == kNoSuite ? none_ : *by_id_[id - 1U]; }

 private:
  Suite none_;
  std::map<Suite, SuiteId> ids_;
  std::deque<const Suite*> by_id_;
};

// What so many bytes and packets of a replay window count for, on an SA of this association.
Totals counted_on(const AssociationKey& key, xfrm::Direction direction, bool outer,
                  std::uint64_t bytes, std::uint64_t replay_packets);

struct Entry {
  xfrm::SaId id;
  AssociationKey association;
  std::uint64_t add_time_s = 0;
  xfrm::Direction direction = xfrm::Direction::unknown;
  bool replay_detection = false;
  bool outer = false;  // not the innermost of a bundle: its payload is counted by the inner one
  bool negotiated = false;      // its birth was seen (or must have happened): one KeyAddition
  bool rekey = false;           // … and it replaced another: one ReKey
  bool rekey_inferred = false;  // … as the overlap suggests: no IKE daemon said so
  bool moved = false;           // it goes on under another address: its end is no KeyDeletion
  bool timed_out = false;       // nobody claimed it in time: unattributed, though not shared
  bool may_serve = false;       // of interest even if nobody claims it: then unattributed
  bool ambiguous = false;       // its failures may have wrapped before anybody read them
  xfrm::Counters base;          // not this owner's: inherited, or folded for an earlier owner
  xfrm::Counters newest;
  // Stats carried past their 32 bits; *_base like base.
  std::uint64_t integrity_failed = 0, integrity_base = 0;
  std::uint64_t replay = 0, replay_window_failures = 0;
  xfrm::Stats last_stats;
  // Failed input that was not the ICV's, as the probes say; *_told: their total when last taken.
  std::uint64_t not_decrypted = 0, not_decrypted_base = 0, not_decrypted_told = 0;
  OwnerId owner = kNobody;
  std::uint32_t pool = 0;           // whose growth it adds to while it is unattributed; 0: none's
  std::uint64_t since_boot_ns = 0;  // when we learnt of it
  std::uint64_t grew_boot_ns = 0;   // when its counters were last seen to grow
  std::uint64_t read_boot_ns = 0;   // when its counters were last read
  SuiteId suite = kNoSuite;
  bool packet_offload = false;
  bool encap = false;  // NAT-T, with these ports
  std::uint16_t encap_sport = 0, encap_dport = 0;
  std::uint64_t soft_add_expires_s = 0, hard_add_expires_s = 0;

  Totals contribution() const;  // of its owner, as a live SA (no KeyDeletion yet)
  // What that leaves behind when the SA ends: its gauges go, a KeyDeletion comes.
  Totals legacy() const;
  void take(const xfrm::Counters& counters, const xfrm::Stats& stats, std::uint64_t boot_ns);
  void take_failures(std::uint64_t not_decrypted_total);  // since the probes were attached
  void describe(const xfrm::Sa& sa, SuiteId its_suite);   // for surfaces
  // What a later reading can't show of this SA: then it is of another one with its id.
  bool outlived_by(const xfrm::Counters& counters, const xfrm::Stats& stats) const;
  // Statistics that went back while nobody watched have wrapped, or are another SA's (which took
  // the SPI again, or goes on after a move): their growth until now is left out.
  void skip_back(const xfrm::Stats& stats);
  friend bool operator==(const Entry&, const Entry&) = default;
};

// Whether the SA that is (id, association, add_time_s) can be this one, moved: a daemon that moves
// an SA keeps its SPI and hands add_time and counters on (XFRMA_LTIME_VAL).
bool is_moved(const Entry& old, const xfrm::SaId& id, const AssociationKey& association,
              std::uint64_t add_time_s);

}  // namespace qm::hba

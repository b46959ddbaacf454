// Do connections move with their SAs? What passes IPsec by, whatever the policies say, moves a
// connection's own counters and no SA's. Pure.
//
// Both are read at each refresh, the connections first. Over an interval that begins with a reading
// of the SAs and ends with another the SAs grew by no less than what surely was on them (facts,
// section 1): inbound the segments that a socket counted, each as it came; outbound the bytes that
// the peer acknowledged and that were not yet sent when the interval began (TCP counts a segment as
// sent before IPsec, which may drop it). One less is evidence. More says little: other
// connections, headers, what was sent again. Nothing is said of an interval in which an SA ended,
// or may have while events were lost: it took what it had counted along.
//
// Promise: `missing` is said of nothing that was on its SAs; a path that was not seen to move says
// nothing. Threads: one. State: a few words for each path in use.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "hba/association.h"

namespace qm::hba {

// How long an interval grows before the next begins: its first reading of the SAs is one refresh
// older than that of the connections, and what moved in between could make up for what is missing.
inline constexpr std::uint64_t kEvidenceNs = 10'000'000'000;
// So long no segment takes from its SA to its socket; refreshes can come in quick succession.
inline constexpr std::uint64_t kDeliveryNs = 100'000'000;

class Evidence {
 public:
  enum class Says : std::uint8_t { nothing, agrees, missing };

  struct Moved {
    // Segments, which wrap at 32 bits, or bytes: what had gone its way before, at most, and what
    // has surely arrived by now.
    std::uint64_t most_before = 0, least_now = 0;
  };
  // The connections of sessions that use an association, and its live SAs, as one refresh read
  // them.
  struct Path {
    xfrm::Direction direction = xfrm::Direction::in;
    std::map<std::uint64_t, Moved> connections;  // by cookie
    // By a number that no other SA has, nor had lately: packets (inbound), or bytes.
    std::map<std::uint64_t, std::uint64_t> sas;
    bool read = true;  // false: not all of these was, or more than these carried something
  };
  // All paths in use; what is not among them is forgotten.
  void take(const std::map<AssociationKey, Path>& paths, Time now);

  Says of(const AssociationKey& key) const;

 private:
  // There is one for each path in use: small.
  struct State {
    // As read last: the cookies, then the SAs, and what these had counted together.
    std::vector<std::uint64_t> members;
    std::uint32_t cookies = 0;
    bool read = false;
    bool begun = false;  // an interval; as it began:
    Says says = Says::nothing;
    std::uint64_t last_sas = 0, last_boot_ns = 0;
    std::uint64_t sas = 0, boot_ns = 0;
    std::vector<Moved> connections;  // by cookie
  };
  static bool judge(State& state, const Path& path, Time now);

  std::map<AssociationKey, State> states_;
};

}  // namespace qm::hba

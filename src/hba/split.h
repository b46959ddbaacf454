// Whose part of a shared SA's growth is whose, by what the connections on it have counted. Pure.
//
// What TCP counts bounds what a connection had on the SAs (facts, sections 1 and 14):
// - inbound from below. A segment that reached its socket was on an SA before, as the policy
//   requires, and its header had at least the length that its options take. Duplicates, SACK blocks
//   and what no socket wanted only add to it.
// - outbound from above: TCP counts before IPsec, netfilter and routing may drop. From below it is
//   bounded by what the peer acknowledged.
// Each adapter is granted its lower bound; the rest of the growth stays nobody's. When nothing
// moves and the sum over all connections is the growth, in bytes and in packets, the parts are
// *settled*: exact, both ways. (Outbound only together with inbound: a dropped segment's place
// could be taken by one of a connection that nobody saw; that one would also have received
// something.)
//
// What can't be settled is closed: at rest, or when it never will be (a connection ended and took
// its last counts along, a policy changed). Its remainder is nobody's for good, the adapters that
// may lack it are named, and what comes later is told apart anew. The time from one settlement or
// closing to the next is an *epoch*.
//
// Promise: what is granted to an adapter is never more than its connections had on SAs of this
// kind, and all grants together never more than the growth; grants only add. Threads: one. Limits
// below.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "hba/association.h"
#include "hba/ledger.h"
#include "xfrm/connections.h"

namespace qm::hba {

inline constexpr std::size_t kMostShared = 1024;          // associations; more are not told apart
inline constexpr std::uint64_t kRestNs = 500'000'000;     // so long nothing moved: nothing is under
                                                          // way between TCP and IPsec
inline constexpr std::uint64_t kHeldNs = 61'000'000'000;  // … where IPsec holds packets until an SA
                                                          // is there (XFRM_QUEUE_TMO_MAX)
inline constexpr std::uint64_t kAckNs = 500'000'000;      // an acknowledgement is delayed by less
inline constexpr std::uint64_t kPartingNs = 10'000'000'000;  // how long one that is shared no more
                                                             // waits for its settlement

inline constexpr int kMostSplitTries = 3;  // a refresh, to meet shared SAs at rest

inline constexpr std::uint64_t kIpv4HeaderBytes = 20, kIpv6HeaderBytes = 40;
inline constexpr std::uint64_t kTcpHeaderBytes = 20, kTimestampBytes = 12;
inline constexpr std::uint64_t kSynOptionBytes =
    4;                                             // MSS, window scale, SACK-permitted, each padded
inline constexpr std::uint64_t kSynBytes = 40;     // as Linux sends it
inline constexpr std::uint32_t kDefaultMss = 536;  // of a peer that does not name its own

// What is known of a shared association's SAs.
struct SharedTerms {
  xfrm::Direction direction = xfrm::Direction::unknown;
  bool tunnel = false;  // each packet has an inner IP header
  bool outer = false;   // a bundle's outer transformation: its payload is counted by the inner one
  bool told = true;  // TCP's counters say what the SAs count; false: a bundle's outer SA, IPComp,
                     // an optional template, packets that netfilter marks
};

class Split {
 public:
  // Of a connection in a reading: all of the peers in question, also those that are on no shared
  // SA.
  struct Seen {
    xfrm::TcpConnection connection;
    OwnerId owner = kUnattributed;     // by its session; kUnattributed: none is known
    std::vector<AssociationKey> uses;  // shared ones; at most one a direction has told terms
    bool young = false;                // its session was not there at the refresh before
    bool unclear = false;              // a policy that speaks of it has changed lately, or it may
                                       // have begun before all ends of SAs were told
  };
  struct Grant {
    AssociationKey key;
    SharedTerms terms;
    OwnerId owner = kUnattributed;
    std::uint64_t bytes = 0, replay_packets = 0;
  };
  struct Loss {  // what an owner's totals may lack for good
    AssociationKey key;
    SharedTerms terms;
    OwnerId owner = kUnattributed;
    bool replay_only = false;  // of its packets with replay detection alone
  };
  struct Outcome {
    std::vector<Grant> grants;
    std::vector<Loss> losses;
    std::vector<AssociationKey> ended;  // no longer shared, and settled or closed
  };
  using GrowthOf = std::function<SharedGrowth(const AssociationKey&)>;

  bool any() const { return !shared_.empty(); }
  bool shares(const AssociationKey& key) const { return shared_.contains(key); }
  // No round with a reading has been settled yet.
  bool is_new(const AssociationKey& key) const {
    return shares(key) && shared_.at(key).rounds == 0;
  }
  std::vector<AssociationKey> keys() const;
  const SharedTerms& terms(const AssociationKey& key) const { return shared_.at(key).terms; }

  // Until now its growth was this one's, kNobody's, or kUnattributed; others: somebody else had it
  // before. users: whose connections may have been on it since its SAs were read last, at
  // read_boot_ns.
  struct Before {
    OwnerId owner = kNobody;
    bool others = false;
    std::set<OwnerId> users;
    std::uint64_t read_boot_ns = 0;
  };
  // Several adapters use it now, these. False: kMostShared, it is not told apart.
  bool share(const AssociationKey& key, const SharedTerms& terms, const std::set<OwnerId>& users,
             const Before& before);
  // One is left, or none; until that is settled it is one of the users, though it may have come
  // just now.
  void part(const AssociationKey& key, const std::set<OwnerId>& left, Time now);

  // What TCP sent may wait for an SA (net.core.xfrm_larval_drop = 0), and then be on it.
  void set_holding(bool holding) { holding_ = holding; }

  // In this order: begin_round, a reading, begin_sas, the SAs, another reading, finals, settle.
  void begin_round() { readings_ = 0; }
  void begin_sas();  // what was read by now is on the SAs that are read next
  void take_reading(std::span<const Seen> all, Time now);
  // The last counts of a connection, up to three times (xfrm::ClosedConnection).
  void take_final(const Seen& seen, bool destroyed, Time now);
  void finals_were_lost();  // who ended unseen can't be told
  // What was learnt of SAs since the last reading may be of traffic that it does not show.
  void growth_is_newer() { newer_ = reading_; }
  // A shared association has an SA that has not been read yet.
  void growth_is_unread() { unread_ = true; }
  // A session's connection of which there is no socket in the reading: its owner may be nobody's.
  // Of one that is new also those of the refresh before: they may have ended since.
  void set_unmatched(std::map<AssociationKey, std::set<OwnerId>> unmatched) {
    unmatched_ = std::move(unmatched);
  }
  // A policy that speaks of such connections has changed: what they counted since may have been in
  // the clear.
  void disturb(const std::function<bool(const Endpoint& local, const Endpoint& remote)>& concerns);
  void disturb_all();

  // Would settle() leave nothing open? If not, reading once more may help.
  bool balanced(const GrowthOf& growth_of) const;
  // trusted: the growth is complete: the SAs were read and no event is missing. read_boot_ns: when
  // that reading began.
  Outcome settle(const GrowthOf& growth_of, bool trusted, std::uint64_t read_boot_ns, Time now);

  // visit(owner, key, terms) for each owner whose part is open: at least what it was granted.
  template <class Visit>
  void for_each_open(Visit&& visit) const {
    for (const auto& [key, shared] : shared_) {
      for (const OwnerId owner : shared.open) visit(owner, key, shared.terms);
    }
  }

 private:
  struct Counts {                      // since the connection began, past 32 bits
    std::uint64_t received_bytes = 0;  // without the FIN
    std::uint64_t acked_bytes = 0;     // surely payload
    std::uint64_t sent_bytes = 0;
    std::uint64_t next_byte = 0;  // sent, each once
    std::uint64_t in_segments = 0, out_segments = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };
  struct Unowned {  // granted while nobody's: its owner's, when it gets one
    AssociationKey key;
    SharedTerms terms;
    std::uint64_t bytes = 0, replay_packets = 0;
  };
  struct Connection {
    Endpoint local, remote;
    OwnerId owner = kUnattributed;
    xfrm::TcpConnection last;  // as it was read last
    Counts counts;
    Counts sure;  // … before the SAs were read last
    std::vector<AssociationKey> uses;
    std::vector<Unowned> unowned;
    std::uint64_t changed = 0;  // the number of the reading that showed it changed
    std::uint64_t seen = 0;     // the number of the reading that showed it last
    unsigned absent = 0;        // from so many readings in a row
    bool final = false;
    bool ended_by_peer = false;  // its last segment may have been a reset without timestamps
    bool gone() const { return absent >= 2; }
  };
  static bool uses(const Connection& connection, const AssociationKey& key) {
    return std::ranges::find(connection.uses, key) != connection.uses.end();
  }
  struct Part {
    Counts since;         // as the epoch began
    bool whole = false;   // it began within the epoch: its SYN counts
    bool ragged = false;  // what it had before `since` may be in the growth
    xfrm::Counters granted;
  };
  struct Shared {
    SharedTerms terms;
    std::set<OwnerId> users;
    std::set<OwnerId> lately;             // users since the last settle()
    SharedGrowth begun;                   // the growth as the epoch began
    SharedGrowth last;                    // … at the last settle()
    xfrm::Counters granted;               // in this epoch
    std::map<std::uint64_t, Part> parts;  // by cookie
    Before before;
    std::uint64_t epoch_ns = 0, exact_since_ns = 0;
    std::uint64_t rest_since_ns = 0;
    std::uint64_t settle_reading = 0;  // number of the last reading before the last settle()
    std::uint64_t changed = 0;         // number of the reading in which a connection came or left
    std::uint64_t readings = 0, rounds = 0;  // with readings
    bool ragged = false, disturbed = false, lost = false, first = true;
    bool others_ragged = false;  // … of somebody else than before.owner
    bool early = false;          // a part counts what somebody else got before the growth began
    bool settled = false;        // by the last settle()
    std::uint64_t parting_ns = 0;
    std::set<OwnerId> unmatched;  // in this epoch, whether now or not
    std::set<OwnerId> open;
  };

  Connection* meet(const Seen& seen, bool& fresh);
  void count(Connection& connection, const xfrm::TcpConnection& now);
  void join(const AssociationKey& key, std::uint64_t cookie, const Seen& seen, bool fresh,
            Time now);
  void follow_uses(Connection& connection, std::uint64_t cookie, const Seen& seen, bool fresh,
                   Time now);
  void note_absences(const std::set<std::uint64_t>& present);

  static xfrm::Counters bound(const SharedTerms& terms, const Connection& connection,
                              const Counts& now, const Part& part);
  xfrm::Counters all_of(const SharedTerms& terms, const Connection& connection,
                        const Part& part) const {
    return bound(terms, connection, connection.counts, part);
  }
  xfrm::Counters surely(const SharedTerms& terms, const Connection& connection,
                        const Part& part) const;
  bool steady(const Shared& shared) const;
  bool adds_up(const Shared& shared, const SharedGrowth& growth) const;
  bool inbound_settled(const Shared& outbound) const;
  static bool may_have_unseen(const Shared& shared);
  bool may_settle(const Shared& shared, const SharedGrowth& growth) const;
  void grant(const AssociationKey& key, Shared& shared, const SharedGrowth& growth,
             Connection& connection, Part& part, const xfrm::Counters& up_to, Outcome& outcome);
  void settle_one(const AssociationKey& key, Shared& shared, const SharedGrowth& growth,
                  bool trusted, Time now, Outcome& outcome);
  void settle_untold(const AssociationKey& key, Shared& shared, const SharedGrowth& growth,
                     Outcome& outcome);
  std::set<OwnerId> unmatched_of(const AssociationKey& key) const;
  std::set<OwnerId> lacking(const Shared& shared, const SharedGrowth& growth) const;
  void close(const AssociationKey& key, Shared& shared, const SharedGrowth& growth, bool at_rest,
             Time now, Outcome& outcome);
  void begin_epoch(const AssociationKey& key, Shared& shared, const SharedGrowth& begun,
                   bool ragged, Time now);
  void forget_gone();

  std::map<AssociationKey, Shared> shared_;
  std::unordered_map<std::uint64_t, Connection> connections_;  // by cookie
  std::map<AssociationKey, std::set<OwnerId>> unmatched_;
  std::vector<Grant> promised_;  // of connections that got an owner
  std::uint64_t reading_ = 0;    // the last one's number
  unsigned readings_ = 0;        // in this round
  std::uint64_t sas_ = 0;        // the reading before the SAs' last one
  bool unread_ = false;          // an SA came since then
  std::uint64_t newer_ = 0;      // the reading after which more was learnt of SAs
  std::uint64_t read_boot_ns_ = 0;
  bool holding_ = false;
};

}  // namespace qm::hba

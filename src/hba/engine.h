// The collector's mind: kernel messages, inventory and the IKE daemon's words go in, a Report comes
// out. Pure: it does no IO and asks no clock, so a simulation can drive it byte by byte.
//
// Promise: the ledger's (ledger.h). Order that loses nothing: join the events, take_finals,
// begin_sync, hand in the dumps (source dump) and whatever events arrive meanwhile (source event),
// end_sync; then events as they come, and at each refresh: set_inventory, attribute, sas_to_read,
// the answers (source read), note_missing, set_netns_errors, conclude, report. Threads: one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "hba/attribution.h"
#include "hba/ledger.h"
#include "hba/report.h"
#include "hba/split.h"
#include "ike/vici.h"
#include "iscsi/inventory.h"
#include "xfrm/codec.h"
#include "xfrm/probe.h"
#include "xfrm/tables.h"

namespace qm::hba {

inline constexpr std::size_t kMostClaims = 65'536;             // associations of adapters
inline constexpr std::size_t kMostEarlyRekeys = 1024;          // child-rekey events before their SA
inline constexpr std::uint64_t kRekeyWordNs = 10'000'000'000;  // how long to wait for the IKE
                                                               // daemon's word on a rekey
inline constexpr std::size_t kMostPolicyChanges = 1024;  // remembered; more: any may have changed
inline constexpr std::uint64_t kPolicyChangeNs = 60'000'000'000;  // how long
inline constexpr std::uint64_t kLoginNs = 1'000'000'000;  // so soon sysfs shows a new connection
// Once so many packets failed on the netns's SAs, which 64 bits count, those of one of them may
// have wrapped its 32 bits by the next refresh: half of that.
inline constexpr std::uint64_t kMayWrap = 0x8000'0000;
inline constexpr unsigned kMissingReads = 2;  // an SA not found so often, without an event, is gone

class Engine final : public xfrm::Sink, private SaView {
 public:
  enum class Source : std::uint8_t { event, dump, read };

  explicit Engine(Time start);

  void set_time(Time now) { now_ = now; }
  void set_source(Source source) { source_ = source; }

  // No event that happened before the time set last is still to come: the socket was drained.
  void drained() { drained_boot_ns_ = now_.boot_ns; }

  void begin_sync();
  void end_sync();      // the dumps are complete and the events that queued up are applied
  void abandon_sync();  // a dump failed: nothing is concluded from what it did not show
  void overrun();       // the kernel dropped events: a gap; a sync is due
  bool behind() const { return behind_; }  // events were lost, or not read: a sync is due

  void set_kernel(bool readable, std::string problem);
  void set_problem(std::string problem) { problem_ = std::move(problem); }
  void set_not_confined(std::string what) { not_confined_ = std::move(what); }
  // What the probes cover (engine_probes.cc); nothing by default. state: for people.
  struct Probed {
    bool finals = false;
    bool bad_spi = false;
    bool not_decrypted = false;
    bool closings = false;  // the last counts of connections
  };
  void set_probes(std::string state, Probed probed) {
    probes_ = std::move(state);
    probed_ = probed;
  }
  // The pairs (peer, our address) whose bad SPIs the probes must not miss: after attribute().
  const std::vector<xfrm::AddressPair>& pairs_to_watch() const { return pairs_to_watch_; }
  void on_final(const xfrm::SaFinal& final);  // at any time, before or after the event of its end
  void take_finals(const xfrm::ProbeReading& reading);
  void take_probes(const xfrm::ProbeReading& reading);  // its finals too
  void set_inventory(iscsi::Inventory inventory);
  void set_interfaces(Interfaces interfaces) { interfaces_ = std::move(interfaces); }
  void set_netns_errors(std::optional<xfrm::NetnsErrors> errors);
  void set_refresh_ns(std::uint64_t duration_ns) { refresh_ns_ = duration_ns; }

  void ike_state(std::uint32_t daemons_up);
  void ike_rekey(const ike::ChildRekey& rekey);
  // Of all daemons together; fresh: every one that is up has answered since the last refresh.
  void set_ike_sas(std::vector<ike::IkeSa> sas, bool fresh);

  void attribute();                             // which adapter uses which associations now
  std::vector<xfrm::SaId> sas_to_read() const;  // those that serve iSCSI, and pending ones
  // SAs that a reading did not find; the events since are drained. Those that it showed with less
  // than is known of them have been replaced. True: an event was lost, a sync is due.
  bool note_missing(std::span<const xfrm::SaId> ids);
  // The reading broke off: until the next attribute() counters may be those of an earlier one.
  void reading_failed() { reading_failed_ = true; }
  // While an SA is shared (engine_sharing.cc): a reading of the connections before that of the SAs
  // and one after it, both after attribute(), then those that have ended. None: it failed.
  bool wants_connections() const { return split_.any(); }
  // The peers in question; nothing: all, as a tunnel may carry anybody's.
  std::optional<std::vector<Address>> peers_to_ask() const;
  void take_connections(std::span<const xfrm::TcpConnection> all);
  void take_closed(const xfrm::ProbeReading& reading);
  void begin_reading() { split_.begin_sas(); }  // of SAs
  bool split_balances() const;  // else reading SAs and connections once more may help
  std::vector<xfrm::SaId> shared_sas_to_read() const;
  void set_holding(bool holding) { split_.set_holding(holding); }  // Split's

  // The sessions' connections, to be read after attribute() and before the SAs
  // (engine_evidence.cc).
  std::vector<std::pair<Endpoint, Endpoint>> connections_to_read() const;
  void take_session_connections(std::span<const xfrm::TcpConnection> all);

  void conclude();  // verdicts, time, shares of per-netns counters; then report() is consistent
  Report report() const;

  const xfrm::SaTable& sas() const { return sas_; }
  const xfrm::PolicyTable& policies() const { return policies_; }
  const Ledger& ledger() const { return ledger_; }

  // Sink: what the kernel says, from the source that was set.
  void on_datagram(Bytes datagram) override;
  void on_sa(const xfrm::Sa& sa, bool updated, std::uint32_t seq) override;
  void on_sa_deleted(const xfrm::Sa& final) override;
  void on_sa_expired(const xfrm::Sa& state, bool hard) override;
  void on_sas_flushed(std::uint8_t proto) override;
  void on_policy(const xfrm::Policy& policy, std::uint32_t seq) override;
  void on_policy_deleted(const xfrm::Policy& policy) override;
  void on_policies_flushed(std::uint8_t type) override;
  void on_default_policy(const xfrm::DefaultPolicy& policy) override;
  void on_sa_counters(const xfrm::SaId& id, const xfrm::Counters& counters,
                      std::uint32_t seq) override;
  void on_done(std::uint32_t seq, int error) override;
  void on_error(std::uint32_t seq, int error) override;
  void on_malformed(std::uint16_t type, std::string_view what) override;
  void on_other(std::uint16_t type) override;

 private:
  friend class LedgerState;

  // An entry before the readings since the last conclude(): a DELSA that they overtook undoes them.
  struct BeforeReading {
    xfrm::Counters newest;
    xfrm::Stats last_stats;
    std::uint64_t integrity_failed = 0, replay = 0, replay_window_failures = 0, grew_boot_ns = 0;
  };
  // What a per-netns error counter gave an owner while it was the netns's only user of IPsec.
  struct HostShare {
    std::uint64_t bad_spi = 0;
    std::int64_t not_decrypted = 0;         // may dip while two readings are not of one moment
    std::uint64_t not_decrypted_shown = 0;  // what was published; never falls
    bool sole_now = false;
    bool was_shared = false;
    bool netns_bad_spi = false, netns_not_decrypted = false;  // a part is from the netns's counters
    bool pair_shared =
        false;  // several adapters have to do with one peer: its bad SPIs are nobody's
    bool pair_missed = false;  // before a pair was known, some could not be listed
  };
  struct Pair {  // (peer, our address)
    OwnerId owner = kNobody;
    bool shared = false;
    std::uint64_t bad_spi_told = 0;  // the probes' total when it was last taken
  };
  struct PolicyChange {
    xfrm::Selector selector;
    xfrm::PolicyDirection direction = xfrm::PolicyDirection::in;
    std::uint64_t boot_ns = 0;
  };
  struct Undecided {  // a new SA that overlapped another: a rekey, unless the IKE daemon is silent
    xfrm::SaId id;
    std::uint64_t since_boot_ns = 0;
  };

  Strength strength(const AssociationKey& key) const override;
  Evidence::Says evidence(const AssociationKey& key) const override { return evidence_.of(key); }

  // The table's tag of an SA: 0 nothing known, kBaseline, kTold (a rekey, by the IKE daemon's
  // word), or its entry's id + kFirstEntryTag.
  static constexpr std::uint32_t kBaseline = 1;
  static constexpr std::uint32_t kTold = 2;
  static constexpr std::uint32_t kFirstEntryTag = 3;
  static Ledger::EntryId entry_of_tag(std::uint32_t tag) {
    return tag < kFirstEntryTag ? Ledger::kNoEntry : tag - kFirstEntryTag;
  }
  Ledger::EntryId entry_of(xfrm::SaTable::Handle handle) const;

  void follow(Ledger::EntryId id, const xfrm::Sa& sa);
  void go_on_from(Recent& moved, Entry& entry);
  void start_from_moved(Entry& entry);
  std::optional<Entry> live_predecessor(const Entry& entry) const;
  void moved_unseen(Ledger::EntryId ended);
  void born(const xfrm::Sa& sa, xfrm::SaTable::Handle handle, bool negotiated, bool updated);
  bool awaits(const xfrm::SaId& id) const;
  bool resume(const xfrm::Sa& sa, xfrm::SaTable::Handle handle);
  Entry make_entry(const xfrm::Sa& sa, bool negotiated) const;
  Entry make_entry(const xfrm::SaRecord& record, std::uint32_t tag) const;
  bool failures_are_ambiguous() const;
  bool interesting(std::uint32_t reqid) const;
  // Fills owner, direction, outer, may_serve from the claims and candidates; false: not ours.
  bool place(Entry& entry) const;
  Ledger::EntryId add_entry(Entry entry, xfrm::SaTable::Handle handle);
  void remember_replaced(const xfrm::Sa& by);
  void on_read_sa(const xfrm::Sa& sa);
  bool overtaken(const xfrm::Sa& sa, bool updated);
  void on_changed_sa(const xfrm::Sa& sa, bool updated, const xfrm::SaTable::Upserted& upserted);
  void take_reading(Ledger::EntryId id, const xfrm::Sa& sa);
  void take_final(Ledger::EntryId id, const xfrm::Counters& counters, const xfrm::Stats& stats);
  bool is_baseline(const xfrm::Sa& sa) const;
  bool was_told(const xfrm::SaId& id);
  void decide_rekey(Ledger::EntryId id);
  void ended(xfrm::SaTable::Handle handle, Quality loss);  // and forgets it
  void ended(xfrm::SaTable::Handle handle, Quality loss, Ledger::Told told);
  void drop_entry(Ledger::EntryId id, Quality loss, Ledger::Told told);
  // An SA whose end is told now may have died as early as when the socket was last empty.
  std::uint64_t died_boot_ns() const { return std::min(now_.boot_ns, drained_boot_ns_); }
  Quality final_loss(const Entry& entry) const {
    return Ledger::in_flight_loss(entry, died_boot_ns());
  }
  // Of an SA that netlink says has ended.
  Ledger::Told told() const {
    return probed_.finals ? Ledger::Told::awaits_both : Ledger::Told::nothing;
  }
  void unknown_ended(const xfrm::Sa& final);
  void remember_end(Entry entry, const xfrm::Counters& counters, const xfrm::Stats& stats,
                    Ledger::Told told);
  void nobodys_ended(xfrm::SaTable::Handle handle, const xfrm::SaFinal& end);  // by its first word
  void gap_everywhere(Quality loss);

  void judge_sessions();
  void weigh_evidence();
  void note_end(const AssociationKey& key);                    // of one of its SAs
  bool find_candidates();                                      // true when they changed
  bool claim(const Use& use, const std::set<OwnerId>& users);  // true when it is new
  void find_owners();
  void hand_over(const AssociationKey& key);
  // engine_sharing.cc
  void begin_sharing(const Use& use, const std::set<OwnerId>& users);
  void stop_sharing(const Use& use, OwnerId left);
  void join(const Use& use, OwnerId user);
  void lose_waiting(const AssociationKey& key);
  void note_policy_change(const xfrm::Policy& policy);
  bool policy_changed(const Endpoint& local, const Endpoint& remote,
                      std::uint64_t since_boot_ns) const;
  std::vector<AssociationKey> shared_uses(const xfrm::TcpConnection& connection);
  Split::Seen see(const xfrm::TcpConnection& connection);
  void find_unmatched(const std::set<std::pair<Endpoint, Endpoint>>& seen);
  SharedGrowth growth_of(const AssociationKey& key) const;
  Qualities shared_quality(OwnerId owner) const;  // sticky, and what is open
  void settle_shared();
  void take_outcome(const Split::Outcome& outcome);
  void watch_shared();
  void end_sharing(const AssociationKey& key);
  void adopt_live();
  void remember_reqid(std::uint32_t reqid);
  void settle_rekeys();
  void share_netns_errors();
  void find_pairs();  // engine_probes.cc
  void want_pair(const xfrm::AddressPair& pair, OwnerId owner,
                 std::map<xfrm::AddressPair, std::set<OwnerId>>& users);
  void take_failures(const xfrm::ProbedSa& sa, std::uint64_t not_decrypted);
  void take_bad_spi(const xfrm::ProbeReading& reading);
  bool probes_tell(CounterId id) const;
  const iscsi::Adapter* adapter_of(const std::string& key) const;

  // engine_report.cc
  void find_negotiations();
  void report_adapters(Report& report, const std::vector<Totals>& totals) const;
  void report_sessions(Report& report) const;
  Evidence::Says evidence_of(const SessionVerdict& verdict) const;
  void report_sas(Report& report) const;
  void report_host(Report& report, const std::vector<Totals>& totals) const;
  void report_health(Report& report) const;
  void fill_pending_operations(AdapterReport& adapter) const;
  void fill_netns_errors(AdapterReport& adapter, OwnerId owner) const;
  void rate_counters(AdapterReport& adapter, const Owner& owner, OwnerId id, bool offloads) const;

  Time now_;
  std::uint64_t drained_boot_ns_ = std::numeric_limits<std::uint64_t>::max();
  // An SA that was added after this second since 1970 is none of the baseline; before the first
  // sync all may be.
  std::uint64_t began_s_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t watched_boot_ns_ = 0;  // since the first sync each SA's end has been told
  Source source_ = Source::event;
  Ledger ledger_;
  xfrm::SaTable sas_;
  xfrm::PolicyTable policies_;
  iscsi::Inventory inventory_;
  Interfaces interfaces_;

  Evidence evidence_;
  // The sessions' connections as this refresh read them, and when; nothing: it has not.
  std::map<std::pair<Endpoint, Endpoint>, xfrm::TcpConnection> session_connections_;
  std::optional<std::uint64_t> connections_boot_ns_;
  std::set<AssociationKey> ended_lately_;  // SAs of these, since the evidence was weighed last
  bool lost_lately_ = false;               // … or events, since then
  Split split_;
  std::map<AssociationKey, Claim> parting_;  // whose they are once they are settled
  struct Sharing {                           // of an association that is, or was last, shared
    std::set<OwnerId> users, lately;         // lately: since the last conclude()
    xfrm::Direction direction = xfrm::Direction::unknown;
    bool outer = false;
    SharedGrowth last;  // at the last conclude()
  };
  std::map<AssociationKey, Sharing> sharings_;
  // Of connections, by the inventory and the one before it; and whether they are new.
  std::map<std::pair<Endpoint, Endpoint>, std::pair<OwnerId, bool>> owners_, owners_before_;
  std::unordered_map<std::uint64_t, std::vector<AssociationKey>> judged_;  // by cookie
  std::uint64_t judged_changes_ = 0;  // the policies' when they were judged
  std::deque<PolicyChange> policy_changes_;
  std::uint64_t any_policy_changed_ns_ = 0;  // … of those that are not listed
  std::uint64_t settled_boot_ns_ = 0;
  std::uint64_t attributed_boot_ns_ = 0, read_boot_ns_ = 0;  // a reading follows: it began then
  std::uint64_t attributed_before_ns_ = 0;
  std::uint64_t closed_lost_ = 0;
  bool inventory_known_ = false;          // there was one before this one, complete
  std::set<AssociationKey> handed_over_;  // to their claims' owners, after the next reading
  std::vector<Candidate> candidates_;
  std::array<std::uint64_t, 64> reqid_filter_{};  // a Bloom filter: most SAs are nobody's
  // What the larvals suggest of these peers; looked for only when one of the two has changed.
  struct Negotiations {
    std::set<std::pair<Address, Address>> peers;  // of the sessions' connections: local, remote
    std::uint64_t larval_changes = 0;
    std::set<std::tuple<Address, Address, std::uint8_t>> found;  // local, remote, protocol
  } negotiations_;
  std::vector<SessionVerdict> verdicts_;  // by position in inventory_.sessions
  std::unordered_map<Ledger::EntryId, unsigned> missing_;
  std::vector<Ledger::EntryId> outlived_;  // by another SA with its id, as this reading shows

  std::unordered_map<Ledger::EntryId, BeforeReading> before_reading_;

  bool syncing_ = false;
  bool reading_failed_ = false;
  bool first_sync_ = true;  // what it shows is the baseline
  std::set<std::pair<xfrm::SaId, std::uint64_t>> ended_in_sync_;
  // Shown by a dump, not by events, since the last complete one.
  std::vector<Ledger::EntryId> born_in_sync_;
  std::unordered_multimap<std::uint32_t, Ledger::EntryId> by_spi_;  // entries, as a sync began
  bool hurt_in_sync_ = false;  // events were lost while it went on
  bool behind_ = true;         // no complete dump since events were lost
  bool restored_ = false;      // a state of an earlier process was loaded
  // Its live SAs, until the first dump shows which of them live on; in the ledger from the start.
  std::map<std::pair<xfrm::SaId, std::uint64_t>, Ledger::EntryId> restored_entries_;

  std::uint32_t ike_daemons_ = 0;
  std::vector<ike::IkeSa> ike_sas_;
  bool ike_sas_fresh_ = false;
  std::deque<std::pair<ike::ChildRekey, std::uint64_t>> early_rekeys_;
  std::vector<Undecided> undecided_;

  std::optional<xfrm::NetnsErrors> errors_, previous_errors_;
  std::vector<HostShare> shares_;  // by OwnerId
  std::vector<std::uint64_t> previous_integrity_;

  Probed probed_;
  bool finals_were_lost_ = false;
  // All words of SAs that died until then have been read.
  std::uint64_t finals_read_boot_ns_ = std::numeric_limits<std::uint64_t>::max();
  std::map<xfrm::AddressPair, Pair> pairs_;
  std::vector<xfrm::AddressPair> pairs_to_watch_;
  xfrm::ProbeTotals probe_totals_;  // as they were read last

  bool kernel_readable_ = false;
  std::string problem_, probes_, not_confined_;
  std::uint64_t started_filetime_ = 0, complete_since_filetime_ = 0;
  std::uint64_t events_ = 0, dumps_ = 0, overruns_ = 0, gaps_ = 0, decode_errors_ = 0;
  std::uint64_t losses_before_ = 0;  // the ledger's, at the last conclude()
  std::uint64_t refresh_ns_ = 0;
};

}  // namespace qm::hba

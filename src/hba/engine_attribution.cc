// Which adapter uses which association, and what follows for the SAs that live already.
#include <algorithm>
#include <map>
#include <utility>

#include "hba/engine.h"

namespace qm::hba {
namespace {

constexpr std::uint16_t kIscsiPort = 3260;  // IANA's; others are learnt from the sessions

// The kernel's names of transforms that do not encrypt or do not authenticate (facts §17).
bool encrypts(const Suite& suite) {
  return !suite.encryption.empty() && suite.encryption != "ecb(cipher_null)" &&
         !suite.encryption.starts_with("rfc4543(");
}

bool authenticates(const Suite& suite) {
  const bool aead =
      suite.encryption.starts_with("rfc4106(") || suite.encryption.starts_with("rfc4309(") ||
      suite.encryption.starts_with("rfc4543(") || suite.encryption.starts_with("rfc7539");
  const bool null = suite.authentication.empty() || suite.authentication == "digest_null";
  return aead || !null;
}

}  // namespace

Strength Engine::strength(const AssociationKey& key) const {
  Strength strength;
  const std::vector<Ledger::EntryId> live = ledger_.live_of(key);
  if (live.empty()) return strength;
  strength = {.live = true, .known = true, .encrypts = true, .authenticates = true};
  for (const Ledger::EntryId id : live) {
    const SuiteId known = ledger_.at(id).suite;
    const Suite& suite = ledger_.suites()[known];
    strength.known = strength.known && known != kNoSuite;
    strength.encrypts = strength.encrypts && key.proto == xfrm::kEsp && encrypts(suite);
    strength.authenticates = strength.authenticates && authenticates(suite);
  }
  return strength;
}

const iscsi::Adapter* Engine::adapter_of(const std::string& key) const {
  const auto found = std::ranges::find(inventory_.adapters, key, &iscsi::Adapter::key);
  return found == inventory_.adapters.end() ? nullptr : &*found;
}

void Engine::set_inventory(iscsi::Inventory inventory) {
  inventory_ = std::move(inventory);
  if (!inventory_.problems.empty()) problem_ = inventory_.problems.front();
}

void Engine::judge_sessions() {
  verdicts_.clear();
  for (const iscsi::Session& session : inventory_.sessions) {
    SessionVerdict verdict =
        judge_session(session, adapter_of(session.adapter_key), policies_, interfaces_, *this);
    if (!kernel_readable_ && verdict.protection == Protection::unprotected) {
      verdict = {Protection::unknown,
                 "the kernel's IPsec state could not be read",
                 "see quickmode show Quickmode_CollectorHealth",
                 {}};
    }
    verdicts_.push_back(std::move(verdict));
  }
}

bool Engine::find_candidates() {
  std::vector<std::uint16_t> ports{kIscsiPort};
  for (const iscsi::Session& session : inventory_.sessions) {
    ports.push_back(session.persistent.port);
    for (const iscsi::Connection& connection : session.connections) {
      ports.push_back(connection.remote.port);
    }
  }
  std::ranges::sort(ports);
  const auto duplicates = std::ranges::unique(ports);
  ports.erase(duplicates.begin(), duplicates.end());
  std::vector<Candidate> candidates = candidates_of(policies_, ports);
  if (candidates == candidates_) return false;
  candidates_ = std::move(candidates);
  for (const Candidate& candidate : candidates_) remember_reqid(candidate.pattern.reqid);
  return true;
}

void Engine::attribute() {
  reading_failed_ = false;
  outlived_.clear();
  const bool more_candidates = find_candidates();
  judge_sessions();
  // Associations in use now, and by whom.
  std::map<AssociationKey, std::pair<Use, std::set<OwnerId>>> wanted;
  for (std::size_t i = 0; i < verdicts_.size(); ++i) {
    const OwnerId owner = ledger_.owner(inventory_.sessions[i].adapter_key);
    for (const Use& use : verdicts_[i].uses) {
      auto& [first, users] = wanted[use.association];
      const bool plain = use.plain && (users.empty() || first.plain);
      first = use;
      first.plain = plain;
      users.insert(owner);
    }
  }
  find_owners();
  split_.begin_round();
  for (const AssociationKey& key : split_.keys()) {
    if (!wanted.contains(key)) split_.part(key, {}, now_);
  }
  bool new_claims = false;
  for (const auto& [key, use] : wanted) new_claims = claim(use.first, use.second) || new_claims;
  if (more_candidates || new_claims) adopt_live();
  find_pairs();
}

// Whose connections these are, and whether they were not there before.
void Engine::find_owners() {
  attributed_before_ns_ = std::exchange(attributed_boot_ns_, now_.boot_ns);
  owners_before_ = std::exchange(owners_, {});
  for (const iscsi::Session& session : inventory_.sessions) {
    for (const iscsi::Connection& connection : session.connections) {
      if (connection.local.address.any() || connection.remote.address.any()) continue;
      const std::pair ends(connection.local, connection.remote);
      const bool young = inventory_known_ && !owners_before_.contains(ends);
      owners_.emplace(ends, std::pair(ledger_.owner(session.adapter_key), young));
    }
  }
  inventory_known_ = inventory_.problems.empty();
}

bool Engine::claim(const Use& use, const std::set<OwnerId>& users) {
  const bool shared = users.size() > 1;
  const OwnerId target = shared ? kUnattributed : *users.begin();
  if (shared) {
    begin_sharing(use, users);
  } else if (split_.shares(use.association)) {
    stop_sharing(use, target);
    return false;
  }
  const Claim* known = ledger_.associations().claim(use.association);
  const bool is_new = known == nullptr;
  const bool changed = !is_new && (known->changed || known->owner != target);
  if (is_new) {
    if (ledger_.associations().claims() >= kMostClaims) {
      for (const OwnerId user : users) ledger_.lose(user, {QM_AT_LEAST, QM_REASON_GAP});
      return false;
    }
    remember_reqid(use.association.reqid);
    ledger_.assign_recent(use.association, target, use.direction, use.outer);
  }
  ledger_.associations().set_claim(use.association,
                                   {target, use.direction, use.outer, shared, changed});
  bool another = false;
  for (const Ledger::EntryId id : ledger_.live_of(use.association)) {
    const Entry entry = ledger_.at(id);
    const OwnerId before = entry.owner;
    // Nobody's, or nobody's in time: the first to claim it.
    const bool first = before == kNobody || (entry.timed_out && is_new);
    if (first) ledger_.assign(id, target, use.direction, use.outer);
    if (entry.timed_out) ledger_.edit(id)->timed_out = false;
    if (first || before == target) continue;
    // What it does up to the next reading may be the earlier user's or the new one's.
    another = true;
    ledger_.assign(id, kUnattributed, use.direction, use.outer);
    if (shared) continue;
    if (before == kUnattributed) {
      join(use, target);
      continue;
    }
    for (const OwnerId user : {before, target}) {
      ledger_.lose(user, {QM_AT_LEAST, QM_REASON_SHARED_SA});
    }
  }
  if (another && !shared) handed_over_.insert(use.association);
  if (is_new && ike_daemons_ == 0) {
    ledger_.owner_at(target).rekeys.worsen(QM_INFERRED, QM_REASON_OVERLAP);
  }
  return is_new;
}

void Engine::hand_over(const AssociationKey& key) {
  const Claim* claim = ledger_.associations().claim(key);
  if (claim == nullptr) return;
  if (!claim->shared) end_sharing(key);
  for (const Ledger::EntryId id : ledger_.live_of(key)) {
    ledger_.assign(id, claim->owner, claim->direction, claim->outer);
  }
}

// SAs that were nobody's until now. Their counters are read next; they have counted since birth.
void Engine::adopt_live() {
  std::vector<xfrm::SaTable::Handle> found;
  sas_.for_each([&](xfrm::SaTable::Handle handle) {
    if (sas_.tag(handle) >= kFirstEntryTag) return;
    const xfrm::SaRecord record = sas_.record(handle);
    if (!record.larval && interesting(record.reqid)) found.push_back(handle);
  });
  for (const xfrm::SaTable::Handle handle : found) {
    const xfrm::SaRecord record = sas_.record(handle);
    Entry entry = make_entry(record, sas_.tag(handle));
    if (!place(entry)) continue;
    start_from_moved(entry);
    const bool negotiated = entry.negotiated;
    const Ledger::EntryId id = add_entry(entry, handle);
    if (id != Ledger::kNoEntry && negotiated) decide_rekey(id);
  }
}

// ---- per-netns error counters

void Engine::set_netns_errors(std::optional<xfrm::NetnsErrors> errors) {
  previous_errors_ = errors_;
  errors_ = errors;
}

// What the netns counted since the last reading is an adapter's when every SA was its own then and
// is now; nobody's otherwise (DESIGN.md: "Whose bytes").
void Engine::share_netns_errors() {
  const std::size_t owners = ledger_.owners().size();
  shares_.resize(owners);
  const std::vector<Totals> totals = ledger_.all_totals();
  std::vector<std::uint64_t> integrity(totals.size());
  std::ranges::transform(totals, integrity.begin(),
                         [](const Totals& owned) { return owned[kPacketsNotAuthenticated]; });
  previous_integrity_.resize(owners);
  const std::size_t all = sas_.size() - sas_.larvals();
  for (OwnerId id = 0; id < owners; ++id) {
    HostShare& share = shares_[id];
    const bool sole = all > 0 && ledger_.live_of(id) == all;
    const bool readable = errors_ && previous_errors_ && errors_->complete;
    if (readable && sole && share.sole_now) {
      const auto added = [](std::uint64_t now, std::uint64_t before) {
        return static_cast<std::int64_t>(now - before);
      };
      if (!probed_.bad_spi) {
        share.bad_spi += errors_->in_no_states - previous_errors_->in_no_states;
        share.netns_bad_spi = true;
      }
      if (!probed_.not_decrypted) {
        share.not_decrypted +=
            added(errors_->in_state_proto_error, previous_errors_->in_state_proto_error) -
            added(integrity[id], previous_integrity_[id]);
        share.netns_not_decrypted = true;
      }
      share.not_decrypted_shown =
          std::max(share.not_decrypted_shown,
                   static_cast<std::uint64_t>(std::max<std::int64_t>(share.not_decrypted, 0)));
    } else if (all > 0 && !sole) {
      share.was_shared = true;
    }
    share.sole_now = sole;
  }
  previous_integrity_ = std::move(integrity);
}

void Engine::conclude() {
  settle_shared();
  if (!reading_failed_) read_boot_ns_ = attributed_boot_ns_;
  // Without a reading nobody knows yet whose the growth is.
  for (const AssociationKey& key : handed_over_) {
    reading_failed_ ? lose_waiting(key) : hand_over(key);
  }
  if (!reading_failed_) handed_over_.clear();
  before_reading_.clear();
  weigh_evidence();
  judge_sessions();
  find_negotiations();
  settle_rekeys();
  ledger_.tick(now_);
  ledger_.rate_awaited();
  share_netns_errors();
  gaps_ += ledger_.losses() - losses_before_;
  if (ledger_.losses() != losses_before_) complete_since_filetime_ = now_.filetime_100ns;
  losses_before_ = ledger_.losses();
}

}  // namespace qm::hba

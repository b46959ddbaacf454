#include "hba/ledger_state.h"

#include <algorithm>
#include <array>
#include <span>

namespace qm::hba {
namespace {

constexpr std::array<char, 8> kMagic{'Q', 'M', 'L', 'E', 'D', 'G', 'E', 'R'};

std::uint64_t checksum(Bytes bytes) {  // FNV-1a
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325U;
  for (const std::byte byte : bytes) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100'0000'01b3U;
  }
  return hash;
}

class Writer {
 public:
  void number(std::uint64_t value, unsigned bytes = 8) {
    for (unsigned i = 0; i < bytes; ++i) out_.push_back(static_cast<std::byte>(value >> (8U * i)));
  }
  void text(std::string_view text) {
    number(text.size(), 4);
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    out_.insert(out_.end(), data, data + text.size());
  }
  void address(const Address& address) {
    number(static_cast<std::uint64_t>(address.family), 1);
    for (const std::uint8_t byte : address.bytes) number(byte, 1);
  }
  void quality(const Quality& quality) {
    number(quality.quality, 1);
    number(quality.reason, 1);
  }
  std::vector<std::byte> take() { return std::move(out_); }
  Bytes bytes() const { return out_; }

 private:
  std::vector<std::byte> out_;
};

// Reads what Writer wrote; after the first failure everything reads as zero and ok() is false.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return at_ == bytes_.size(); }

  std::uint64_t number(unsigned size = 8) {
    Bytes field;
    if (!take(size, field)) return 0;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) {
      value |= static_cast<std::uint64_t>(field[i]) << (8U * i);
    }
    return value;
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(number(4)); }
  bool flag() { return enumerated(1) != 0; }
  // A value up to most; beyond it the file is wrong.
  std::uint8_t enumerated(std::uint8_t most) {
    const auto value = static_cast<std::uint8_t>(number(1));
    if (value > most) ok_ = false;
    return ok_ ? value : std::uint8_t{0};
  }
  // A count of records that take at least record_bytes each: bounded by what is left.
  std::size_t count(std::size_t most, std::size_t record_bytes) {
    const std::uint64_t value = number(4);
    if (value > most || value * record_bytes > bytes_.size() - at_) ok_ = false;
    return ok_ ? value : 0;
  }
  std::string text() {
    const std::size_t size = count(kMostStateBytes, 1);
    Bytes field;
    if (!take(size, field)) return {};
    return {reinterpret_cast<const char*>(field.data()), field.size()};
  }
  Address address() {
    Address address;
    const auto family = number(1);
    if (family == 0 || family == 2 || family == 10) {
      address.family = static_cast<Family>(family);
    } else {
      ok_ = false;
    }
    for (std::uint8_t& byte : address.bytes) byte = static_cast<std::uint8_t>(number(1));
    return address;
  }
  Quality quality() {
    const auto quality = static_cast<qm_quality>(enumerated(QM_UNAVAILABLE));
    return {quality, static_cast<qm_reason>(enumerated(QM_REASON_COUNT - 1))};
  }

 private:
  bool take(std::size_t size, Bytes& field) {
    if (!ok_ || !slice(bytes_, at_, size, field)) {
      ok_ = false;
      return false;
    }
    at_ += size;
    return true;
  }
  Bytes bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

constexpr std::size_t kAddressBytes = 17;
constexpr std::size_t kAssociationBytes = 2 * kAddressBytes + 10;
constexpr std::size_t kEntryBytes = kAssociationBytes + 4 + 8 + 8 + 1 + 7 + 32 + 32 + 12 + 4;

void put_association(Writer& out, const AssociationKey& key) {
  out.address(key.saddr);
  out.address(key.daddr);
  out.number(key.reqid, 4);
  out.number(key.if_id, 4);
  out.number(key.proto, 1);
  out.number(static_cast<std::uint64_t>(key.mode), 1);
}

AssociationKey get_association(Reader& in) {
  AssociationKey key;
  key.saddr = in.address();
  key.daddr = in.address();
  key.reqid = in.word();
  key.if_id = in.word();
  key.proto = static_cast<std::uint8_t>(in.number(1));
  key.mode = static_cast<xfrm::Mode>(in.enumerated(5));
  return key;
}

void put_entry(Writer& out, const Entry& entry) {
  put_association(out, entry.association);
  out.number(entry.id.spi, 4);
  out.number(entry.id.mark.value, 4);
  out.number(entry.id.mark.mask, 4);
  out.number(entry.add_time_s);
  out.number(static_cast<std::uint64_t>(entry.direction), 1);
  for (const bool flag : {entry.replay_detection, entry.outer, entry.negotiated, entry.rekey,
                          entry.rekey_inferred, entry.timed_out, entry.may_serve}) {
    out.number(flag ? 1 : 0, 1);
  }
  for (const std::uint64_t value :
       {entry.base.bytes, entry.base.packets, entry.newest.bytes, entry.newest.packets,
        entry.integrity_failed, entry.integrity_base, entry.replay, entry.replay_window_failures,
        entry.not_decrypted, entry.not_decrypted_base}) {
    out.number(value);
  }
  for (const std::uint32_t value : {entry.last_stats.integrity_failed, entry.last_stats.replay,
                                    entry.last_stats.replay_window, entry.owner}) {
    out.number(value, 4);
  }
}

Entry get_entry(Reader& in) {
  Entry entry;
  entry.association = get_association(in);
  entry.id.daddr = entry.association.daddr;
  entry.id.proto = entry.association.proto;
  entry.id.spi = in.word();
  entry.id.mark = {in.word(), 0};
  entry.id.mark.mask = in.word();
  entry.add_time_s = in.number();
  entry.direction = static_cast<xfrm::Direction>(in.enumerated(2));
  for (bool* flag : {&entry.replay_detection, &entry.outer, &entry.negotiated, &entry.rekey,
                     &entry.rekey_inferred, &entry.timed_out, &entry.may_serve}) {
    *flag = in.flag();
  }
  for (std::uint64_t* value :
       {&entry.base.bytes, &entry.base.packets, &entry.newest.bytes, &entry.newest.packets,
        &entry.integrity_failed, &entry.integrity_base, &entry.replay,
        &entry.replay_window_failures, &entry.not_decrypted, &entry.not_decrypted_base}) {
    *value = in.number();
  }
  for (std::uint32_t* value : {&entry.last_stats.integrity_failed, &entry.last_stats.replay,
                               &entry.last_stats.replay_window, &entry.owner}) {
    *value = in.word();
  }
  entry.read_boot_ns = 1;  // its stats go on from what was read
  return entry;
}

}  // namespace

struct LedgerState::Loaded {
  std::uint64_t complete_since = 0;
  std::uint64_t began_s = 0;
  std::vector<Owner> owners;
  std::vector<Engine::HostShare> shares;
  std::vector<std::pair<AssociationKey, Claim>> claims;
  std::vector<Entry> entries;
  std::vector<Entry> ended;
};

// SAs that have ended, and may go on under another address without a word: events that would tell
// were lost, or not read yet. They are in the totals, and the next process must not count them
// again with the counters that they handed on.
std::vector<const Entry*> LedgerState::may_have_moved(const Engine& engine) {
  std::vector<const Entry*> found;
  for (const Recent& recent : engine.ledger_.recent()) {
    const Entry& entry = recent.entry;
    const bool may_move = !entry.moved && entry.newest.packets > 0;
    const bool lately = engine.behind_ || recent.tick + 1 >= engine.ledger_.ticks_;
    if (may_move && lately && entry.owner != kNobody) found.push_back(&entry);
  }
  return found;
}

std::vector<std::byte> LedgerState::save(const Engine& engine, std::string_view boot_id) {
  Writer out;
  for (const char letter : kMagic) out.number(static_cast<std::uint8_t>(letter), 1);
  out.number(kStateVersion, 4);
  out.text(boot_id);
  out.number(engine.complete_since_filetime_);
  out.number(engine.began_s_);
  const std::vector<Owner>& owners = engine.ledger_.owners();
  out.number(owners.size(), 4);
  for (OwnerId id = 0; id < owners.size(); ++id) {
    const Owner& owner = owners[id];
    out.text(owner.key);
    for (std::size_t i = 0; i < kCounters; ++i) out.number(owner.folded.at(i));
    // A final that is still to come will not find the next process: then it is a loss.
    Quality sent = owner.sent_loss;
    Quality received = owner.received_loss;
    sent.worsen(owner.awaited_sent.quality, owner.awaited_sent.reason);
    received.worsen(owner.awaited_received.quality, owner.awaited_received.reason);
    for (const Quality& loss : {owner.loss, sent, received}) {
      out.quality(loss);
    }
    out.quality(owner.rekeys);
    // What is open will not be settled by the next process.
    for (const Quality& shared : engine.shared_quality(id)) out.quality(shared);
    const Engine::HostShare share =
        id < engine.shares_.size() ? engine.shares_[id] : Engine::HostShare{};
    out.number(share.bad_spi);
    out.number(share.not_decrypted_shown);
    for (const bool flag : {share.was_shared, share.netns_bad_spi, share.netns_not_decrypted,
                            share.pair_shared, share.pair_missed}) {
      out.number(flag ? 1 : 0, 1);
    }
  }
  const Associations& associations = engine.ledger_.associations();
  out.number(associations.claims(), 4);
  associations.for_each_claim([&](const AssociationKey& key, const Claim& claim) {
    put_association(out, key);
    out.number(claim.owner, 4);
    out.number(static_cast<std::uint64_t>(claim.direction), 1);
    out.number(claim.outer ? 1 : 0, 1);
    out.number(claim.shared ? 1 : 0, 1);
  });
  out.number(engine.ledger_.live(), 4);
  engine.ledger_.for_each([&](Ledger::EntryId, const Entry& entry) { put_entry(out, entry); });
  const std::vector<const Entry*> ended = may_have_moved(engine);
  out.number(ended.size(), 4);
  for (const Entry* entry : ended) put_entry(out, *entry);
  out.number(checksum(out.bytes()));
  return out.take();
}

Result<LedgerState::Loaded> LedgerState::parse(Bytes bytes, std::string_view boot_id) {
  if (bytes.size() > kMostStateBytes) return fail(ErrorCode::limit, "the ledger state is too long");
  const auto bad = [] {
    return fail(ErrorCode::invalid, "the ledger state is damaged; starting with empty totals");
  };
  if (bytes.size() < kMagic.size() + 8) return bad();
  const Bytes body = bytes.first(bytes.size() - 8);
  if (Reader(bytes.last(8)).number() != checksum(body)) return bad();
  Reader in(body);
  for (const char letter : kMagic) {
    if (in.number(1) != static_cast<std::uint8_t>(letter)) return bad();
  }
  const std::uint32_t version = in.word();
  if (version < kOldestStateVersion || version > kStateVersion) {
    return fail(ErrorCode::state, "the ledger state is of another version of quickmode");
  }
  if (in.text() != boot_id) {
    return fail(ErrorCode::state, "the ledger state is of another boot: its SAs are gone");
  }
  Loaded loaded;
  loaded.complete_since = in.number();
  loaded.began_s = in.number();
  for (std::size_t n = in.count(kMostOwners, 4 + kCounters * 8); n > 0; --n) {
    Owner owner;
    owner.key = in.text();
    for (std::size_t i = 0; i < kCounters; ++i) owner.folded.at(i) = in.number();
    for (Quality* loss : {&owner.loss, &owner.sent_loss, &owner.received_loss}) {
      *loss = in.quality();
    }
    owner.rekeys = in.quality();
    for (Quality& shared : owner.shared) {
      if (version > 2) shared = in.quality();
    }
    loaded.owners.push_back(std::move(owner));
    Engine::HostShare share;
    share.bad_spi = in.number();
    share.not_decrypted_shown = in.number();
    share.not_decrypted = static_cast<std::int64_t>(share.not_decrypted_shown);
    for (bool* flag : {&share.was_shared, &share.netns_bad_spi, &share.netns_not_decrypted,
                       &share.pair_shared, &share.pair_missed}) {
      *flag = in.flag();
    }
    loaded.shares.push_back(share);
  }
  for (std::size_t n = in.count(kMostClaims, kAssociationBytes); n > 0; --n) {
    const AssociationKey key = get_association(in);
    Claim claim;
    claim.owner = in.word();
    claim.direction = static_cast<xfrm::Direction>(in.enumerated(2));
    claim.outer = in.flag();
    claim.shared = in.flag();
    claim.changed = true;  // for all that is known
    if (claim.owner >= loaded.owners.size()) return bad();
    loaded.claims.emplace_back(key, claim);
  }
  for (std::size_t n = in.count(kMostEntries, kEntryBytes / 2); n > 0; --n) {
    loaded.entries.push_back(get_entry(in));
    const OwnerId owner = loaded.entries.back().owner;
    if (owner != kNobody && owner >= loaded.owners.size()) return bad();
  }
  const std::size_t ended = version > 3 ? in.count(kMostRecent, kEntryBytes / 2) : 0;
  for (std::size_t n = ended; n > 0; --n) {
    loaded.ended.push_back(get_entry(in));
    if (loaded.ended.back().owner >= loaded.owners.size()) return bad();
  }
  const bool first_is_unattributed = !loaded.owners.empty() && loaded.owners[0].key.empty();
  if (!in.ok() || !in.at_end() || !first_is_unattributed) return bad();
  return loaded;
}

void LedgerState::apply(Loaded&& loaded, Engine& engine) {
  engine.complete_since_filetime_ = loaded.complete_since;
  for (OwnerId id = 0; id < loaded.owners.size(); ++id) {
    const OwnerId made = engine.ledger_.owner(loaded.owners[id].key);
    engine.ledger_.owner_at(made) = loaded.owners[id];
  }
  engine.shares_ = std::move(loaded.shares);
  for (const auto& [key, claim] : loaded.claims) {
    engine.ledger_.associations().set_claim(key, claim);
    engine.remember_reqid(key.reqid);
  }
  for (Entry& entry : loaded.entries) {
    const auto key = std::make_pair(entry.id, entry.add_time_s);
    if (engine.restored_entries_.contains(key)) continue;
    // When it last grew is not known any more: perhaps just now.
    if (entry.newest.packets > 0) entry.grew_boot_ns = engine.now_.boot_ns;
    engine.restored_entries_.emplace(key, engine.ledger_.add(entry));
  }
  for (Entry& entry : loaded.ended) {
    const Address source = entry.association.saddr;
    // Its end has been published: no tick is this one's.
    engine.ledger_.remember({.entry = entry,
                             .ended_boot_ns = engine.now_.boot_ns,
                             .loss = {},
                             .tick = std::numeric_limits<std::uint64_t>::max(),
                             .source = source});
  }
  engine.restored_ = true;
  engine.began_s_ = loaded.began_s;
}

Result<void> LedgerState::load(Bytes bytes, std::string_view boot_id, Engine& engine) {
  apply(TRY(parse(bytes, boot_id)), engine);
  return {};
}

}  // namespace qm::hba

// The SAs and policies that the kernel holds now, as told by dumps and events. Pure.
//
// Promise: SaTable costs below 64 bytes an SA (records and index together, tag included) from a
// hundred thousand up to millions; its operations are O(1), and prefetch() hides the cache misses
// of those to come. Handles stay valid until their SA is erased. PolicyTable answers which policy a
// flow meets, as the kernel would say it. Threads: one. Limits: kMost… below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "xfrm/types.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostSas = 16'000'000;  // more are refused and counted
inline constexpr std::size_t kAheadAtOnce = 64;      // SAs whose cache misses overlap
inline constexpr std::size_t kMostPolicies = 1'000'000;
inline constexpr std::size_t kMostMarks = 65'535;  // distinct (value, mask)

// What the table remembers of an SA.
struct SaRecord {
  SaId id;
  Address saddr;
  std::uint32_t reqid = 0;
  std::uint32_t if_id = 0;
  std::uint64_t add_time_s = 0;
  Mode mode = Mode::transport;
  bool larval = false;
  bool replay_detection = false;
};

class SaTable {
 public:
  using Handle = std::uint32_t;
  static constexpr Handle kNone = 0xffff'ffff;

  enum class Change : std::uint8_t {
    added,     // was not there
    same,      // was there, the same SA
    matured,   // a larval became an SA
    replaced,  // same id, another add_time: another SA took its place
    refused,   // the table is full (kMostSas, kMostMarks), or no XFRM protocol
  };
  struct Upserted {
    Handle handle = kNone;
    Change change = Change::refused;
    std::uint32_t tag = 0;  // as it was before
  };

  // seed: of the hash, drawn at random by default; a fixed one makes simulations repeatable.
  // most_sas: at most kMostSas.
  SaTable();
  explicit SaTable(std::uint64_t seed, std::size_t most_sas = kMostSas);
  ~SaTable();
  SaTable(SaTable&&) noexcept;
  SaTable& operator=(SaTable&&) noexcept;

  // Seeded at construction: no chosen collisions. The mark is left out, so that prefetching need
  // not search the attributes; SAs that differ by their mark only share a place to look at.
  std::uint64_t hash(const SaId& id) const;
  // Fetches what upsert() and find() of these will need, the whole batch at a time; best some tens
  // at once, more than kAheadAtOnce are left out.
  void prefetch(std::span<const SaId> ids) const;
  // A dump goes on in the order of the one before and this is the next: no need to prefetch.
  bool expects(const SaId& id) const;
  void reserve(std::size_t sas);  // room in the index, so that it need not grow

  // keep_add_time: an UPDSA event, whose contents are not the live SA's own (xfrm_add_sa shows the
  // state that was sent): a live SA stays as it was, a larval matures. A replaced SA keeps the
  // handle and tag of the one whose place it took.
  Upserted upsert(const Sa& sa, bool keep_add_time = false) {
    Upserted out;
    upsert(sa, keep_add_time, out);
    return out;
  }
  Handle find(const SaId& id) const;
  bool erase(const SaId& id);
  SaRecord record(Handle handle) const;

  // One small word for each SA, the caller's own (0 at first): which ledger entry is its, say.
  std::uint32_t tag(Handle handle) const;
  void set_tag(Handle handle, std::uint32_t tag);

  // A dump: begin, upsert each row, then take what it did not show.
  void begin_dump();
  std::vector<Handle> unseen() const;  // not upserted since begin_dump; erase them by hand

  std::size_t size() const;  // larvals included
  std::size_t larvals() const;
  // While it stays the same, so do the larvals in the table.
  std::uint64_t larval_changes() const;
  std::size_t memory_bytes() const;
  std::uint64_t refused() const;
  // Calls visit(handle) for each SA; visit must not change the table.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Handle handle = first(); handle != kNone; handle = next(handle)) visit(handle);
  }

 private:
  Handle first() const;
  Handle next(Handle handle) const;
  // Each into memory: GCC packs a small structure that is returned by way of the stack, and a load
  // that is wider than the stores before it waits for them, for every SA.
  void upsert(const Sa& sa, bool keep_add_time, Upserted& out);
  void update(Handle handle, const Sa& sa, bool keep_add_time, Upserted& out);
  void add(const Sa& sa, std::uint64_t hash, std::size_t slot, Upserted& out);
  struct Store;
  Store* store_;
};

// One direction of one connection.
struct Flow {
  Address saddr, daddr;
  std::uint16_t sport = 0, dport = 0;  // host order
  std::uint8_t proto = 6;
  std::uint32_t mark = 0;
  std::uint32_t if_id = 0;
  std::int32_t ifindex = 0;  // of the output (input) device; 0: not known
};
// As xfrm_selector_match: a selector of another family, or of none, matches nothing; one that names
// an interface matches no flow whose interface is not known.
bool matches(const Selector& selector, const Flow& flow);

struct PolicyMatch {
  const Policy* policy = nullptr;  // valid until the table changes; null: none matches
  bool ambiguous = false;          // another of equal priority says something else
};

// Sub policies (type SUB) are kept but not matched: kernels are built without them.
class PolicyTable {
 public:
  void upsert(const Policy& policy);  // per-socket policies (index & 7 > 2) are left out
  bool erase(const Policy& policy);   // by index, or by selector, direction, mark, if_id
  const Policy* find(std::uint32_t index) const;  // valid until the table changes
  void clear(std::uint8_t type);                  // XFRM_POLICY_TYPE_…; 255: all
  PolicyMatch match(PolicyDirection direction, const Flow& flow) const;
  // The first by priority of those that would match the flow if its packets had another mark.
  const Policy* match_marked(PolicyDirection direction, const Flow& flow) const;

  void begin_dump();  // a dump: what it does not show is dropped at the end
  void end_dump();
  void set_default(const DefaultPolicy& policy) {
    if (default_ != policy) ++changes_;
    default_ = policy;
  }
  const DefaultPolicy& default_policy() const { return default_; }
  std::span<const Policy> policies() const { return policies_; }
  std::size_t size() const { return policies_.size(); }
  std::uint64_t changes() const { return changes_; }  // grows whenever an answer could differ
  std::uint64_t refused() const { return refused_; }  // beyond kMostPolicies

 private:
  void remove_at(std::size_t position);

  std::vector<Policy> policies_;
  std::vector<bool> seen_;
  std::unordered_map<std::uint32_t, std::uint32_t> positions_;  // by index
  DefaultPolicy default_;
  std::uint64_t changes_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace qm::xfrm

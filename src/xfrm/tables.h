// The SAs and policies that the kernel holds now, as told by dumps and events. Pure.
//
// Promise: SaTable costs below 64 bytes an SA (records and index together) up to millions; its
// operations are O(1), and prefetch() hides the cache miss of one to come. Handles stay valid until
// their SA is erased. PolicyTable answers which policy a flow meets, as the kernel would say it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "xfrm/types.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostSas = 16'000'000;  // more are refused and counted
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
    refused,   // the table is full (kMostSas, kMostMarks)
  };
  struct Upserted {
    Handle handle = kNone;
    Change change = Change::refused;
  };

  SaTable();
  ~SaTable();
  SaTable(SaTable&&) noexcept;
  SaTable& operator=(SaTable&&) noexcept;

  std::uint64_t hash(const SaId& id) const;  // seeded at construction: no chosen collisions
  void prefetch(std::uint64_t hash) const;

  // keep_add_time: an UPDSA event, whose add_time is not the SA's own (facts: UPDSA on a live SA
  // shows a new add_time): a live SA stays the same, a larval matures.
  Upserted upsert(const Sa& sa, bool keep_add_time = false);
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
  std::size_t memory_bytes() const;
  // Calls visit(handle) for each SA; visit must not change the table.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Handle handle = first(); handle != kNone; handle = next(handle)) visit(handle);
  }

 private:
  Handle first() const;
  Handle next(Handle handle) const;
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
bool matches(const Selector& selector, const Flow& flow);

struct PolicyMatch {
  const Policy* policy = nullptr;  // valid until the table changes; null: none matches
  bool ambiguous = false;          // another of equal priority says something else
};

class PolicyTable {
 public:
  void upsert(const Policy& policy);  // per-socket policies (index & 7 > 2) are left out
  bool erase(const Policy& policy);   // by index, or by selector, direction, mark, if_id
  void clear(std::uint8_t type);
  PolicyMatch match(PolicyDirection direction, const Flow& flow) const;

  void begin_dump();  // a dump: what it does not show is dropped at the end
  void end_dump();
  void set_default(const DefaultPolicy& policy) { default_ = policy; }
  const DefaultPolicy& default_policy() const { return default_; }
  std::span<const Policy> policies() const { return policies_; }
  std::size_t size() const { return policies_.size(); }
  std::uint64_t changes() const { return changes_; }  // grows whenever a match could differ
  std::uint64_t refused() const { return refused_; }  // beyond kMostPolicies

 private:
  std::vector<Policy> policies_;
  std::vector<bool> seen_;
  DefaultPolicy default_;
  std::uint64_t changes_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace qm::xfrm

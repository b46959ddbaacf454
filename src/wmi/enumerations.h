// Enumerations that clients fetch in pieces: WS-Management's contexts, CIM-XML's pull operations.
//
// Promise: what is fetched piece by piece is of one snapshot; a name cannot be guessed and means
// nothing once its enumeration has ended; who opens and never comes back costs a bounded share for
// a bounded time, and takes nothing from other clients' shares.
// Threads: one. Limits: kMost… below. Time is the caller's: CLOCK_BOOTTIME in ms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wmi/wql.h"

namespace qm::wmi {

inline constexpr std::size_t kMostEnumerations = 1'024;
inline constexpr std::size_t kMostEnumerationsOfClient = 256;
// Of all snapshots and rows that they hold; a snapshot's part that several hold counts once.
inline constexpr std::uint64_t kMostEnumerationBytes = std::uint64_t{256} << 20U;
inline constexpr std::uint64_t kEnumerationLifeMs = 60'000;       // where the client names none
inline constexpr std::uint64_t kMostEnumerationLifeMs = 900'000;  // between two of its requests

// What is left, and what it points into.
struct Enumeration {
  wql::Found found;
  std::size_t next = 0;  // of found.rows: the first that was not handed out
  wql::Setting setting;
  std::shared_ptr<const wql::Plan> plan;  // of a query: its columns; may be missing
  std::string class_name;                 // that was asked for, in the form that surfaces need
  std::uint32_t mode = 0;                 // the surface's own: what form its answers have
  std::shared_ptr<const void> own;        // whatever else the surface keeps beside
  std::uint64_t life_ms = kEnumerationLifeMs;
  std::optional<std::uint64_t> until_ms;  // its end, however often it is asked for

  std::size_t left() const { return found.rows.size() - next; }
};

struct EnumerationLimits {
  std::size_t enumerations = kMostEnumerations;
  std::size_t of_client = kMostEnumerationsOfClient;
  std::uint64_t bytes = kMostEnumerationBytes;
};

class Enumerations {
 public:
  using NewName = std::function<std::string()>;
  explicit Enumerations(EnumerationLimits limits = {}, NewName new_name = {});
  Enumerations(const Enumerations&) = delete;
  Enumerations& operator=(const Enumerations&) = delete;
  ~Enumerations();

  // Its name. client: whoever shares a share (an address, a user). life_ms is cut to
  // kMostEnumerationLifeMs. Errors: limit; then nothing is kept.
  Result<std::string> open(std::string_view client, Enumeration enumeration, std::uint64_t now_ms);

  // nullptr: there is none of that name for that client, or its time is over. It stays until the
  // next call of any of these; its life begins anew.
  Enumeration* find(std::string_view client, std::string_view name, std::uint64_t now_ms);

  // False: there was none.
  bool close(std::string_view client, std::string_view name, std::uint64_t now_ms);

  // When classes change, what points into the old ones may stay: Found holds its repository.
  std::size_t open_count() const { return open_.size(); }
  std::uint64_t held_bytes() const { return held_bytes_; }

 private:
  struct Open {
    std::string client;
    Enumeration enumeration;
    std::uint64_t forget_ms = 0;
    std::uint64_t own_bytes = 0;  // rows and made values
  };
  using ByName = std::map<std::string, Open, std::less<>>;
  void forget_old(std::uint64_t now_ms);
  ByName::iterator forget(ByName::iterator at);
  void hold(const Snapshot& snapshot);
  void release(const Snapshot& snapshot);

  EnumerationLimits limits_;
  NewName new_name_;
  ByName open_;
  std::map<std::string, std::size_t, std::less<>> of_client_;
  std::map<const Part*, std::size_t> holders_;
  std::uint64_t held_bytes_ = 0;
  std::uint64_t next_forget_ms_ = 0;  // nobody's life ends before
};

}  // namespace qm::wmi

// What a request asks of the JSON API (docs/api.md), understood. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serve/target.h"
#include "wmi/repository.h"

namespace qm::serve {

inline constexpr std::size_t kMostSnapshotClasses = 16;
inline constexpr std::size_t kMostGlobBytes = 511;  // as long as an instance's name
inline constexpr std::size_t kMostGlobStars = 8;    // matching costs text × stars
inline constexpr std::uint64_t kMostHistorySeconds = 86'400;

struct Query {
  enum class What : std::uint8_t {
    classes,
    one_class,
    class_mof,
    instances,
    snapshot,
    health,
    wql,
    history,
    start
  };
  What what = What::health;
  // Of one_class, class_mof, instances, snapshot, history; of start those that must be in it.
  std::vector<const wmi::ClassEntry*> classes;
  bool cooked = false;        // of classes: the twins are listed, too
  std::string instance_glob;  // "": all
  bool refresh = false;       // ask the providers first
  bool integers_as_text = false;
  std::string wql;                              // of wql, as sent; it is understood later
  std::string name_space = "root\\wmi";         // likewise
  std::string cursor;                           // of a query for events that goes on; "": it begins
  std::uint64_t seconds = kMostHistorySeconds;  // of history and start: how far back
};

// 404: no such path or class. 400: a parameter that is unknown, repeated or out of range.
Asked<Query> parse_query(const Target& target, const wmi::Repository& repository);

// By its name: a class, or the cooked twin of one (wmi/cooking.h). nullptr: there is none.
const wmi::ClassEntry* find_class(const wmi::Repository& repository, std::string_view name);
// With the raw class of each twin among them: what their instances are made of.
std::vector<const wmi::ClassEntry*> sources_of(std::span<const wmi::ClassEntry* const> classes,
                                               const wmi::Repository& repository);

}  // namespace qm::serve

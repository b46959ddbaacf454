// What of a repository's classes is shown as metrics, decided once for all pages: names, HELP and
// everything of a sample's line that stands before its instance. Pure.
//
// Promise: knows no class by name: kinds, units, names and labels come from mof/semantics.mof, from
// CounterType, and from the property's own name, in this order. No two families share a name, nor a
// sample's name. A Plan is immutable and points into its repository. Threads: share const.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wmi/repository.h"

namespace qm::metrics {

inline constexpr std::size_t kMostFamilyNameBytes = 200;
inline constexpr std::size_t kMostHelpBytes = 1'000;
inline constexpr std::size_t kMostInfoLabels = 16;

enum class Format : std::uint8_t { prometheus, open_metrics };
inline constexpr std::size_t kFormats = 2;

enum class Kind : std::uint8_t { counter, gauge, untyped, info };

// How an item becomes a number. scaled: an integer in a unit that is a power of ten of the base.
enum class Reading : std::uint8_t { integer, real, boolean, datetime, active };

struct Series {
  const wmi::PropertyEntry* property = nullptr;
  Reading reading = Reading::integer;
  unsigned decimals = 0;  // an integer's: 9 for nanoseconds shown as seconds
  std::string head;       // `name{protocol="esp",`: the instance's labels follow
};

struct Family {
  std::string name;  // as in OpenMetrics' TYPE line: without _total or _info
  Kind kind = Kind::gauge;
  std::array<std::string, kFormats> intro;  // TYPE, UNIT, HELP lines, by Format
  std::vector<Series> series;
};

// A family without series of its own; its samples are written by hand.
Family family_of(std::string name, Kind kind, std::string_view unit, std::string_view help);

struct InfoLabel {
  std::string label;
  const wmi::PropertyEntry* property = nullptr;
  bool names_subject = false;  // its value is an InstanceName of the subject `label`
  // Of an integer that stands for a word (Values, ValueMap).
  std::vector<std::pair<std::string, std::string>> words;
};

struct ClassPlan {
  const wmi::ClassEntry* the_class = nullptr;
  std::string subject;           // "": the label is instance_name, and holds all of it
  std::vector<Family> families;  // in the class's order; none where the class is no performance's
  Family info;                   // of a class with a subject: what is known of an instance
  Family quality;                // of performance classes: of values that are not exact
  std::vector<InfoLabel> info_labels;
};

class Plan {
 public:
  explicit Plan(std::shared_ptr<const wmi::Repository> repository);

  const ClassPlan* find(const wmi::ClassEntry& the_class) const;  // null: shows nothing
  const std::vector<ClassPlan>& classes() const { return classes_; }
  const std::shared_ptr<const wmi::Repository>& repository() const { return repository_; }

 private:
  std::shared_ptr<const wmi::Repository> repository_;
  std::vector<ClassPlan> classes_;  // in the repository's order
};

// What serve's own families begin with: no class may take these.
inline constexpr std::string_view kOwnPrefixes[] = {"quickmode_serve_", "quickmode_provider_"};

}  // namespace qm::metrics

// The classes that this service knows, ready to be served: what every surface renders from.
//
// Promise: immutable after it was made; everything in it is a value or points into itself; names
// are looked up without case, as WMI does. Threads: share const. Limits: kMost… below; the MOF
// compiler's own (mof/limits.h) hold for the texts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "base/result.h"
#include "mof/model.h"
#include "provider/page.h"
#include "wmi/block.h"

namespace qm::wmi {

inline constexpr std::size_t kMostClasses = 4'096;
// Blocks and qualities of all instances of one registration, at its stated capacity.
inline constexpr std::uint64_t kMostRegistrationBytes = std::uint64_t{256} << 20U;

// Their instances say what classes cannot, of a counter and of a class; see mof/semantics.mof.
inline constexpr std::string_view kSemanticsClass = "Quickmode_CounterSemantics";
inline constexpr std::string_view kClassSemanticsClass = "Quickmode_ClassSemantics";

// Rows of mof/semantics.mof.
struct Semantics {
  std::string kind, unit, direction, group, definition;
  std::string metric, labels;  // "": as the property is called; none
  struct Source {
    std::string class_name, value, where, owner;
  };
  std::optional<Source> source;
};

struct ClassSemantics {
  std::string prefix, subject, info;
};

// Where a property's value comes from.
enum class Origin : std::uint8_t {
  none,                 // nobody supplies it: NULL
  data,                 // an item of the block
  instance_name,        // InstanceName
  active,               // Active
  caption,              // Caption, Name of performance classes
  class_description,    // Description, likewise
  frequency_perf_time,  // 1,000,000,000: CLOCK_BOOTTIME counts ns
  frequency_100ns,      // 10,000,000, of Sys100NS and of Object
  timestamp_perf_time,  // when sampled, CLOCK_BOOTTIME
  timestamp_100ns,      // when sampled, 100 ns since 1601-01-01 UTC; of Sys100NS and of Object
};

struct PropertyEntry {
  const mof::Property* property = nullptr;
  bool inherited = false;
  bool key = false;
  Origin origin = Origin::none;
  const mof::Field* field = nullptr;  // into ClassEntry::layout; data only
  ItemPlan plan;                      // data only
  std::optional<Semantics> semantics;
};

struct ClassEntry {
  const mof::Class* definition = nullptr;
  mof::Layout layout;
  std::uint32_t alignment_bytes = 1;  // of the structure
  std::optional<GUID> guid;
  std::vector<std::string> derivation;    // superclasses, the nearest first, known here or not
  std::vector<PropertyEntry> properties;  // the class's own first, then inherited ones
  std::string description;                // one line of plain text; "" without one
  bool abstract = false;
  bool performance = false;  // derives from Win32_Perf
  std::optional<ClassSemantics> semantics;

  const mof::Text& name() const { return definition->name; }
  std::uint32_t data_items() const;  // the highest WmiDataId; 0 without data
  const PropertyEntry* property(std::string_view name) const;
};

class Repository {
 public:
  // Compiles MOF texts that the binary carries. The error holds the compiler's whole report.
  static Result<std::shared_ptr<const Repository>> compile(std::span<const EmbeddedFile> files);
  // The classes of mof/, as embedded by the build.
  static Result<std::shared_ptr<const Repository>> built_in();
  // limit: too many classes. invalid: two classes with one GUID.
  static Result<std::shared_ptr<const Repository>> of(mof::Model model);

  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  const ClassEntry* find(std::string_view name) const;
  const ClassEntry* find(const GUID& guid) const;
  const mof::Model& model() const { return model_; }
  const std::vector<ClassEntry>& classes() const { return classes_; }  // by name, case folded
  // The cooked twins of these classes (cooking.h), made when first asked for. In no list of these.
  const Repository& cooked() const;

  // May a provider register this? The GUID must be known, data_items the highest WmiDataId, and
  // block_bytes the header's X_SIZE (up to the end of the last item) or sizeof (with the padding
  // behind it; the header has no X_SIZE where the last item is a string).
  Result<void> check(const provider::ClassInfo& info) const;

 private:
  explicit Repository(mof::Model model) : model_(std::move(model)) {}
  Result<void> index();
  ClassEntry entry_of(const mof::Class& definition) const;
  void add_semantics();

  mof::Model model_;
  std::vector<ClassEntry> classes_;
  std::map<std::string, std::size_t, std::less<>> by_name_;  // key: case folded
  mutable std::once_flag cooked_once_;
  mutable std::shared_ptr<const Repository> cooked_;
};

// White space runs as one space, nothing invisible: a description as one line.
std::string one_line(std::string_view text);

}  // namespace qm::wmi

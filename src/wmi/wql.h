// WQL: queries for instances, for classes, for what is associated, and for events.
//
// Promise: a query is checked against the classes when it is prepared, and what is wrong with it is
// reported as mofc reports, with its line, a caret and a hint; running it cannot fail, changes
// nothing and reads one snapshot. Where only certain instance names can fit, they are looked up and
// nothing is scanned. Comparison follows WMI's rules (wql_value.h, docs/wql.md).
// Threads: share const. Limits: wql_syntax.h, wql_path.h; kMostFound below.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "wmi/snapshot.h"
#include "wmi/wql_program.h"
#include "wmi/wql_row.h"
#include "wmi/wql_schema.h"

namespace qm::wmi::wql {

inline constexpr std::size_t kMostMade = 262'144;  // rows that no provider published, of an answer

enum class Kind : std::uint8_t { data, schema, associators, references, events };

// A property behind SELECT, of one class.
struct Column {
  std::string name;  // as the class writes it
  Access access;
};

// What a query means in one class.
struct ClassPlan {
  const ClassEntry* the_class = nullptr;
  Program program;
  std::vector<Column> columns;  // of SELECT *: none, all are meant
};

// The rest of ASSOCIATORS OF and REFERENCES OF.
struct LinkRules {
  ObjectPath object;
  const ClassEntry* object_class = nullptr;
  std::string association, result_class, role, result_role;  // "": any
  std::string required_qualifier, required_association_qualifier;
  bool classes_only = false;  // ClassDefsOnly
  bool schema_only = false;
  bool keys_only = false;
};

struct Plan {
  Kind kind = Kind::data;
  std::shared_ptr<const Schema> schema;
  Setting setting;
  const ClassEntry* the_class = nullptr;  // behind FROM, or of the object; nullptr: meta_class
  bool all_properties = true;
  std::vector<ClassPlan> classes;  // those that can have rows
  LinkRules links;
  // Of events: TargetInstance's class is the one of each ClassPlan.
  const ClassEntry* event = nullptr;
  std::uint64_t within_ms = 0;
  std::optional<Grouping> grouping;

  const ClassPlan* of(const ClassEntry& the_class) const;
  // What a snapshot for it must hold; none: all.
  std::vector<const ClassEntry*> sources() const;
};

// Nothing: diagnostics says why.
std::optional<Plan> prepare(std::string_view text, std::shared_ptr<const Repository> repository,
                            Setting setting, Diagnostics& diagnostics);

// Rows, and what they point into.
struct Found {
  std::vector<Row> rows;
  std::uint64_t examined = 0;  // instances that were tested
  bool cut = false;            // at most_made
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const Schema> schema;
  std::deque<std::vector<Value>> made;
  std::size_t most_made = kMostMade;
};

// Of a plan for anything but events. The snapshot is of the plan's repository.
Found run(const Plan& plan, std::shared_ptr<const Snapshot> snapshot,
          std::size_t most_made = kMostMade);

// The instance (or, without keys, the class) of that path. Found holds what it is made of.
std::optional<Row> find_object(const ObjectPath& path, const Schema& schema, Found& found);

}  // namespace qm::wmi::wql

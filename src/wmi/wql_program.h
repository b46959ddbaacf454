// A condition as a program over rows of one class: tests with two ways on, no recursion, no look-up
// by name. Integers are compared where they lie in the block.
//
// Promise: what a program was compiled from may go; the class it was compiled for must stay.
// Threads: share const.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "wmi/wql_like.h"
#include "wmi/wql_row.h"
#include "wmi/wql_schema.h"
#include "wmi/wql_syntax.h"
#include "wmi/wql_value.h"

namespace qm::wmi::wql {

// Which of an event's rows; rows of other queries are all `target`.
enum class Side : std::uint8_t { target, previous, event };

// A property, found.
struct Access {
  Side side = Side::target;
  const PropertyEntry* entry = nullptr;  // else system, or the whole row of that side
  std::optional<SystemProperty> system;
  std::vector<std::string> inner;  // items of an embedded object
  mof::Type type = mof::Type::none;
  bool is_array = false;
};

// What is judged: one row, or an event's.
using Candidate = std::array<Row, 3>;  // by Side

// What names mean, in the rows of one class.
struct Scope {
  enum class Form : std::uint8_t { data, schema, event };
  Form form = Form::data;
  const Schema* schema = nullptr;
  const ClassEntry* the_class = nullptr;  // of an event: TargetInstance's
  const ClassEntry* event = nullptr;
};

// nullopt: an error was reported.
std::optional<Access> resolve(const PropertyPath& path, const Scope& scope,
                              Diagnostics& diagnostics);
Value value_of(const Candidate& candidate, const Access& access, const Setting& setting);

class Program {
 public:
  // nullopt: an error was reported.
  static std::optional<Program> compile(const Condition& condition, const Scope& scope,
                                        Diagnostics& diagnostics);

  bool accepts(const Candidate& candidate, const Setting& setting) const;
  // Appends the indices of a part's instances that fit. The part's class is the program's.
  void scan(const Part& part, const Setting& setting, std::vector<std::uint32_t>& found) const;

  // Where only instances of these names can fit; nothing: any may.
  const std::optional<std::vector<std::string>>& names() const { return names_; }

 private:
  friend class ProgramMaker;
  struct Test {
    enum class Kind : std::uint8_t {
      integer,   // an integer or boolean item of the block, in [first, first + span]
      never,     // an integer that cannot be
      constant,  // access op value
      property,  // access op other
      like,
      derives  // the class of the row
    };
    Kind kind = Kind::never;
    bool negated = false;
    // integer
    std::uint8_t bytes = 0;
    bool is_signed = false;
    bool is_boolean = false;
    std::uint32_t offset_bytes = 0;
    std::uint32_t item = 0;  // WmiDataId - 1
    std::uint64_t first = 0;
    std::uint64_t span = 0;
    // all others
    Group group = Group::number;
    Operator op = Operator::equal;
    Access access;
    Access other;
    Value value;
    LikePattern pattern;
  };
  struct Step {
    Test test;
    std::uint32_t on_true = 0;
    std::uint32_t on_false = 0;
  };
  bool passes(const Test& test, const Candidate& candidate, const Setting& setting) const;
  // False: the blocks lie unevenly, or more than integers is asked for (wql_scan.cc).
  bool scan_evenly(const Part& part, std::vector<std::uint32_t>& found) const;

  std::vector<Step> steps_;
  std::uint32_t start_ = 0;
  std::optional<std::vector<std::string>> names_;
};

}  // namespace qm::wmi::wql

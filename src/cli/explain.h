// Where a counter's number comes from: its definition, and the instances that it is a sum over.
// Pure, from one snapshot.
#pragma once

#include <boost/json/object.hpp>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cli/model.h"
#include "cli/terminal.h"

namespace qm::cli {

struct Share {
  const Instance* source = nullptr;
  std::optional<std::uint64_t> value;  // nothing: the source does not say
};

struct Explained {
  const Instance* instance = nullptr;
  std::vector<Share> shares;
  std::uint64_t live_sum = 0;  // saturates
  bool complete = true;        // every share said its value
  bool same_sample = true;     // all were sampled at the instance's moment
  // What ended sources left in a counter: its value less live_sum. Nothing for a gauge, where a
  // value is missing, or where the live ones hold more.
  std::optional<std::uint64_t> ended;
};

struct Explanation {
  ClassInfo info;
  const Property* property = nullptr;  // of info
  std::optional<ClassInfo> source_info;
  std::string where;          // with value names
  std::string where_problem;  // why the shares can't be told; else empty
  std::vector<Instances> snapshot;
  std::vector<Explained> instances;

  bool has_source() const { return source_info.has_value() && where_problem.empty(); }
};

// Adds the shares and sums up; condition_text: semantics' "where".
void explain_instances(Explanation& explanation, std::string_view pattern);

void write_explanation(const Explanation& explanation, const Terminal& terminal, std::ostream& out);
boost::json::object explanation_json(const Explanation& explanation);

}  // namespace qm::cli

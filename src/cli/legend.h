// The lines below a table that say why a number is not exact. Pure.
#pragma once

#include <iosfwd>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/model.h"
#include "cli/terminal.h"

namespace qm::cli {

// "~" and the like before a number; "" for an exact one.
std::string_view mark_of(const QualityNote* note, const Terminal& terminal);
std::string_view quality_word(Quality quality);  // "exact", "at least", …

class Legend {
 public:
  // property of the instance with that label is not exact. Nothing for a null note.
  void add(const QualityNote* note, const std::string& property, const std::string& label);
  // An instance that says itself that it supplies no data.
  void inactive(const std::string& label) { inactive_.push_back(label); }

  bool empty() const { return order_.empty() && inactive_.empty(); }
  // One line a reason; names the instances where it holds not for all `instances` of them.
  void write(std::size_t instances, const Terminal& terminal, std::ostream& out) const;

 private:
  using Reason = std::pair<Quality, std::string>;
  std::vector<Reason> order_;
  // reason → property → instances, in the order they came in
  std::map<Reason, std::vector<std::pair<std::string, std::vector<std::string>>>> notes_;
  std::vector<std::string> inactive_;
};

}  // namespace qm::cli

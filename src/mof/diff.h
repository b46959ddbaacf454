// What changed between two versions of a set of classes, in layout and in meaning. Pure.
#pragma once

#include <string>
#include <vector>

#include "mof/model.h"

namespace qm::mof {

struct Change {
  // Programs that were compiled with the old classes and those compiled with the new can't talk:
  // another GUID, layout, method number or key.
  bool breaks = false;
  std::string where;  // "Class" or "Class.Member"
  std::string what;
};

// In the order of the old classes, then what is new. Names compare as MOF compares them.
std::vector<Change> compare(const Model& older, const Model& newer);

// A line each, those that break first, and a line that counts them.
std::string diff_text(const std::vector<Change>& changes);
std::string diff_json(const std::vector<Change>& changes);

}  // namespace qm::mof

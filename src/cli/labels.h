// Short labels for instance names: ROOT\ISCSI_TCP\ikev1_0 is "ikev1" in a table. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"

namespace qm::cli {

inline constexpr std::size_t kMostLabelWidth = 24;

// What stands behind the last backslash, without the _0 that WMI appends.
std::string_view short_name(std::string_view instance_name);

struct Labels {
  std::vector<std::string> labels;  // shown; distinct; as wide as kMostLabelWidth at most
  // How to read them: "ROOT\ISCSI_TCP\<label>_0" when that holds for all, else a line a label that
  // is not the name itself.
  std::vector<std::string> lines;
};

Labels labels_for(const std::vector<std::string_view>& names, const Terminal& terminal);

// Whether an instance is meant: by a glob on its name or on its short name.
bool means(std::string_view pattern, std::string_view instance_name);

}  // namespace qm::cli

// The class that holds a class's totals over the whole host, found without knowing either's name.
//
// A twin of class X is the one other class that has exactly one instance and, for each counter of
// X, a counter of the same name and kind: as Quickmode_HostIPSECStats is MSiSCSI_QMIPSECStats'.
#pragma once

#include <optional>

#include "cli/model.h"

namespace qm::cli {

inline constexpr std::size_t kMostTwinCandidates = 16;  // each costs one request

// Nothing when there is none, more than one, or when it can't be told.
std::optional<std::string> find_twin(Api& api, const ClassInfo& info);

}  // namespace qm::cli

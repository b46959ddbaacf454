// The filter of an Enumerate or a Subscribe, as the WQL query that it means. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wmi/wql.h"
#include "wsman/resource.h"

namespace qm::wsman {

inline constexpr std::size_t kMostReportBytes = 4'096;     // of what is wrong with a query
inline constexpr std::size_t kMostResultProperties = 256;  // that an association filter names

struct Filter {
  std::string query;
  bool own = false;  // the client's words: what is wrong with them is told with a caret
  std::vector<std::string> properties = {};  // wsmb:IncludeResultProperty; none: all
};

// The n:Filter or w:Filter among the children of an Enumerate, e:Filter or w:Filter of a Subscribe;
// nothing: none is there. Dialects: WQL, CQL (what of it WQL is), Selector, association.
// Faults: cannot_process_filter, filter_dialect_unavailable (filtering_unavailable of a Subscribe).
Answered<std::optional<Filter>> filter_of(const xml::Element& of, const Resource& resource,
                                          const wmi::wql::Schema& schema);

// A query that WQL understood. Faults: cannot_process_filter.
Answered<std::shared_ptr<const wmi::wql::Plan>> plan_of(
    const Filter& filter, const std::shared_ptr<const wmi::Repository>& repository,
    const wmi::wql::Setting& setting);

}  // namespace qm::wsman

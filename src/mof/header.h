// The C header of a model, as the WMI tool suite's wmimofck writes it with -h -m -u.
// Pure. Wants a model without errors. Source: headers that wmimofck made, as published.
#pragma once

#include <string>
#include <string_view>

#include "mof/model.h"

namespace qm::mof {

struct HeaderOptions {
  std::string guard;        // "_iscsiprf_h_"; guard_of() makes one
  bool basic_types = true;  // find ULONGLONG and its kin on other systems than Windows; wmimofck
                            // has no such lines
  bool methods = true;      // -m: structures of what methods take and give
  bool all_members = true;  // -u: members behind what has no fixed size, strings that have MaxLen
  bool crlf = false;        // lines end as wmimofck ends them
};

// "dir/iscsiprf.h" -> "_iscsiprf_h_"; what C does not allow in a name becomes _.
std::string guard_of(std::string_view path);

// All classes with a guid, data items or method ids, in the text's order, but those with
// WmiGenerateHeader(FALSE).
std::string emit_header(const Model& model, const HeaderOptions& options);

}  // namespace qm::mof

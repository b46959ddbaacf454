// A class as CIM-XML's CLASS element (DSP0201 section 5.1): what GetClass answers, and what
// WS-Management clients fetch as a schema. Pure.
//
// Promise: well-formed, names and texts escaped; all qualifiers with their flavors, amended ones as
// the repository has them merged; what is inherited is marked PROPAGATED.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wmi/repository.h"

namespace qm::cimxml {

// DSP0200's defaults of GetClass.
struct ClassOptions {
  bool local_only = true;  // without what superclasses bring
  bool qualifiers = true;
  bool class_origin = false;
  std::optional<std::vector<std::string>> properties;  // these alone; absent: all
};

// <CLASS …>…</CLASS>. repository is the one that the entry is of, or any where it is one that
// every Schema has (wql::repository_of).
void append_class_element(std::string& out, const wmi::ClassEntry& entry,
                          const wmi::Repository& repository, const ClassOptions& options = {});

// <QUALIFIER …>, with what a property or an instance shows of it.
void append_qualifier(std::string& out, const mof::Qualifier& qualifier, bool propagated);

// The class that a property is of: the entry's own, or the superclass that brings it.
std::string_view origin_of(const wmi::ClassEntry& entry, const wmi::PropertyEntry& property,
                           const wmi::Repository& repository);

bool is_listed(const std::optional<std::vector<std::string>>& properties, std::string_view name);

}  // namespace qm::cimxml

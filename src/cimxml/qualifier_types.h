// The qualifiers that are declared everywhere: DSP0004 section 5.6, and WMI's own. A class's text
// need not declare them. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "mof/model.h"

namespace qm::cimxml {

struct QualifierType {
  std::string_view name;
  mof::Type type = mof::Type::boolean;
  bool is_array = false;
  std::string_view scopes;  // words with a blank between: "CLASS PROPERTY"
  std::uint8_t flavor = mof::kToSubclass;
};

std::span<const QualifierType> qualifier_types();  // by name
const QualifierType* find_qualifier_type(std::string_view name);

// The type of a qualifier: as declared, else as its value tells (WMI keeps no declarations).
mof::Type type_of(const mof::Qualifier& qualifier);

// <QUALIFIER.DECLARATION …>
void append_declaration(std::string& out, const QualifierType& type);
void append_declaration(std::string& out, const mof::QualifierDeclaration& declaration);

}  // namespace qm::cimxml

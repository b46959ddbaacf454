// The parameters of an intrinsic method: IPARAMVALUE by name, without case. Pure.
//
// Promise: what is missing, repeated, unknown or of another kind is a Fault invalid_parameter that
// names it. Views are of the request's document.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cimxml/call.h"
#include "cimxml/fault.h"
#include "wmi/wql_path.h"

namespace qm::cimxml {

inline constexpr std::size_t kMostListed = 4'096;  // names in a PropertyList

class Arguments {
 public:
  // known: the parameters that the method has.
  static Outcome<Arguments> of(const Call& call, std::span<const std::string_view> known);

  bool has(std::string_view name) const { return find(name) != nullptr; }  // and is not NULL
  Outcome<bool> flag(std::string_view name, bool otherwise) const;
  Outcome<std::optional<std::string_view>> text(std::string_view name) const;
  Outcome<std::string_view> required_text(std::string_view name) const;
  Outcome<std::optional<std::uint64_t>> number(std::string_view name) const;
  Outcome<std::optional<std::string_view>> class_name(std::string_view name) const;
  Outcome<std::string_view> required_class_name(std::string_view name) const;
  Outcome<std::optional<std::vector<std::string>>> list(std::string_view name) const;
  Outcome<wmi::wql::ObjectPath> instance_name(std::string_view name) const;
  // Or a class: then without keys.
  Outcome<wmi::wql::ObjectPath> object_name(std::string_view name) const;

 private:
  const xml::Element* find(std::string_view name) const;
  std::vector<std::pair<std::string_view, const xml::Element*>> given_;  // nullptr: NULL
};

}  // namespace qm::cimxml

// Why an operation has no result: the status codes of DSP0200 annex (CIM_ERR_…). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace qm::cimxml {

enum class Code : std::uint8_t {
  failed = 1,
  access_denied = 2,
  invalid_namespace = 3,
  invalid_parameter = 4,
  invalid_class = 5,
  not_found = 6,
  not_supported = 7,
  no_such_property = 12,
  query_language_not_supported = 14,
  invalid_query = 15,
  method_not_available = 16,
  method_not_found = 17,
  invalid_enumeration_context = 21,
  invalid_operation_timeout = 22,
  filtered_enumeration_not_supported = 25,
  continuation_on_error_not_supported = 26,
  server_limits_exceeded = 27,
};

struct Fault {
  Code code = Code::failed;
  std::string description;
};
template <class T>
using Outcome = std::expected<T, Fault>;

inline std::unexpected<Fault> fault(Code code, std::string description) {
  return std::unexpected(Fault{code, std::move(description)});
}

}  // namespace qm::cimxml

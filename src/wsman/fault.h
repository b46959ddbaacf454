// Why a request gets no answer: a SOAP fault. Pure.
//
// Every fault carries what DSP0226 clause 14 says (code, subcode, reason, wsman:FaultDetail) and
// what Windows' clients show (f:WSManFault with a Windows error number, MS-WSMV 2.2.4.43).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace qm::wsman {

enum class FaultKind : std::uint8_t {
  version_mismatch,
  must_understand,
  action_not_supported,
  destination_unreachable,
  invalid_information_header,
  information_header_required,
  cannot_process_filter,
  filter_dialect_unavailable,
  invalid_enumeration_context,
  delivery_mode_unavailable,
  filtering_unavailable,  // of a subscription
  invalid_message,        // likewise
  encoding_limit,
  internal_error,
  invalid_options,
  invalid_parameter,
  invalid_selectors,
  quota_limit,
  schema_validation_error,
  timed_out,
  unsupported_feature,
  access_denied,
  invalid_expiration_time,      // of an enumeration
  unsupported_expiration_type,  // likewise
  invalid_subscription_time,    // the same of a subscription, in its own namespace
  unsupported_subscription_time,
  fragment_dialect_not_supported,
  polymorphism_mode_not_supported,
};

struct Fault {
  FaultKind kind = FaultKind::internal_error;
  std::string reason;         // what is wrong and what would be right, for people
  std::string_view detail;    // wsman:FaultDetail, its last part: "InvalidResourceURI"; "" none
  std::string more_detail;    // XML within s:Detail
  std::string header;         // XML within s:Header: what was not understood
  std::uint32_t windows = 0;  // Windows' number where it is another than the kind's
  std::string report;         // several lines: where in a query it is, with a caret
};

template <class T>
using Answered = std::expected<T, Fault>;

inline std::unexpected<Fault> fault(FaultKind kind, std::string reason,
                                    std::string_view detail = {}) {
  return std::unexpected(Fault{kind, std::move(reason), detail, {}, {}, 0, {}});
}

// wsa:Action of the fault's message.
std::string_view action_of(FaultKind kind);

// The s:Fault element. machine: this host's name.
void append_fault(std::string& out, const Fault& fault, std::string_view machine);

}  // namespace qm::wsman

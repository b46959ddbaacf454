#include "wsman/fault.h"

#include <fmt/format.h>

#include <array>

#include "wsman/names.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

constexpr std::string_view kAddressingFault =
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault";
constexpr std::string_view kManagementFault = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault";
constexpr std::string_view kEnumerationFault =
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration/fault";
constexpr std::string_view kCimBindingFault =
    "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/fault";
constexpr std::string_view kEventingFault = "http://schemas.xmlsoap.org/ws/2004/08/eventing/fault";
constexpr std::string_view kFaultDetail = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";

// Windows' numbers are those of winerror.h, MS-WMI 2.2.11 and wsmerror.h that clients look for:
// 0x80338029 tells them that a pull may be tried again.
struct Row {
  FaultKind kind;
  std::string_view code;
  std::string_view subcode;  // "": none
  std::string_view action;
  std::uint32_t windows;
};

constexpr std::array<Row, 28> kRows = {{
    {FaultKind::version_mismatch, "s:VersionMismatch", "", kAddressingFault, 0x80041008},
    {FaultKind::must_understand, "s:MustUnderstand", "", kAddressingFault, 0x80041008},
    {FaultKind::action_not_supported, "s:Sender", "a:ActionNotSupported", kAddressingFault,
     0x8004100C},
    {FaultKind::destination_unreachable, "s:Sender", "a:DestinationUnreachable", kAddressingFault,
     0x80338000},
    {FaultKind::invalid_information_header, "s:Sender", "a:InvalidMessageInformationHeader",
     kAddressingFault, 0x80070057},
    {FaultKind::information_header_required, "s:Sender", "a:MessageInformationHeaderRequired",
     kAddressingFault, 0x80070057},
    {FaultKind::cannot_process_filter, "s:Sender", "n:CannotProcessFilter", kEnumerationFault,
     0x80041017},
    {FaultKind::filter_dialect_unavailable, "s:Sender", "n:FilterDialectRequestedUnavailable",
     kEnumerationFault, 0x80041018},
    {FaultKind::invalid_enumeration_context, "s:Receiver", "n:InvalidEnumerationContext",
     kEnumerationFault, 0x80041007},
    {FaultKind::delivery_mode_unavailable, "s:Sender", "e:DeliveryModeRequestedUnavailable",
     kEventingFault, 0x8004100C},
    {FaultKind::filtering_unavailable, "s:Sender", "e:FilteringRequestedUnavailable",
     kEventingFault, 0x80041018},
    {FaultKind::invalid_message, "s:Sender", "e:InvalidMessage", kEventingFault, 0x80070057},
    {FaultKind::encoding_limit, "s:Sender", "w:EncodingLimit", kManagementFault, 0x80070057},
    {FaultKind::internal_error, "s:Receiver", "w:InternalError", kManagementFault, 0x80041001},
    {FaultKind::invalid_options, "s:Sender", "w:InvalidOptions", kManagementFault, 0x80041008},
    {FaultKind::invalid_parameter, "s:Sender", "w:InvalidParameter", kManagementFault, 0x80041008},
    {FaultKind::invalid_selectors, "s:Sender", "w:InvalidSelectors", kManagementFault, 0x8033805B},
    {FaultKind::quota_limit, "s:Sender", "w:QuotaLimit", kManagementFault, 0x803381A6},
    {FaultKind::schema_validation_error, "s:Sender", "w:SchemaValidationError", kManagementFault,
     0x80070057},
    {FaultKind::timed_out, "s:Receiver", "w:TimedOut", kManagementFault, 0x80338029},
    {FaultKind::unsupported_feature, "s:Sender", "w:UnsupportedFeature", kManagementFault,
     0x8004100C},
    {FaultKind::access_denied, "s:Sender", "w:AccessDenied", kManagementFault, 5},
    {FaultKind::invalid_expiration_time, "s:Sender", "n:InvalidExpirationTime", kEnumerationFault,
     0x80338016},
    {FaultKind::unsupported_expiration_type, "s:Sender", "n:UnsupportedExpirationType",
     kEnumerationFault, 0x80338017},
    {FaultKind::invalid_subscription_time, "s:Sender", "e:InvalidExpirationTime", kEventingFault,
     0x8033801F},
    {FaultKind::unsupported_subscription_time, "s:Sender", "e:UnsupportedExpirationType",
     kEventingFault, 0x80338020},
    {FaultKind::fragment_dialect_not_supported, "s:Sender", "w:FragmentDialectNotSupported",
     kManagementFault, 0x80041018},
    {FaultKind::polymorphism_mode_not_supported, "s:Sender", "b:PolymorphismModeNotSupported",
     kCimBindingFault, 0x8004100C},
}};

const Row& row_of(FaultKind kind) {
  return kRows.at(static_cast<std::size_t>(kind));
}

}  // namespace

std::string_view action_of(FaultKind kind) {
  return row_of(kind).action;
}

void append_fault(std::string& out, const Fault& fault, std::string_view machine) {
  const Row& row = row_of(fault.kind);
  xml::Writer xml(out);
  xml.open("s:Fault").open("s:Code").element("s:Value", row.code);
  if (!row.subcode.empty()) {
    xml.open("s:Subcode").open("s:Value");
    if (row.subcode.starts_with("b:")) xml.attribute("xmlns:b", kCimBinding);
    xml.text(row.subcode).close().close();
  }
  xml.close();
  xml.open("s:Reason").open("s:Text").attribute("xml:lang", "en-US").text(fault.reason);
  xml.close().close();
  xml.open("s:Detail");
  if (!fault.detail.empty()) {
    xml.element("w:FaultDetail", fmt::format("{}{}", kFaultDetail, fault.detail));
  }
  if (!fault.more_detail.empty()) xml.raw(fault.more_detail);
  const std::uint32_t windows = fault.windows == 0 ? row.windows : fault.windows;
  xml.open("f:WSManFault").attribute("xmlns:f", kMicrosoftFault);
  xml.attribute("Code", fmt::format("{}", windows)).attribute("Machine", machine);
  xml.element("f:Message", fault.report.empty() ? fault.reason : fault.report).close();
  xml.close().close();
}

}  // namespace qm::wsman

// The names of WS-Management: namespaces, actions, dialects. Pure.
// Sources: DSP0226, DSP0227, MS-WSMV; WS-Addressing 2004/08, WS-Transfer and WS-Enumeration
// 2004/09, WS-Eventing 2004/08.
#pragma once

#include <string_view>

namespace qm::wsman {

// Namespaces. Answers declare all but the last of them in the envelope, by these prefixes.
inline constexpr std::string_view kSoap = "http://www.w3.org/2003/05/soap-envelope";  // s
inline constexpr std::string_view kAddressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
inline constexpr std::string_view kEnumeration =
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration";  // n
inline constexpr std::string_view kTransfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
inline constexpr std::string_view kEventing =
    "http://schemas.xmlsoap.org/ws/2004/08/eventing";  // e
inline constexpr std::string_view kManagement =
    "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";  // w
inline constexpr std::string_view kCimBinding =
    "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd";
inline constexpr std::string_view kCimCommon =
    "http://schemas.dmtf.org/wbem/wscim/1/common";                                          // cim
inline constexpr std::string_view kInstance = "http://www.w3.org/2001/XMLSchema-instance";  // xsi
inline constexpr std::string_view kXml = "http://www.w3.org/XML/1998/namespace";
inline constexpr std::string_view kMicrosoft =
    "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
inline constexpr std::string_view kMicrosoftFault =
    "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
inline constexpr std::string_view kIdentity =
    "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
inline constexpr std::string_view kSoap11 = "http://schemas.xmlsoap.org/soap/envelope/";

inline constexpr std::string_view kAnonymous =
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";

// Actions. An answer's is its request's with "Response" behind it.
inline constexpr std::string_view kGet = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
inline constexpr std::string_view kEnumerate =
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate";
inline constexpr std::string_view kPull = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull";
inline constexpr std::string_view kRelease =
    "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release";
inline constexpr std::string_view kSubscribe =
    "http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe";
inline constexpr std::string_view kUnsubscribe =
    "http://schemas.xmlsoap.org/ws/2004/08/eventing/Unsubscribe";

// Dialects of filters, and the mode of delivery.
inline constexpr std::string_view kWqlDialect = "http://schemas.microsoft.com/wbem/wsman/1/WQL";
inline constexpr std::string_view kCqlDialect = "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf";
inline constexpr std::string_view kSelectorDialect =
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter";
inline constexpr std::string_view kAssociationDialect =
    "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter";
inline constexpr std::string_view kXPath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
inline constexpr std::string_view kXPathLevel1 =
    "http://schemas.dmtf.org/wbem/wsman/1/wsman/xpath/level1";
inline constexpr std::string_view kPullDelivery = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull";

// What the URIs of resources begin with (DSP0227 6.1, MS-WSMV 3.1.4.1.1).
inline constexpr std::string_view kWmiUri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/";
inline constexpr std::string_view kCimUri = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/";
inline constexpr std::string_view kAllCimUri = "http://schemas.dmtf.org/wbem/wscim/1/*";
inline constexpr std::string_view kClassUri =
    "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/";

}  // namespace qm::wsman

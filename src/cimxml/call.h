// A request of CIM-XML, understood as far as DSP0201's DTD goes: which operations it calls. Pure.
//
// Limits: kMostCalls; those of xml/reader.h. What breaks the DTD, or contradicts its HTTP header,
// gets an HTTP status and a CIMError (DSP0200 section 7.3), never an ERROR element.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "xml/reader.h"

namespace qm::cimxml {

inline constexpr std::size_t kMostCalls = 64;  // of one MULTIREQ

// The HTTP request. "" where a field is absent.
struct Ask {
  std::string_view operation;  // CIMOperation
  std::string_view method;     // CIMMethod
  std::string_view object;     // CIMObject
  std::string_view batch;      // CIMBatch
  std::string_view protocol;   // CIMProtocolVersion
  std::string_view content_type;
  std::string_view body;
  bool mandatory = false;   // M-POST
  std::string_view client;  // who shares a share of enumerations
};

struct HttpFault {
  unsigned status = 400;
  std::string_view cim_error;  // "request-not-valid"
  std::string message;
};
template <class T>
using Understood = std::expected<T, HttpFault>;

struct Call {
  bool intrinsic = true;    // IMETHODCALL, else METHODCALL
  std::string_view method;  // views into the document
  std::string name_space;   // "root\wmi"
  const xml::Element* element = nullptr;
};

struct Message {
  xml::Document document;
  std::string_view id;
  std::string_view protocol;
  bool multiple = false;
  std::vector<Call> calls;
};

Understood<Message> understand(const Ask& ask, xml::Reader& reader);

// "" without one.
inline std::string_view attribute_of(const xml::Element& element, std::string_view name) {
  return element.attribute("", name).value_or(std::string_view{});
}

// "%2F" and its like; what is no escape stays.
std::string percent_decoded(std::string_view text);

}  // namespace qm::cimxml

// A request's SOAP envelope, understood: what its headers ask for, and its body. Pure.
//
// Promise: names are told apart by their namespaces, never by prefixes; a header that must be
// understood and is not makes a fault that names it. What could be read before a fault is in the
// Envelope, so that the fault can say what it answers. Threads: a reader belongs to one.
// Limits: kMost… below, and those of xml/reader.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wsman/fault.h"
#include "xml/reader.h"

namespace qm::wsman {

inline constexpr std::size_t kMostRequestBytes = std::size_t{256} << 10U;
inline constexpr std::size_t kMostRequestDepth = 32;
inline constexpr std::size_t kMostRequestElements = 4'096;
inline constexpr std::size_t kMostSelectors = 32;
inline constexpr std::size_t kMostUriBytes = 2'048;  // DSP0226 5.1.2 wants that at least
inline constexpr std::size_t kMostMessageIdBytes = 1'024;
inline constexpr std::size_t kMostNotUnderstood = 16;        // that a fault names
inline constexpr std::size_t kLeastEnvelopeBytes = 8'192;    // DSP0226 6.2: less is refused
inline constexpr std::size_t kUsualEnvelopeBytes = 512'000;  // when nothing is said, as Windows'
inline constexpr std::size_t kMostEnvelopeBytes = std::size_t{4} << 20U;  // whatever is said

struct Selector {
  std::string_view name;
  std::string_view value;                   // trimmed of nothing: names may end with a space
  const xml::Element* reference = nullptr;  // an EndpointReference instead of text
};

// Views are into `document`.
struct Envelope {
  std::optional<xml::Document> document;
  std::string_view action, message_id, resource_uri;
  std::vector<Selector> selectors;
  std::size_t most_bytes = kUsualEnvelopeBytes;  // of the answer, as sent
  std::optional<std::uint64_t> timeout_ms;       // wsman:OperationTimeout
  std::string_view subscription;                 // wse:Identifier
  std::optional<std::string_view> fragment;      // wsman:FragmentTransfer
  bool wants_count = false;                      // wsman:RequestTotalItemsCountEstimate
  const xml::Element* body = nullptr;            // the first element in s:Body
  bool well_formed = false;  // an s:Envelope at least: otherwise HTTP says what was wrong, too
};

// charset: of the Content-Type, or "". Identify has no header, and needs none.
std::optional<Fault> read_envelope(xml::Reader& reader, std::string_view bytes,
                                   std::string_view charset, Envelope& out);

// The selectors of a SelectorSet element.
Answered<std::vector<Selector>> selectors_of(const xml::Element& set);

// An endpoint reference's resource and selectors; nothing when it has none.
struct Reference {
  std::string_view resource_uri;
  std::vector<Selector> selectors;
};
std::optional<Reference> reference_of(const xml::Element& endpoint);

// xs:duration, in ms, what is shorter than one rounded up; months count 30 days, years 365.
// Nothing: it is none, it is negative, or it is longer than 2^53 ms.
std::optional<std::uint64_t> duration_ms(std::string_view text);
std::string duration_text(std::uint64_t ms);  // "PT60.000S"

// "true", "1": true; "false", "0": false (xs:boolean).
std::optional<bool> boolean_of(std::string_view text);

}  // namespace qm::wsman

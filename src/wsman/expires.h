// How long an enumeration or a subscription may live: wsen:Expires and wse:Expires, as a duration
// or as a moment (WS-Enumeration 3.1, WS-Eventing 3.1). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "wmi/enumerations.h"
#include "wsman/fault.h"
#include "xml/reader.h"

namespace qm::wsman {

// xs:dateTime as FILETIME (100 ns since 1601-01-01 UTC); without a time zone it is UTC. Nothing: it
// is none, or FILETIME has no such moment.
std::optional<std::uint64_t> date_time_100ns(std::string_view text);
std::string date_time_text(std::uint64_t filetime_100ns);  // "2026-11-30T16:00:00.000Z"

struct Expires {
  std::uint64_t life_ms = 0;              // after each use
  std::optional<std::uint64_t> until_ms;  // CLOCK_BOOTTIME; used or not, there it ends
};

// What is granted: as asked for, kMostEnumerationLifeMs at most. Faults: the time is over or none
// (invalid), it is neither a duration nor a moment (unsupported).
Answered<Expires> expires_of(const xml::Element& said, FaultKind invalid, FaultKind unsupported,
                             const Time& now);

// As it was asked for: a duration or a moment.
std::string expires_text(const wmi::Enumeration& of, const Time& now);

}  // namespace qm::wsman

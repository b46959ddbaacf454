// Values as text: for people, CSV, MOF and JSON. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/model.h"
#include "cli/terminal.h"

namespace qm::cli {

std::string grouped(std::uint64_t value);  // "16,777,216"

// A number as people read it: integers exact, with or without separators; others with one decimal
// below 1000 ("12.5"), none above. Nothing for what is not a number.
std::optional<std::string> number_text(const boost::json::value& value, bool separators);

// A property's value for people: null as the terminal's mark, value names where the class has
// them, booleans as yes and no, lists joined by commas.
std::string value_text(const Property& property, const boost::json::value& value,
                       const Terminal& terminal, bool separators = true);

// FILETIME (100 ns since 1601-01-01 UTC). Nothing for 0 and for times after the year 9999.
std::optional<std::string> time_text(std::uint64_t filetime_100ns);      // 2026-11-23 07:33:45 UTC
std::optional<std::string> iso_time_text(std::uint64_t filetime_100ns);  // …-23T07:33:45.123Z

std::string duration_text(std::uint64_t seconds);  // "42 s", "3 min", "2 h 5 min", "3 d 4 h"
std::string size_text(std::uint64_t bytes);        // "256 MiB", "1.5 GiB"

// Lines of at most width columns, broken at spaces; a longer word stands alone and unbroken.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

// text padded with spaces to width columns.
std::string left(std::string_view text, std::size_t width);
std::string right(std::string_view text, std::size_t width);

boost::json::value text_value(std::string_view text);

// One line of JSON; what could steer a terminal is written as \uXXXX (RFC 8259 allows it).
std::string json_text(const boost::json::value& value);

// RFC 4180, always in quotes; text that a spreadsheet would take for a formula gets a ' before it.
std::string csv_field(std::string_view text);

// A field of CSV; "" for null. Plain UTF-8 whatever the terminal: a file is read elsewhere.
std::string csv_value(const boost::json::value& value);

std::string mof_literal(std::string_view text);  // in quotes; \ " and control characters escaped

}  // namespace qm::cli

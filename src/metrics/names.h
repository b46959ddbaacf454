// How WMI's names become names and texts of the exposition formats. Pure.
//
// Sources: Prometheus text format 0.0.4, OpenMetrics 1.0.0 (escaping, name syntax), Prometheus'
// naming practice (snake_case, base units).
#pragma once

#include <string>
#include <string_view>

namespace qm::metrics {

// "BadSPIPackets" -> "bad_spi_packets", "iSCSIName" -> "iscsi_name". What no metric name may hold
// becomes one underscore; never empty, never begins with a digit.
std::string snake_case(std::string_view name);

// Appends a label's value: backslash, quote and line feed escaped.
void append_label_value(std::string& out, std::string_view value);
std::string help_text(std::string_view text, bool escape_quotes);  // OpenMetrics does, 0.0.4 not

// What people call an instance: the last part of a device's name without WMI's suffix.
// "ROOT\ISCSI_TCP\default_0" -> "default". Never empty, unless the name is.
std::string_view short_name(std::string_view instance_name);

// A CIM datetime as seconds since 1970; false for an interval, or one with unknown digits.
bool unix_seconds(std::string_view datetime, double& out);

}  // namespace qm::metrics

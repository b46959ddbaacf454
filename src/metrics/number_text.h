// Numbers as the exposition formats write them. Pure.
#pragma once

#include <cstdint>

namespace qm::metrics {

// value / 10^decimals, exactly; trailing zeros are left out. out has kMostNumberBytes; returns the
// text's end.
char* write_decimal(char* out, std::uint64_t value, unsigned decimals);
char* write_real(char* out, double value);

}  // namespace qm::metrics

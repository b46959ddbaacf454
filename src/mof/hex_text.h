// Bytes as text for the compilers of firmware and resources. Pure.
#pragma once

#include <string>
#include <string_view>

namespace qm::mof {

// An ASL buffer of the bytes, as ACPI tables hold binary MOFs: "Name(WQMO, Buffer(n) { 0x46, … })".
std::string hex_text(std::string_view bytes);

}  // namespace qm::mof

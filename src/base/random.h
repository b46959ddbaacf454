// Numbers that nobody can guess.
#pragma once

#include <cstdint>
#include <string>

namespace qm {

// 128 bits from the kernel's generator, as 32 hexadecimal digits; for names that let somebody in.
std::string unguessable_name();  // random_linux.cc

std::uint64_t random_number();

}  // namespace qm

// Numbers that nobody can guess.
#pragma once

#include <string>

namespace qm {

// 128 bits from the kernel's generator, as 32 hexadecimal digits; for names that let somebody in.
std::string unguessable_name();  // random_linux.cc

}  // namespace qm

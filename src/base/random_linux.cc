#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cstdint>

#include "base/random.h"
#include "base/result.h"

namespace qm {

namespace {

std::array<std::uint64_t, 2> random_bits() {
  std::array<std::uint64_t, 2> bits{};
  // Up to 256 bytes are never cut short nor interrupted once the generator is seeded: random(7).
  const ssize_t got = getrandom(bits.data(), sizeof bits, 0);
  QM_ASSERT(got == static_cast<ssize_t>(sizeof bits));
  return bits;
}

}  // namespace

std::string unguessable_name() {
  const auto bits = random_bits();
  return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
}

std::uint64_t random_number() {
  return random_bits()[0];
}

}  // namespace qm

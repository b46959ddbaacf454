// Chance from a seed: the same on every machine and library (std's distributions differ).
#pragma once

#include <cstdint>

namespace qm::sim {

class Random {  // splitmix64 (Steele, Lea, Flood 2014)
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58'476d'1ce4'e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d0'49bb'1331'11ebU;
    return z ^ (z >> 31U);
  }
  // 0 … below-1; below is small, so the bias does not matter.
  std::uint32_t below(std::uint32_t below) { return static_cast<std::uint32_t>(next() % below); }
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + below(most - least + 1);
  }
  bool chance(std::uint32_t permille) { return below(1000) < permille; }

 private:
  std::uint64_t state_;
};

}  // namespace qm::sim

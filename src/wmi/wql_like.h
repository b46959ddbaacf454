// Patterns of WQL's LIKE: % any text, _ one character, [abc] [a-f] [a=f] one of these, [^abc] none
// of them; without ASCII case. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace qm::wmi::wql {

inline constexpr std::size_t kMostLikeParts = 512;

class LikePattern {
 public:
  LikePattern() = default;
  // invalid: a set without an end. limit: more than kMostLikeParts characters, signs and sets.
  static Result<LikePattern> compile(std::string_view pattern);

  // The whole text, by characters. Its time grows with text × parts, without recursion.
  bool matches(std::string_view utf8) const;

 private:
  struct Range {
    char32_t first = 0;
    char32_t last = 0;
  };
  struct Part {
    enum class Kind : std::uint8_t { character, any_one, any_text, one_of };
    Kind kind = Kind::character;
    char32_t character = 0;  // folded
    bool negated = false;
    std::vector<Range> ranges;  // as written: both cases of a character are tried
  };
  static bool fits(const Part& part, char32_t character);

  std::vector<Part> parts_;
};

}  // namespace qm::wmi::wql

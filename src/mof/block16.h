// Sixteen bytes of text at once, for scanners. Pure.
//
// A question to a block is answered by a mask: bit i speaks of byte i. With SSE2, which every
// x86-64 has, a question costs one to eight instructions; elsewhere a loop gives the same answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qm::mof {

class Block16 {
 public:
  static constexpr std::ptrdiff_t kBytes = 16;
  static constexpr std::uint32_t kAll = 0xffff;
  using Mask = std::uint32_t;  // the upper half is zero

#if defined(__SSE2__)
  explicit Block16(const char* sixteen_bytes)
      : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(sixteen_bytes))) {}

  // Those that are one of the characters.
  template <class... Chars>
  Mask equal(Chars... wanted) const {
    return mask((_mm_cmpeq_epi8(bytes_, _mm_set1_epi8(wanted)) | ...));
  }
  Mask beyond_ascii() const { return mask(bytes_); }
  // ASCII letters, digits, _ and all that is beyond ASCII: what names are made of.
  Mask of_names() const {
    const __m128i lower = _mm_or_si128(bytes_, _mm_set1_epi8(0x20));
    const __m128i found = _mm_or_si128(
        within(lower, 'a', 26),
        _mm_or_si128(within(bytes_, '0', 10), _mm_cmpeq_epi8(bytes_, _mm_set1_epi8('_'))));
    return mask(_mm_or_si128(found, bytes_));
  }

 private:
  static Mask mask(__m128i bytes) { return static_cast<Mask>(_mm_movemask_epi8(bytes)); }
  // first <= byte < first + count, all bits of the byte set where it is so.
  static __m128i within(__m128i bytes, char first, int count) {
    const __m128i from_first = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
    const __m128i last = _mm_set1_epi8(static_cast<char>(count - 1));
    return _mm_cmpeq_epi8(_mm_min_epu8(from_first, last), from_first);
  }

  __m128i bytes_;
#else
  explicit Block16(const char* sixteen_bytes) { std::memcpy(bytes_, sixteen_bytes, 16); }

  template <class... Chars>
  Mask equal(Chars... wanted) const {
    return where([=](char c) { return ((c == wanted) || ...); });
  }
  Mask beyond_ascii() const {
    return where([](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  }
  Mask of_names() const {
    return where([](char c) {
      const auto lower = static_cast<unsigned char>(static_cast<unsigned char>(c) | 0x20U);
      return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
             static_cast<unsigned char>(c) >= 0x80;
    });
  }

 private:
  template <class Test>
  Mask where(Test test) const {
    Mask found = 0;
    for (unsigned i = 0; i < 16; ++i) found |= static_cast<Mask>(test(bytes_[i])) << i;
    return found;
  }

  char bytes_[16];
#endif
};

}  // namespace qm::mof

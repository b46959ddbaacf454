// The compression of binary MOF: an LZ77 stream of bits that begins with "DS\0\1".
//
// Promise: the compressor writes what mofcomp writes, bit for bit; the decompressor reads any
// stream of the format, never beyond the bytes given, and asks for no more memory than the stream
// can fill. Pure. Threads: none inside.
//
// The format (found by measuring real files): a 2-bit tag begins each item, least significant bit
// first. 1 and 2 are a literal byte with its top bit set and clear. 0 is a match 0…63 bytes back
// (6 bits), 3 one of 64…319 (a zero, 8 bits) or of 320…4414 (a one, 12 bits). The length follows:
// n zeros, a one and n bits stand for 2^n + those bits + 1. An offset of 4415 has no length: a sync
// mark, before each 512th byte and at the end.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace qm::mof {

inline constexpr std::size_t kMostDsBytes = 64U << 20U;  // decompressed
// A match of 512 bytes takes at least 23 bits, so that no stream grows more than this.
inline constexpr std::size_t kMostDsGrowth = 179;
inline constexpr std::size_t kDsBlockBytes = 512;    // no match crosses a multiple of it
inline constexpr std::size_t kMostDsOffset = 4'414;  // bytes back
inline constexpr unsigned kDsSync = kMostDsOffset + 1;

struct DsText {
  std::string bytes;
  std::size_t used_bytes = 0;  // of the stream, up to the byte that its last sync mark ends in
};

// Exactly that many bytes from the stream. Errors: `invalid` for no such stream, one that ends
// early or that points before its beginning; `limit` for a size that it can't hold.
Result<DsText> ds_decompress(Bytes stream, std::size_t decompressed_bytes);

std::string ds_compress(std::string_view bytes);

}  // namespace qm::mof

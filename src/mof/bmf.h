// Binary MOF, the form in which drivers and firmware carry classes, read and written.
//
// Promise: read_bmf() takes any bytes and ends in a Model or an Error, having looked at every
// record; write_bmf() of what a text says is what Microsoft's mofcomp makes of that text, byte for
// byte, as far as real files show it. Between them stands decompile() (decompile.h), whose text
// makes the same bytes again. Pure. Threads: none inside.
// Sources: measurement of real files; docs/binary-mof.md describes the format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mof/model.h"

namespace qm::mof {

inline constexpr std::size_t kMostBmfBytes = 16U << 20U;   // a file, as it lies on the disk
inline constexpr std::size_t kMostBmfRecords = 1U << 18U;  // values of arrays are records too
inline constexpr unsigned kMostBmfDepth = 16;              // objects inside objects

// What a binary MOF says is so many bytes long, unpacked.
struct BmfImage {
  std::string bytes;             // "FOMB", objects, "BMOFQUALFLAVOR11", flavors
  std::size_t packed_bytes = 0;  // of the file: the header and the stream it speaks of
};

bool looks_like_bmf(Bytes file);
// Errors: `invalid`, `limit`. Bytes behind the stream are left to the caller.
Result<BmfImage> unpack_bmf(Bytes file);
std::string pack_bmf(std::string_view image);
// The same around a stream that is compressed already.
std::string bmf_around(std::string_view stream, std::size_t image_bytes);

struct BmfContent {
  Model model;
  // What lies in the image and in no record: unknown parts, which decompile() keeps as patches.
  std::size_t unread_bytes = 0;
};
Result<BmfContent> read_bmf_image(std::string_view image);
Result<BmfContent> read_bmf(Bytes file);

// All classes and instances, in the order of the text. Wants a model without errors.
std::string write_bmf_image(const Model& model);

}  // namespace qm::mof

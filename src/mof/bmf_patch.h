// What MOF text cannot say of a binary MOF, as pragmas beside the text.
//
//   #pragma bmf_patch(OFFSET, REMOVED, "HEX")   in place of REMOVED bytes of the compiled image
//   #pragma bmf_stream("HEX")                   the compressed stream, not as mofcomp makes it
//   #pragma bmf_tail("HEX")                     what stands behind the stream
//
// Offsets are those of the image before any patch, ascending. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mof/model.h"

namespace qm::mof {

inline constexpr std::size_t kMostPatchBytes = 1'024;  // of one pragma

// Pragmas that make `wanted` of `have`, a line each; "" when they are equal.
std::string patch_pragmas(std::string_view have, std::string_view wanted);
// #pragma NAME("HEX") lines; "" for no bytes.
std::string hex_pragmas(std::string_view name, std::string_view bytes);

// The image with the pragmas' patches. Error `invalid` for one that is no patch of this image.
Result<std::string> apply_patches(std::string image, const std::vector<Pragma>& pragmas);
// The bytes that all pragmas of that name hold.
Result<std::string> hex_of_pragmas(const std::vector<Pragma>& pragmas, std::string_view name);

}  // namespace qm::mof

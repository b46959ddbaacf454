// The binary MOFs that a Windows driver carries: its resources of type MOFDATA.
//
// Promise: any bytes end in a list or an Error; nothing is copied. Pure.
// Source: Microsoft's "PE Format", "The .rsrc Section".
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace qm::mof {

inline constexpr std::size_t kMostPeBytes = 256U << 20U;
inline constexpr std::size_t kMostPeResources = 4'096;  // of all types, names and languages
inline constexpr std::size_t kMostPeSections = 96;      // as the loader has it

struct MofResource {
  std::string name;            // "MofResourceName", or "#101" for a number
  std::uint32_t language = 0;  // a Windows language id
  Bytes data;                  // in the file that was given
};

bool looks_like_pe(Bytes file);
// Resources of type "MOFDATA" in the order of the file. Error `invalid` for a damaged file; a
// driver without such a resource gives an empty list.
Result<std::vector<MofResource>> mof_resources(Bytes file);

}  // namespace qm::mof

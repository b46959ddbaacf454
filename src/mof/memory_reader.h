// Files that exist in memory only: compiling text that comes from elsewhere than a disk.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "mof/mof.h"

namespace qm::mof {

inline FileReader memory_reader(std::map<std::string, std::string> files) {
  return [files = std::move(files)](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return fail(ErrorCode::not_found, "there is no such file");
    return found->second;
  };
}

}  // namespace qm::mof

// Files that exist in memory only: compiling text that comes from elsewhere than a disk.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "mof/mof.h"

namespace qm::mof {

inline FileReader memory_reader(std::map<std::string, std::string> files) {
  const auto kept = std::make_shared<const std::map<std::string, std::string>>(std::move(files));
  return [kept](const std::string& path) -> Result<KeptText> {
    const auto found = kept->find(path);
    if (found == kept->end()) return fail(ErrorCode::not_found, "there is no such file");
    return KeptText::lent(found->second, kept);
  };
}

}  // namespace qm::mof

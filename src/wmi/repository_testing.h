// What several tests of the repository make.
#pragma once

#include <memory>
#include <string_view>

#include "wmi/repository.h"

namespace qm::wmi {

inline Result<std::shared_ptr<const Repository>> compiled(std::string_view text) {
  const EmbeddedFile file{"test.mof", text};
  return Repository::compile({&file, 1});
}

}  // namespace qm::wmi

#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace qm {

Error system_error(std::string_view what, int errno_value) {
  const bool denied = errno_value == EPERM || errno_value == EACCES;
  return {denied ? ErrorCode::denied : ErrorCode::io,
          std::string(what) + ": " + std::generic_category().message(errno_value)};
}

}  // namespace qm

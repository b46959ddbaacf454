// Counter paths and conditions: no input is more than an error, and what is read is read again as
// it was written.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "cli/condition.h"
#include "cli/counter_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto path = qm::cli::parse_counter_path(text);
  if (path) {
    const auto again = qm::cli::parse_counter_path(qm::cli::path_text(*path));
    QM_ASSERT(again && *again == *path);
  }
  static_cast<void>(qm::cli::Condition::parse(text));
  return 0;
}

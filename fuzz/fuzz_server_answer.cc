// Any bytes as what listens on the query socket answers mofcomp.
#include <cstddef>
#include <cstdint>

#include "mofc/server.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)qm::mofc::read_server_answer({reinterpret_cast<const char*>(data), size});
  return 0;
}

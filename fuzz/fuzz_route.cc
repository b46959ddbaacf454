// Any bytes as rtnetlink's answers.
#include <cstdint>
#include <span>

#include "xfrm/route.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qm::xfrm;
  const qm::Bytes bytes = std::as_bytes(std::span(data, size));
  std::uint32_t seq = 0;
  static_cast<void>(qm::read_at(bytes, 8, seq));
  static_cast<void>(parse_route(bytes, seq));
  if (const auto device = parse_link(bytes, seq); device && device->name.size() > size) {
    __builtin_trap();
  }
  return 0;
}

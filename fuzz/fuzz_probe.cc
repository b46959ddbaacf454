// Any bytes as each of the records that the probes hand over.
#include <cstdint>
#include <span>

#include "xfrm/probe.h"

namespace {

void check(bool promise) {
  if (!promise) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qm::xfrm;
  const qm::Bytes bytes = std::as_bytes(std::span(data, size));
  if (const auto final = decode_final(bytes)) {
    check(size >= sizeof(probe_final) && final->sa.id.daddr.family != qm::Family::none);
  }
  if (const auto failures = decode_failures(bytes)) check(size >= sizeof(probe_failures));
  if (const auto totals = decode_totals(bytes)) check(size >= sizeof(probe_totals));
  if (const auto pair = decode_pair(bytes)) {
    const probe_pair raw = encode_pair(*pair);
    const auto again = decode_pair(std::as_bytes(std::span(&raw, 1)));
    check(again && *again == *pair);
  }
  return 0;
}

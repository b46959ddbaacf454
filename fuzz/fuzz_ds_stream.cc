// Any bytes as a DS stream, behind a size; and any bytes through the compressor and back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "mof/ds_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t wanted = std::size_t{data[0]} | std::size_t{data[1]} << 8U;
  const std::string any(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string headed = std::string("DS\0\1", 4) + any;
  const auto read = qm::mof::ds_decompress(std::as_bytes(std::span(headed)), wanted);
  if (read) {
    QM_ASSERT(read->bytes.size() == wanted);
    QM_ASSERT(read->used_bytes <= headed.size());
  }
  const std::string stream = qm::mof::ds_compress(any);
  const auto back = qm::mof::ds_decompress(std::as_bytes(std::span(stream)), any.size());
  QM_ASSERT(back && back->bytes == any && back->used_bytes == stream.size());
  return 0;
}

// Compression of answers (RFC 1952), a slice at a time, so that a large one keeps nobody waiting.
// The compressed text is open: what is this answer's own can still follow, so that the large part
// before it is compressed once for all who want it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace qm::serve {

inline constexpr std::size_t kGzipSliceBytes = std::size_t{256} << 10U;  // about 2 ms
inline constexpr int kFastestGzip = 1;  // takes four fifths of a page of metrics already
inline constexpr int kSmallestGzip = 9;

struct Packed {
  std::string bytes;      // "": it could not be made (memory)
  std::uint32_t crc = 0;  // of the text
  std::uint64_t text_bytes = 0;
};

class Gzip {
 public:
  explicit Gzip(std::shared_ptr<const std::string> text, int level = kFastestGzip);
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  bool work();       // on the next slice; false when all is done, or nothing can be
  Packed take() &&;  // when work() said false

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What follows packed.bytes so that both together are the compressed form of its text and of rest;
// "" when it could not be made.
std::string gzip_end(const Packed& packed, std::string_view rest);

}  // namespace qm::serve

// Compression of answers (RFC 1952), a slice at a time, so that a large one keeps nobody waiting.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace qm::serve {

inline constexpr std::size_t kGzipSliceBytes = std::size_t{256} << 10U;  // about 2 ms

class Gzip {
 public:
  // Keeps the text until done.
  explicit Gzip(std::string text);
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  bool work();  // on the next slice; false when all is done, or nothing can be
  // The compressed text; "" when it could not be made (memory). Call when work() said false.
  std::string take() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace qm::serve

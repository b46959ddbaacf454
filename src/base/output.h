// Text that grows, made for appending millions of short pieces. Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace qm {

inline constexpr std::size_t kMostNumberBytes = 32;  // of append_integer's text, and of a double's

// Two digits at a time: "00" to "99".
inline constexpr auto kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (unsigned i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

inline unsigned decimal_digits(std::uint64_t value) {
  unsigned digits = 1;
  for (;;) {
    if (value < 10) return digits;
    if (value < 100) return digits + 1;
    if (value < 1'000) return digits + 2;
    if (value < 10'000) return digits + 3;
    value /= 10'000;
    digits += 4;
  }
}

// At most 20 bytes at out; returns their end.
inline char* write_integer(char* out, std::uint64_t value) {
  char* const end = out + decimal_digits(value);
  char* at = end;
  while (value >= 100) {
    at -= 2;
    std::memcpy(at, &kDigitPairs[value % 100 * 2], 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(out, &kDigitPairs[value * 2], 2);
  } else {
    *out = static_cast<char>('0' + value);
  }
  return end;
}

class Output {
 public:
  explicit Output(std::size_t expected_bytes) { grow(expected_bytes); }

  std::size_t bytes() const { return used_; }

  // Room for so many bytes; what was written there counts from commit(end) on.
  char* room(std::size_t bytes) {
    if (text_.size() - used_ < bytes) [[unlikely]]
      grow(used_ + used_ / 2 + bytes);
    return text_.data() + used_;
  }
  void commit(const char* end) { used_ = static_cast<std::size_t>(end - text_.data()); }

  void append(std::string_view piece) {
    char* const at = room(piece.size());
    std::memcpy(at, piece.data(), piece.size());
    used_ += piece.size();
  }
  // Forgets what was written from there on; bytes: at most bytes().
  void cut(std::size_t bytes) { used_ = bytes; }
  // What was written before may be written over, up to bytes().
  char* at(std::size_t offset) { return text_.data() + offset; }
  void append_integer(std::uint64_t value) { commit(write_integer(room(20), value)); }

  std::string take() && {
    text_.resize(used_);
    return std::move(text_);
  }

 private:
  // Not cleared first: a page of ten thousand adapters is written once, not twice.
  void grow(std::size_t bytes) {
    text_.resize_and_overwrite(bytes, [](char*, std::size_t size) { return size; });
  }

  std::string text_;  // its size is the room there is
  std::size_t used_ = 0;
};

}  // namespace qm

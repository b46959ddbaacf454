// Text that grows, made for appending millions of short pieces. Threads: one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
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
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

inline constexpr auto kPowersOfTen = [] {
  std::array<std::uint64_t, 20> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

inline unsigned decimal_digits(std::uint64_t value) {
  const std::uint64_t some = value | 1U;  // 0 has a digit, too
  // log10(2) is 1233 / 4096, near enough for 64 bits: right, or one too small.
  const unsigned digits = static_cast<unsigned>(std::bit_width(some)) * 1'233U >> 12U;
  return digits + (some >= kPowersOfTen[digits] ? 1U : 0U);
}

// At most 20 bytes at out; returns their end.
inline char* write_integer(char* out, std::uint64_t value) {
  char* const end = out + decimal_digits(value);
  char* at = end;
  while (value >= 10'000) {
    const std::uint64_t four = value % 10'000;
    value /= 10'000;
    at -= 4;
    std::memcpy(at, &kDigitPairs[four / 100 * 2], 2);
    std::memcpy(at + 2, &kDigitPairs[four % 100 * 2], 2);
  }
  if (value >= 100) {
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

// Copies by whole steps, so that no length is asked about: kStepBytes behind either's end are read
// and written, too. A call of memcpy takes as long as the bytes of a label.
inline constexpr std::size_t kStepBytes = 32;
inline char* copy_piece(char* out, const char* from, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes; done += kStepBytes) {
    std::memcpy(out + done, from + done, kStepBytes);
  }
  return out + bytes;
}

class Output {
 public:
  // memory: of a text that nobody needs any more. Fresh memory costs as much as writing it does.
  explicit Output(std::size_t expected_bytes, std::string memory = {}) : text_(std::move(memory)) {
    text_.clear();
    grow(std::max(expected_bytes, text_.capacity()));
  }

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

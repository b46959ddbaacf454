// Where answers are written: as a string, but without a look at its capacity at every character.
// Pure. Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace qm::cimxml {

class Output {
 public:
  explicit Output(std::size_t expected_bytes = 4'096) { grow(expected_bytes); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Whoever writes through spend() has made room for it before.
  void room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void raw(std::string_view text) {
    room(text.size());
    copy(text);
  }
  void copy(std::string_view text) {  // room was made
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  // Room was made: kMostDigits, and a sign.
  void number(std::uint64_t value) {
    constexpr std::uint64_t kEightDigits = 100'000'000;
    if (value >= kEightDigits) {
      number(value / kEightDigits);
      return eight(static_cast<std::uint32_t>(value % kEightDigits));
    }
    const auto small = static_cast<std::uint32_t>(value);
    if (small < 10'000) return leading(small);
    leading(small / 10'000);
    four(small % 10'000);
  }
  void number(std::int64_t value) {
    if (value >= 0) return number(static_cast<std::uint64_t>(value));
    *at_++ = '-';
    number(~static_cast<std::uint64_t>(value) + 1);
  }
  void escaped(std::string_view text);

  // What was written behind this many bytes goes.
  void cut(std::size_t to_bytes) { at_ = text_.data() + to_bytes; }
  std::string_view since(std::size_t bytes) const {
    return std::string_view(text_).substr(bytes, this->bytes() - bytes);
  }
  std::size_t bytes() const { return static_cast<std::size_t>(at_ - text_.data()); }
  std::string take() && {
    text_.resize(bytes());
    return std::move(text_);
  }

  static constexpr std::size_t kMostDigits = 20;

 private:
  void grow(std::size_t bytes);
  // std::to_chars divides by 100 again and again, each time by what came of the last; these take a
  // number apart into halves that do not wait for each other.
  void digit(std::uint32_t below_10) { *at_++ = static_cast<char>('0' + below_10); }
  void pair(std::uint32_t below_100) {
    std::memcpy(at_, &kPairs[2 * std::size_t{below_100}], 2);
    at_ += 2;
  }
  void four(std::uint32_t below_10000) {
    pair(below_10000 / 100);
    pair(below_10000 % 100);
  }
  void eight(std::uint32_t below_100000000) {
    four(below_100000000 / 10'000);
    four(below_100000000 % 10'000);
  }
  void leading(std::uint32_t below_10000) {  // without zeros before it
    if (below_10000 >= 1'000) return four(below_10000);
    if (below_10000 >= 100) {
      digit(below_10000 / 100);
      return pair(below_10000 % 100);
    }
    if (below_10000 >= 10) return pair(below_10000);
    digit(below_10000);
  }
  static const std::array<char, 200> kPairs;  // 00, 01, … 99

  std::string text_;  // of the size that it may grow to before it must move
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace qm::cimxml

// Where answers are written: as a string, but without a look at its capacity at every character.
// Pure. Threads: one.
#pragma once

#include <charconv>
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
  template <class Integer>
  void number(Integer value) {  // room was made: kMostDigits
    at_ = std::to_chars(at_, end_, value).ptr;
  }
  void escaped(std::string_view text);

  // What was written behind this many bytes goes.
  void cut(std::size_t to_bytes) { at_ = text_.data() + to_bytes; }
  std::size_t bytes() const { return static_cast<std::size_t>(at_ - text_.data()); }
  std::string take() && {
    text_.resize(bytes());
    return std::move(text_);
  }

  static constexpr std::size_t kMostDigits = 20;

 private:
  void grow(std::size_t bytes);

  std::string text_;  // of the size that it may grow to before it must move
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace qm::cimxml

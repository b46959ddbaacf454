// A string of the class model: constant, and either lent or its own.
//
// Promise: a lent Text costs neither an allocation nor a copy, and stays good as long as what it
// lies in: for a declaration's parts, its Setting::texts. A copy is its own always; what is moved
// stays what it was. So parts that leave their declaration are copied, not moved. Threads: values.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iosfwd>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace qm::mof {

class Text {
 public:
  Text() = default;
  // NOLINTBEGIN(google-explicit-constructor): it stands wherever a string does.
  Text(std::string_view text) { own(text); }
  Text(const std::string& text) { own(text); }
  Text(const char* text) { own(text); }
  operator std::string_view() const { return {data_, size_}; }
  operator std::string() const { return {data_, size_}; }
  // NOLINTEND(google-explicit-constructor)

  // Of less than 4 GiB, as all limits are.
  static Text lent(std::string_view text) {
    Text made;
    made.data_ = text.data();
    made.size_ = checked(text.size());
    return made;
  }

  Text(const Text& other) { own(other); }
  Text(Text&& other) noexcept : data_(other.data_), size_(other.size_), owned_(other.owned_) {
    if (owned_) other.forget();  // what is lent stays as it was
  }
  Text& operator=(const Text& other) {
    if (this != &other) *this = Text(other);
    return *this;
  }
  Text& operator=(Text&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  ~Text() {
    if (owned_) delete[] data_;
  }

  std::string_view view() const { return *this; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const char* begin() const { return data_; }
  const char* end() const { return data_ + size_; }
  char operator[](std::size_t at) const { return data_[at]; }
  bool starts_with(std::string_view front) const { return view().starts_with(front); }
  bool ends_with(std::string_view back) const { return view().ends_with(back); }
  std::size_t find(std::string_view part, std::size_t from = 0) const {
    return view().find(part, from);
  }
  std::size_t find(char part, std::size_t from = 0) const { return view().find(part, from); }
  std::string substr(std::size_t from, std::size_t most = std::string_view::npos) const {
    return std::string(view().substr(from, most));
  }

  friend bool operator==(const Text& a, const Text& b) { return a.view() == b.view(); }
  friend auto operator<=>(const Text& a, const Text& b) { return a.view() <=> b.view(); }
  template <std::convertible_to<std::string_view> T>
  friend bool operator==(const Text& a, const T& b) {
    return a.view() == std::string_view(b);
  }
  friend std::string operator+(std::string_view a, const Text& b) {
    return std::string(a).append(b.view());
  }
  template <std::convertible_to<std::string_view> T>
  friend std::string operator+(const Text& a, const T& b) {
    return std::string(a.view()).append(std::string_view(b));
  }
  template <class Traits>
  friend auto& operator<<(std::basic_ostream<char, Traits>& out, const Text& text) {
    return out << text.view();
  }

 private:
  static std::uint32_t checked(std::size_t size) {
    QM_ASSERT(size <= std::numeric_limits<std::uint32_t>::max());
    return static_cast<std::uint32_t>(size);
  }
  void own(std::string_view text) {
    if (text.empty()) return;
    size_ = checked(text.size());
    char* const copy = new char[text.size()];
    std::memcpy(copy, text.data(), text.size());
    data_ = copy;
    owned_ = true;
  }

  void forget() {
    data_ = "";
    size_ = 0;
    owned_ = false;
  }

  const char* data_ = "";
  std::uint32_t size_ = 0;
  bool owned_ = false;
};

}  // namespace qm::mof

// As it is, without a width: what fmt's own formatter of strings can do more, GCC 12 takes for an
// overflow.
template <>
struct fmt::formatter<qm::mof::Text> {
  template <class Context>
  constexpr auto parse(Context& context) {
    return context.begin();
  }
  template <class Context>
  auto format(const qm::mof::Text& text, Context& context) const {
    return std::copy(text.begin(), text.end(), context.out());
  }
};

// A list of the class model: as std::vector is, and either lent or its own.
//
// Promise: a lent List costs no allocation of its own, and nothing when it goes; it stays good as
// long as the memory that it lies in: for a declaration's parts, its Setting::texts. Whoever
// changes it, or asks for what can be changed, makes it its own first; what lay there stays as it
// was. A copy is its own always; what is moved stays what it was. Threads: values.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "base/result.h"

namespace qm::mof {

template <class T>
class List {
 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = const T&;
  using iterator = T*;
  using const_iterator = const T*;

  List() = default;
  explicit List(std::size_t count) { resize(count); }
  List(std::initializer_list<T> all) { append(all.begin(), all.end()); }
  template <std::input_iterator Iterator>
  List(Iterator first, Iterator last) {
    append(first, last);
  }

  // Of elements that own nothing, each lent itself, in memory that outlives the list.
  static List lent(std::span<T> elements) {
    List made;
    made.data_ = elements.data();
    made.size_ = checked(elements.size());
    return made;
  }

  List(const List& other) { append(other.begin(), other.end()); }
  List(List&& other) noexcept : data_(other.data_), size_(other.size_), room_(other.room_) {
    if (other.room_ != 0) other.forget();  // what lies lent stays as it was
  }
  List& operator=(const List& other) {
    if (this != &other) *this = List(other);
    return *this;
  }
  List& operator=(List&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
    return *this;
  }
  ~List() {
    if (room_ != 0) release();
  }

  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& operator[](std::size_t at) const { return data_[at]; }
  const T& front() const { return data_[0]; }
  const T& back() const { return data_[size_ - 1]; }
  operator std::span<const T>() const { return {data_, size_}; }  // NOLINT(*-explicit-*)

  T* begin() { return own().data_; }
  T* end() { return own().data_ + size_; }
  T* data() { return own().data_; }
  T& operator[](std::size_t at) { return own().data_[at]; }
  T& front() { return own().data_[0]; }
  T& back() { return own().data_[size_ - 1]; }

  void reserve(std::size_t count) {
    if (count > room_) grow(std::max<std::size_t>(count, size_));
  }
  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    if (size_ == room_ || room_ == 0) {
      // It may be made of what lies in the list: made before that moves.
      T made(std::forward<Arguments>(arguments)...);
      grow(size_ + 1);
      return *std::construct_at(data_ + size_++, std::move(made));
    }
    return *std::construct_at(data_ + size_++, std::forward<Arguments>(arguments)...);
  }
  void push_back(const T& one) { emplace_back(one); }
  void push_back(T&& one) { emplace_back(std::move(one)); }
  void pop_back() {
    own();
    std::destroy_at(data_ + --size_);
  }
  void resize(std::size_t count, const T& like = T()) {
    while (size_ > count) pop_back();
    reserve(count);
    while (size_ < count) emplace_back(like);
  }
  void clear() { *this = List(); }
  T* insert(const T* before, T one) {
    const std::size_t at = static_cast<std::size_t>(before - data_);
    emplace_back(std::move(one));
    std::rotate(data_ + at, data_ + size_ - 1, data_ + size_);
    return data_ + at;
  }
  template <class Test>
  std::size_t erase_if(Test test) {
    if (std::none_of(std::as_const(*this).begin(), std::as_const(*this).end(), test)) return 0;
    T* const kept_end = std::remove_if(begin(), end(), test);
    const auto erased = static_cast<std::size_t>(end() - kept_end);
    resize(size_ - erased);
    return erased;
  }

  friend bool operator==(const List& a, const List& b) { return std::ranges::equal(a, b); }

 private:
  static std::uint32_t checked(std::size_t size) {
    QM_ASSERT(size <= std::numeric_limits<std::uint32_t>::max());
    return static_cast<std::uint32_t>(size);
  }
  template <class Iterator>
  void append(Iterator first, Iterator last) {
    if constexpr (std::forward_iterator<Iterator>) {
      reserve(size_ + static_cast<std::size_t>(std::distance(first, last)));
    }
    for (; first != last; ++first) emplace_back(*first);
  }
  List& own() {
    if (room_ == 0 && size_ != 0) grow(size_);
    return *this;
  }
  void grow(std::size_t count) {
    const std::uint32_t room = checked(std::max(count, room_ + std::size_t{room_} / 2 + 2));
    T* const data = std::allocator<T>().allocate(room);
    std::uninitialized_move(data_, data_ + size_, data);
    if (room_ != 0) release();
    data_ = data;
    room_ = room;
  }
  void release() {
    std::destroy(data_, data_ + size_);
    std::allocator<T>().deallocate(data_, room_);
  }
  void forget() {
    data_ = nullptr;
    size_ = 0;
    room_ = 0;
  }

  T* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;  // 0: lent, or empty
};

}  // namespace qm::mof

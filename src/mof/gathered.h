// Elements of lists that are being read, the innermost last: from here they go where they stay.
// Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/arena.h"
#include "mof/list.h"

namespace qm::mof {

template <class T>
class Gathered {
 public:
  Gathered() = default;
  Gathered(const Gathered&) = delete;
  Gathered& operator=(const Gathered&) = delete;
  ~Gathered() {
    cut(0);
    std::allocator<T>().deallocate(data_, room_);
  }

  std::size_t size() const { return size_; }
  T& back() { return data_[size_ - 1]; }
  // References into it hold until the next one.
  T& emplace_back() {
    if (size_ == room_) grow();
    return *std::construct_at(data_ + size_++);
  }
  void pop_back() { std::destroy_at(data_ + --size_); }
  void clear() { cut(0); }
  void cut(std::size_t size) {
    while (size_ > size) pop_back();
  }

  // Takes those from `first` on: lent by the arena when they own nothing, else a list of its own.
  List<T> settle(std::size_t first, Arena& arena, bool owns_nothing) {
    const std::size_t count = size_ - first;
    T* const from = data_ + first;
    List<T> list;
    if (!owns_nothing) {
      list = List<T>(std::make_move_iterator(from), std::make_move_iterator(from + count));
      cut(first);
    } else if (count != 0) {
      T* const place = static_cast<T*>(arena.take(count * sizeof(T), alignof(T)));
      std::uninitialized_move(from, from + count, place);
      list = List<T>::lent({place, count});
      size_ = first;  // what owns nothing need not be destroyed
    }
    return list;
  }

 private:
  void grow() {
    const std::size_t room = 2 * room_ + 16;
    T* const data = std::allocator<T>().allocate(room);
    std::uninitialized_move(data_, data_ + size_, data);
    std::destroy(data_, data_ + size_);
    std::allocator<T>().deallocate(data_, room_);
    data_ = data;
    room_ = room;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace qm::mof

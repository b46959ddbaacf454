// A text, and what keeps it where it is: this, or somebody else's memory that is kept along.
//
// Promise: a zero stands behind the text. What it lent is neither copied nor changed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace qm {

class KeptText {
 public:
  // NOLINTBEGIN(google-explicit-constructor): it stands wherever a string does.
  KeptText(std::string text) : own_(std::move(text)) {}
  KeptText(const char* text) : own_(text) {}
  // NOLINTEND(google-explicit-constructor)

  // A zero must stand behind it, as behind every std::string; and it must last as long as `keeper`.
  static KeptText lent(std::string_view text, std::shared_ptr<const void> keeper) {
    KeptText made("");
    made.lent_ = text;
    made.keeper_ = std::move(keeper);
    return made;
  }

  std::string_view view() const { return keeper_ ? lent_ : std::string_view(own_).substr(front_); }
  std::size_t size() const { return view().size(); }
  void remove_prefix(std::size_t bytes) {
    if (keeper_) {
      lent_.remove_prefix(bytes);
    } else {
      front_ += bytes;
    }
  }

  friend bool operator==(const KeptText& a, std::string_view b) { return a.view() == b; }

 private:
  std::string own_;
  std::size_t front_ = 0;  // bytes of own_ that are left out
  std::string_view lent_;
  std::shared_ptr<const void> keeper_;
};

}  // namespace qm

// Text that must not stay in memory. Pure.
#pragma once

#include <string>
#include <string_view>

namespace qm::login {

void wipe(std::string& text);  // all it has room for; empty afterwards

// A password: wiped when it goes, never copied.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string&& text) : text_(text) { wipe(text); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(text_); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace qm::login

#include "cimxml/output.h"

#include <algorithm>

#include "xml/writer.h"

namespace qm::cimxml {

constexpr std::array<char, 200> pairs() {
  std::array<char, 200> out{};
  for (std::size_t i = 0; i < 100; ++i) {
    out[2 * i] = static_cast<char>('0' + i / 10);
    out[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return out;
}
constinit const std::array<char, 200> Output::kPairs = pairs();

void Output::grow(std::size_t bytes) {
  const std::size_t used = at_ == nullptr ? 0 : this->bytes();
  // Behind what is long, something short always follows.
  constexpr std::size_t kSlackBytes = 4'096;
  const std::size_t wanted = std::max(used + bytes + kSlackBytes, 2 * text_.size());
  text_.resize_and_overwrite(wanted, [](char*, std::size_t size) { return size; });
  at_ = text_.data() + used;
  end_ = text_.data() + text_.size();
}

void Output::escaped(std::string_view text) {
  // Looked at to the end, so that many are looked at at once.
  bool plain = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    plain &= byte >= 0x20 && byte < 0x7f && byte != '<' && byte != '>' && byte != '&';
  }
  if (plain) return raw(text);
  std::string made;
  xml::append_text(made, text);
  raw(made);
}

}  // namespace qm::cimxml

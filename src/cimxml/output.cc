#include "cimxml/output.h"

#include <algorithm>

#include "xml/writer.h"

namespace qm::cimxml {

void Output::grow(std::size_t bytes) {
  const std::size_t used = at_ == nullptr ? 0 : this->bytes();
  const std::size_t wanted = std::max(used + bytes, 2 * text_.size());
  text_.resize_and_overwrite(wanted, [](char*, std::size_t size) { return size; });
  at_ = text_.data() + used;
  end_ = text_.data() + text_.size();
}

void Output::escaped(std::string_view text) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < '\x7f' && c != '<' && c != '>' && c != '&'; });
  if (plain) return raw(text);
  std::string made;
  xml::append_text(made, text);
  raw(made);
}

}  // namespace qm::cimxml

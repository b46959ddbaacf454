// XML text, written forward. Pure.
//
// Promise: what is appended is well-formed UTF-8 XML 1.0 whatever the strings hold: what XML has a
// meaning for is escaped; what XML 1.0 forbids (control characters, U+FFFE, U+FFFF) and malformed
// UTF-8 becomes U+FFFD, a byte of it each. In attributes, tabs and ends of lines are written as
// references, since a reader would make them spaces; in text, so are carriage returns, which a
// reader would drop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qm::xml {

inline constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

void append_text(std::string& out, std::string_view text);       // between tags
void append_attribute(std::string& out, std::string_view text);  // between double quotes
std::string attribute_text(std::string_view text);               // the same, alone

// Elements opened and closed in pairs. Names are the program's own, prefixes included; each must
// live until its element is closed.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  Writer& open(std::string_view name);
  Writer& attribute(std::string_view name, std::string_view value);  // right behind open
  Writer& text(std::string_view text);
  Writer& raw(std::string_view xml);  // that is well-formed already
  Writer& close();                    // <name/> where nothing was written in it
  Writer& element(std::string_view name, std::string_view value) {
    return open(name).text(value).close();
  }

 private:
  void end_tag();
  std::string& out_;
  std::vector<std::string_view> open_;
  bool in_tag_ = false;
};

}  // namespace qm::xml

#include "xml/writer.h"

#include <array>
#include <cstdint>

namespace qm::xml {
namespace {

// What must be looked at: all that is not copied as it stands.
enum Class : std::uint8_t { kPlain, kMarkup, kQuote, kBlank, kReturn, kForbidden, kLong };

constexpr std::array<std::uint8_t, 256> classes() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (i < 0x20) table[i] = kForbidden;
    if (i >= 0x80) table[i] = kLong;
  }
  table['\t'] = table['\n'] = kBlank;
  table['\r'] = kReturn;
  table['<'] = table['>'] = table['&'] = kMarkup;
  table['"'] = kQuote;
  return table;
}
constexpr std::array<std::uint8_t, 256> kClasses = classes();
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

std::string_view reference(char c) {
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    case '\t':
      return "&#9;";
    case '\n':
      return "&#10;";
    default:
      return "&#13;";
  }
}

// Bytes of the character that begins there, one that XML may hold; 0: none.
std::size_t long_character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned first = byte(0);
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  const unsigned second = byte(1);
  if (first == 0xe0 && second < 0xa0) return 0;   // overlong
  if (first == 0xed && second >= 0xa0) return 0;  // surrogates
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second >= 0x90) return 0;
  const bool last_of_plane = first == 0xef && second == 0xbf && byte(2) >= 0xbe;
  return last_of_plane ? 0 : size;  // U+FFFE, U+FFFF
}

template <bool kAttribute>
void append(std::string& out, std::string_view text) {
  std::size_t begin = 0;
  const auto flush = [&](std::size_t end) { out.append(text, begin, end - begin); };
  for (std::size_t at = 0; at < text.size();) {
    const std::uint8_t what = kClasses[static_cast<unsigned char>(text[at])];
    const bool stays = what == kPlain || (!kAttribute && (what == kQuote || what == kBlank));
    if (stays) {
      ++at;
      continue;
    }
    if (what == kLong) {
      if (const std::size_t size = long_character(text, at); size != 0) {
        at += size;
        continue;
      }
    }
    flush(at);
    out += what == kLong || what == kForbidden ? kReplacement : reference(text[at]);
    begin = ++at;
  }
  flush(text.size());
}

}  // namespace

void append_text(std::string& out, std::string_view text) {
  append<false>(out, text);
}

void append_attribute(std::string& out, std::string_view text) {
  append<true>(out, text);
}

std::string attribute_text(std::string_view text) {
  std::string out;
  append_attribute(out, text);
  return out;
}

void Writer::end_tag() {
  if (in_tag_) out_ += '>';
  in_tag_ = false;
}

Writer& Writer::open(std::string_view name) {
  end_tag();
  out_ += '<';
  out_ += name;
  open_.push_back(name);
  in_tag_ = true;
  return *this;
}

Writer& Writer::attribute(std::string_view name, std::string_view value) {
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_attribute(out_, value);
  out_ += '"';
  return *this;
}

Writer& Writer::text(std::string_view text) {
  if (text.empty()) return *this;
  end_tag();
  append_text(out_, text);
  return *this;
}

Writer& Writer::raw(std::string_view xml) {
  if (xml.empty()) return *this;
  end_tag();
  out_ += xml;
  return *this;
}

Writer& Writer::close() {
  if (in_tag_) {
    out_ += "/>";
    in_tag_ = false;
  } else {
    out_ += "</";
    out_ += open_.back();
    out_ += '>';
  }
  open_.pop_back();
  return *this;
}

}  // namespace qm::xml

// JSON text, written forward. Pure.
//
// Promise: what it writes is valid UTF-8 JSON whatever the strings hold (invalid UTF-8 becomes
// U+FFFD), integers keep all 64 bits, members keep their order. The caller opens and closes in
// pairs; misuse is a programmer's mistake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qm {

std::string json_quoted(std::string_view any);  // with the quotes

class JsonWriter {
 public:
  explicit JsonWriter(unsigned indent = 2) : indent_(indent) {}  // 0: all in one line

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& null();
  JsonWriter& value(bool value);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint32_t number) { return value(std::uint64_t{number}); }
  JsonWriter& value(double number);  // shortest text that reads back the same; not finite: null

  template <class T>
  JsonWriter& member(std::string_view name, const T& of) {
    return key(name).value(of);
  }

  std::size_t bytes() const { return out_.size(); }  // written so far
  std::string take() &&;                             // with a final newline when indented

 private:
  void before_value();
  void close(char bracket);
  void new_line();

  struct Level {
    bool is_object = false;
    bool empty = true;
  };
  std::string out_;
  std::vector<Level> levels_;
  unsigned indent_;
  bool after_key_ = false;
};

}  // namespace qm

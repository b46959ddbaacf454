// The value of a property, as every surface renders it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace qm::wmi {

struct Value;
struct NamedValue;
using ValueList = std::vector<Value>;         // an array
using ValueObject = std::vector<NamedValue>;  // an embedded class, its items by WmiDataId

// monostate is NULL. Strings are plain text (qm::plain_text) already; datetimes are CIM's 25
// characters, char16 a string of one character.
struct Value {
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, ValueList,
               ValueObject>
      data;
  bool is_null() const { return std::holds_alternative<std::monostate>(data); }
  friend bool operator==(const Value&, const Value&) = default;
};

struct NamedValue {
  std::string name;
  Value value;
  friend bool operator==(const NamedValue&, const NamedValue&) = default;
};

}  // namespace qm::wmi

// WMI object paths: \\HOST\root\wmi:Class.Key="…",Other=3. Pure.
// Source: Microsoft's "Describing the Location of a WMI Object".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wmi/value.h"

namespace qm::wmi::wql {

inline constexpr std::size_t kMostPathBytes = 8'192;
inline constexpr std::size_t kMostPathKeys = 16;

struct ObjectPath {
  struct Key {
    std::string name;  // "": Class="value", of a class with one key
    Value value;       // string, integer or boolean
  };
  std::string server;      // "" and "." mean this host
  std::string name_space;  // with backslashes; "": the one at hand
  std::string class_name;
  std::vector<Key> keys;   // none: the class itself, or
  bool singleton = false;  // Class=@
};

// Errors: invalid, limit.
Result<ObjectPath> parse_path(std::string_view text);

// Class.Key="…"; keys in their order.
std::string relative_path(const ObjectPath& path);
// \\server\name_space:… before it.
std::string full_path(const ObjectPath& path);

// root/wmi, //./root/wmi and \\.\ROOT\wmi are root\wmi; without case, which stays as written.
std::string plain_name_space(std::string_view text);

}  // namespace qm::wmi::wql

// What a ResourceURI and its selectors name: a class, all classes, a class's definition. Pure.
// Sources: DSP0227 6.1 and 6.3, MS-WSMV 3.1.4.1.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wsman/envelope.h"

namespace qm::wsman {

inline constexpr std::string_view kUsualNameSpace =
    "root/wmi";  // where a URI and selectors say none
inline constexpr std::size_t kMostNameSpaceBytes = 256;

// Which of its URIs a class was asked for by: the answer's elements are in the namespace of the
// same.
enum class UriForm : std::uint8_t { wmi, dmtf, microsoft };

struct Resource {
  UriForm form = UriForm::wmi;
  bool definition = false;     // the class itself is asked for, not its instances
  std::string name_space;      // as asked for
  std::string class_name;      // "": all
  std::vector<Selector> keys;  // without __cimnamespace; of a definition without ClassName
};

// Faults: destination_unreachable, invalid_selectors.
Answered<Resource> resource_of(std::string_view uri, const std::vector<Selector>& selectors);

// The URI of a class; name_space with either kind of slash.
std::string class_uri(UriForm form, std::string_view name_space, std::string_view class_name);

}  // namespace qm::wsman

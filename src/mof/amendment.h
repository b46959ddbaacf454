// Classes and their translations: one text split into a neutral and a localized half, and merged.
//
// Promise: merge() of what split() made has each qualifier of the whole (amended ones last).
// Pure. Source: Microsoft's "Localizing WMI Class Information" and the mofcomp page.
#pragma once

#include <string>
#include <string_view>

#include "mof/model.h"

namespace qm::mof {

struct Amended {
  Model neutral;    // without the amended qualifiers
  Model localized;  // only them, and keys; classes flagged AMENDMENT in NAMESPACE\LOCALE, which
                    // instances of __namespace make
};

// locale: "ms_409", as namespaces name it; its number becomes the qualifier LOCALE.
Amended split_amendment(const Model& whole, std::string_view locale);

// Adds the localized half's amended qualifiers where the neutral half has the same class and
// member.
Model merge_amendment(const Model& neutral, const Model& localized);

}  // namespace qm::mof

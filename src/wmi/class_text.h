// A class as MOF text: what a MOF compiler reads back as the same class. Pure.
#pragma once

#include <string>

#include "mof/model.h"

namespace qm::wmi {

// The class's own qualifiers, properties and methods, in their order, with every flavor; lines end
// with \n. Names and strings stay as they are but for escapes; text is UTF-8.
std::string class_text(const mof::Class& the_class);

}  // namespace qm::wmi

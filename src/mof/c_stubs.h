// C source that a driver's author begins with: the GUID list and one function a WMI request, for
// WmiSystemControl (wmilib). Pure. Wants a model without errors.
// Source: Microsoft's "WMILIB_CONTEXT" and the DpWmi… callback pages.
#pragma once

#include <string>
#include <string_view>

#include "mof/model.h"

namespace qm::mof {

// `header` is the name that the stubs #include. All classes with a guid, in the text's order.
std::string emit_c_stubs(const Model& model, std::string_view header);

}  // namespace qm::mof

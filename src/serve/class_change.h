// Classes added and deleted while the service runs: what mofcomp asks for (docs/api.md). Pure.
#pragma once

#include "serve/answers.h"
#include "serve/http.h"
#include "wmi/catalog.h"

namespace qm::serve {

inline constexpr std::size_t kMostChangeBytes = wmi::kMostAdditionBytes;

// Only admins may ask: root and the service's own user over the query socket, users of that role
// elsewhere. Else 401, 403; 405 beside /api/v1/classes.
Asked<std::size_t> admit_class_change(const Request& request);
// For Allow, where classes can be changed; else none.
std::optional<std::string_view> methods_of_classes(const Request& request);

// POST /api/v1/classes with a binary MOF: 200 {"added", "replaced", "unchanged"}: lists of names.
// DELETE /api/v1/classes/NAME: 200 {"deleted": NAME}. Refused, with nothing changed: 400 for what
// is no binary MOF or has errors, 403 for a class that is somebody else's, 404, 409 when another
// class of that name or GUID is there, 413 beyond a limit.
Answer class_change_answer(wmi::Catalog& catalog, const Request& request);

}  // namespace qm::serve

// What the collector keeps of its rights (privileges_linux.cc). DESIGN.md: "Security".
#pragma once

#include "base/result.h"

namespace qm::hba {

// Before any key could be read: no core dumps, no tracing by others, no new rights by exec.
Result<void> harden();
// Everything but CAP_NET_ADMIN goes: effective, permitted, inheritable, ambient, bounding.
// Fine when it was not there in the first place.
Result<void> keep_net_admin_only();
bool has_net_admin();

}  // namespace qm::hba

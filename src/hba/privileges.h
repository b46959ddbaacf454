// What the collector keeps of its rights (privileges_linux.cc). DESIGN.md: "Security".
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "hba/configuration.h"

namespace qm::hba {

bool has_net_admin();

// Once the probes are attached: everything but CAP_NET_ADMIN goes, and the process enters its cage:
// files are written below the runtime and state directories alone, sockets are Unix or the netlink
// families it reads, bpf(2) reads the probes' maps and marks what they watch. Returns what this
// kernel can't forbid, for the log; the error is that a capability could not be given up.
Result<std::vector<std::string>> give_up_rights(const Configuration& configuration);

}  // namespace qm::hba

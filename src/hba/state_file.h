// Files that must never be half-written (state_file_linux.cc).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace qm::hba {

// Writes path.new, then renames: a reader, or a process after a crash, finds the old or the new.
Result<void> write_whole(const std::string& path, Bytes bytes);
// not_found when it isn't there; limit beyond most_bytes.
Result<std::vector<std::byte>> read_whole(const std::string& path, std::size_t most_bytes);
// Makes path this process's alone until it ends; state when another holds it: two collectors would
// overwrite each other's ledger. A folder that can't be written to is no error here: writing the
// ledger will say so.
Result<void> hold_alone(const std::string& path);
std::string boot_id();  // "" where the kernel tells none

}  // namespace qm::hba

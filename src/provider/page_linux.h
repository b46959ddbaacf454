// What a descriptor from a stranger must pass before it is believed to be memory. Linux.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"

namespace qm::provider {

// A memfd on ordinary shared memory, sealed against what could take pages away from under a reader
// or change the rules later. Errors: invalid (not such a memfd), denied (seals missing).
Result<void> check_memfd(int fd);

// The whole of a memfd of exactly this size, by reading. Errors: as check_memfd, and the size.
Result<std::vector<std::byte>> read_memfd(int fd, std::size_t bytes);

}  // namespace qm::provider

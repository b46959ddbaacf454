// Looking ahead in a datagram, so that the table's cache misses overlap. Pure.
//
// Promise: touches no more than the fixed part of each message, changes nothing, and takes any
// bytes (what is malformed is decode()'s to complain of). Threads: one. Limits: kMostAhead.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "xfrm/tables.h"

namespace qm::xfrm {

inline constexpr std::size_t kMostAhead = 160;  // SAs of one datagram; 32 KB hold 128 at most

// Fetches what upsert() and find() will need for each SA that the datagram tells of. Call it from
// Sink::on_datagram.
void prefetch_datagram(Bytes datagram, const SaTable& table);

}  // namespace qm::xfrm

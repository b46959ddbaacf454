// Looking ahead in a datagram, so that the table's cache misses overlap. Pure.
//
// Promise: touches no more than the fixed part of each message, changes nothing, and takes any
// bytes (what is malformed is decode()'s to complain of). Threads: one. Limits: kAheadAtOnce of
// tables.h.
#pragma once

#include "base/bytes.h"
#include "xfrm/tables.h"

namespace qm::xfrm {

// Fetches what upsert() and find() will need for the first kAheadAtOnce SAs that the datagram tells
// of; one of 32 KB holds 58 of ESP. Call it from Sink::on_datagram.
void prefetch_datagram(Bytes datagram, const SaTable& table);

}  // namespace qm::xfrm

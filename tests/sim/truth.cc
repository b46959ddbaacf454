#include "sim/truth.h"

#include <utility>

namespace qm::sim {
namespace {

using namespace hba;  // NOLINT: the counters' names

// DESIGN.md's table, rows 9 to 18.
Totals contribution(const Tracked& sa, std::uint64_t bytes, std::uint64_t packets) {
  Totals some;
  if (sa.proto == xfrm::kEsp)
    some[sa.out ? kConfidentialBytesSent : kConfidentialBytesReceived] = bytes;
  if (sa.proto == xfrm::kAh)
    some[sa.out ? kAuthenticatedBytesSent : kAuthenticatedBytesReceived] = bytes;
  if (!sa.outer) {
    if (sa.mode == xfrm::Mode::tunnel) {
      some[sa.out ? kTunnelBytesSent : kTunnelBytesReceived] = bytes;
    } else {
      some[sa.out ? kTransportBytesSent : kTransportBytesReceived] = bytes;
    }
  }
  if (!sa.out && sa.replay) some[kPacketsWithReplayDetection] = packets;
  return some;
}

bool is_pair(const Tracked& sa) {
  return sa.lane != kNone && sa.out && !sa.outer && !sa.larval;
}

}  // namespace

void Truth::add_low(Tracked& sa, const Totals& some, bool seen) {
  sa.totals += some;
  if (!sa.counts) return;
  lanes_[index(sa.lane)].lower += some;
  if (!sa.late || seen) return;
  sa.late_part += some;
  lanes_[index(sa.lane)].late += some;
}

void Truth::add_key(Tracked& sa, CounterId counter, bool low) {
  if (!is_pair(sa)) return;
  Totals one;
  one[counter] = 1;
  lanes_[index(sa.lane)].free += one;
  if (low) add_low(sa, one, false);
}

std::uint32_t Truth::born(Tracked sa) {
  sa.certain = first_sync_done;
  sa.counts = sa.lane != kNone && !sa.larval && claimed[index(sa.lane)][sa.out ? 1 : 0];
  all_.push_back(sa);
  add_key(all_.back(), kKeyAdditions, sa.certain);
  return size() - 1;
}

std::uint32_t Truth::moved_in(Tracked sa, std::uint32_t from, std::uint64_t bytes,
                              std::uint64_t packets) {
  sa.certain = all_[from].certain;
  sa.counts = all_[from].counts;
  sa.late = all_[from].late;
  sa.late_part = {};
  sa.inherited = contribution(sa, bytes, packets);
  all_.push_back(sa);
  return size() - 1;
}

void Truth::moved_unseen(std::uint32_t number) {
  if (all_[number].counts) uncount(number);
  lanes_[index(all_[number].lane)].loose += all_[number].inherited;
  lanes_[index(all_[number].lane)].loose += all_[number].totals;
  add_key(all_[number], kKeyAdditions, false);
  add_key(all_[number], kKeyDeletions, false);
}

void Truth::ended(std::uint32_t number, std::uint64_t now_ns, bool moved) {
  Tracked& sa = all_[number];
  if (!sa.live) return;
  sa.live = false;
  sa.ended_ns = now_ns;
  if (!first_sync_done) sa.exempt = true;
  if (!moved) add_key(sa, kKeyDeletions, first_sync_done);
}

void Truth::traffic(std::uint32_t number, std::uint64_t bytes, std::uint64_t packets, int adapter,
                    bool seen, std::uint64_t now_ns) {
  Tracked& sa = all_[number];
  sa.traffic_ns = now_ns;
  if (sa.lane == kNone) return;
  const Totals some = contribution(sa, bytes, packets);
  Lane& lane = lanes_[index(sa.lane)];
  Undecided& undecided = lane.undecided[sa.out ? 1 : 0];
  const auto mover = static_cast<std::size_t>(adapter);
  if (adapter == kNone) {
    undecided.stray += some;
  } else if (seen) {
    lane.own[mover] += some;
    sa.own[mover] += some;
  } else {
    undecided.unseen[mover] += some;
  }
  add_low(sa, some, seen);
}

void Truth::decide(int number, bool out, bool shared) {
  Lane& lane = lanes_[index(number)];
  Undecided undecided = std::exchange(lane.undecided[out ? 1 : 0], {});
  (shared ? lane.nobodys : lane.free) += undecided.stray;
  for (std::size_t i = 0; i < kMostAdapters; ++i) {
    (shared ? lane.own[i] : lane.free) += undecided.unseen[i];
  }
}

void Truth::integrity_failed(std::uint32_t number, std::uint64_t packets) {
  Tracked& sa = all_[number];
  if (sa.lane == kNone) return;
  Totals some;
  some[kPacketsNotAuthenticated] = packets;
  lanes_[index(sa.lane)].free += some;
  add_low(sa, some);
}

void Truth::rekeyed(std::uint32_t number) {
  add_key(all_[number], kReKeys, false);
}

void Truth::told_rekey(std::uint32_t number) {
  Totals one;
  one[kReKeys] = 1;
  if (all_[number].certain && !all_[number].exempt) add_low(all_[number], one);
}

void Truth::restart_from_nothing() {
  first_sync_done = false;
  claimed = {};
  for (Lane& lane : lanes_) {
    lane.free = lane.loose = lane.lower = lane.late = lane.nobodys = Totals{};
    lane.own = {};
    lane.undecided = {};
  }
  for (Tracked& sa : all_) {
    sa.certain = sa.counts = false;
    for (const CounterId key : {kKeyAdditions, kKeyDeletions, kReKeys}) sa.totals[key] = 0;
    if (!sa.live) sa.exempt = true;
    sa.totals += sa.inherited;
    sa.inherited = {};
    sa.own = {};
    if (sa.live && sa.lane != kNone) lanes_[index(sa.lane)].free += sa.totals;
  }
}

void Truth::count(std::uint32_t number, bool late) {
  Tracked& sa = all_[number];
  if (sa.counts || sa.exempt || sa.larval || sa.lane == kNone) return;
  sa.counts = true;
  sa.late = late;
  lanes_[index(sa.lane)].lower += sa.totals;
  sa.late_part = late ? sa.totals : Totals{};
  lanes_[index(sa.lane)].late += sa.late_part;
}

void Truth::uncount(std::uint32_t number) {
  Tracked& sa = all_[number];
  sa.counts = false;
  Lane& lane = lanes_[index(sa.lane)];
  lane.lower -= sa.totals;
  lane.late -= sa.late_part;
}

Totals Truth::upper(int adapter) const {
  Totals sum;
  for (const Lane& lane : lanes_) {
    if (!lane.adapters.contains(adapter)) continue;
    sum += lane.free;
    sum += lane.loose;
    sum += lane.own[static_cast<std::size_t>(adapter)];
  }
  return sum;
}

bool Truth::sole(int adapter) const {
  for (const Lane& lane : lanes_) {
    if (lane.adapters.contains(adapter) && lane.adapters.size() > 1) return false;
  }
  return true;
}

Totals Truth::lower(int adapter) const {
  Totals sum;
  for (const Lane& lane : lanes_) {
    if (!lane.adapters.contains(adapter) || lane.adapters.size() != 1) continue;
    for (std::size_t i = 0; i < hba::kCounters; ++i)
      sum.at(i) += lane.lower.at(i) - lane.late.at(i);
  }
  for (const Tracked& sa : all_) {
    if (!sa.counts || lanes_[index(sa.lane)].adapters.size() == 1) continue;
    sum += sa.own[static_cast<std::size_t>(adapter)];
  }
  return sum;
}

Totals Truth::host_upper() const {
  Totals sum;
  for (const Lane& lane : lanes_) {
    sum += lane.free;
    sum += lane.nobodys;
    for (const Totals& own : lane.own) sum += own;
    for (const Undecided& undecided : lane.undecided) {
      sum += undecided.stray;
      for (const Totals& unseen : undecided.unseen) sum += unseen;
    }
  }
  return sum;
}

Totals Truth::host_lower() const {
  Totals sum;
  for (const Lane& lane : lanes_) sum += lane.lower;
  return sum;
}

std::uint64_t Truth::active_upper(int adapter) const {
  std::uint64_t count = 0;
  for (const Tracked& sa : all_) {
    if (!sa.live || !is_pair(sa)) continue;
    if (adapter == kNone || lanes_[index(sa.lane)].adapters.contains(adapter)) ++count;
  }
  return count;
}

std::uint64_t Truth::active_lower(int adapter) const {
  std::uint64_t count = 0;
  for (const Tracked& sa : all_) {
    if (!sa.live || !is_pair(sa) || !sa.counts) continue;
    const Lane& lane = lanes_[index(sa.lane)];
    if (adapter == kNone || (lane.adapters.contains(adapter) && lane.adapters.size() == 1)) ++count;
  }
  return count;
}

}  // namespace qm::sim

#include "sim/kernel.h"

#include <algorithm>
#include <cerrno>

namespace qm::sim {

using test::Datagram;
using test::Message;

KernelSa* Kernel::find(std::uint32_t track) {
  const auto found = std::ranges::find(sas_, track, &KernelSa::track);
  return found == sas_.end() ? nullptr : &*found;
}

const KernelSa* Kernel::find(const xfrm::SaId& id) const {
  const auto found =
      std::ranges::find_if(sas_, [&](const KernelSa& each) { return each.sa.id == id; });
  return found == sas_.end() ? nullptr : &*found;
}

// ---- events

void Kernel::join() {
  listening_ = true;
  congested_ = error_ = false;
  queue_.clear();
}

// As netlink_broadcast_deliver: what does not fit is dropped, and so is what follows until the
// reader has emptied the queue.
void Kernel::tell(Datagram& event) {
  if (!listening_) return;
  if (congested_ || random_.chance(faults.lose)) {
    congested_ = error_ = true;
    ++hurt_;
    return;
  }
  Message message = event.take();
  if (random_.chance(faults.truncate)) {
    message.resize(random_.between(1, static_cast<std::uint32_t>(message.size() - 1)));
    ++hurt_;
  } else if (random_.chance(faults.repeat)) {
    queue_.push_back(message);
  }
  queue_.push_back(std::move(message));
}

Kernel::Got Kernel::receive(Message& datagram) {
  if (error_) {
    error_ = false;
    return Got::lost;
  }
  if (queue_.empty()) {
    congested_ = false;
    return Got::nothing;
  }
  datagram = std::move(queue_.front());
  queue_.pop_front();
  if (queue_.empty()) congested_ = false;
  return Got::datagram;
}

// ---- SAs

void Kernel::add_larval(const xfrm::Sa& sa, std::uint32_t track) {
  sas_.push_back({sa, track});
}

void Kernel::add(const xfrm::Sa& sa, std::uint32_t track) {
  sas_.push_back({sa, track});
  tell(Datagram().new_sa(sa));
}

// xfrm_state_update: the larval goes without a word, the new state takes its place.
void Kernel::update(const xfrm::Sa& sa, std::uint32_t track) {
  std::erase_if(sas_, [&](const KernelSa& each) { return each.sa.id == sa.id; });
  sas_.push_back({sa, track});
  tell(Datagram().updated_sa(sa));
}

// The message shows the state that was sent, not the one that lives (xfrm_add_sa).
void Kernel::touch(const xfrm::SaId& id) {
  const KernelSa* live = find(id);
  if (live == nullptr) return;
  xfrm::Sa sent = live->sa;
  sent.counters = {};
  sent.stats = {};
  sent.add_time_s = now_.unix_s();
  tell(Datagram().updated_sa(sent));
}

void Kernel::remove(std::uint32_t track) {
  const xfrm::Sa sa = find(track)->sa;
  take_away([&](const KernelSa& each) { return each.track == track; });
  tell(Datagram().deleted_sa(sa));
}

void Kernel::expire(std::uint32_t track, bool hard) {
  const xfrm::Sa sa = find(track)->sa;
  if (hard) take_away([&](const KernelSa& each) { return each.track == track; });
  tell(Datagram().expired_sa(sa, hard));
}

void Kernel::flush(std::uint8_t proto) {
  ++flushes_;
  take_away([&](const KernelSa& each) {
    return proto == 0 || proto == 255 || each.sa.id.proto == proto;
  });
  tell(Datagram().flushed_sas(proto));
}

// ---- the destroy probe

void Kernel::dies(const KernelSa& sa) {
  if (!probes.attached || !listening_ || sa.sa.larval) return;
  const xfrm::Sa& shown = sa.sa;
  xfrm::SaFinal final;
  final.sa = {shown.id, shown.saddr, shown.reqid, shown.if_id, shown.mode, shown.add_time_s};
  final.replay_window = shown.replay_window;
  final.counters = shown.counters;
  final.stats = shown.stats;
  for (const bool last : {false, true}) {
    std::uint64_t due_ns = now_.boot_ns;  // the first comes at once (probe.bpf.c)
    if (last && probe_random_.chance(probes.late)) {
      due_ns += probe_random_.between(1, 5000) * 1'000'000ULL;
    }
    for (const Final& before : finals_) {
      const bool alike = last && before.final.last && before.final.sa.id == shown.id;
      if (alike) due_ns = std::max(due_ns, before.due_ns);
    }
    final.last = last;
    if (probe_random_.chance(probes.lose)) {
      ++finals_lost_;
    } else {
      finals_.push_back({final, sa.track, due_ns});
    }
  }
}

void Kernel::count_late(std::uint32_t track, const xfrm::Counters& more) {
  for (Final& each : finals_) {
    if (each.track != track || !each.final.last) continue;
    each.final.counters.bytes += more.bytes;
    each.final.counters.packets += more.packets;
  }
}

std::vector<xfrm::SaFinal> Kernel::take_finals() {
  std::vector<xfrm::SaFinal> told;
  std::deque<Final> rest;
  for (const Final& each : finals_) {
    if (each.due_ns > now_.boot_ns) {
      rest.push_back(each);
      continue;
    }
    told.push_back(each.final);
    // A word that comes twice can't be told from another SA's of the same second.
    const bool alone = find(each.final.sa.id) == nullptr &&
                       std::ranges::count_if(finals_, [&](const Final& other) {
                         return other.final.sa.id == each.final.sa.id && other.final.last;
                       }) == 1;
    if (alone && each.final.last && probe_random_.chance(probes.repeat)) {
      told.push_back(each.final);
    }
  }
  finals_ = std::move(rest);
  return told;
}

void Kernel::tell_closed(const xfrm::ClosedConnection& closed) {
  if (!probes.attached || !probes.closings || !listening_ || !closings_wanted) return;
  if (probe_random_.chance(probes.lose)) {
    ++closed_lost_;
  } else {
    closed_.push_back(closed);
  }
}

// ---- policies

void Kernel::put_policy(const xfrm::Policy& policy) {
  const auto found = std::ranges::find(policies_, policy.index, &xfrm::Policy::index);
  if (found == policies_.end()) {
    policies_.push_back(policy);
    tell(Datagram().new_policy(policy));
  } else {
    *found = policy;
    tell(Datagram().updated_policy(policy));
  }
}

void Kernel::remove_policy(std::uint32_t index, bool by_index) {
  const auto found = std::ranges::find(policies_, index, &xfrm::Policy::index);
  if (found == policies_.end()) return;
  const xfrm::Policy policy = std::move(*found);
  policies_.erase(found);
  tell(Datagram().deleted_policy(policy, by_index));
}

// ---- answers

// xfrm_state_walk goes from the newest to the oldest; what is added meanwhile stands before it.
Kernel::SaDump::SaDump(const Kernel& kernel) {
  for (const KernelSa& each : kernel.sas_) tracks_.push_back(each.track);
  std::ranges::reverse(tracks_);
}

std::optional<Message> Kernel::SaDump::next(const Kernel& kernel, std::uint32_t seq,
                                            std::uint32_t rows) {
  if (done_) return std::nullopt;
  Datagram part;
  for (; at_ < tracks_.size() && rows > 0; ++at_) {
    const auto found = std::ranges::find(kernel.sas_, tracks_[at_], &KernelSa::track);
    if (found == kernel.sas_.end()) continue;
    part.new_sa(found->sa, seq);
    --rows;
  }
  if (at_ == tracks_.size() && rows > 0) {
    part.done(seq);
    done_ = true;
  }
  return part.take();
}

Message Kernel::policy_dump(std::uint32_t seq) const {
  Datagram part;
  for (const xfrm::Policy& policy : policies_) part.new_policy(policy, seq);
  part.done(seq);
  return part.take();
}

Message Kernel::answer(const xfrm::SaId& id, std::uint32_t seq) const {
  const KernelSa* live = find(id);
  Datagram part;
  if (live == nullptr) {
    part.error(seq, -ESRCH);
  } else {
    part.new_sa(live->sa, seq);
  }
  return part.take();
}

}  // namespace qm::sim

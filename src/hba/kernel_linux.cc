#include "hba/kernel.h"

#include <utility>
#include <vector>

#include "hba/collector.h"
#include "xfrm/system.h"

namespace qm::hba {

Kernel::Kernel(Engine& engine, std::optional<xfrm::Probes> probes)
    : engine_(engine), probes_(std::move(probes)) {}

Result<void> Kernel::open() {
  // The events first: what happens during the dump is then in one of the two.
  auto events = xfrm::EventSocket::open();
  if (!events) return std::unexpected(std::move(events).error());
  auto requests = xfrm::RequestSocket::open();
  if (!requests) return std::unexpected(std::move(requests).error());
  events_.emplace(std::move(*events));
  requests_.emplace(std::move(*requests));
  engine_.set_kernel(true, "");
  if (!sync()) sync_due_ = true;
  return {};
}

// The event socket can't be read any more: a new one. What was told meanwhile is missed.
void Kernel::reopen() {
  const std::string why = std::exchange(broken_, {});
  events_.reset();
  requests_.reset();
  engine_.overrun();
  if (const auto opened = open(); !opened) {
    engine_.set_kernel(false, why + "; opening it again: " + opened.error().message);
    return;
  }
  engine_.set_problem(why + "; opened again");
}

void Kernel::drain_all(bool& overrun) {
  engine_.set_source(Engine::Source::event);
  for (bool more = true; more;) {
    engine_.set_time(now());
    const auto drained = events_->drain(engine_);
    if (!drained) {
      broken_ = drained.error().message;
      overrun = true;
      return;
    }
    overrun = overrun || drained->overrun;
    more = drained->more;
    if (!more) engine_.drained();
  }
}

// The ring fills while nobody reads, and a flush fills it fast.
void Kernel::read_finals() {
  if (!probes_) return;
  xfrm::ProbeReading reading;
  do {
    reading.finals.clear();
    const auto read = probes_->read_finals(reading);
    if (!read) engine_.set_problem(read.error().message);
    engine_.take_finals(reading);
  } while (reading.more);
}

void Kernel::read_probes() {
  if (!probes_) return;
  read_finals();
  for (const xfrm::AddressPair& pair : engine_.pairs_to_watch()) {
    if (const auto watched = probes_->watch(pair); !watched) {
      engine_.set_problem(watched.error().message);
    }
  }
  const auto reading = probes_->read();
  if (!reading) {
    engine_.set_problem(reading.error().message);
    return;
  }
  engine_.take_probes(*reading);
}

void Kernel::drain() {
  if (!events_ || !broken_.empty()) return;
  bool overrun = false;
  drain_all(overrun);
  read_finals();
  if (overrun) {
    engine_.overrun();
    sync_due_ = true;
  }
  if (engine_.behind()) sync_due_ = true;
}

bool Kernel::try_sync() {
  engine_.set_time(now());
  engine_.begin_sync();
  bool overrun = false;
  const auto between = [&] {
    drain_all(overrun);
    engine_.set_source(Engine::Source::dump);
  };
  engine_.set_source(Engine::Source::dump);
  auto done = requests_->dump_policies(engine_, between);
  if (done) done = requests_->read_default_policy(engine_);
  if (done) {
    engine_.set_source(Engine::Source::dump);
    done = requests_->dump_sas(engine_, between);
  }
  drain_all(overrun);
  if (!done || overrun) {
    engine_.abandon_sync();
    if (overrun) engine_.overrun();
    if (!done) engine_.set_problem("dumping SAs and policies: " + done.error().message);
    return false;
  }
  engine_.end_sync();
  return true;
}

bool Kernel::sync() {
  for (int i = 0; i < kMostSyncTries && broken_.empty(); ++i) {
    if (try_sync()) return true;
  }
  return false;
}

void Kernel::read_sas() {
  if (!requests_) return;
  const std::vector<xfrm::SaId> ids = engine_.sas_to_read();
  if (ids.empty()) return;
  engine_.set_source(Engine::Source::read);
  engine_.set_time(now());
  std::vector<std::size_t> missing;
  const auto read = requests_->read_sas(ids, engine_, missing);
  if (!read) {
    engine_.set_problem("reading SAs: " + read.error().message);
    engine_.reading_failed();
    drain();
    return;
  }
  std::vector<xfrm::SaId> gone;
  for (const std::size_t position : missing) gone.push_back(ids[position]);
  drain();  // their DELSA has usually come by now
  if (engine_.note_missing(gone)) sync_due_ = true;
}

void Kernel::refresh() {
  drain();
  if (!broken_.empty()) reopen();
  if (!events_) return;
  if (sync_due_) sync_due_ = !sync();
  engine_.set_time(now());
  const auto errors = xfrm::read_netns_errors();
  engine_.attribute();
  read_sas();
  read_probes();
  engine_.set_netns_errors(errors ? std::optional(*errors) : std::nullopt);
}

}  // namespace qm::hba

#include "hba/kernel.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hba/collector.h"
#include "xfrm/system.h"

namespace qm::hba {
namespace {

std::optional<xfrm::NetnsErrors> netns_errors() {
  const auto errors = xfrm::read_netns_errors();
  return errors ? std::optional(*errors) : std::nullopt;
}

}  // namespace

Kernel::Kernel(Engine& engine, std::unique_ptr<xfrm::ProbeSource> probes, int most_event_bytes)
    : engine_(engine), probes_(std::move(probes)), most_event_bytes_(most_event_bytes) {
  engine_.set_netns_errors(netns_errors());  // before the SAs that nobody has read so far
}

Result<void> Kernel::open() {
  // The events first: what happens during the dump is then in one of the two.
  auto events = xfrm::EventSocket::open(std::min(xfrm::kEventBufferBytes, most_event_bytes_),
                                        most_event_bytes_);
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
    if (drained->at_limit) {
      engine_.set_problem(
          "the kernel dropped events though the buffer for them is as large as it gets (" +
          std::to_string(most_event_bytes_ >> 10) +
          " KB): more SAs change at once than are kept up with");
    }
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
  // On SAs that died while events were lost: the dump may show others in their place.
  read_finals();
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

Result<void> Kernel::read_those(const std::vector<xfrm::SaId>& ids,
                                std::vector<xfrm::SaId>& missing) {
  engine_.set_source(Engine::Source::read);
  engine_.set_time(now());
  std::vector<std::size_t> positions;
  auto read = requests_->read_sas(ids, engine_, positions);
  for (const std::size_t position : positions) missing.push_back(ids[position]);
  if (read) return {};
  engine_.set_problem("reading SAs: " + read.error().message);
  engine_.reading_failed();
  return read;
}

void Kernel::read_sas() {
  if (!requests_) return;
  engine_.begin_reading();
  const std::vector<xfrm::SaId> ids = engine_.sas_to_read();
  std::vector<xfrm::SaId> gone;
  const auto read = ids.empty() ? Result<void>{} : read_those(ids, gone);
  drain();  // the DELSA of those that are gone has usually come by now, the NEWSA of others
  if (read && engine_.note_missing(gone)) sync_due_ = true;
}

bool Kernel::open_connections() {
  if (connections_) return true;
  auto opened = xfrm::ConnectionSocket::open();
  if (!opened) {
    engine_.set_problem(opened.error().message);
    return false;
  }
  connections_.emplace(std::move(*opened));
  return true;
}

// Before the SAs: what a connection has moved by now is on them.
void Kernel::read_session_connections() {
  const auto ends = engine_.connections_to_read();
  if (ends.empty() || !open_connections()) return;
  engine_.set_time(now());
  const auto read = connections_->read_these(ends);
  if (read) return engine_.take_session_connections(*read);
  engine_.set_problem("reading the sessions' connections: " + read.error().message);
  connections_.reset();
  // None of them can be told any more: what was read before is no evidence of now.
  if (read.error().code == ErrorCode::unsupported) engine_.take_session_connections({});
}

// ---- while SAs are shared

void Kernel::prepare_connections() {
  // Unknown: they may.
  if (engine_.wants_connections()) engine_.set_holding(xfrm::read_holds_packets().value_or(true));
  if (!probes_ || !probes_->coverage().closings()) return;
  const bool wanted = engine_.wants_connections();
  const auto peers = wanted ? engine_.peers_to_ask() : std::vector<Address>{};
  const auto watched = probes_->watch_peers(peers.value_or(std::vector<Address>{}), !peers);
  if (!watched) engine_.set_problem(watched.error().message);
}

// The connections, then those that have ended: what is not in the one is in the other.
void Kernel::read_connections() {
  if (!engine_.wants_connections() || !open_connections()) return;
  engine_.set_time(now());
  const auto peers = engine_.peers_to_ask();
  const auto read = connections_->read(peers.value_or(std::vector<Address>{}));
  if (read) {
    engine_.take_connections(*read);
  } else {
    engine_.set_problem("reading connections: " + read.error().message);
    connections_.reset();
  }
  if (!probes_ || !probes_->coverage().closings()) return;
  xfrm::ProbeReading reading;
  if (const auto closed = probes_->read_closed(reading); !closed) {
    engine_.set_problem(closed.error().message);
  }
  engine_.take_closed(reading);
}

// In the midst of traffic a moment at rest may be met at the next try.
void Kernel::read_shared_again() {
  for (int i = 1; i < kMostSplitTries && !engine_.split_balances(); ++i) {
    std::vector<xfrm::SaId> missing;
    engine_.begin_reading();
    const std::vector<xfrm::SaId> ids = engine_.shared_sas_to_read();
    const auto read = ids.empty() ? Result<void>{} : read_those(ids, missing);
    drain();
    if (!read) return;
    read_connections();
  }
}

void Kernel::refresh() {
  drain();
  if (!broken_.empty()) reopen();
  if (!events_) return;
  if (sync_due_) sync_due_ = !sync();
  engine_.set_time(now());
  const auto errors = netns_errors();
  engine_.attribute();
  prepare_connections();
  read_session_connections();
  read_connections();
  read_sas();
  read_probes();
  read_connections();
  if (engine_.wants_connections()) read_shared_again();
  engine_.set_netns_errors(errors);
}

}  // namespace qm::hba

#include "sim/collector.h"

#include <algorithm>
#include <cerrno>

#include "hba/collector.h"
#include "hba/ledger_state.h"
#include "support/diag_messages.h"

namespace qm::sim {
namespace {

using hba::Engine;

constexpr std::string_view kBoot = "5eed5eed-0000-4000-8000-000000000000";
constexpr std::uint64_t kSurelyRememberedNs = hba::kPendingNs - 5'000'000'000;

}  // namespace

// As request_socket_linux.cc: hands on the rows, keeps how the answer ended.
class Collector::Rows final : public xfrm::SilentSink {
 public:
  explicit Rows(xfrm::Sink& to) : to_(to) {}
  void on_datagram(Bytes datagram) override { to_.on_datagram(datagram); }
  void on_sa(const xfrm::Sa& sa, bool updated, std::uint32_t seq) override {
    to_.on_sa(sa, updated, seq);
  }
  void on_policy(const xfrm::Policy& policy, std::uint32_t seq) override {
    to_.on_policy(policy, seq);
  }
  void on_malformed(std::uint16_t type, std::string_view what) override {
    to_.on_malformed(type, what);
  }
  void on_error(std::uint32_t, int error) override { error_ = error; }
  int error() const { return error_; }

 private:
  xfrm::Sink& to_;
  int error_ = 0;
};

Collector::Collector(World& world, std::vector<std::byte>& disk)
    : world_(world), kernel_(world.kernel()), disk_(disk), engine_(kernel_.now()) {}

// Something may happen now; the collector may die.
void Collector::interleave(bool calm) {
  Random& random = world_.random();
  if (random.chance(150)) world_.act(calm);
  if (!world_.faultless() && random.chance(2)) {
    world_.say("the collector is killed");
    throw Crash{};
  }
}

void Collector::start() {
  if (disk_.empty()) {
    world_.say("the collector starts with nothing");
    world_.truth().restart_from_nothing();
  } else {
    world_.say("the collector starts with its state");
    if (!hba::LedgerState::load(disk_, kBoot, engine_)) std::abort();
  }
  interleave(false);
  began_ns_ = kernel_.now().boot_ns;
  world_.take_words();  // told while nobody listened
  kernel_.join();
  engine_.set_kernel(true, "");
  if (kernel_.probes.attached) engine_.set_probes("finals", {.finals = true});
  engine_.set_holding(world_.holding());
  if (world_.daemon()) engine_.ike_state(1);
  engine_.set_netns_errors(kernel_.errors);
  if (!sync()) sync_due_ = true;
}

void Collector::drain_all(bool& overrun) {
  engine_.set_source(Engine::Source::event);
  engine_.set_time(kernel_.now());
  test::Message datagram;
  for (;;) {
    const Kernel::Got got = kernel_.receive(datagram);
    if (got == Kernel::Got::nothing) break;
    if (got == Kernel::Got::lost) {
      overrun = true;
      continue;
    }
    xfrm::decode(datagram, engine_);
  }
  engine_.drained();
  take_words();
}

void Collector::take_words() {
  for (const RekeyWord& word : world_.take_words()) {
    engine_.ike_rekey(word.rekey);
    world_.say("the daemon says that {} is a rekey", word.track);
    world_.truth().told_rekey(word.track);
  }
}

void Collector::drain() {
  interleave(false);
  drain_events();
}

void Collector::read_finals() {
  engine_.set_time(kernel_.now());
  xfrm::ProbeReading reading;
  reading.finals = kernel_.take_finals();
  reading.totals.finals_lost = kernel_.finals_lost();
  engine_.take_finals(reading);
}

void Collector::drain_events() {
  bool overrun = false;
  drain_all(overrun);
  read_finals();
  if (overrun) {
    engine_.overrun();
    sync_due_ = true;
  }
  if (engine_.behind()) sync_due_ = true;
}

bool Collector::dump_policies() {
  Rows rows(engine_);
  xfrm::decode(kernel_.policy_dump(++seq_), rows);
  return !world_.random().chance(kernel_.faults.dump_fails);
}

bool Collector::dump_sas() {
  Rows rows(engine_);
  Random& random = world_.random();
  Kernel::SaDump dump(kernel_);
  bool overrun = false;
  std::optional<test::Message> ready = dump.next(kernel_, ++seq_, random.between(1, 12));
  while (ready) {
    // The kernel makes the next part when this one is taken.
    const test::Message part = std::move(*ready);
    ready = dump.next(kernel_, seq_, random.between(1, 12));
    interleave(true);
    engine_.set_source(Engine::Source::dump);
    engine_.set_time(kernel_.now());
    xfrm::decode(part, rows);
    interleave(true);
    drain_all(overrun);
    engine_.set_source(Engine::Source::dump);
    if (random.chance(kernel_.faults.dump_fails)) {
      if (overrun) engine_.overrun();
      return false;
    }
  }
  if (overrun) engine_.overrun();
  return !overrun;
}

bool Collector::try_sync() {
  const std::uint64_t hurt = kernel_.messages_hurt();
  const std::uint64_t flushes = kernel_.flushes();
  read_finals();
  engine_.begin_sync();
  bool overrun = false;
  engine_.set_source(Engine::Source::dump);
  bool done = dump_policies();
  drain_all(overrun);
  engine_.set_source(Engine::Source::dump);
  if (done) done = dump_sas();
  drain_all(overrun);
  flushed_in_dump_ = flushed_in_dump_ || kernel_.flushes() != flushes;
  if (!done || overrun) {
    engine_.abandon_sync();
    if (overrun) engine_.overrun();
    world_.say("a sync fails");
    return false;
  }
  engine_.end_sync();
  // A message that was cut in the meantime is not mended by this sync.
  if (kernel_.messages_hurt() == hurt) {
    hurt_before_ = hurt;
    settled_ns_ = kernel_.now().boot_ns;
  }
  world_.truth().first_sync_done = true;
  world_.say("synced");
  return true;
}

bool Collector::sync() {
  for (int i = 0; i < hba::kMostSyncTries; ++i) {
    if (try_sync()) return true;
  }
  return false;
}

// again: to catch shared SAs at rest; what is missing is not looked into.
void Collector::read_sas(const std::vector<xfrm::SaId>& ids, bool again) {
  engine_.begin_reading();
  engine_.set_time(kernel_.now());
  std::vector<xfrm::SaId> gone;
  for (const xfrm::SaId& id : ids) {
    interleave(true);
    Rows rows(engine_);
    engine_.set_source(Engine::Source::read);
    if (world_.random().chance(kernel_.faults.read_fails / 10)) {
      reading_failed_ = true;
      world_.say("a reading fails");
      engine_.reading_failed();
      drain_events();
      return;
    }
    engine_.set_time(kernel_.now());
    xfrm::decode(kernel_.answer(id, ++seq_), rows);
    if (rows.error() == -ESRCH) gone.push_back(id);
  }
  interleave(true);
  drain_events();
  if (!again && engine_.note_missing(gone)) sync_due_ = true;
}

// What sock_diag has, row by row.
std::vector<xfrm::TcpConnection> Collector::read_diag() {
  Random& random = world_.random();
  std::vector<xfrm::TcpConnection> all;
  const std::uint32_t seq = ++seq_;
  bool done = false;
  for (const std::uint64_t cookie : world_.socket_list()) {
    if (random.chance(kernel_.faults.diag_skips)) continue;
    const test::Message row = world_.diag_row(cookie, seq);
    if (!row.empty() && !xfrm::parse_connections(row, seq, all, done)) std::abort();
    if (random.chance(300)) interleave(true);
  }
  if (!xfrm::parse_connections(test::diag_end(seq), seq, all, done) || !done) std::abort();
  return all;
}

// As read_these() of connections_linux.cc: those of the sessions that are there.
void Collector::read_session_connections(Published& published) {
  const auto ends = engine_.connections_to_read();
  if (ends.empty()) return;
  interleave(true);
  engine_.set_time(kernel_.now());
  if (world_.random().chance(kernel_.faults.diag_fails)) return;
  std::vector<xfrm::TcpConnection> all = read_diag();
  std::erase_if(all, [&](const xfrm::TcpConnection& each) {
    return !each.counted ||
           std::ranges::find(ends, std::pair(each.local, each.remote)) == ends.end();
  });
  for (const xfrm::TcpConnection& each : all) {
    published.connections.emplace(each.cookie, each.counters.in_segments);
  }
  engine_.take_session_connections(all);
}

void Collector::read_connections() {
  if (!engine_.wants_connections()) return;
  Random& random = world_.random();
  interleave(true);
  if (!random.chance(kernel_.faults.diag_fails)) {
    const auto peers = engine_.peers_to_ask();
    std::vector<xfrm::TcpConnection> all = read_diag();
    std::erase_if(all, [&](const xfrm::TcpConnection& each) {
      return peers && std::ranges::find(*peers, each.remote.address) == peers->end();
    });
    engine_.set_time(kernel_.now());
    engine_.take_connections(all);
  }
  if (!kernel_.probes.attached || !kernel_.probes.closings) return;
  xfrm::ProbeReading reading;
  reading.closed = kernel_.take_closed();
  reading.totals.closed_lost = kernel_.closed_lost();
  engine_.take_closed(reading);
}

// What the coming attribution must claim: then the truth's lower bound holds it.
void Collector::claim_in_truth() {
  Truth& truth = world_.truth();
  counted_.clear();
  shared_.clear();
  if (kernel_.messages_hurt() != hurt_before_ || sync_due_) return;
  const std::uint64_t now_ns = kernel_.now().boot_ns;
  for (const auto& [claim, adapters] : world_.claimable()) {
    const auto& [lane, out] = claim;
    if (adapters.size() > 1) shared_.insert(claim);
    for (std::uint32_t number = 0; number < truth.size(); ++number) {
      const Tracked& sa = truth.at(number);
      if (sa.lane != lane || sa.out != out || sa.counts) continue;
      const bool remembered =
          sa.ended_ns > settled_ns_ && now_ns - sa.ended_ns < kSurelyRememberedNs;
      if (!sa.live && !remembered) continue;
      truth.count(number, now_ns - began_ns_ > kSurelyRememberedNs);
      if (truth.at(number).counts) counted_.push_back(number);
    }
  }
}

void Collector::forget_claims() {
  for (const std::uint32_t number : counted_) world_.truth().uncount(number);
}

Collector::Published Collector::refresh() {
  Truth& truth = world_.truth();
  world_.settle_under_way();  // since the last one some milliseconds have passed
  interleave(false);
  drain_events();
  const std::uint64_t changes = world_.changes();
  iscsi::Inventory inventory = world_.scan();
  claim_in_truth();
  Published published;
  for (std::size_t i = 0; i < kMostAdapters; ++i) {
    published.lower.push_back(truth.lower(static_cast<int>(i)));
  }
  published.lower.push_back(truth.host_lower());
  engine_.set_inventory(std::move(inventory));
  interleave(true);
  drain_events();
  if (sync_due_) sync_due_ = !sync();
  engine_.set_time(kernel_.now());
  const xfrm::NetnsErrors errors = kernel_.errors;
  engine_.attribute();
  kernel_.closings_wanted = engine_.wants_connections();
  read_session_connections(published);
  read_connections();
  reading_failed_ = false;
  read_sas(engine_.sas_to_read(), false);
  read_connections();
  for (int i = 1; i < hba::kMostSplitTries && !engine_.split_balances(); ++i) {
    read_sas(engine_.shared_sas_to_read(), true);
    if (reading_failed_) break;
    read_connections();
  }
  engine_.set_netns_errors(errors);
  engine_.set_time(kernel_.now());
  engine_.conclude();
  interleave(true);
  std::vector<std::byte> state = hba::LedgerState::save(engine_, kBoot);
  if (state != disk_) {
    disk_ = std::move(state);
    interleave(true);
  }
  published.report = engine_.report();
  published.lower_after = truth.host_lower();
  published.reading_failed = reading_failed_;
  published.claimed_more = !counted_.empty();
  published.disturbed = world_.changes() != changes;
  published.finals_wait = kernel_.finals_wait() || kernel_.finals_lost() > 0;
  published.flushed_in_dump = flushed_in_dump_;
  published.settled = kernel_.messages_hurt() == hurt_before_ && !sync_due_;
  world_.published(!reading_failed_);
  counted_.clear();
  for (int lane = 0; lane < static_cast<int>(kMostLanes); ++lane) {
    for (const bool out : {false, true}) {
      const std::pair key(lane, out);
      truth.decide(lane, out, shared_.contains(key) && shared_before_.contains(key));
    }
  }
  shared_before_ = shared_;
  for (const auto& [claim, adapters] : world_.claimable()) {
    const auto& [lane, out] = claim;
    if (published.settled && !published.disturbed) {
      truth.claimed[static_cast<std::size_t>(lane)][out ? 1 : 0] = true;
    }
  }
  return published;
}

}  // namespace qm::sim

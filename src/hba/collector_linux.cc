#include "hba/collector.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/confine.h"
#include "base/descriptor_linux.h"
#include "base/text.h"
#include "hba/kernel.h"
#include "hba/ledger_state.h"
#include "hba/privileges.h"
#include "hba/publisher.h"
#include "hba/state_file.h"
#include "xfrm/route.h"
#include "xfrm/system.h"

namespace qm::hba {
namespace {

void log(const std::string& line) {
  fmt::print(stderr, "quickmode-collect: {}\n", plain_text(line));
}

// The interfaces that the sessions' connections leave by.
Interfaces read_interfaces(const iscsi::Inventory& inventory) {
  Interfaces interfaces;
  std::map<std::pair<std::int32_t, Family>, InterfaceSwitches> devices;
  std::optional<xfrm::RouteSocket> socket;
  const auto look_up = [&](const Address& local, const Address& remote) {
    if (!socket) {
      auto opened = xfrm::RouteSocket::open();
      if (!opened) return;
      socket.emplace(std::move(*opened));
    }
    const auto ifindex = socket->output_device(local, remote);
    if (!ifindex) return;
    auto known = devices.find({*ifindex, local.family});
    if (known == devices.end()) {
      const auto device = socket->device(*ifindex);
      const auto says = device ? xfrm::read_interface_ipsec(device->name)
                               : Result<xfrm::InterfaceIpsec>(std::unexpected(device.error()));
      if (!says) return;
      const bool v6 = local.family == Family::v6;  // which has no disable_xfrm
      known = devices
                  .emplace(std::pair(*ifindex, local.family),
                           InterfaceSwitches{device->name, !v6 && says->disable_xfrm,
                                             v6 ? says->disable_policy_v6 : says->disable_policy,
                                             device->if_id, *ifindex})
                  .first;
    }
    interfaces.emplace(std::pair(local, remote), known->second);
  };
  for (const iscsi::Session& session : inventory.sessions) {
    for (const iscsi::Connection& connection : session.connections) {
      const Address& local = connection.local.address;
      const Address& remote = connection.remote.address;
      if (!local.any() && !remote.any()) look_up(local, remote);
    }
  }
  return interfaces;
}

// Says what the probes cover, in the log and to the engine; hands over what is attached.
std::unique_ptr<xfrm::ProbeSource> tell_of(Result<xfrm::Probes> probes, Engine& engine) {
  if (!probes) {
    log("probes: none: " + probes.error().message);
    engine.set_probes("none: " + probes.error().message, {});
    return nullptr;
  }
  const xfrm::ProbeCoverage& covered = probes->coverage();
  log("probes: " + covered.text());
  engine.set_probes(covered.text(),
                    {.finals = covered.ends && covered.finals,
                     .bad_spi = covered.bad_spi,
                     // The counter is ESP's; a family that nobody watches would be missed.
                     .not_decrypted = covered.async && covered.esp4 && covered.esp6,
                     .closings = covered.closings()});
  return std::make_unique<xfrm::Probes>(std::move(*probes));
}

// SIGTERM and SIGINT as something to poll.
int stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

class Collector {
 public:
  Collector(const Configuration& configuration, Publisher publisher, Result<xfrm::Probes> probes,
            const std::vector<std::string>& not_confined)
      : configuration_(configuration),
        boot_id_(boot_id()),
        engine_(now()),
        kernel_(engine_, tell_of(std::move(probes), engine_)),
        tree_(iscsi::system_tree()),
        scanner_(*tree_),
        publisher_(std::move(publisher)),
        stop_(stop_signals()) {
    std::string all;
    for (const std::string& what : not_confined) {
      log("not confined: " + what);
      all += (all.empty() ? "" : "; ") + what;
    }
    engine_.set_not_confined(std::move(all));
  }

  Result<void> start();
  Result<void> run();

 private:
  void load_state();
  void save_state();
  Result<void> open_kernel();
  void refresh();
  void ask_ike();
  void handle_ike(Time time);
  void ike_changed();
  // Waits until something can be handled, or until a deadline; handles kernel events and vici.
  void wait(std::uint64_t until_boot_ns);

  const Configuration& configuration_;
  std::string boot_id_;
  Engine engine_;
  Kernel kernel_;
  std::unique_ptr<iscsi::FileTree> tree_;
  iscsi::Scanner scanner_;
  Publisher publisher_;
  std::vector<std::unique_ptr<ike::ViciClient>> daemons_;
  Descriptor stop_;
  std::uint64_t kernel_retry_boot_ns_ = 0;
  // Of the state in the file: its size and its end, which is a checksum. All of it would take as
  // much memory as the ledger.
  std::pair<std::size_t, std::vector<std::byte>> saved_state_;
  bool state_writable_ = true;
  bool stopping_ = false;
};

void Collector::load_state() {
  const std::string path = configuration_.state_file();
  const auto bytes = read_whole(path, kMostStateBytes);
  if (!bytes) {
    if (bytes.error().code != ErrorCode::not_found) log(bytes.error().message);
    return;
  }
  if (const auto loaded = LedgerState::load(*bytes, boot_id_, engine_); !loaded) {
    log(path + ": " + loaded.error().message);
    engine_.set_problem(loaded.error().message);
  }
}

// Before what it covers is published: a total that was seen is never forgotten.
void Collector::save_state() {
  const std::vector<std::byte> state = LedgerState::save(engine_, boot_id_);
  std::pair saved(state.size(), std::vector<std::byte>(state.end() - 8, state.end()));
  if (saved == saved_state_) return;
  const auto written = write_whole(configuration_.state_file(), state);
  if (!written) {
    engine_.set_problem(written.error().message);
    if (state_writable_) log(written.error().message);
  } else {
    saved_state_ = std::move(saved);
  }
  state_writable_ = written.has_value();
}

Result<void> Collector::open_kernel() {
  const auto opened = kernel_.open();
  if (opened) return {};
  kernel_retry_boot_ns_ = now().boot_ns + kKernelRetryNs;
  engine_.set_kernel(false, opened.error().message);
  if (opened.error().code == ErrorCode::unsupported) {
    log(opened.error().message + "; sessions are shown, counters are not known");
    return {};
  }
  return opened;
}

Result<void> Collector::start() {
  load_state();
  TRY(open_kernel());
  for (const std::string& path : configuration_.vici_sockets) {
    ike::Listener listener;
    listener.on_child_rekey = [this](const ike::ChildRekey& rekey) {
      engine_.set_time(now());
      engine_.ike_rekey(rekey);
    };
    listener.on_state = [this](bool) { ike_changed(); };
    daemons_.push_back(ike::ViciClient::make(path, std::move(listener)));
  }
  handle_ike(now());
  return {};
}

void Collector::ike_changed() {
  const auto up = std::ranges::count_if(
      daemons_, [](const auto& daemon) { return daemon != nullptr && daemon->up(); });
  engine_.ike_state(static_cast<std::uint32_t>(up));
}

void Collector::handle_ike(Time time) {
  for (const auto& daemon : daemons_) daemon->handle(time);
}

void Collector::wait(std::uint64_t until_boot_ns) {
  std::uint64_t due = until_boot_ns;
  std::vector<pollfd> ready{
      {stop_.get(), POLLIN, 0}, {kernel_.event_fd(), POLLIN, 0}, {publisher_.fd(), POLLIN, 0}};
  for (const auto& daemon : daemons_) {
    due = std::min(due, daemon->due_boot_ns());
    const short interest = daemon->wants_write() ? POLLIN | POLLOUT : POLLIN;
    ready.push_back({daemon->fd(), interest, 0});
  }
  const std::uint64_t now_ns = now().boot_ns;
  // Rounded up: a wait that ends too early would come round again for nothing.
  const std::uint64_t wait_ms = due > now_ns ? (due - now_ns + 999'999) / 1'000'000 : 0;
  ::poll(ready.data(), ready.size(),
         static_cast<int>(std::min<std::uint64_t>(wait_ms, kMostIntervalMs)));
  if ((ready[0].revents & POLLIN) != 0) stopping_ = true;
  kernel_.drain();
  handle_ike(now());
}

// The daemons' list of what they are doing, as fresh as the rest of the sample.
void Collector::ask_ike() {
  const std::uint64_t asked_boot_ns = now().boot_ns;
  for (const auto& daemon : daemons_) {
    if (daemon->up() && !daemon->sas_pending()) daemon->request_sas();
  }
  const auto pending = [this] {
    return std::ranges::any_of(daemons_, [](const auto& daemon) { return daemon->sas_pending(); });
  };
  handle_ike(now());
  while (pending() && !stopping_ && now().boot_ns < asked_boot_ns + kIkeWordNs) {
    wait(asked_boot_ns + kIkeWordNs);
  }
  std::vector<ike::IkeSa> all;
  bool fresh = true;
  for (const auto& daemon : daemons_) {
    if (!daemon->up()) continue;
    all.insert(all.end(), daemon->sas().begin(), daemon->sas().end());
    fresh = fresh && daemon->sas_at_boot_ns() >= asked_boot_ns;
  }
  ike_changed();
  engine_.set_ike_sas(std::move(all), fresh);
}

void Collector::refresh() {
  const std::uint64_t started_ns = now().boot_ns;
  if (!kernel_.is_open() && started_ns >= kernel_retry_boot_ns_) {
    if (const auto opened = open_kernel(); !opened) engine_.set_problem(opened.error().message);
  }
  ask_ike();
  iscsi::Inventory inventory = scanner_.scan();
  engine_.set_interfaces(read_interfaces(inventory));
  engine_.set_inventory(std::move(inventory));
  kernel_.refresh();
  engine_.set_time(now());
  if (!kernel_.is_open()) engine_.attribute();
  engine_.conclude();
  save_state();
  engine_.set_refresh_ns(now().boot_ns - started_ns);
  publisher_.publish(engine_.report());
}

Result<void> Collector::run() {
  std::uint64_t next_boot_ns = now().boot_ns;
  while (!stopping_) {
    if (now().boot_ns >= next_boot_ns) {
      refresh();
      next_boot_ns = now().boot_ns + std::uint64_t{configuration_.interval_ms} * 1'000'000U;
    }
    const bool asked = TRY(publisher_.handle());
    if (asked) {
      refresh();
      publisher_.refreshed();
      continue;
    }
    wait(next_boot_ns);
  }
  refresh();  // the last state is the one to resume from
  return {};
}

}  // namespace

Result<void> collect(const Configuration& configuration) {
  TRY(harden(kLeakChecked));
  if (!has_net_admin()) {
    return fail(ErrorCode::denied,
                "reading the kernel's IPsec needs CAP_NET_ADMIN: start me by systemd "
                "(systemctl start quickmode-collect) or as root");
  }
  TRY(hold_alone(configuration.state_file() + ".lock"));
  auto publisher = Publisher::open(configuration.provider_socket());
  if (!publisher) return std::unexpected(std::move(publisher).error());
  // While the rights that this takes are there.
  auto probes = configuration.probes
                    ? xfrm::Probes::open()
                    : fail(ErrorCode::state, "turned off (collect.probes = false)");
  const std::vector<std::string> missing = TRY(give_up_rights(configuration));
  Collector collector(configuration, std::move(*publisher), std::move(probes), missing);
  TRY(collector.start());
  log("started; publishing to " + configuration.provider_socket());
  return collector.run();
}

}  // namespace qm::hba

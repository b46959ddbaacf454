#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <map>
#include <utility>

#include "base/clock.h"
#include "base/guid.h"
#include "provider/registry.h"
#include "serve/api.h"
#include "serve/cim_endpoint.h"
#include "serve/class_change.h"
#include "serve/events.h"
#include "serve/gate.h"
#include "serve/host.h"
#include "serve/management.h"
#include "serve/metrics.h"
#include "serve/routes.h"
#include "serve/system.h"
#include "serve/tls.h"
#include "serve/web_page.h"
#include "wmi/catalog.h"
#include "wmi/enumerations.h"
#include "wmi/repository.h"
#include "wmi/snapshot.h"
#include "wmi/source.h"

namespace qm::serve {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kHistoryLook{1};  // as often as providers publish
using boost::system::error_code;

class OneThreadService final : public Service {
 public:
  explicit OneThreadService(Log::Sink log)
      : io_(1),
        registry_ready_(io_),
        signals_(io_),
        hang_up_(io_),
        certificate_timer_(io_),
        history_timer_(io_),
        log_(std::move(log)) {}
  OneThreadService(const OneThreadService&) = delete;
  OneThreadService& operator=(const OneThreadService&) = delete;

  ~OneThreadService() override {
    if (http_) http_->close();
    registry_ready_.release();  // the descriptor is the registry's
    if (!query_socket_.empty()) remove_socket(query_socket_);
  }

  Result<void> open(const Config& config, const ServiceLimits& limits) {
    // What is wrong with the configuration is said before anything is made.
    std::vector<Listener> wanted;
    wanted.reserve(config.listen.size());
    for (const std::string& one : config.listen) wanted.push_back(TRY(parse_listener(one)));
    provider::Admission admission{TRY(user_ids(config.provider_users)),
                                  TRY(group_ids(config.provider_groups))};
    TRY(group_ids({&config.query_group, config.query_group.empty() ? 0U : 1U}));
    catalog_.emplace(TRY(wmi::Repository::built_in()));
    read_classes(config.class_dir);
    if (auto made = make_directory(config.runtime_dir); !made) {
      return std::unexpected(
          std::move(made).error().in("the runtime directory (choose another with --runtime-dir)"));
    }
    lock_ = TRY(lock_directory(config.runtime_dir));
    TRY(open_registry(config.runtime_dir, std::move(admission)));
    source_.emplace(*registry_);
    snapshots_.emplace(catalog_->current(), *source_,
                       [this](const std::string& problem) { say(problem); });
    const auto ask = [this](const GUID& of, std::chrono::milliseconds deadline,
                            Refresher::Done done) {
      registry_->refresh(&of, deadline, std::move(done));
    };
    catalog_->ask_use_of([this](const GUID& guid) { return is_registered(guid); });
    const auto change = [this](const Request& asked) {
      const Answer answer = class_change_answer(*catalog_, asked);
      adopt_classes();
      return answer;
    };
    api_ = Api::make(
        io_, catalog_->current(), *source_, *snapshots_, history_, ask, [this] { return health(); },
        change, limits.refresh);
    adopted_ = catalog_->changes();
    const auto name_of = [this](const GUID& guid) {
      const wmi::ClassEntry* entry = catalog_->current()->find(guid);
      return entry == nullptr ? std::string() : std::string(entry->name());
    };
    const auto refresh = [this](Refresher::Done done) { api_->refresh(std::move(done)); };
    events_ = Events::make(io_, *api_, *source_, refresh, name_of);
    routes_.emplace(*events_);
    page_.emplace(*api_);
    routes_->add("", *page_);
    metrics_.emplace(io_, catalog_->current(), *snapshots_, [this] { return api_->health(); });
    routes_->add("metrics", *metrics_);
    const std::vector<std::string> names = host_names();
    const std::string name = names.empty() ? "localhost" : names.back();
    cim_.emplace(catalog_->current(), *snapshots_, enumerations_, name);
    routes_->add("cimom", *cim_);
    management_.emplace(io_, catalog_->current(), *snapshots_, name, QM_VERSION);
    routes_->add("wsman", *management_);
    routes_->add("wsman-anon", *management_);
    http_ = HttpServer::make(io_, *routes_, names, limits.http);
    TRY(open_doors(config, wanted));
    const std::string path = config.runtime_dir + "/query.sock";
    Descriptor socket = TRY(listen_at(path, config.query_mode, config.query_group));
    query_socket_ = path;
    TRY(http_->listen_local(socket.release()));
    watch_registry();
    keep_history();
    return {};
  }

  const std::vector<Listener>& listeners() const override { return listeners_; }
  const std::string& query_socket() const override { return query_socket_; }

  void stop_on_signals() override {
    error_code ignored;
    signals_.add(SIGTERM, ignored);
    signals_.add(SIGINT, ignored);
    signals_.async_wait([this](error_code ec, int) {
      if (!ec) io_.stop();
    });
    hang_up_.add(SIGHUP, ignored);
    wait_for_hang_up();
  }

  void run() override { io_.run(); }
  void stop() override { io_.stop(); }

 private:
  Result<void> open_doors(const Config& config, const std::vector<Listener>& wanted) {
    // Who may not make it may still serve; but one that is made later lies outside the cage.
    if (const auto made = make_directory(config.state_dir); !made) {
      say(fmt::format("no users until there is {} at a start: {}", config.state_dir,
                      made.error().message));
    }
    gate_.emplace(io_, config.state_dir + "/users", [this](const std::string& line) { say(line); });
    http_->guard(login::Access({config.loopback_password, config.identify}), *gate_);
    if (std::ranges::any_of(wanted, &Listener::tls)) TRY(open_tls(config));
    for (const Listener& one : wanted) {
      const Endpoint bound = TRY(one.tls ? http_->listen_tls(one) : http_->listen(one));
      listeners_.push_back({bound, one.tls});
    }
    return {};
  }

  void keep_history() {
    history_.look(*snapshots_->take({}, now()));
    history_timer_.expires_after(kHistoryLook);
    history_timer_.async_wait([this](error_code ec) {
      if (!ec) keep_history();
    });
  }

  Result<void> open_tls(const Config& config) {
    TlsFiles files{config.tls_certificate, config.tls_key};
    if (files.certificate.empty()) {
      std::vector<std::string> names = host_names();
      names.emplace_back("localhost");
      std::vector<Address> addresses = own_addresses();
      addresses.push_back(TRY(Address::parse("127.0.0.1")));
      addresses.push_back(TRY(Address::parse("::1")));
      files = TRY(own_certificate(config.state_dir, names, addresses,
                                  static_cast<std::int64_t>(now().unix_s()),
                                  [this](const std::string& line) { say(line); }));
    }
    tls_ = TRY(Tls::open(std::move(files)));
    http_->use_tls(tls_->context());
    tell_certificate();
    watch_certificate();
    return {};
  }

  void watch_certificate() {
    certificate_timer_.expires_after(kCertificateLook);
    certificate_timer_.async_wait([this](error_code ec) {
      if (ec) return;
      renew_certificate(false);
      watch_certificate();
    });
  }

  void wait_for_hang_up() {
    hang_up_.async_wait([this](error_code ec, int) {
      if (ec) return;
      renew_certificate(true);
      wait_for_hang_up();
    });
  }

  void renew_certificate(bool always) {
    if (!tls_) return;
    const Result<bool> renewed = tls_->renew(always);
    if (!renewed) return say("the certificate stays the old one: " + renewed.error().message);
    if (!*renewed) return;
    http_->use_tls(tls_->context());
    tell_certificate();
  }

  void tell_certificate() {
    const CertificateFacts& facts = tls_->facts();
    say(fmt::format("TLS with the certificate {} for {}", facts.fingerprint, facts.names));
    if (facts.until_s - static_cast<std::int64_t>(now().unix_s()) < kSoonExpires_s) {
      say(fmt::format("this certificate ends soon: {}", facts.until));
    }
  }

  // A file that does not fit is told of and left out: it must not keep all others from serving.
  void read_classes(const std::string& directory) {
    const auto names = files_ending(directory, ".bmf", wmi::kMostAdditions);
    if (!names) return say("classes: " + names.error().message);
    for (const std::string& name : *names) {
      const std::string path = fmt::format("{}/{}", directory, name);
      const auto bytes = read_text_file(path, wmi::kMostAdditionBytes);
      const Result<wmi::Added> added =
          bytes ? catalog_->add(wmi::Bringer::file, path, std::as_bytes(std::span(*bytes)))
                : std::unexpected(bytes.error());
      if (!added) say(fmt::format("{} is left out: {}", path, added.error().message));
    }
  }

  // A provider may bring its class along.
  Result<void> check_class(const provider::ClassInfo& info) {
    if (!info.bmof.empty()) {
      auto added = catalog_->add(wmi::Bringer::provider, "a provider", info.bmof);
      if (!added) return std::unexpected(std::move(added).error().in("the binary MOF"));
    }
    return catalog_->current()->check(info);
  }

  bool is_registered(const GUID& guid) {
    return std::ranges::any_of(source_->registrations(),
                               [&](const auto& one) { return equal(one.info.guid, guid); });
  }

  void adopt_classes() {
    if (adopted_ == catalog_->changes()) return;
    adopted_ = catalog_->changes();
    snapshots_->use(catalog_->current());
    api_->use(catalog_->current());
    metrics_->use(catalog_->current());
    cim_->use(catalog_->current());
    management_->use(catalog_->current());
  }

  Result<void> open_registry(const std::string& runtime_dir, provider::Admission admission) {
    const auto check = [this](const provider::ClassInfo& info) { return check_class(info); };
    registry_ = TRY(
        provider::Registry::listen(runtime_dir + "/provider.sock", std::move(admission), check));
    error_code ec;
    registry_ready_.assign(registry_->fd(), ec);
    if (ec) return std::unexpected(system_error("watching the provider socket", ec.value()));
    return {};
  }

  void watch_registry() {
    registry_ready_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code ec) {
      if (ec) return;
      registry_->handle();
      tell_changes();
      catalog_->keep_provided();
      adopt_classes();
      watch_registry();
    });
  }

  // Who came and who went, to the log; by provider, since each brings several classes.
  void tell_changes() {
    if (registry_->changes() == told_changes_) return;
    told_changes_ = registry_->changes();
    std::map<std::pair<pid_t, std::string>, std::size_t> there;
    for (const auto& registration : source_->registrations()) {
      ++there[{registration.pid, registration.driver}];
    }
    for (const auto& [who, classes] : there) {
      if (!providers_.contains(who)) {
        say(fmt::format("provider {} (pid {}) has registered", who.second, who.first));
      }
    }
    for (const auto& [who, classes] : providers_) {
      if (!there.contains(who)) {
        say(fmt::format("provider {} (pid {}) is gone, and its instances", who.second, who.first));
      }
    }
    providers_ = std::move(there);
  }

  Health health() const {
    const HttpCounts counts = http_->counts();
    Health health;
    health.version = QM_VERSION;
    health.uptime_s = (now().boot_ns - started_ns_) / 1'000'000'000;
    health.pid = process_id();
    health.requests = counts.requests;
    health.refused = counts.refused;
    health.connections = counts.connections;
    health.event_streams = events_->streams();
    health.failed_logins = gate_->failures();
    return health;
  }

  void say(std::string_view text) { log_.say(text, now().boot_ns); }

  // Destroyed from the end: what refers to another part stands below it.
  asio::io_context io_;
  Descriptor lock_;
  std::optional<wmi::Catalog> catalog_;
  std::unique_ptr<provider::Registry> registry_;
  std::optional<wmi::RegistrySource> source_;
  std::optional<wmi::Snapshots> snapshots_;
  History history_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Events> events_;
  std::optional<WebPage> page_;
  std::optional<MetricsPage> metrics_;
  wmi::Enumerations enumerations_;  // CIM-XML's
  std::optional<CimEndpoint> cim_;
  std::optional<Management> management_;
  std::optional<Routes> routes_;
  std::unique_ptr<Tls> tls_;
  std::optional<LoginGate> gate_;
  std::unique_ptr<HttpServer> http_;
  asio::posix::stream_descriptor registry_ready_;
  asio::signal_set signals_;
  asio::signal_set hang_up_;
  asio::steady_timer certificate_timer_;
  asio::steady_timer history_timer_;
  Log log_;
  std::map<std::pair<pid_t, std::string>, std::size_t> providers_;  // as last told
  std::uint64_t told_changes_ = 0;
  std::uint64_t adopted_ = 0;  // of the catalog's changes
  std::vector<Listener> listeners_;
  std::string query_socket_;
  std::uint64_t started_ns_ = now().boot_ns;
};

}  // namespace

Result<std::unique_ptr<Service>> Service::start(const Config& config, Log::Sink log,
                                                ServiceLimits limits) {
  auto service = std::make_unique<OneThreadService>(std::move(log));
  TRY(service->open(config, limits));
  return service;
}

}  // namespace qm::serve

// Requests a second over HTTP: server and client on two cores of one machine, four connections that
// stay open, the class with 64 adapters; beside the same server giving the same bytes without
// making them, which no answer can outdo. CIM-XML and WS-Management must reach 8,000 a second with
// p99 within 1 ms, with a login (Basic) and without. bench_wire NAME measures those whose name
// holds it. Every answer is read to its end; one of each is looked through.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "adapters.h"
#include "cimxml/responder_testing.h"
#include "login/password.h"
#include "login/private_file.h"
#include "serve/cim_endpoint.h"
#include "serve/gate.h"
#include "serve/http.h"
#include "serve/management.h"
#include "serve/routes.h"
#include "wmi/source_testing.h"
#include "wsman/asking_testing.h"

namespace {

namespace wmi = qm::wmi;
namespace serve = qm::serve;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kClass = qm::kBenchClass;
constexpr std::size_t kConnections = 4;
constexpr std::chrono::seconds kDuration{3};

// What it says does not change: nothing but HTTP is measured.
class Constant final : public serve::Handler {
 public:
  void set(std::string body) { body_ = std::make_shared<const std::string>(std::move(body)); }
  serve::Asked<std::size_t> admit(const serve::Request&) override { return std::size_t{65'536}; }
  void handle(const serve::Request&, Done done) override {
    serve::Answer answer{200, "application/xml; charset=\"utf-8\"", {}};
    answer.middle = body_;
    done(std::move(answer));
  }

 private:
  std::shared_ptr<const std::string> body_;
};

// A folder with the file of users in it.
class Users {
 public:
  Users() {
    char path[] = "/tmp/quickmode-bench-XXXXXX";
    directory_ = ::mkdtemp(path);
    const auto hash = qm::login::hash_password(qm::login::Secret(std::string("correct horse")));
    QM_ASSERT(hash.has_value());
    qm::login::Users users;
    QM_ASSERT(users.add({"reader", qm::login::Role::read, *hash}).has_value());
    QM_ASSERT(qm::login::replace_private_file(file(), users.text()).has_value());
  }
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;
  ~Users() { std::filesystem::remove_all(directory_); }
  std::string file() const { return directory_ + "/users"; }

 private:
  std::string directory_;
};
constexpr std::string_view kBasic = "Authorization: Basic cmVhZGVyOmNvcnJlY3QgaG9yc2U=\r\n";

struct World {
  World()
      : gate(io, users.file(), [](const std::string&) {}),
        repository(wmi::Repository::built_in().value()),
        snapshots(repository, source, {}),
        cim(repository, snapshots, enumerations, "HOST"),
        management(io, repository, snapshots, "HOST", "0.1.0"),
        routes(constant) {
    const wmi::ClassEntry& the_class = *repository->find(kClass);
    source.publish(source.add(the_class, "bench", 1), {}, qm::made_adapters(the_class, 64));
    routes.add("cimom", cim);
    routes.add("wsman", management);
  }

  boost::asio::io_context io{1};
  Users users;
  serve::LoginGate gate;
  std::shared_ptr<const wmi::Repository> repository;
  wmi::FakeSource source;
  wmi::Snapshots snapshots;
  wmi::Enumerations enumerations;
  serve::CimEndpoint cim;
  serve::Management management;
  Constant constant;
  serve::Routes routes;
};

class Connection {
 public:
  explicit Connection(std::uint16_t port) : port_(port) { open(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(fd_); }
  int fd() const { return fd_; }

  void send(const std::string& request) {
    began_ = Clock::now();
    have_ = wanted_ = 0;
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t got = ::send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      QM_ASSERT(got > 0);
      sent += static_cast<std::size_t>(got);
    }
  }

  // True: the answer is whole.
  bool receive() {
    // Only what has not been looked at is kept: the head, until its length is known.
    const std::size_t at = wanted_ == 0 || keep_all_ ? have_ : 0;
    const ssize_t got = recv(fd_, buffer_.data() + at, buffer_.size() - at, 0);
    QM_ASSERT(got > 0);
    have_ += static_cast<std::size_t>(got);
    if (wanted_ == 0) read_head();
    if (wanted_ == 0 || have_ < wanted_) return false;
    QM_ASSERT(have_ == wanted_);
    return true;
  }

  // Of an answer that is whole.
  std::string_view text() const { return {buffer_.data(), have_}; }
  void keep_all() { keep_all_ = true; }
  Clock::duration age() const { return Clock::now() - began_; }
  std::size_t bytes() const { return wanted_; }
  void reopen_if_told() {
    if (!last_) return;
    close(fd_);
    open();
  }

 private:
  void open() {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    QM_ASSERT(fd_ >= 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    QM_ASSERT(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    last_ = false;
  }

  void read_head() {
    const std::string_view head(buffer_.data(), have_);
    const std::size_t end = head.find("\r\n\r\n");
    if (end == std::string_view::npos) return;
    QM_ASSERT(head.starts_with("HTTP/1.1 200 "));
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t at = head.find(kLength) + kLength.size();
    std::size_t length = 0;
    std::from_chars(head.data() + at, head.data() + end, length);
    wanted_ = end + 4 + length;
    last_ = head.substr(0, end).find("Connection: close") != std::string_view::npos;
  }

  std::uint16_t port_;
  int fd_ = -1;
  bool last_ = false;
  bool keep_all_ = false;
  std::size_t have_ = 0;
  std::size_t wanted_ = 0;
  Clock::time_point began_;
  std::array<char, 262'144> buffer_{};
};

std::string_view only;  // measures whose name holds it

// The head is at hand while no more than the buffer's bytes have come.
void look_through(std::uint16_t port, const std::string& request, std::size_t wanted) {
  Connection one(port);
  one.keep_all();
  one.send(request);
  while (!one.receive()) {
  }
  std::size_t found = 0;
  constexpr std::string_view kName = "SIM\\ISCSI\\ADAPTER";
  for (std::size_t at = 0; (at = one.text().find(kName, at)) != std::string_view::npos; ++at)
    ++found;
  QM_ASSERT(found >= wanted);
}

void measure(std::string_view name, std::uint16_t port, const std::string& request,
             std::size_t adapters = 64) {
  if (!name.contains(only)) return;
  look_through(port, request, adapters);
  std::vector<std::unique_ptr<Connection>> connections;
  std::array<pollfd, kConnections> waits{};
  for (std::size_t i = 0; i < kConnections; ++i) {
    connections.push_back(std::make_unique<Connection>(port));
    waits.at(i) = {connections[i]->fd(), POLLIN, 0};
    connections[i]->send(request);
  }
  std::vector<double> ages_us;
  ages_us.reserve(1U << 20U);
  std::size_t bytes = 0;
  const auto begin = Clock::now();
  while (Clock::now() - begin < kDuration) {
    poll(waits.data(), waits.size(), -1);
    for (std::size_t i = 0; i < kConnections; ++i) {
      Connection& one = *connections[i];
      if ((waits.at(i).revents & POLLIN) == 0 || !one.receive()) continue;
      ages_us.push_back(std::chrono::duration<double, std::micro>(one.age()).count());
      bytes = one.bytes();
      one.reopen_if_told();
      waits.at(i).fd = one.fd();
      one.send(request);
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::ranges::sort(ages_us);
  const auto share = [&](std::size_t percent) {
    return ages_us.empty() ? 0.0 : ages_us[ages_us.size() * percent / 100];
  };
  fmt::print("{:<40} {:>9.0f} requests/s   p50 {:>7.0f} us   p99 {:>7.0f} us   {} bytes\n", name,
             static_cast<double>(ages_us.size()) / seconds, share(50), share(99), bytes);
}

std::string cim_request(std::string_view method, const std::string& parameters) {
  const std::string body =
      qm::cimxml::message(qm::cimxml::simple_request(method, parameters, "root/wmi"));
  return fmt::format(
      "POST /cimom HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml; "
      "charset=\"utf-8\"\r\nCIMOperation: MethodCall\r\nCIMMethod: {}\r\nCIMObject: "
      "root%2Fwmi\r\nContent-Length: {}\r\n\r\n{}",
      method, body.size(), body);
}

std::string constant_body(World& world) {
  const std::string body = qm::cimxml::message(qm::cimxml::simple_request(
      "EnumerateInstances", qm::cimxml::class_parameter(kClass), "root/wmi"));
  qm::cimxml::Responder responder(
      world.repository, [&](auto classes) { return world.snapshots.take(classes, {}); },
      world.enumerations, "HOST");
  qm::cimxml::Ask ask;
  ask.operation = "MethodCall";
  ask.method = "EnumerateInstances";
  ask.object = "root/wmi";
  ask.body = body;
  return responder.answer(ask, 1).body.whole();
}

std::string wsman_request(const qm::wsman::Asking& asking) {
  const std::string body = asking.text();
  return fmt::format(
      "POST /wsman HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/soap+xml;charset=UTF-8"
      "\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && !std::string_view(argv[1]).starts_with('-')) only = argv[1];
  World world;
  world.constant.set(constant_body(world));
  boost::asio::io_context& io = world.io;
  const auto server = serve::HttpServer::make(io, world.routes, {});
  server->guard(qm::login::Access({}), world.gate);
  const auto on = server->listen({qm::Address::parse("127.0.0.1").value(), 0});
  QM_ASSERT(on.has_value());
  std::thread serving([&] { io.run(); });
  const std::string request =
      cim_request("EnumerateInstances", qm::cimxml::class_parameter(kClass));
  std::string constant = request;
  constant.replace(constant.find("/cimom"), 6, "/constant");
  const auto with_login = [](std::string text) { return text.insert(text.find("Host:"), kBasic); };
  measure("the same bytes, not made", on->port, constant);
  measure("CIM-XML EnumerateInstances", on->port, request);
  measure("CIM-XML EnumerateInstances, Basic", on->port, with_login(request));
  // What the peers of the measurements were asked: the class's own 20 properties.
  measure("CIM-XML EnumerateInstances, LocalOnly", on->port,
          cim_request("EnumerateInstances", qm::cimxml::class_parameter(kClass) +
                                                qm::cimxml::text_parameter("LocalOnly", "TRUE")));
  measure("CIM-XML EnumerateInstanceNames", on->port,
          cim_request("EnumerateInstanceNames", qm::cimxml::class_parameter(kClass)));
  measure("CIM-XML GetInstance", on->port,
          cim_request("GetInstance", qm::cimxml::instance_parameter(kClass, "InstanceName",
                                                                    "SIM\\ISCSI\\ADAPTER00031_0")),
          1);
  using qm::wsman::enumerate;
  const std::string all =
      wsman_request(enumerate(std::string(qm::wsman::kAllAtOnce), std::string(kClass)));
  measure("WS-Man Enumerate, optimized", on->port, all);
  measure("WS-Man Enumerate, optimized, Basic", on->port, with_login(all));
  qm::wsman::Asking get;
  get.uri = std::string(qm::wsman::kTestUri) + std::string(kClass);
  get.headers =
      qm::wsman::selectors(qm::wsman::selector("InstanceName", "SIM\\ISCSI\\ADAPTER00031_0"));
  measure("WS-Man Get", on->port, wsman_request(get), 1);
  io.stop();
  serving.join();
}

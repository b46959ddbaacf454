// Any bytes over a connection: HTTP with WS-Management and CIM-XML behind it. Whatever comes, the
// server answers in HTTP or ends the connection, and is there for the next one.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/descriptor_linux.h"
#include "serve/cim_endpoint.h"
#include "serve/http.h"
#include "serve/management.h"
#include "serve/routes.h"
#include "wmi/wql_testing.h"

namespace {

using namespace qm;

// Of everything else, and of every POST.
class Echo final : public serve::Handler {
 public:
  serve::Asked<std::size_t> admit(const serve::Request&) override { return std::size_t{4'096}; }
  void handle(const serve::Request& request, Done done) override {
    done({200, "text/plain", std::string(request.body)});
  }
};

struct World {
  World()
      : cim(host.repository, snapshots, enumerations, "HOST"),
        management(io, host.repository, snapshots, "HOST", "0.1.0"),
        routes(echo) {
    const wmi::ClassEntry& small = host.the("Test_Small");
    wmi::BlockBuilder block(small);
    host.source.publish(host.source.add(small, "fuzz", 1), {5, 6},
                        {{"a<_0", "", true, block.block(), block.qualities()}});
    routes.add("cimom", cim);
    routes.add("wsman", management);
    routes.add("wsman-anon", management);
    // Abstract, so that nothing is left behind.
    const std::string name = "quickmode-fuzz-" + std::to_string(::getpid());
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path[1], name.data(), name.size());
    bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    QM_ASSERT(fd >= 0);
    QM_ASSERT(::bind(fd, reinterpret_cast<const sockaddr*>(&address), bytes) == 0);
    QM_ASSERT(::listen(fd, 8) == 0);
    QM_ASSERT(server->listen_local(fd).has_value());
  }

  wmi::wql::World host;
  boost::asio::io_context io{1};
  wmi::Snapshots snapshots{host.repository, host.source, {}};
  wmi::Enumerations enumerations;
  serve::CimEndpoint cim;
  serve::Management management;
  Echo echo;
  serve::Routes routes;
  std::unique_ptr<serve::HttpServer> server = serve::HttpServer::make(io, routes, {});
  sockaddr_un address{};
  socklen_t bytes = 0;
};

World& the_world() {
  static World& world = *new World;
  return world;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65'536) return 0;
  World& world = the_world();
  const Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  QM_ASSERT(
      ::connect(client.get(), reinterpret_cast<const sockaddr*>(&world.address), world.bytes) == 0);
  std::size_t sent = 0;
  bool ended = false;
  std::string answer;
  for (int turns = 0; turns < 100'000; ++turns) {
    if (sent < size) {
      const ssize_t got = ::send(client.get(), data + sent, size - sent, MSG_NOSIGNAL);
      if (got > 0) sent += static_cast<std::size_t>(got);
      if (got < 0 && errno != EAGAIN) sent = size;  // it does not want more
    }
    if (sent == size && !ended) ended = ::shutdown(client.get(), SHUT_WR) == 0 || true;
    world.io.restart();
    world.io.poll();
    char buffer[65'536];
    const ssize_t got = ::recv(client.get(), buffer, sizeof buffer, 0);
    if (got > 0) answer.append(buffer, std::min<std::size_t>(static_cast<std::size_t>(got), 16));
    if (got == 0 || (got < 0 && errno != EAGAIN)) break;
    // A Pull for events is held as long as somebody is there for it.
    if (ended && got < 0 && world.server->counts().connections != 0 && turns > 64) break;
  }
  if (!answer.empty() && !answer.starts_with("HTTP/1.1 ")) __builtin_trap();
  return 0;
}

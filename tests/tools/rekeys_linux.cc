// rekeys SOCKET CHILD COUNT: charon renews a CHILD_SA's keys so many times in a row, each as soon
// as the one before is over. For the lab: swanctl's own start takes longer there than a rekey.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "ike/packet.h"
#include "ike/vici.h"

namespace {

using namespace qm;
using ike::PacketType;

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "rekeys: {}\n", why);
  std::exit(1);
}

// One value of a vici message: type 3, the key and its length, the value and its length.
std::string value(std::string_view key, std::string_view text) {
  std::string bytes{'\3', static_cast<char>(key.size())};
  bytes += key;
  bytes += static_cast<char>(text.size() >> 8);
  bytes += static_cast<char>(text.size() & 0xff);
  return bytes += text;
}

// Of a child-rekey event: what came in the place of the CHILD_SA with this number.
std::optional<std::string> renewal_of(const ike::Section& event, const std::string& number) {
  for (const auto& [ike_name, ike_sa] : event.sections) {
    const ike::Section* children = ike_sa.section("child-sas");
    if (children == nullptr) continue;
    for (const auto& [name, child] : children->sections) {
      const ike::Section* old = child.section("old");
      const ike::Section* renewed = child.section("new");
      if (old == nullptr || renewed == nullptr) continue;
      const std::string* was = old->value("uniqueid");
      const std::string* is = renewed->value("uniqueid");
      if (was != nullptr && is != nullptr && *was == number) return *is;
    }
  }
  return std::nullopt;
}

class Charon {
 public:
  explicit Charon(const char* path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::strlen(path);
    if (length >= sizeof(address.sun_path)) die("a socket's name that is too long");
    std::memcpy(address.sun_path, path, length);
    const timeval patience{90, 0};  // under traffic a lost packet costs seconds, and they add up
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      die(fmt::format("{}: {}", path, std::strerror(errno)));
    }
    for (const char* event : {"list-sa", "child-rekey"}) {
      send(PacketType::event_register, event);
      if (receive().type != PacketType::event_confirm) die(fmt::format("charon has no {}", event));
    }
  }
  ~Charon() { ::close(socket_); }
  Charon(const Charon&) = delete;
  Charon& operator=(const Charon&) = delete;

  // The numbers of the CHILD_SAs of this name; IKEv1 keeps those that were renewed until they
  // expire.
  std::set<std::string> live(const std::string& child) {
    send(PacketType::cmd_request, "list-sas");
    std::set<std::string> found;
    for (ike::Packet packet = receive(); packet.type == PacketType::event; packet = receive()) {
      if (packet.name != "list-sa") continue;
      const auto told = ike::parse_message(packet.message);
      if (!told) die(told.error().message);
      for (const auto& [ike_name, ike_sa] : told->sections) {
        const ike::Section* children = ike_sa.section("child-sas");
        if (children == nullptr) continue;
        for (const auto& [key, sa] : children->sections) {
          const std::string* name = sa.value("name");
          const std::string* state = sa.value("state");
          const std::string* number = sa.value("uniqueid");
          if (name == nullptr || state == nullptr || number == nullptr) continue;
          if (*name == child && *state == "INSTALLED") found.insert(*number);
        }
      }
    }
    return found;
  }

  // The number of the one that comes in its place, once it is there. No list is asked for: IKEv1's
  // grows with each rekey.
  std::string rekey(const std::string& number) {
    send(PacketType::cmd_request, "rekey", value("child-id", number));
    std::string renewed;
    for (bool accepted = false; renewed.empty() || !accepted;) {
      const ike::Packet packet = receive();
      const auto told = ike::parse_message(packet.message);
      if (!told) die(told.error().message);
      if (packet.type == PacketType::event) {
        if (packet.name == "child-rekey") renewed = renewal_of(*told, number).value_or(renewed);
        continue;
      }
      const std::string* success = told->value("success");
      accepted = success != nullptr && *success == "yes";
      if (!accepted) die(number + ": a rekey is refused");
    }
    return renewed;
  }

 private:
  void send(PacketType type, std::string_view name, std::string_view message = {}) {
    const std::string bytes = ike::packet_bytes(type, name, message);
    if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != std::ssize(bytes)) {
      die("charon does not listen");
    }
  }
  ike::Packet receive() {
    for (;;) {
      const auto body = framer_.next();
      if (!body) die(body.error().message);
      if (*body) {
        const auto packet = ike::parse_packet(**body);
        if (!packet) die(packet.error().message);
        return *packet;
      }
      std::array<std::byte, 65'536> room{};
      const ssize_t got = ::recv(socket_, room.data(), room.size(), 0);
      if (got <= 0) die("charon does not answer");
      framer_.add(Bytes(room).first(static_cast<std::size_t>(got)));
    }
  }

  int socket_;
  ike::Framer framer_;
};

// So many rekeys; then until the SA of the last stands alone.
void renew(Charon& charon, const std::string& child, int count) {
  using Clock = std::chrono::steady_clock;
  const std::set<std::string> before = charon.live(child);
  if (before.size() != 1) die(fmt::format("{}: {} SAs", child, before.size()));
  std::string number = *before.begin();
  for (int i = 0; i < count; ++i) number = charon.rekey(number);
  const Clock::time_point end = Clock::now() + std::chrono::seconds(90);
  while (charon.live(child) != std::set{number}) {
    if (Clock::now() > end) die(child + ": the last rekey does not end");
    ::poll(nullptr, 0, 20);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  const std::string_view number = argc == 4 ? argv[3] : "";
  const auto end = number.end();
  if (const auto read = std::from_chars(number.begin(), end, count); read.ptr != end || count < 1) {
    fmt::print(stderr, "usage: rekeys SOCKET CHILD COUNT\n");
    return 64;
  }
  Charon charon(argv[1]);
  renew(charon, argv[2], count);
  return 0;
}

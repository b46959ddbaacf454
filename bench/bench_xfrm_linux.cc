// Reading all SAs from the kernel that runs this: 100k larval SAs in a network namespace of its own
// (larvals need no ESP in the kernel), made by a policy, as many destinations, and somebody who
// listens to ACQUIRE.
//
//   throw_away  the dump received and thrown away: what the kernel takes
//   dump        RequestSocket::dump_sas() into the table: receive, decode, upsert, wipe
//   dump_again  the same once the table knows them all
//
// Needs root and iproute2; says so and ends well without.
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "xfrm/ahead.h"
#include "xfrm/netlink.h"
#include "xfrm/socket.h"
#include "xfrm/tables.h"

namespace {

using namespace qm;
using namespace qm::xfrm;

constexpr std::uint32_t kSas = 100'000;
constexpr int kRounds = 10;

class Keeping : public SilentSink {
 public:
  explicit Keeping(SaTable& table) : table_(table) {}
  void on_datagram(Bytes datagram) override { prefetch_datagram(datagram, table_); }
  void on_sa(const Sa& sa, bool updated, std::uint32_t) override { table_.upsert(sa, updated); }

 private:
  SaTable& table_;
};

bool set_up_netns() {
  if (unshare(CLONE_NEWNET) != 0) return false;
  std::ofstream("/proc/sys/net/core/xfrm_acq_expires") << 3600;
  const char* commands[] = {"ip link add q0 type veth peer name q1", "ip link set q0 up",
                            "ip addr add 10.0.0.1/8 dev q0",
                            "ip xfrm policy add src 0.0.0.0/0 dst 10.0.0.0/8 dir out "
                            "tmpl src 0.0.0.0 dst 0.0.0.0 proto esp mode transport"};
  return std::ranges::all_of(commands, [](const char* command) {
    return std::system((std::string(command) + " 2>/dev/null").c_str()) == 0;  // NOLINT
  });
}

// Each destination is a negotiation that nobody answers. The kernel drops the packet; whether it
// says EAGAIN or not is all the same.
Result<void> make_larvals() {
  NetlinkSocket listener = TRY(NetlinkSocket::open(1U << (XFRMNLGRP_ACQUIRE - 1)));
  listener.resize(kMostEventBufferBytes);
  SecretBuffer buffer = TRY(SecretBuffer::make());
  const int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (sender < 0) return fail(ErrorCode::io, "no UDP socket");
  for (std::uint32_t n = 0; n < kSas; ++n) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    to.sin_addr.s_addr = htonl(0x0a01'0000U + n);
    (void)sendto(sender, "", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    Bytes acquire;
    while (n % 64 == 0 && TRY(listener.receive(buffer, acquire)) != NetlinkSocket::Got::nothing) {
    }
  }
  close(sender);
  return {};
}

Result<void> throw_away() {
  static NetlinkSocket socket = TRY(NetlinkSocket::open(0));
  static SecretBuffer buffer = TRY(SecretBuffer::make());
  TRY(socket.send(request_sa_dump(1)));
  for (;;) {
    Bytes datagram;
    const auto got = TRY(socket.receive(buffer, datagram));
    if (got == NetlinkSocket::Got::nothing) TRY(socket.wait(kRequestDeadlineMs));
    if (got != NetlinkSocket::Got::datagram) continue;
    // The end comes alone or last, with a payload of four bytes: nothing else is so short.
    std::uint16_t type = 0;
    constexpr std::size_t kDoneBytes = 20;
    if (datagram.size() < kDoneBytes) continue;
    if (read_at(datagram, datagram.size() - kDoneBytes + 4, type) && type == NLMSG_DONE) return {};
  }
}

// The least of kRounds, in nanoseconds an SA; negative: it failed.
double least_ns(const char* name, const std::function<Result<void>()>& round) {
  double least = -1;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (const auto done = round(); !done) {
      std::printf("%s: %s\n", name, done.error().message.c_str());
      return -1;
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    const double ns = took.count() / kSas;
    least = least < 0 ? ns : std::min(least, ns);
  }
  return least;
}

Result<void> measure() {
  TRY(make_larvals());
  RequestSocket requests = TRY(RequestSocket::open());
  const std::uint32_t held = TRY(requests.read_sa_count());
  if (held < kSas) {
    return fail(ErrorCode::state, "the kernel made " + std::to_string(held) + " larvals only");
  }
  const double thrown_ns = least_ns("throw_away", throw_away);
  const double first_ns = least_ns("dump", [&]() -> Result<void> {
    SaTable table;
    table.reserve(TRY(requests.read_sa_count()));
    Keeping sink(table);
    return requests.dump_sas(sink);
  });
  SaTable table;
  Keeping sink(table);
  TRY(requests.dump_sas(sink));
  const double again_ns = least_ns("dump_again", [&] { return requests.dump_sas(sink); });
  std::printf("%u larvals, 256 bytes each; least of %d rounds, ns an SA\n", held, kRounds);
  std::printf("throw_away %6.1f\n", thrown_ns);
  std::printf("dump       %6.1f  %+.1f, ratio %.2f\n", first_ns, first_ns - thrown_ns,
              first_ns / thrown_ns);
  std::printf("dump_again %6.1f  %+.1f, ratio %.2f; target +40: %s\n", again_ns,
              again_ns - thrown_ns, again_ns / thrown_ns,
              again_ns - thrown_ns <= 40 ? "met" : "MISSED");
  return {};
}

}  // namespace

int main() {
  if (!set_up_netns()) {
    std::puts("skipped: needs root, a network namespace of its own and iproute2");
    return 0;
  }
  if (const auto done = measure(); !done) {
    std::printf("skipped: %s\n", done.error().message.c_str());
  }
  return 0;
}

// event_storm PER_SECOND SECONDS: SA events of the kernel that runs this, in the network namespace
// that it is started in: larval SAs are made and deleted, and the kernel tells of each deletion
// (larvals need no ESP in the kernel; of their birth it tells nobody, facts §1). Prints how many it
// told. For tests: no part of the product. Needs CAP_NET_ADMIN.
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/descriptor_linux.h"

namespace {

constexpr std::uint32_t kBatch = 32;
constexpr std::uint32_t kFirstSpi = 0x1000;
constexpr std::uint64_t kMostPerSecond = 10'000'000;
constexpr std::uint64_t kMostSeconds = 86'400;

struct MakeLarval {
  nlmsghdr header{};
  xfrm_userspi_info wanted{};
};
struct DeleteSa {
  nlmsghdr header{};
  xfrm_usersa_id id{};
};
struct OneSa {
  MakeLarval make;
  DeleteSa remove;
};
static_assert(sizeof(MakeLarval) % NLMSG_ALIGNTO == 0 && sizeof(DeleteSa) % NLMSG_ALIGNTO == 0);

OneSa one_sa(std::uint32_t spi) {
  OneSa one;
  one.make.header = {.nlmsg_len = sizeof(MakeLarval),
                     .nlmsg_type = XFRM_MSG_ALLOCSPI,
                     .nlmsg_flags = NLM_F_REQUEST,
                     .nlmsg_seq = spi,
                     .nlmsg_pid = 0};
  xfrm_usersa_info& sa = one.make.wanted.info;
  sa.family = AF_INET;
  sa.id.proto = IPPROTO_ESP;
  sa.id.daddr.a4 = htonl(0x0a00'0001);
  sa.saddr.a4 = htonl(0x0a00'0002);
  one.make.wanted.min = one.make.wanted.max = spi;
  one.remove.header = {.nlmsg_len = sizeof(DeleteSa),
                       .nlmsg_type = XFRM_MSG_DELSA,
                       .nlmsg_flags = NLM_F_REQUEST,
                       .nlmsg_seq = spi,
                       .nlmsg_pid = 0};
  one.remove.id.daddr = sa.id.daddr;
  one.remove.id.spi = htonl(spi);
  one.remove.id.family = AF_INET;
  one.remove.id.proto = IPPROTO_ESP;
  return one;
}

std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

void wait_until(std::uint64_t ns) {
  const timespec then{.tv_sec = static_cast<time_t>(ns / 1'000'000'000U),
                      .tv_nsec = static_cast<long>(ns % 1'000'000'000U)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, nullptr);
}

// Takes the answers: refusals are counted, the larvals that were made are not looked at.
std::uint64_t refusals(int socket) {
  std::array<char, 65'536> buffer{};
  std::uint64_t refused = 0;
  for (;;) {
    const ssize_t got = recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got <= 0) return refused;
    auto left = static_cast<std::size_t>(got);
    for (const char* at = buffer.data(); left >= sizeof(nlmsghdr);) {
      nlmsghdr header{};
      std::memcpy(&header, at, sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > left) break;
      if (header.nlmsg_type == NLMSG_ERROR) ++refused;
      const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), left);
      at += step;
      left -= step;
    }
  }
}

bool number(std::string_view text, std::uint64_t most, std::uint64_t& value) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() && value > 0 &&
         value <= most;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t per_second = 0;
  std::uint64_t seconds = 0;
  if (argc != 3 || !number(argv[1], kMostPerSecond, per_second) ||
      !number(argv[2], kMostSeconds, seconds)) {
    fmt::print(stderr, "event_storm PER_SECOND SECONDS\n");
    return 64;
  }
  const qm::Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM));
  if (socket.get() < 0) {
    fmt::print(stderr, "event_storm: no XFRM socket: {}\n", std::strerror(errno));
    return 1;
  }
  const std::uint64_t all = per_second * seconds;
  const std::uint64_t began_ns = now_ns();
  std::uint64_t told = 0;
  std::uint64_t refused = 0;
  std::array<OneSa, kBatch> batch;
  while (told < all) {
    for (std::uint32_t i = 0; i < kBatch; ++i) {
      batch[i] = one_sa(kFirstSpi + static_cast<std::uint32_t>((told + i) % 0x1000'0000U));
    }
    if (send(socket.get(), batch.data(), sizeof batch, 0) < 0) {
      fmt::print(stderr, "event_storm: {}\n", std::strerror(errno));
      return 1;
    }
    refused += refusals(socket.get());
    told += kBatch;
    wait_until(began_ns + told * 1'000'000'000U / per_second);
  }
  const double took_s = static_cast<double>(now_ns() - began_ns) / 1e9;
  fmt::print("told={} refused={} took_s={:.1f}\n", told - refused, refused, took_s);
  return refused == 0 ? 0 : 1;
}

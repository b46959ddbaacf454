// Against the kernel that runs the tests, in a network namespace of their own. Any kernel with
// XFRM will do: larval SAs need no ESP. Without root or XFRM these tests say so and are skipped.
#include "xfrm/socket.h"

#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "support/xfrm_daemon.h"
#include "support/xfrm_messages.h"
#include "support/xfrm_telling_sink.h"
#include "xfrm/system.h"

namespace qm::xfrm {
namespace {

using test::Daemon;
using test::TellingSink;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

void in_own_netns(const std::function<void(Daemon&)>& body) {
  if (const std::string why = test::in_own_netns(body); !why.empty()) GTEST_SKIP() << why;
}

TEST(Kernel, a_dump_shows_every_larval) {
  in_own_netns([](Daemon& daemon) {
    constexpr std::uint32_t kLarvals = 300;  // more than a datagram holds
    for (std::uint32_t n = 0; n < kLarvals; ++n) ASSERT_EQ(daemon.add_larval(0x1000 + n), 0);
    auto requests = RequestSocket::open();
    ASSERT_TRUE(requests) << requests.error().message;
    EXPECT_EQ(requests->read_sa_count().value_or(0), kLarvals);
    class Counting : public SilentSink {
     public:
      void on_sa(const Sa& sa, bool, std::uint32_t) override {
        EXPECT_TRUE(sa.larval);
        spis.push_back(sa.id.spi);
      }
      std::vector<std::uint32_t> spis;
    } sink;
    int batches = 0;
    const auto dumped = requests->dump_sas(sink, [&] { ++batches; });
    ASSERT_TRUE(dumped) << dumped.error().message;
    std::ranges::sort(sink.spis);
    ASSERT_EQ(sink.spis.size(), kLarvals);
    EXPECT_EQ(sink.spis.front(), 0x1000);
    EXPECT_EQ(sink.spis.back(), 0x1000 + kLarvals - 1);
    EXPECT_GT(batches, 1);
  });
}

TEST(Kernel, single_sas_are_read_in_batches) {
  in_own_netns([](Daemon& daemon) {
    std::vector<SaId> ids;
    for (std::uint32_t n = 0; n < 2 * kMostSasInOneSend + 3; ++n) {
      ids.push_back(test::larval_id(0x1000 + n));
      if (n % 100 == 7) continue;
      ASSERT_EQ(daemon.add_larval(0x1000 + n), 0);
    }
    auto requests = RequestSocket::open();
    ASSERT_TRUE(requests) << requests.error().message;
    TellingSink sink;
    std::vector<std::size_t> missing;
    const auto read = requests->read_sas(ids, sink, missing);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_THAT(missing, ElementsAre(7, 107, 207, 307, 407, 507));
    EXPECT_EQ(sink.lines.size() + missing.size(), ids.size());
    EXPECT_THAT(sink.lines, testing::Each(HasSubstr("larval")));
    EXPECT_TRUE(requests->read_sas({}, sink, missing));
    EXPECT_THAT(missing, IsEmpty());
  });
}

TEST(Kernel, events_come_as_they_happen) {
  in_own_netns([](Daemon& daemon) {
    auto events = EventSocket::open();
    ASSERT_TRUE(events) << events.error().message;
    TellingSink sink;
    auto drained = events->drain(sink);
    ASSERT_TRUE(drained);
    EXPECT_EQ(drained->datagrams, 0);

    ASSERT_EQ(daemon.add_policy(test::policy_of_port(3260)), 0);
    ASSERT_EQ(daemon.add_larval(0x2000), 0);  // ALLOCSPI is no event
    ASSERT_EQ(daemon.delete_sa(test::larval_id(0x2000)), 0);
    ASSERT_EQ(daemon.delete_policy(test::policy_of_port(3260)), 0);
    const xfrm_usersa_flush flush{50};
    ASSERT_EQ(daemon.add_larval(0x2001), 0);
    ASSERT_EQ(daemon.ask(XFRM_MSG_FLUSHSA, std::as_bytes(std::span(&flush, 1))), 0);
    drained = events->drain(sink);
    ASSERT_TRUE(drained) << drained.error().message;
    EXPECT_FALSE(drained->overrun);
    EXPECT_FALSE(drained->more);
    EXPECT_THAT(sink.lines, ElementsAre(StartsWith("policy 1 index "),
                                        StartsWith("deleted 10.9.0.1 proto 50 spi 00002000"),
                                        StartsWith("policy deleted index "), "sas flushed 50"));
  });
}

TEST(Kernel, a_drain_stops_where_it_is_told) {
  in_own_netns([](Daemon& daemon) {
    auto events = EventSocket::open();
    ASSERT_TRUE(events) << events.error().message;
    for (std::uint16_t port = 1; port <= 3; ++port)
      ASSERT_EQ(daemon.add_policy(test::policy_of_port(port)), 0);
    TellingSink sink;
    EXPECT_TRUE(events->drain(sink, 2).value().more);
    EXPECT_EQ(sink.lines.size(), 2);
    EXPECT_FALSE(events->drain(sink, 2).value().more);
    EXPECT_EQ(sink.lines.size(), 3);
  });
}

TEST(Kernel, an_overrun_is_told_and_survived) {
  in_own_netns([](Daemon& daemon) {
    auto events = EventSocket::open(1);  // the kernel makes it its least, some 2 KB
    ASSERT_TRUE(events) << events.error().message;
    for (std::uint16_t port = 1; port <= 200; ++port) {
      ASSERT_EQ(daemon.add_policy(test::policy_of_port(port)), 0);
    }
    TellingSink sink;
    EXPECT_TRUE(events->drain(sink).value().overrun);
    EXPECT_LT(sink.lines.size(), 200);

    auto requests = RequestSocket::open();
    ASSERT_TRUE(requests) << requests.error().message;
    sink.lines.clear();
    ASSERT_TRUE(requests->dump_policies(sink));
    EXPECT_EQ(sink.lines.size(), 200);

    sink.lines.clear();
    ASSERT_EQ(daemon.add_policy(test::policy_of_port(201)), 0);
    EXPECT_FALSE(events->drain(sink).value().overrun);
    EXPECT_EQ(sink.lines.size(), 1);
  });
}

int room_of(const EventSocket& events) {
  int bytes = 0;
  socklen_t size = sizeof(bytes);
  EXPECT_EQ(::getsockopt(events.fd(), SOL_SOCKET, SO_RCVBUF, &bytes, &size), 0);
  return bytes;
}

TEST(Kernel, an_overrun_doubles_the_buffer) {
  in_own_netns([](Daemon& daemon) {
    auto events = EventSocket::open(8192);
    ASSERT_TRUE(events) << events.error().message;
    const int before = room_of(*events);
    for (std::uint16_t port = 1; port <= 200; ++port) {
      ASSERT_EQ(daemon.add_policy(test::policy_of_port(port)), 0);
    }
    TellingSink sink;
    EXPECT_TRUE(events->drain(sink).value().overrun);
    EXPECT_EQ(room_of(*events), 2 * before);
  });
}

// Adds so many policies that a buffer of some KB can't hold the events.
void overrun(Daemon& daemon, std::uint16_t first_port) {
  for (std::uint16_t port = first_port; port < first_port + 200; ++port) {
    ASSERT_EQ(daemon.add_policy(test::policy_of_port(port)), 0);
  }
}

TEST(Kernel, at_its_limit_the_buffer_grows_no_more_and_says_so) {
  in_own_netns([](Daemon& daemon) {
    // Twice is beyond the limit: it grows up to there.
    auto events = EventSocket::open(8192, 12'288);
    ASSERT_TRUE(events) << events.error().message;
    const int before = room_of(*events);
    TellingSink sink;
    overrun(daemon, 1);
    EventSocket::Drained drained = events->drain(sink).value();
    EXPECT_TRUE(drained.overrun);
    EXPECT_FALSE(drained.at_limit);
    EXPECT_EQ(room_of(*events), before + before / 2);

    overrun(daemon, 1001);
    drained = events->drain(sink).value();
    EXPECT_TRUE(drained.overrun);
    EXPECT_TRUE(drained.at_limit);
    EXPECT_EQ(room_of(*events), before + before / 2);

    ASSERT_EQ(daemon.add_policy(test::policy_of_port(2001)), 0);
    drained = events->drain(sink).value();
    EXPECT_EQ(drained.datagrams, 1);
    EXPECT_FALSE(drained.overrun);
    EXPECT_FALSE(drained.at_limit) << "nothing was lost this time";
  });
}

TEST(Kernel, from_the_first_buffer_to_the_largest_it_doubles_three_times) {
  in_own_netns([](Daemon&) {
    EXPECT_EQ(kMostEventBufferBytes, 8 * kEventBufferBytes);
    const auto largest = EventSocket::open(kMostEventBufferBytes);
    ASSERT_TRUE(largest) << largest.error().message;
    EXPECT_EQ(room_of(*largest), 2 * kMostEventBufferBytes) << "the kernel gives that much";
  });
}

TEST(Kernel, the_default_policy_is_read) {
  in_own_netns([](Daemon& daemon) {
    const std::uint8_t wanted[4] = {XFRM_USERPOLICY_BLOCK, XFRM_USERPOLICY_ACCEPT,
                                    XFRM_USERPOLICY_BLOCK};
    const int set = daemon.ask(XFRM_MSG_SETDEFAULT, std::as_bytes(std::span(wanted)));
    auto requests = RequestSocket::open();
    ASSERT_TRUE(requests) << requests.error().message;
    TellingSink sink;
    const auto read = requests->read_default_policy(sink);
    ASSERT_TRUE(read) << read.error().message;
    if (set != 0) {
      EXPECT_THAT(sink.lines, IsEmpty());  // a kernel without default policies
    } else {
      EXPECT_THAT(sink.lines, ElementsAre("default block in true forward false out true"));
    }
  });
}

TEST(Kernel, only_the_kernel_is_believed) {
  in_own_netns([](Daemon& daemon) {
    auto events = EventSocket::open();
    ASSERT_TRUE(events) << events.error().message;
    sockaddr_nl to{};
    socklen_t size = sizeof(to);
    ASSERT_EQ(getsockname(events->fd(), reinterpret_cast<sockaddr*>(&to), &size), 0);
    const int stranger = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
    ASSERT_GE(stranger, 0);
    to.nl_groups = 0;
    test::Datagram forged;
    forged.flushed_sas(0);
    const ssize_t sent = sendto(stranger, forged.bytes().data(), forged.size(), 0,
                                reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    close(stranger);
    ASSERT_EQ(sent, static_cast<ssize_t>(forged.size()));
    ASSERT_EQ(daemon.add_policy(test::policy_of_port(1)), 0);
    TellingSink sink;
    EXPECT_EQ(events->drain(sink).value().datagrams, 2);
    EXPECT_THAT(sink.lines, ElementsAre(StartsWith("policy")));
  });
}

TEST(Kernel, without_the_capability_the_error_says_what_is_needed) {
  in_own_netns([](Daemon&) {
    // The raw call: glibc's would change all threads. Effective capabilities go with the uid.
    ASSERT_EQ(syscall(SYS_setresuid, -1, 65'534, -1), 0);
    const auto events = EventSocket::open();
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().code, ErrorCode::denied);
    EXPECT_THAT(events.error().message, HasSubstr("CAP_NET_ADMIN"));
    auto requests = RequestSocket::open();
    ASSERT_TRUE(requests) << requests.error().message;
    TellingSink sink;
    const auto dumped = requests->dump_sas(sink);
    ASSERT_FALSE(dumped);
    EXPECT_EQ(dumped.error().code, ErrorCode::denied);
    EXPECT_THAT(dumped.error().message, HasSubstr("CAP_NET_ADMIN"));
    std::vector<std::size_t> missing;
    const std::vector<SaId> ids{test::larval_id(1)};
    EXPECT_EQ(requests->read_sas(ids, sink, missing).error().code, ErrorCode::denied);
    EXPECT_EQ(syscall(SYS_setresuid, -1, 0, -1), 0);
  });
}

TEST(System, local_addresses_have_their_interfaces) {
  const auto addresses = read_local_addresses();
  ASSERT_TRUE(addresses) << addresses.error().message;
  for (const LocalAddress& local : *addresses) {
    EXPECT_NE(local.interface, "");
    EXPECT_NE(local.ifindex, 0);
    EXPECT_FALSE(local.address.any());
  }
}

}  // namespace
}  // namespace qm::xfrm

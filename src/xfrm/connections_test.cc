#include "xfrm/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <limits>

#include "base/descriptor_linux.h"
#include "support/diag_messages.h"
#include "xfrm/frame.h"

namespace qm::xfrm {
namespace {

using Raw = std::vector<std::byte>;

Address ip(std::string_view text) {
  return Address::parse(text).value();
}

TcpConnection connection(std::uint64_t cookie = 0x1'0000'0007) {
  TcpConnection made;
  made.cookie = cookie;
  made.local = {ip("10.0.0.1"), 40'001};
  made.remote = {ip("10.0.0.2"), 3260};
  made.counted = true;
  made.timestamps = made.sack = made.window_scale = true;
  made.send_mss = 1448;
  made.data_sent_ms = 1;
  made.data_received_ms = 2;
  made.ack_received_ms = 3;
  made.counters = {100, 200, 300, 40, 5, 6};
  return made;
}

struct Parsed {
  Result<void> result;
  std::vector<TcpConnection> rows;
  bool done = false;
};

Parsed parse(const Raw& datagram, std::uint32_t seq = 9) {
  Parsed parsed;
  parsed.result = parse_connections(datagram, seq, parsed.rows, parsed.done);
  return parsed;
}

TEST(Connections, WhatTheKernelSaysIsReadBack) {
  TcpConnection v6 = connection(8);
  v6.local = {ip("fd00::1"), 50'000};
  v6.remote = {ip("fd00::2"), 860};
  v6.state = TcpState::close_wait;
  v6.fin_received = true;
  const Parsed parsed = parse(test::diag_answer({connection(), v6}, 9));
  ASSERT_TRUE(parsed.result) << parsed.result.error().message;
  EXPECT_TRUE(parsed.done);
  EXPECT_EQ(parsed.rows, (std::vector{connection(), v6}));
}

TEST(Connections, AMappedAddressIsIpv4s) {
  TcpConnection mapped = connection();
  mapped.local.address = ip("::ffff:10.0.0.1");
  mapped.remote.address = ip("::ffff:10.0.0.2");
  const Parsed parsed = parse(test::diag_answer({mapped}, 9));
  ASSERT_EQ(parsed.rows.size(), 1U);
  EXPECT_EQ(parsed.rows[0], connection());
}

TEST(Connections, ARemnantHasNoCounters) {
  TcpConnection remnant = connection();
  remnant.state = TcpState::time_wait;
  remnant.fin_received = true;
  remnant.counted = false;
  const Parsed parsed = parse(test::diag_answer({remnant}, 9));
  ASSERT_EQ(parsed.rows.size(), 1U);
  EXPECT_FALSE(parsed.rows[0].counted);
  EXPECT_EQ(parsed.rows[0].counters, TcpCounters{});
  EXPECT_EQ(parsed.rows[0].cookie, remnant.cookie);
}

TEST(Connections, AnAnswerInPartsIsNotDoneBeforeItsEnd) {
  EXPECT_FALSE(parse(test::diag_answer({connection()}, 9, false)).done);
  EXPECT_TRUE(parse(test::diag_end(9)).done);
}

TEST(Connections, WhatAnswersAnEarlierRequestIsPassedOver) {
  Raw both = test::diag_answer({connection(1)}, 8);
  const Raw ours = test::diag_answer({connection(2)}, 9);
  both.insert(both.end(), ours.begin(), ours.end());
  const Parsed parsed = parse(both);
  ASSERT_TRUE(parsed.result);
  ASSERT_EQ(parsed.rows.size(), 1U);
  EXPECT_EQ(parsed.rows[0].cookie, 2U);
  EXPECT_TRUE(parsed.done);
}

TEST(Connections, AKernelWithoutTcpDiagSaysSo) {
  const Parsed parsed = parse(test::diag_refusal(9, -ENOENT));
  ASSERT_FALSE(parsed.result);
  EXPECT_EQ(parsed.result.error().code, ErrorCode::unsupported);
  EXPECT_EQ(parsed.result.error().message, "this kernel tells no sockets: try `modprobe tcp_diag`");
  EXPECT_EQ(parse(test::diag_refusal(9, -EPERM)).result.error().code, ErrorCode::denied);
  EXPECT_EQ(parse(test::diag_end(9, -EIO)).result.error().code, ErrorCode::io);
}

TEST(Connections, AnErrnoThatNoKernelHasIsProtocolsError) {
  for (const std::int32_t error : {std::numeric_limits<std::int32_t>::min(), -4096}) {
    const auto dumped = parse(test::diag_end(9, error)).result;
    const auto asked = parse_connection(test::diag_refusal(7, error), 7);
    ASSERT_TRUE(!dumped && !asked);
    EXPECT_NE(dumped.error().message.find("Protocol error"), std::string::npos);
    EXPECT_NE(asked.error().message.find("Protocol error"), std::string::npos);
  }
  EXPECT_EQ(answered_errno(-4095), 4095);
  EXPECT_EQ(answered_errno(1), EPROTO);
}

// The attribute's length in the row: 16 header, 72 inet_diag_msg, 8 SHUTDOWN, then it.
constexpr std::size_t kInfoAt = 16 + sizeof(inet_diag_msg) + 8;

TEST(Connections, AnOlderKernelsShorterInfoIsRefusedOnceItLacksWhatCounts) {
  constexpr std::size_t kNeeded = offsetof(tcp_info, tcpi_bytes_retrans) + 8;
  for (const std::size_t size : {kNeeded, kNeeded - 8}) {
    Raw row = test::diag_row(connection(), 9);
    row.resize(kInfoAt + 4 + size);
    const auto length = static_cast<std::uint32_t>(row.size());
    std::memcpy(row.data(), &length, sizeof length);
    const auto attribute = static_cast<std::uint16_t>(4 + size);
    std::memcpy(row.data() + kInfoAt, &attribute, sizeof attribute);
    const Parsed parsed = parse(row);
    EXPECT_EQ(parsed.result.has_value(), size == kNeeded);
    if (size == kNeeded) {
      EXPECT_EQ(parsed.rows.at(0), connection());
    } else {
      EXPECT_EQ(parsed.result.error().code, ErrorCode::unsupported);
    }
  }
}

TEST(Connections, EveryCutIsAnError) {
  const Raw whole = test::diag_row(connection(), 9);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_FALSE(
        parse(Raw(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).result)
        << size;
  }
  // The outer length holds, what is inside does not.
  for (std::size_t size = 16; size < kInfoAt + 4; ++size) {
    Raw cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto length = static_cast<std::uint32_t>(size);
    std::memcpy(cut.data(), &length, sizeof length);
    const Parsed parsed = parse(cut);
    for (const TcpConnection& each : parsed.rows) EXPECT_FALSE(each.counted) << size;
  }
}

TEST(Connections, NonsenseIsRefused) {
  Raw row = test::diag_row(connection(), 9);
  row[16] = std::byte{17};  // the family
  EXPECT_EQ(parse(row).result.error().message, "a socket of an unknown family");
  row = test::diag_row(connection(), 9);
  for (const unsigned state : {0U, 13U, 255U}) {
    row[17] = static_cast<std::byte>(state);
    EXPECT_EQ(parse(row).result.error().message, "a socket in an unknown state");
  }
  row = test::diag_row(connection(), 9);
  row[kInfoAt] = row[kInfoAt + 1] = std::byte{0xff};  // the attribute's length
  EXPECT_EQ(parse(row).result.error().message, "a socket's attribute breaks the frame");
  row[kInfoAt] = std::byte{3};
  row[kInfoAt + 1] = std::byte{0};
  EXPECT_FALSE(parse(row).result);
  EXPECT_FALSE(parse(Raw(7)).result);
  Raw cut_end = test::diag_end(9);
  cut_end.resize(18);
  const std::uint32_t length = 18;
  std::memcpy(cut_end.data(), &length, sizeof length);
  EXPECT_EQ(parse(cut_end).result.error().message, "an end of a dump cut short");
}

TEST(Connections, MoreThanTheLimitIsAnError) {
  std::vector<TcpConnection> rows(kMostConnections - 1);
  bool done = false;
  ASSERT_TRUE(parse_connections(test::diag_row(connection(), 9), 9, rows, done));
  EXPECT_EQ(rows.size(), kMostConnections);
  const auto beyond = parse_connections(test::diag_row(connection(), 9), 9, rows, done);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::limit);
}

// ---- the filter, run as the kernel runs it (inet_diag_bc_run)

bool lets_pass(const Raw& request, const Address& remote) {
  AttributeHeader header;
  if (!read_at(request, 16 + sizeof(inet_diag_req_v2), header)) return true;  // no filter
  EXPECT_EQ(header.type, INET_DIAG_REQ_BYTECODE);
  EXPECT_EQ(16 + sizeof(inet_diag_req_v2) + header.length, request.size());
  Bytes left = Bytes(request).subspan(16 + sizeof(inet_diag_req_v2) + 4);
  for (int steps = 0; !left.empty() && steps < 1000; ++steps) {
    inet_diag_bc_op op{};
    if (!read_at(left, 0, op)) return false;
    bool yes = op.code != INET_DIAG_BC_JMP;
    if (op.code == INET_DIAG_BC_D_COND) {
      inet_diag_hostcond condition{};
      EXPECT_TRUE(read_at(left, sizeof op, condition));
      EXPECT_EQ(condition.port, -1);
      yes = condition.family == static_cast<std::uint8_t>(remote.family) &&
            std::memcmp(left.data() + sizeof op + sizeof condition, remote.bytes.data(),
                        condition.prefix_len / 8U) == 0;
    }
    const std::size_t jump = yes ? op.yes : op.no;
    EXPECT_GE(jump, 4U);
    EXPECT_EQ(jump % 4, 0U);
    if (jump > left.size()) return false;  // behind the end: refused
    left = left.subspan(jump);
  }
  return true;
}

TEST(Connections, TheFilterLetsThePeersPassAlone) {
  const std::vector peers{ip("10.0.0.2"), ip("fd00::2"), ip("10.0.0.9")};
  for (std::size_t count = 0; count <= peers.size(); ++count) {
    const std::span some(peers.data(), count);
    const Raw request = request_connections(Family::v4, some, 1);
    for (std::size_t i = 0; i < peers.size(); ++i) {
      EXPECT_EQ(lets_pass(request, peers[i]), count == 0 || i < count) << count << " " << i;
    }
    EXPECT_EQ(lets_pass(request, ip("10.0.0.3")), count == 0);
  }
}

TEST(Connections, BeyondItsLimitThereIsNoFilter) {
  std::vector<Address> peers;
  for (std::size_t i = 0; i <= kMostPeersAsked; ++i) {
    peers.push_back(
        Address::v4(std::array<std::uint8_t, 4>{10, 1, 0, static_cast<std::uint8_t>(i)}));
  }
  const Address other = ip("10.2.0.1");
  EXPECT_FALSE(lets_pass(request_connections(Family::v4, std::span(peers).first(64), 1), other));
  EXPECT_TRUE(lets_pass(request_connections(Family::v4, peers, 1), other));
}

// ---- this kernel

TEST(Connections, ThisKernelTellsAConnectionOfOurs) {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof self;
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&self), size) != 0 ||
      ::listen(listener.get(), 1) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&self), &size) != 0) {
    GTEST_SKIP() << "no loopback";
  }
  const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&self), size), 0);
  const Descriptor server(::accept(listener.get(), nullptr, nullptr));
  ASSERT_EQ(::send(client.get(), "iscsi", 5, 0), 5);
  std::array<char, 5> word{};
  ASSERT_EQ(::recv(server.get(), word.data(), word.size(), MSG_WAITALL), 5);
  auto socket = ConnectionSocket::open();
  ASSERT_TRUE(socket) << socket.error().message;
  const std::vector peers{ip("127.0.0.1")};
  const auto rows = socket->read(peers);
  if (!rows) GTEST_SKIP() << rows.error().message;
  const std::uint16_t port = ntohs(self.sin_port);
  unsigned found = 0;
  for (const TcpConnection& row : *rows) {
    EXPECT_EQ(row.remote.address.text(), "127.0.0.1");
    if (row.remote.port == port) {
      EXPECT_EQ(row.counters.sent_bytes, 5U);
      EXPECT_GE(row.counters.out_segments, 3U);  // SYN, ACK, data
      ++found;
    } else if (row.local.port == port) {
      EXPECT_EQ(row.counters.received_bytes, 5U);
      EXPECT_NE(row.cookie, 0U);
      ++found;
    }
  }
  EXPECT_EQ(found, 2U);
  const std::vector others{ip("192.0.2.1")};
  EXPECT_TRUE(socket->read(others)->empty());

  sockaddr_in near{};
  ASSERT_EQ(::getsockname(client.get(), reinterpret_cast<sockaddr*>(&near), &size), 0);
  const Endpoint ours{ip("127.0.0.1"), ntohs(near.sin_port)};
  const Endpoint theirs{ip("127.0.0.1"), port};
  const std::vector<std::pair<Endpoint, Endpoint>> ends{
      {ours, theirs}, {ours, {ip("192.0.2.1"), port}}, {theirs, ours}};
  const auto these = socket->read_these(ends);
  ASSERT_TRUE(these) << these.error().message;
  ASSERT_EQ(these->size(), 2U) << "the one in the middle is not there";
  EXPECT_EQ(these->front().counters.sent_bytes, 5U);
  EXPECT_EQ(these->back().counters.received_bytes, 5U);
}

TEST(Connections, OneAskedForByItsEnds) {
  const TcpConnection one = connection();
  const auto parsed = parse_connection(test::diag_row(one, 7), 7);
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ(parsed->value(), one);
  EXPECT_FALSE(parse_connection(test::diag_refusal(7, -ENOENT), 7)->has_value());
  EXPECT_FALSE(parse_connection(test::diag_refusal(7, -EPERM), 7));
  EXPECT_FALSE(parse_connection(test::diag_row(one, 7), 8)) << "an answer to something else";
  EXPECT_FALSE(parse_connection(test::diag_end(7), 7));
  const Raw row = test::diag_row(one, 7);
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_FALSE(parse_connection(Bytes(row).first(size), 7)) << size;
  }
}

TEST(Connections, AFinThatWasReceivedShowsInTheState) {
  for (const TcpState state : {TcpState::close_wait, TcpState::last_ack, TcpState::closing,
                               TcpState::time_wait, TcpState::fin_wait1, TcpState::established}) {
    TcpConnection one = connection();
    one.state = state;
    const bool received = state != TcpState::fin_wait1 && state != TcpState::established;
    EXPECT_EQ(parse(test::diag_row(one, 9)).rows.at(0).fin_received, received);
  }
}

TEST(Connections, ARequestHasNoCountersWhateverItsRowHolds) {
  TcpConnection request = connection();
  request.state = TcpState::new_syn_received;
  const TcpConnection row = parse(test::diag_row(request, 9)).rows.at(0);
  EXPECT_FALSE(row.counted);
  EXPECT_EQ(row.counters, TcpCounters{});
}

TEST(Connections, EachWordForAMissingModuleIsUnderstood) {
  for (const int error : {-ENOENT, -EOPNOTSUPP, -EPROTONOSUPPORT}) {
    EXPECT_EQ(parse(test::diag_end(9, error)).result.error().code, ErrorCode::unsupported);
    const auto one = parse_connection(test::diag_refusal(7, error), 7);
    EXPECT_TRUE(one && !*one);
  }
}

TEST(Connections, WhatIsBehindTheEndOrOfAnotherTypeIsPassedOver) {
  Raw answer = test::diag_end(9);
  const Raw row = test::diag_row(connection(), 9);
  answer.insert(answer.end(), row.begin(), row.end());
  Parsed parsed = parse(answer);
  EXPECT_TRUE(parsed.result && parsed.done);
  EXPECT_TRUE(parsed.rows.empty());
  Raw other = row;
  other[4] = std::byte{0x7f};  // the message's type
  other.insert(other.end(), row.begin(), row.end());
  parsed = parse(other);
  EXPECT_TRUE(parsed.result);
  EXPECT_EQ(parsed.rows.size(), 1U);
}

TEST(Connections, AMessageShorterThanItsHeaderIsRefused) {
  Raw row = test::diag_row(connection(), 9);
  const std::uint32_t length = 15;
  std::memcpy(row.data(), &length, sizeof length);
  EXPECT_FALSE(parse(row).result);
  EXPECT_FALSE(parse_connection(row, 9));
  Raw refusal = test::diag_refusal(7, -EPERM);
  refusal.resize(18);
  const std::uint32_t cut = 18;
  std::memcpy(refusal.data(), &cut, sizeof cut);
  EXPECT_EQ(parse_connection(refusal, 7).error().message, "an error cut short");
}

}  // namespace
}  // namespace qm::xfrm

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

#include "base/bytes.h"
#include "xfrm/probe.h"

namespace qm::xfrm {
namespace {

template <class T>
Bytes record_bytes(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

probe_final final_record() {
  probe_final record{};
  const std::uint8_t target[]{10, 0, 0, 2};
  const std::uint8_t host[]{10, 0, 0, 1};
  std::memcpy(record.sa.saddr, target, 4);
  std::memcpy(record.sa.daddr, host, 4);
  record.sa.spi = htonl(0xc0ffee01);
  record.sa.mark = 7;
  record.sa.mark_mask = 0xff;
  record.sa.reqid = 16'397;
  record.sa.if_id = 3;
  record.sa.family = AF_INET;
  record.sa.proto = kEsp;
  record.sa.mode = 1;
  record.sa.add_time_s = 1'700'000'000;
  record.bytes = 5'000'000'000;
  record.packets = 4'000'000;
  record.not_decrypted = 3;
  record.replay_window_failures = 1;
  record.replay = 2;
  record.integrity_failed = 0xffff'fffe;
  record.replay_window = 32;
  record.last = 1;
  return record;
}

TEST(ProbeRecords, AFinalHoldsWhatTheKernelHeld) {
  const auto final = decode_final(record_bytes(final_record()));
  ASSERT_TRUE(final);
  EXPECT_EQ(final->sa.id.daddr.text(), "10.0.0.1");
  EXPECT_EQ(final->sa.saddr.text(), "10.0.0.2");
  EXPECT_EQ(final->sa.id.spi, 0xc0ffee01U);
  EXPECT_EQ(final->sa.id.proto, kEsp);
  EXPECT_EQ(final->sa.id.mark, (Mark{7, 0xff}));
  EXPECT_EQ(final->sa.reqid, 16'397U);
  EXPECT_EQ(final->sa.if_id, 3U);
  EXPECT_EQ(final->sa.mode, Mode::tunnel);
  EXPECT_EQ(final->sa.add_time_s, 1'700'000'000U);
  EXPECT_EQ(final->counters, (Counters{5'000'000'000, 4'000'000}));
  EXPECT_EQ(final->stats, (Stats{1, 2, 0xffff'fffe}));
  EXPECT_EQ(final->not_decrypted, 3U);
  EXPECT_EQ(final->replay_window, 32U);
  EXPECT_TRUE(final->last);
}

TEST(ProbeRecords, OneByteLessIsNone) {
  const probe_final record = final_record();
  const Bytes whole = record_bytes(record);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_final(whole.first(size))) << size;
  }
  EXPECT_EQ(decode_final(whole.first(7)).error().message,
            "a probe's final of 7 bytes, expected " + std::to_string(sizeof record));
}

TEST(ProbeRecords, AnUnknownFamilyIsRefused) {
  probe_final record = final_record();
  record.sa.family = 17;
  const auto final = decode_final(record_bytes(record));
  ASSERT_FALSE(final);
  EXPECT_EQ(final.error().message, "a probe's record of family 17");
}

TEST(ProbeRecords, ASixteenByteAddressIsIpv6) {
  probe_failures record{};
  record.sa.family = AF_INET6;
  record.sa.daddr[0] = 0xfd;
  record.sa.daddr[15] = 1;
  record.not_decrypted = 9;
  const auto failures = decode_failures(record_bytes(record));
  ASSERT_TRUE(failures);
  EXPECT_EQ(failures->sa.id.daddr.text(), "fd00::1");
  EXPECT_EQ(failures->not_decrypted, 9U);
}

TEST(ProbeRecords, APairSurvivesTheWayThereAndBack) {
  for (const auto& [source, destination] :
       {std::pair{"10.0.0.2", "10.0.0.1"}, std::pair{"fd00::2", "fd00::1"}}) {
    const AddressPair pair{*Address::parse(source), *Address::parse(destination)};
    const auto back = decode_pair(record_bytes(encode_pair(pair)));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, pair);
  }
}

TEST(ProbeRecords, TotalsByName) {
  const probe_totals record{1, 2, 3, 4, 5, 6, 7, 8};
  const auto totals = decode_totals(record_bytes(record));
  ASSERT_TRUE(totals);
  EXPECT_EQ(*totals, (ProbeTotals{1, 2, 3, 4, 5, 6, 7, 8}));
}

probe_closed closed_record() {
  probe_closed record{};
  record.cookie = 7;
  record.received_bytes = 100;
  record.acked_bytes = 200;
  record.sent_bytes = 300;
  record.retransmitted_bytes = 40;
  record.in_segments = 5;
  record.out_segments = 6;
  record.send_mss = 1448;
  const std::uint8_t host[]{10, 0, 0, 1};
  const std::uint8_t target[]{10, 0, 0, 2};
  std::memcpy(record.local, host, 4);
  std::memcpy(record.remote, target, 4);
  record.local_port = 40'001;
  record.remote_port = 3260;
  record.family = AF_INET;
  record.state = static_cast<std::uint8_t>(TcpState::close_wait);
  record.options = kTcpOptionTimestamps | kTcpOptionWindowScale;
  record.fin_received = 1;
  record.cause = QM_PROBE_DISCONNECT;
  return record;
}

TEST(ProbeRecords, AClosedConnectionHoldsItsLastCounts) {
  const auto closed = decode_closed(record_bytes(closed_record()));
  ASSERT_TRUE(closed);
  const TcpConnection& connection = closed->connection;
  EXPECT_EQ(closed->cause, ClosedConnection::Cause::disconnect);
  EXPECT_EQ(connection.cookie, 7U);
  EXPECT_EQ(connection.local, (Endpoint{*Address::parse("10.0.0.1"), 40'001}));
  EXPECT_EQ(connection.remote, (Endpoint{*Address::parse("10.0.0.2"), 3260}));
  EXPECT_EQ(connection.state, TcpState::close_wait);
  EXPECT_TRUE(connection.counted && connection.timestamps && connection.window_scale);
  EXPECT_FALSE(connection.sack);
  EXPECT_TRUE(connection.fin_received);
  EXPECT_EQ(connection.send_mss, 1448U);
  EXPECT_EQ(connection.counters, (TcpCounters{100, 200, 300, 40, 5, 6}));
  probe_closed sacking = closed_record();
  sacking.options = kTcpOptionSack;
  sacking.fin_received = 0;
  const TcpConnection other = decode_closed(record_bytes(sacking))->connection;
  EXPECT_TRUE(other.sack);
  EXPECT_FALSE(other.timestamps || other.window_scale || other.fin_received);
}

TEST(ProbeRecords, AnIpv4ConnectionOfAnIpv6SocketIsIpv4s) {
  probe_closed record = closed_record();
  record.family = AF_INET6;
  for (auto* address : {&record.local, &record.remote}) {
    std::uint8_t last[4];
    std::memcpy(last, *address, 4);
    std::memset(*address, 0, 16);
    (*address)[10] = (*address)[11] = 0xff;
    std::memcpy(*address + 12, last, 4);
  }
  const auto closed = decode_closed(record_bytes(record));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->connection.remote.address.text(), "10.0.0.2");
}

TEST(ProbeRecords, AClosedConnectionThatCantBeIsRefused) {
  const auto told = [](auto&& change) {
    probe_closed record = closed_record();
    change(record);
    const auto closed = decode_closed(record_bytes(record));
    return closed ? std::string() : closed.error().message;
  };
  for (const std::uint8_t cause : {std::uint8_t{0}, std::uint8_t{4}}) {
    EXPECT_EQ(told([&](probe_closed& record) { record.cause = cause; }),
              "a probe's closed connection of cause " + std::to_string(cause));
  }
  for (const std::uint8_t state : {std::uint8_t{0}, std::uint8_t{13}}) {
    EXPECT_EQ(told([&](probe_closed& record) { record.state = state; }),
              "a probe's closed connection in state " + std::to_string(state));
  }
  for (const std::uint8_t state : {std::uint8_t{1}, std::uint8_t{12}}) {
    EXPECT_EQ(told([&](probe_closed& record) { record.state = state; }), "");
  }
  EXPECT_EQ(told([](probe_closed& record) { record.cause = QM_PROBE_DESTROYED; }), "");
  EXPECT_EQ(told([](probe_closed& record) { record.family = 17; }),
            "a probe's record of family 17");
  const probe_closed whole = closed_record();
  EXPECT_FALSE(decode_closed(record_bytes(whole).first(sizeof whole - 1)));
}

TEST(ProbeRecords, WhatIsTooShortOrOfNoFamilyIsRefusedWhateverItIs) {
  EXPECT_FALSE(decode_failures(Bytes{}));
  EXPECT_FALSE(decode_pair(Bytes{}));
  EXPECT_FALSE(decode_totals(Bytes{}));
  EXPECT_FALSE(decode_failures(record_bytes(probe_failures{})));
  EXPECT_FALSE(decode_pair(record_bytes(probe_pair{})));
}

TEST(ProbeRecords, APeerIsWantedAsBothKindsOfSocketsHaveIt) {
  const Address v4 = *Address::parse("10.0.0.2");
  const Address v6 = *Address::parse("fd00::2");
  const Address mapped = *Address::parse("::ffff:10.0.0.2");
  EXPECT_EQ(encode_peer(v4).family, static_cast<std::uint32_t>(AF_INET));
  EXPECT_EQ(std::memcmp(encode_peer(v4).address, v4.bytes.data(), 16), 0);
  EXPECT_EQ(encode_mapped_peer(v4).family, static_cast<std::uint32_t>(AF_INET6));
  EXPECT_EQ(std::memcmp(encode_mapped_peer(v4).address, mapped.bytes.data(), 16), 0);
  EXPECT_EQ(encode_mapped_peer(v6).family, static_cast<std::uint32_t>(AF_INET6));
  EXPECT_EQ(std::memcmp(encode_mapped_peer(v6).address, v6.bytes.data(), 16), 0);
}

TEST(ProbeRecords, CoverageSaysWhatIsMissingAndWhy) {
  ProbeCoverage coverage;
  EXPECT_EQ(coverage.text(), "all");
  coverage.missing = {"bad SPIs (this kernel has no audit)",
                      "failures of IPv6 AH (ah6 not loaded)"};
  EXPECT_EQ(coverage.text(),
            "without bad SPIs (this kernel has no audit); failures of IPv6 AH (ah6 not loaded)");
}

// Where probes can be attached depends on the machine; that it says something does not.
TEST(Probes, OpenOrTellWhyNot) {
  const auto probes = Probes::open();
  if (probes) {
    EXPECT_FALSE(probes->coverage().text().empty());
  } else {
    EXPECT_FALSE(probes.error().message.empty());
    const bool expected =
        probes.error().code == ErrorCode::unsupported || probes.error().code == ErrorCode::denied;
    EXPECT_TRUE(expected) << probes.error().message;
  }
}

}  // namespace
}  // namespace qm::xfrm

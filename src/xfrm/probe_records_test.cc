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

#include "metrics/names.h"

#include <gtest/gtest.h>

namespace qm::metrics {
namespace {

TEST(Names, snake_case_knows_acronyms) {
  EXPECT_EQ(snake_case("ActiveSA"), "active_sa");
  EXPECT_EQ(snake_case("BadSPIPackets"), "bad_spi_packets");
  EXPECT_EQ(snake_case("ReKeys"), "re_keys");
  EXPECT_EQ(snake_case("iSCSIName"), "iscsi_name");
  EXPECT_EQ(snake_case("CID"), "cid");
  EXPECT_EQ(snake_case("PDUCommandsSent"), "pdu_commands_sent");
  EXPECT_EQ(snake_case("Port2Frames"), "port2_frames");
  EXPECT_EQ(snake_case("Vendor_Port__X"), "vendor_port_x");
  EXPECT_EQ(snake_case("already_so"), "already_so");
  EXPECT_EQ(snake_case("2nd"), "_2nd");
  EXPECT_EQ(snake_case("größe"), "gr_e");
  EXPECT_EQ(snake_case("\"}\n"), "_");
  EXPECT_EQ(snake_case(""), "_");
}

TEST(Names, label_values_and_help_are_escaped) {
  std::string out;
  append_label_value(out, "a\\b\"c\nd{}=,é");
  EXPECT_EQ(out, "a\\\\b\\\"c\\nd{}=,é");
  EXPECT_EQ(help_text("a\\b\"c\n", false), "a\\\\b\"c\\n");
  EXPECT_EQ(help_text("a\\b\"c\n", true), "a\\\\b\\\"c\\n");
}

TEST(Names, short_names_are_the_last_part) {
  EXPECT_EQ(short_name("ROOT\\ISCSI_TCP\\default_0"), "default");
  EXPECT_EQ(short_name("PCI\\VEN_1077&DEV_8032\\0000:3b:00.0_0"), "0000:3b:00.0");
  EXPECT_EQ(short_name("iqn.2026-01.org.example:clear_1"), "iqn.2026-01.org.example:clear_1");
  EXPECT_EQ(short_name("X\\_0"), "X\\_0");
  EXPECT_EQ(short_name("X\\"), "X\\");
  EXPECT_EQ(short_name(""), "");
}

TEST(Names, datetimes_become_seconds_since_1970) {
  double seconds = 0;
  ASSERT_TRUE(unix_seconds("19700101000000.000000+000", seconds));
  EXPECT_EQ(seconds, 0);
  ASSERT_TRUE(unix_seconds("20240229120000.250000+060", seconds));
  EXPECT_EQ(seconds, 1'709'204'400.25);
  for (const char* none : {"00000001000000.000000:000", "2024022912****.******+000",
                           "20240230120000.000000+000", "", "20240229120000.000000"}) {
    EXPECT_FALSE(unix_seconds(none, seconds)) << none;
  }
}

}  // namespace
}  // namespace qm::metrics

#include "hba/configuration.h"

#include <gtest/gtest.h>

namespace qm::hba {
namespace {

std::string error_of(std::string_view text) {
  Configuration configuration;
  const auto read = read_toml(text, "collect.toml", configuration);
  return read ? "" : read.error().message;
}

TEST(Configuration, ReadsWhatIsSaidAndKeepsTheRest) {
  Configuration configuration;
  ASSERT_TRUE(read_toml("[collect]\ninterval_ms = 250\n[ike]\nvici = [\"/a\", \"/b\"]\n", "f",
                        configuration)
                  .has_value());
  EXPECT_EQ(configuration.interval_ms, 250U);
  EXPECT_EQ(configuration.vici_sockets, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(configuration.provider_socket(), "/run/quickmode/provider.sock");
}

TEST(Configuration, MistakesAreNamedWithFileAndLine) {
  EXPECT_EQ(error_of("[collect]\nintervall_ms = 5\n"),
            "collect.toml:2:16: unknown key 'collect.intervall_ms'; there are "
            "collect.interval_ms, collect.probes and ike.vici");
  EXPECT_EQ(error_of("[collector]\n"),
            "collect.toml:1:1: unknown section 'collector'; there are [collect] and [ike]");
  EXPECT_EQ(error_of("[ike]\nvici = \"/a\"\n"), "collect.toml:2:8: vici is a list of socket paths");
  EXPECT_NE(error_of("[ike\n").find("collect.toml:1:"), std::string::npos);
}

TEST(Configuration, LimitsAreKeptAtTheirEdges) {
  EXPECT_EQ(error_of("[collect]\ninterval_ms = 100\n"), "");
  EXPECT_EQ(error_of("[collect]\ninterval_ms = 3600000\n"), "");
  EXPECT_NE(error_of("[collect]\ninterval_ms = 99\n"), "");
  EXPECT_NE(error_of("[collect]\ninterval_ms = 3600001\n"), "");
  EXPECT_NE(error_of("[collect]\ninterval_ms = -1\n"), "");
  EXPECT_EQ(error_of("[ike]\nvici = [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]\n"), "");
  EXPECT_NE(error_of("[ike]\nvici = [\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]\n"),
            "");
  EXPECT_NE(error_of(std::string(kMostConfigurationBytes + 1, ' ')), "");
}

}  // namespace
}  // namespace qm::hba

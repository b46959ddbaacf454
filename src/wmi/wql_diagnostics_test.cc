// What is said of queries that are wrong, whole; and the limits at their edges.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "wmi/wql_testing.h"

namespace qm::wmi::wql {
namespace {

constexpr std::string_view kWrong[] = {
    "",
    "SELEKT * FROM Test_All",
    "SELECT FROM Test_All",
    "SELECT * Test_All",
    "SELECT * FROM Test_Al",
    "SELECT * FROM Nothing_Like_It",
    "SELECT Txt, U64 FROM Test_All",
    "SELECT U64 FROM Test_Base",
    "SELECT __PTAH FROM Test_All",
    "SELECT * FROM Test_All WHERE",
    "SELECT * FROM Test_All WHERE Flag",
    "SELECT * FROM Test_All WHERE U8 == 7",
    "SELECT * FROM Test_All WHERE U8 = ",
    "SELECT * FROM Test_All WHERE 1 = 1",
    "SELECT * FROM Test_All WHERE U8 IS 7",
    "SELECT * FROM Test_All WHERE U8 = 7 Text = 'x'",
    "SELECT * FROM Test_All WHERE (U8 = 7",
    "SELECT * FROM Test_All WHERE U8 = 7)",
    "SELECT * FROM Test_All U8 = 7",
    "SELECT * FROM Test_All WHERE U8 = 'seven'",
    "SELECT * FROM Test_All WHERE U8 = 18446744073709551616",
    "SELECT * FROM Test_All WHERE U8 = 7x",
    "SELECT * FROM Test_All WHERE Text = 'PCI\\VEN'",
    "SELECT * FROM Test_All WHERE Text = 'open",
    "SELECT * FROM Test_All WHERE U8 LIKE '7%'",
    "SELECT * FROM Test_All WHERE Text LIKE '[a-f'",
    "SELECT * FROM Test_All WHERE Text LIKE Other",
    "SELECT * FROM Test_All WHERE Text < NULL",
    "SELECT * FROM Test_All WHERE Text = U8",
    "SELECT * FROM Test_All WHERE Flag > FALSE",
    "SELECT * FROM Test_All WHERE Flag = 'maybe'",
    "SELECT * FROM Test_All WHERE When > '2026-01-01'",
    "SELECT * FROM Test_All WHERE List = 3",
    "SELECT * FROM Test_All WHERE Inner = 3",
    "SELECT * FROM Test_All WHERE Inner.Dep = 3",
    "SELECT * FROM Test_All WHERE Text ISA 'Test_All'",
    "SELECT * FROM Test_All WHERE __this ISA 'Test_Al'",
    "SELECT * FROM Test_All WHERE U8 BETWEEN 1 AND 2",
    "SELECT * FROM Test_All WHERE U8 IN (1, 2)",
    "SELECT * FROM Test_All ORDER BY U8",
    "SELECT * FROM Test_All, Test_Small",
    "SELECT * FROM Test_All;",
    "SELECT COUNT(*) FROM Test_All",
    "SELECT * FROM Test_All WITHIN 5",
    "SELECT * FROM meta_class WHERE U8 = 1",
    "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Test_All'",
    "SELECT * FROM __InstanceCreationEvent WITHIN 5 WHERE TargetInstance.U8 = 1",
    "SELECT * FROM __InstanceCreationEvent WITHIN 0 WHERE TargetInstance ISA 'Test_All'",
    ("SELECT * FROM __InstanceCreationEvent WITHIN 5 WHERE TargetInstance ISA 'Test_All' AND "
     "PreviousInstance.U8 = 1"),
    "SELECT * FROM __InstanceCreationEvent WITHIN 5 WHERE TargetInstance ISA 'Test_Al'",
    "SELECT * FROM __AggregateEvent WITHIN 5",
    "ASSOCIATORS OF Test_All",
    "ASSOCIATORS OF {Test_All.Nam='x'}",
    "ASSOCIATORS OF {Test_All.InstanceName=x}",
    "ASSOCIATORS OF {Test_All='x'} WHERE ResultClas = Test_All",
    "ASSOCIATORS OF {Test_All='x'} WHERE ResultClass = Test_Al",
    "ASSOCIATORS OF {Test_All='x'} WHERE ResultClass = Test_All AND Role = Whole",
    "REFERENCES OF {Test_All='x'} WHERE AssocClass = Test_Link",
    "REFERENCES OF {Test_All='x'} WHERE ClassDefsOnly = TRUE",
};

TEST(WqlDiagnostics, teach) {
  const World world;
  std::string all;
  for (const std::string_view query : kWrong) {
    const std::string said = world.complaint(query);
    EXPECT_NE(said, "") << query;
    all += said + "\n";
  }
  all += world.complaint("SELECT * FROM Test_All", "root/nowhere");
  const std::string path = QM_SOURCE_DIR "/tests/golden/wmi/wql_diagnostics.txt";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << all;
  std::ifstream file(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(all, golden) << path << " differs; UPDATE_GOLDEN=1 rewrites it";
}

std::string times(std::size_t count, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(WqlLimits, hold_at_their_edges) {
  const World world;
  const std::string start = "SELECT * FROM Test_All WHERE ";
  const auto fits = [&](const std::string& query) { return world.complaint(query).empty(); };
  const std::string one = "U8 = 7";
  EXPECT_TRUE(fits(start + one + std::string(kMostQueryBytes - start.size() - one.size(), ' ')));
  EXPECT_FALSE(
      fits(start + one + std::string(kMostQueryBytes - start.size() - one.size() + 1, ' ')));
  EXPECT_TRUE(fits(start + times(kMostDepth, "(") + one + times(kMostDepth, ")")));
  EXPECT_FALSE(fits(start + times(kMostDepth + 1, "(") + one + times(kMostDepth + 1, ")")));
  EXPECT_TRUE(fits(start + times(kMostDepth, "NOT ") + one));
  EXPECT_FALSE(fits(start + times(kMostDepth + 1, "NOT ") + one));
  EXPECT_TRUE(fits(start + times(kMostTerms - 1, "U8 = 1 OR ") + one));
  EXPECT_FALSE(fits(start + times(kMostTerms, "U8 = 1 OR ") + one));
  EXPECT_TRUE(fits("SELECT " + times(kMostSelected - 1, "U8,") + "U8 FROM Test_All"));
  EXPECT_FALSE(fits("SELECT " + times(kMostSelected, "U8,") + "U8 FROM Test_All"));
  const std::string links = "ASSOCIATORS OF {Test_All='x'} WHERE ";
  EXPECT_TRUE(fits(links + times(kMostLinkTerms, "Role = Whole ")));
  EXPECT_FALSE(fits(links + times(kMostLinkTerms + 1, "Role = Whole ")));
  const auto path_of_bytes = [](std::size_t bytes) {
    const std::string path = "Test_All=''";
    return "REFERENCES OF {Test_All='" + std::string(bytes - path.size(), 'x') + "'}";
  };
  EXPECT_TRUE(fits(path_of_bytes(kMostPathBytes)));
  EXPECT_FALSE(fits(path_of_bytes(kMostPathBytes + 1)));
  const std::string within = " WHERE TargetInstance ISA 'Test_All'";
  EXPECT_TRUE(fits("SELECT * FROM __InstanceCreationEvent WITHIN 0.01" + within));
  EXPECT_TRUE(fits("SELECT * FROM __InstanceCreationEvent WITHIN 86400" + within));
  EXPECT_FALSE(fits("SELECT * FROM __InstanceCreationEvent WITHIN 86401" + within));
  EXPECT_TRUE(fits(start + "Text LIKE '" + times(kMostLikeParts, "x") + "'"));
  EXPECT_FALSE(fits(start + "Text LIKE '" + times(kMostLikeParts + 1, "x") + "'"));
}

TEST(WqlLimits, of_names_in_a_row_and_keys_in_a_path) {
  const World world;
  EXPECT_EQ(world.complaint("SELECT a.b.c.d FROM Test_All").find("in a row"), std::string::npos);
  EXPECT_NE(world.complaint("SELECT a.b.c.d.e FROM Test_All").find("in a row"), std::string::npos);
  std::string keys = "C.k=1";
  for (std::size_t i = 1; i < kMostPathKeys; ++i) keys += ",k=1";
  EXPECT_TRUE(parse_path(keys));
  EXPECT_EQ(parse_path(keys + ",k=1").error().code, ErrorCode::limit);
}

TEST(WqlPath, is_read_and_written_as_wmi_does) {
  const auto path = parse_path(R"(//HOST/ROOT/wmi:Class.Key="PCI\\VEN \"x\"",N=-3,B=TRUE)");
  ASSERT_TRUE(path);
  EXPECT_EQ(full_path(*path), R"(\\HOST\ROOT\wmi:Class.Key="PCI\\VEN \"x\"",N=-3,B=TRUE)");
  EXPECT_EQ(relative_path(*parse_path("root\\wmi:Class=@")), "Class=@");
  for (const char* wrong : {"", ".Key=1", "Class.", "Class.Key", "Class.Key=", "Class='it''",
                            "Class=1 2", "\\\\host:Class", "Class.K=-9223372036854775809"}) {
    EXPECT_FALSE(parse_path(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace qm::wmi::wql

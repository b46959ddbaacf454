// Each command on each surface, as golden files over the fixtures' four adapters.
#include <gtest/gtest.h>

#include <sstream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/command_testing.h"

namespace qm::cli::testing {
namespace {

struct Case {
  std::string golden;
  std::vector<std::string_view> arguments;
  std::vector<std::string> scenarios = {"lab"};
  int exit_code = 0;
  std::size_t width = 80;
  bool long_words = false;  // names that no width can hold
};

std::ostream& operator<<(std::ostream& out, const Case& a_case) {
  return out << a_case.golden;
}

class Commands : public ::testing::TestWithParam<Case> {};

// Standard output, then what was said on standard error.
TEST_P(Commands, AreAsReviewed) {
  const Case& it = GetParam();
  const Ran ran = run_command(it.arguments, it.scenarios, plain_terminal(it.width));
  EXPECT_EQ(ran.exit_code, it.exit_code) << ran.err;
  expect_golden(it.golden, ran.out + (ran.err.empty() ? "" : "--- standard error\n" + ran.err));
  if (!it.golden.ends_with(".txt") || it.width < 80 || it.long_words) return;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(display_width(line), it.width) << line;
    EXPECT_FALSE(line.ends_with(' ')) << "trailing space: " << line;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Show, Commands,
    ::testing::Values(
        Case{"show.txt", {"show"}}, Case{"show.json", {"show", "--json"}},
        Case{"show.csv", {"show", "--csv"}}, Case{"show.mof", {"show", "--mof"}},
        Case{"show_busy.txt", {"show"}, {"busy"}},
        Case{"show_wide.txt", {"show"}, {"busy"}, 0, 140},
        Case{"show_many.txt", {"show"}, {"many"}},
        Case{"show_hardware.txt", {"show"}, {"hardware"}},
        Case{"show_inactive.txt", {"show"}, {"inactive"}},
        Case{"show_inactive.json", {"show", "--json", "--instance", "ikev1"}, {"inactive"}},
        Case{"show_inactive.csv", {"show", "--csv", "--instance", "ikev1"}, {"inactive"}},
        Case{"show_one.txt", {"show", "--instance", "ikev1"}},
        Case{"show_one_narrow.txt", {"show", "--instance", "ikev1"}, {"lab"}, 0, 40},
        Case{"show_path.txt", {"show", R"(MSiSCSI_QMIPSECStats(*ikev*)\*BytesSent)"}},
        Case{"show_path.json", {"show", R"(\MSiSCSI_QMIPSECStats(ikev1)\ActiveSA)", "--json"}},
        Case{"show_path.csv", {"show", R"(\\lab1\MSiSCSI_QMIPSECStats(*)\ActiveSA)", "--csv"}},
        Case{"show_path.mof", {"show", R"(MSiSCSI_QMIPSECStats(clear)\ReKeys)", "--mof"}},
        Case{"show_rates.txt", {"show", "--rates"}, {"lab", "later"}},
        Case{"show_rates.json",
             {"show", "--rates", "--json", "--instance", "ikev1"},
             {"lab", "later"}},
        Case{"show_rates_no_time.csv", {"show", "--rates", "--csv", "--instance", "ikev1"}},
        Case{"show_rates_back.csv",
             {"show", "--rates", "--csv", "--instance", "ikev1"},
             {"later", "lab"}},
        Case{"show_repeated.csv",
             {"show", R"(MSiSCSI_QMIPSECStats(*)\KeyAdditions)", "--csv", "--count", "3"},
             {"lab", "many", "later"}},
        Case{"show_repeated.txt",
             {"show", R"(MSiSCSI_QMIPSECStats(ikev1)\*BytesSent)", "--count", "2"},
             {"lab", "later"}},
        Case{"show_repeated.json",
             {"show", R"(MSiSCSI_QMIPSECStats(ikev1)\ActiveSA)", "--json", "--count", "2"},
             {"lab", "later"}},
        Case{"show_session.txt", {"show", "Quickmode_Session"}},
        Case{"show_health.txt", {"show", "quickmode_collectorhealth"}},
        Case{"show_empty.txt", {"show"}, {"empty"}},
        Case{"show_empty.json", {"show", "--json"}, {"empty"}},
        Case{"show_dead.txt", {"show", "--rates"}, {"dead"}},
        Case{"show_hostile.txt", {"show"}, {"hostile"}, 0, 80, true},
        Case{"show_hostile.json", {"show", "--json"}, {"hostile"}},
        Case{"show_hostile.csv", {"show", "--csv"}, {"hostile"}},
        Case{"show_hostile.mof", {"show", "--mof"}, {"hostile"}},
        Case{"show_hostile_session.csv", {"show", "Quickmode_Adapter", "--csv"}, {"hostile"}},
        Case{"show_no_class.txt", {"show", "MSiSCSI_QMIPSECStat"}, {"lab"}, 64},
        Case{"show_no_counter.txt", {"show", R"(MSiSCSI_QMIPSECStats(*)\ActiveSAs)"}, {"lab"}, 64},
        Case{"show_no_instance.txt", {"show", "--instance", "ikev3"}, {"lab"}, 1},
        Case{"show_other_host.txt", {"show", R"(\\other\MSiSCSI_QMIPSECStats(*)\*)"}, {"lab"}, 64},
        Case{"show_abstract.txt", {"show", "Win32_PerfRawData"}, {"lab"}, 64}));

INSTANTIATE_TEST_SUITE_P(
    Others, Commands,
    ::testing::Values(
        Case{"adapters.txt", {"adapters"}}, Case{"adapters.json", {"adapters", "--json"}},
        Case{"adapters_wide.txt", {"adapters"}, {"lab"}, 0, 120},
        Case{"adapters_hostile.txt", {"adapters"}, {"hostile"}, 0, 80, true},
        Case{"adapters_empty.txt", {"adapters"}, {"empty"}}, Case{"sessions.txt", {"sessions"}},
        Case{"sessions.json", {"sessions", "--json"}},
        Case{"sessions_hostile.txt", {"sessions"}, {"hostile"}, 0, 80, true},
        Case{"sessions_empty.txt", {"sessions"}, {"empty"}}, Case{"sas.txt", {"sas"}},
        Case{"sas.json", {"sas", "--json"}}, Case{"sas_wide.txt", {"sas"}, {"lab"}, 0, 160},
        Case{"sas_empty.txt", {"sas"}, {"empty"}}, Case{"sas_hostile.txt", {"sas"}, {"hostile"}},
        Case{"audit.txt", {"audit"}, {"lab"}, 1},
        Case{"audit.json", {"audit", "--json"}, {"lab"}, 1},
        Case{"audit_nagios.txt", {"audit", "--nagios"}, {"lab"}, 2, 400},
        Case{"audit_protected.txt", {"audit"}, {"protected"}, 0},
        Case{"audit_protected_nagios.txt", {"audit", "--nagios"}, {"protected"}, 0, 400},
        Case{"audit_unknown.txt", {"audit"}, {"unknown"}, 3},
        Case{"audit_unknown_nagios.txt", {"audit", "--nagios"}, {"unknown"}, 3, 400},
        Case{"audit_stale.txt", {"audit"}, {"stale"}, 3},
        Case{"audit_empty.txt", {"audit"}, {"empty"}, 4},
        Case{"audit_empty_nagios.txt", {"audit", "--nagios"}, {"empty"}, 3, 400},
        Case{"audit_blind.txt", {"audit"}, {"blind"}, 4},
        Case{"audit_dead.txt", {"audit"}, {"dead"}, 3},
        Case{"audit_hostile_nagios.txt", {"audit", "--nagios"}, {"hostile"}, 2, 1000},
        Case{"explain.txt", {"explain", "ConfidentialBytesSent", "--instance", "*ikev?_0"}},
        Case{"explain.json", {"explain", "confidentialbytessent", "--instance", "ikev1", "--json"}},
        Case{"explain_gauge.txt", {"explain", "MSiSCSI_QMIPSECStats.ActiveSA"}},
        Case{"explain_unknown.txt", {"explain", R"(MSiSCSI_QMIPSECStats(clear)\BadSPIPackets)"}},
        Case{"explain_moments.txt",
             {"explain", "TransportBytesSent", "--instance", "ikev1"},
             {"later"}},
        Case{"explain_no_counter.txt", {"explain", "ConfidentialByteSent"}, {"lab"}, 64},
        Case{"explain_empty.txt", {"explain", "ActiveSA"}, {"empty"}},
        Case{"explain_no_instance.txt", {"explain", "ActiveSA", "--instance", "x"}, {"lab"}, 1},
        Case{"classes.txt", {"classes"}}, Case{"classes.json", {"classes", "--json"}},
        Case{"class.txt", {"class", "MSiSCSI_QMIPSECStats"}},
        Case{"class_values.txt", {"class", "Quickmode_SA"}},
        Case{"class.json", {"class", "Quickmode_SessionSA", "--json"}},
        Case{"class.mof", {"class", "Quickmode_SessionSA", "--mof"}},
        Case{"class_none.txt", {"class", "Quickmode_Sesion"}, {"lab"}, 64}));

INSTANTIATE_TEST_SUITE_P(
    Query, Commands,
    ::testing::Values(
        Case{"query.txt", {"query", "SELECT InstanceName, ReKeys FROM MSiSCSI_QMIPSECStats"}},
        Case{"query.csv", {"query", "SELECT InstanceName, ReKeys FROM X", "--csv"}},
        Case{"query.json", {"query", "SELECT InstanceName, ReKeys FROM X", "--json"}},
        Case{"query_wide.txt", {"query", "SELECT * FROM Quickmode_Adapter"}},
        Case{"query_nothing.txt", {"query", "SELECT * FROM Nothing"}},
        Case{"query_wrong.txt", {"query", "SELEKT * FROM Quickmode_SA"}, {"lab"}, 64},
        Case{"query_events.txt",
             {"query", "SELECT * FROM __InstanceCreationEvent", "--count", "1"}},
        Case{"query_events.csv",
             {"query", "SELECT * FROM __InstanceCreationEvent", "--csv", "--count", "2"}},
        Case{"help_query.txt", {"query", "--help"}, {"lab"}, 0, 100}));

INSTANTIATE_TEST_SUITE_P(
    Usage, Commands,
    ::testing::Values(Case{"help.txt", {"--help"}, {"lab"}, 0, 100},
                      Case{"help_show.txt", {"show", "--help"}, {"lab"}, 0, 100},
                      Case{"help_audit.txt", {"audit", "--help"}, {"lab"}, 0, 100},
                      Case{"help_explain.txt", {"explain", "--help"}, {"lab"}, 0, 100},
                      Case{"version.txt", {"--version"}}, Case{"usage_none.txt", {}, {"lab"}, 64},
                      Case{"usage_command.txt", {"--color", "never", "shwo"}, {"lab"}, 64},
                      Case{"usage_option.txt", {"show", "--jsn"}, {"lab"}, 64},
                      Case{"usage_formats.txt", {"show", "--json", "--csv"}, {"lab"}, 64},
                      Case{"usage_interval.txt", {"show", "--interval", "0"}, {"lab"}, 64},
                      Case{"usage_path.txt", {"show", R"(Class(x\y)"}, {"lab"}, 64}));

TEST(Query, LooksForEventsAtTheIntervalUntilInterrupted) {
  const Parsed parsed = parse_options(
      std::vector<std::string_view>{"query", "SELECT * FROM Event", "--json"}, nullptr);
  ASSERT_TRUE(parsed.run) << parsed.err;
  FixtureApi api({"lab"});
  FixturePacer pacer(2);
  std::ostringstream out;
  std::ostringstream err;
  const Terminal terminal = plain_terminal();
  Surroundings around{api, pacer, terminal, out, err};
  EXPECT_EQ(run(parsed.options, around), kExitInterrupted);
  EXPECT_EQ(pacer.waited_ms, (std::vector<std::uint64_t>{5000, 5000, 5000}));
  ASSERT_EQ(api.targets.size(), 3U);
  EXPECT_EQ(api.targets[0], "/api/v1/query?q=SELECT%20%2A%20FROM%20Event&namespace=root%2Fwmi");
  EXPECT_EQ(api.targets[2], api.targets[0] + "&cursor=1f-1");
}

TEST(Show, AsciiWhereTheLocaleIsNotUtf8) {
  Terminal terminal = plain_terminal();
  terminal.utf8 = false;
  const Ran ran = run_command({"show"}, {"lab"}, terminal);
  expect_golden("show_ascii.txt", ran.out);
  for (const char c : ran.out) ASSERT_LT(static_cast<unsigned char>(c), 0x80U);
}

TEST(Show, NamesAreAsciiWhereTheLocaleIsNotUtf8) {
  Terminal terminal = plain_terminal();
  terminal.utf8 = false;
  for (const std::string_view command : {"show", "sessions", "audit", "adapters", "sas"}) {
    const Ran ran = run_command({command}, {"hostile"}, terminal);
    for (const char c : ran.out) ASSERT_LT(static_cast<unsigned char>(c), 0x80U) << command;
  }
}

TEST(Show, ColorMarksHeadings) {
  Terminal terminal = plain_terminal();
  terminal.color = true;
  const Ran ran = run_command({"audit"}, {"lab"}, terminal);
  EXPECT_NE(ran.out.find("\x1b[1;31m"), std::string::npos);
}

TEST(Hostile, NothingSteersTheTerminal) {
  for (const std::string_view command : {"show", "adapters", "sessions", "sas", "audit"}) {
    for (const std::string_view form : {"", "--json"}) {
      std::vector<std::string_view> arguments{command};
      if (!form.empty()) arguments.push_back(form);
      const Ran ran = run_command(arguments, {"hostile"});
      std::istringstream lines(ran.out);
      for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(is_plain_text(line)) << command << ' ' << form << ": " << plain_text(line);
      }
    }
  }
}

TEST(Show, IntervalEndsWithAWholeSampleWhenInterrupted) {
  const Ran ran = run_command({"show", "--csv", "--interval", "5"}, {"lab"}, plain_terminal(), 2);
  EXPECT_EQ(ran.exit_code, kExitInterrupted);
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 4);  // the header and three samples
  EXPECT_TRUE(ran.out.ends_with('\n'));
}

TEST(Show, RatesOfNSamplesReadOneMore) {
  const Ran ran = run_command({"show", "--csv", "--rates", "--count", "2"}, {"lab"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 3);
}

TEST(Show, OutputThatCantBeWrittenIsAnError) {
  const Parsed parsed = parse_options(std::vector<std::string_view>{"show"}, nullptr);
  FixtureApi api({"lab"});
  FixturePacer pacer;
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  const Terminal terminal = plain_terminal();
  Surroundings around{api, pacer, terminal, out, err};
  EXPECT_EQ(run(parsed.options, around), kExitOutput);
  EXPECT_EQ(err.str(), "quickmode: the output could not be written\n");
}

}  // namespace
}  // namespace qm::cli::testing

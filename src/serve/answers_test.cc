#include "serve/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>

#include "serve/history.h"
#include "serve/target.h"
#include "wmi/source_testing.h"

namespace qm::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kClasses = R"(
#pragma namespace("\\\\.\\root\\wmi")
[abstract] class CIM_StatisticalInformation
{ [read, MaxLen(64)] string Caption; string Description; [MaxLen(256)] string Name; };
[abstract] class Win32_Perf : CIM_StatisticalInformation
{ uint64 Frequency_PerfTime; uint64 Timestamp_PerfTime; };
[abstract] class Win32_PerfRawData : Win32_Perf {};
[Dynamic, Provider("WMIProv"), WMI, Description("Counters,
   on two lines") : amended, guid("{00000000-0000-0000-0000-000000000001}")]
class Test_Stats : Win32_PerfRawData
{
  [read, key] string InstanceName;
  [read] boolean Active;
  [read, WmiDataId(1), CounterType(65792), Description("Live ones") : amended] uint64 Live;
  [read, WmiDataId(2), CounterType(272696576)] uint64 Total;
  [read, WmiDataId(3), Values{"in", "out"}, ValueMap{"1", "2"}] uint8 Way;
  [read, WmiDataId(4), MaxLen(15)] string Label;
  [read, WmiDataId(5)] sint64 Below;
  [read, WmiDataId(6)] uint32 Parts[2];
};
class Quickmode_CounterSemantics
{ [key] string Class; [key] string Property; string Kind; string Unit; string Direction;
  string Group; string Definition; string Source; string SourceValue; string SourceWhere;
  string Owner; };
instance of Quickmode_CounterSemantics
{ Class = "Test_Stats"; Property = "Live"; Kind = "gauge"; Unit = "things"; Direction = "none";
  Group = "keys"; Definition = "Those that live."; Source = "Test_Other"; SourceValue = "1";
  SourceWhere = "Way = 2"; Owner = "Adapter"; };
instance of Quickmode_CounterSemantics
{ Class = "Test_Stats"; Property = "Total"; Kind = "counter"; Unit = "things"; Direction = "sent";
  Group = "bytes"; Definition = "All there were."; };
)";

// One member or element a line, so that a golden file can be read and compared.
std::string pretty(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string || c == '"') {
      out += c;
      if (c == '\\') {
        out += json[++i];
      } else if (c == '"') {
        in_string = !in_string;
      }
      continue;
    }
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    const bool empty = closes && (json[i - 1] == '{' || json[i - 1] == '[');
    if (closes) --depth;
    if (closes && !empty) out += "\n" + std::string(depth * 2, ' ');
    out += c;
    if (opens) ++depth;
    const bool next_closes = opens && (json[i + 1] == '}' || json[i + 1] == ']');
    if ((opens && !next_closes) || c == ',') out += "\n" + std::string(depth * 2, ' ');
    if (c == ':') out += ' ';
  }
  return out + "\n";
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = QM_SOURCE_DIR "/tests/golden/serve/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, golden) << "differs from " << path << "; UPDATE_GOLDEN=1 rewrites it";
}

class AnswersTest : public ::testing::Test {
 protected:
  AnswersTest() {
    const EmbeddedFile file{"classes.mof", kClasses};
    auto made = wmi::Repository::compile({&file, 1});
    if (!made) ADD_FAILURE() << made.error().message;
    repository_ = made.value();
    snapshots_.emplace(repository_, source_, nullptr);
  }
  const wmi::ClassEntry& stats() const { return *repository_->find("Test_Stats"); }

  void publish() {
    wmi::BlockBuilder plain(stats());
    plain.set("Live", std::uint64_t{3}).set("Total", std::numeric_limits<std::uint64_t>::max());
    plain.set("Way", std::uint8_t{2}).text("Label", "a label");
    plain.set("Below", std::numeric_limits<std::int64_t>::min());
    plain.set("Parts", std::array<std::uint32_t, 2>{1, 4294967295});
    wmi::BlockBuilder doubtful(stats());
    doubtful.quality("Live", QM_UNAVAILABLE, QM_REASON_NO_KERNEL);
    doubtful.quality("Total", QM_AT_LEAST, QM_REASON_GAP);
    doubtful.quality("Way", QM_INFERRED, QM_REASON_OVERLAP);
    doubtful.set("Label", std::uint16_t{65535});  // a lie
    wmi::BlockBuilder hostile(stats());
    hostile.text("Label", "\x1b[2J\"\\\n<&>");
    const auto id = source_.add(stats(), "quickmode-collect", 7);
    source_.publish(
        id, {120'000'000, 134'000'000'000'000'000},
        {{"ROOT\\ISCSI_TCP\\a_0", "a", true, plain.block(), plain.qualities()},
         {"ROOT\\ISCSI_TCP\\b_0", "b", true, doubtful.block(), doubtful.qualities()},
         {"=cmd|\"'<b>\xf0\x9f\x98\x80", "", true, hostile.block(), hostile.qualities()},
         {"SIM\\off_0", "off", false, plain.block(), plain.qualities()}});
  }

  std::string answer(const std::string& raw, std::size_t most_bytes = kMostAnswerBytes) {
    const auto query = parse_query(*parse_target(raw), *repository_);
    if (!query) return query.error().message;
    const auto snapshot = snapshots_->take(query->classes, {123'000'000, 0});
    const auto made = instances_answer(*query, *snapshot, true, malformed_, most_bytes);
    return made ? made->body : std::to_string(made.error().status) + made.error().message;
  }

  std::shared_ptr<const wmi::Repository> repository_;
  wmi::FakeSource source_;
  std::optional<wmi::Snapshots> snapshots_;
  std::uint64_t malformed_ = 0;
};

TEST_F(AnswersTest, classes) {
  publish();
  const auto snapshot = snapshots_->take({}, {});
  expect_golden("classes.json", pretty(classes_answer(*repository_, *snapshot).body));
}

TEST_F(AnswersTest, one_class) {
  expect_golden("class.json", pretty(class_answer(stats()).body));
}

TEST_F(AnswersTest, one_class_as_mof) {
  const Answer answer = class_mof_answer(stats());
  EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  expect_golden("class.mof", answer.body);
}

TEST_F(AnswersTest, instances) {
  publish();
  expect_golden("instances.json", pretty(answer("/api/v1/instances/Test_Stats")));
  EXPECT_EQ(malformed_, 1U);
}

TEST_F(AnswersTest, instances_of_a_class_that_nobody_registered) {
  EXPECT_EQ(answer("/api/v1/instances/Test_Stats"),
            R"({"class":"Test_Stats","refreshed":true,"taken_boot_ns":123000000,"providers":0,)"
            R"("instances":[]})");
}

TEST_F(AnswersTest, snapshot) {
  publish();
  expect_golden("snapshot.json",
                pretty(answer("/api/v1/snapshot?class=Test_Stats&class=Win32_PerfRawData"
                              "&instance=*a_0&integers=text")));
}

TEST_F(AnswersTest, unavailable_is_null_and_never_zero) {
  publish();
  const std::string body = answer("/api/v1/instances/Test_Stats?instance=*b_0");
  EXPECT_THAT(body, HasSubstr("\"Live\":null"));
  EXPECT_THAT(body, HasSubstr("\"Live\":{\"quality\":\"unavailable\",\"reason\":\"no-kernel\""));
  EXPECT_THAT(body, Not(HasSubstr("\"Live\":0")));
}

TEST_F(AnswersTest, integers_are_exact_or_text_on_request) {
  publish();
  const std::string numbers = answer("/api/v1/instances/Test_Stats?instance=*a_0");
  EXPECT_THAT(numbers, HasSubstr("\"Total\":18446744073709551615"));
  EXPECT_THAT(numbers, HasSubstr("\"Below\":-9223372036854775808"));
  const std::string texts = answer("/api/v1/instances/Test_Stats?instance=*a_0&integers=text");
  EXPECT_THAT(texts, HasSubstr("\"Total\":\"18446744073709551615\""));
  EXPECT_THAT(texts, HasSubstr("\"Below\":\"-9223372036854775808\""));
  EXPECT_THAT(texts, HasSubstr("\"Way\":2"));  // 32 bits and less fit a double
  EXPECT_THAT(texts, HasSubstr("\"Parts\":[1,4294967295]"));
}

TEST_F(AnswersTest, an_instance_is_chosen_without_case_and_by_pattern) {
  publish();
  EXPECT_THAT(answer("/api/v1/instances/Test_Stats?instance=root%5Ciscsi_tcp%5CA_0"),
              HasSubstr("\"name\":\"ROOT\\\\ISCSI_TCP\\\\a_0\""));
  EXPECT_THAT(answer("/api/v1/instances/Test_Stats?instance=x*"), HasSubstr("\"instances\":[]"));
}

TEST_F(AnswersTest, a_sample_from_the_future_has_no_age) {
  const auto id = source_.add(stats(), "liar", 7);
  wmi::BlockBuilder block(stats());
  source_.publish(id, {~0ULL, ~0ULL}, {{"a_0", "", true, block.block(), block.qualities()}});
  EXPECT_THAT(answer("/api/v1/instances/Test_Stats"),
              HasSubstr("\"age_ms\":0,\"sample\":{\"boot_ns\":18446744073709551615,"));
}

TEST_F(AnswersTest, its_size_is_limited_at_the_edge) {
  publish();
  const std::string raw = "/api/v1/instances/Test_Stats?instance=*a_0";
  const std::size_t bytes = answer(raw).size();
  const std::size_t closing = std::string_view("]}").size();
  EXPECT_EQ(answer(raw, bytes - closing).size(), bytes);
  EXPECT_THAT(answer(raw, bytes - closing - 1), HasSubstr("503the answer would exceed"));
}

TEST_F(AnswersTest, start_is_all_that_a_page_draws_first) {
  publish();
  const auto query = parse_query(*parse_target("/api/v1/start?integers=text"), *repository_);
  const auto snapshot = snapshots_->take({}, {123'000'000, 0});
  History history;
  history.look(*snapshot);
  const auto made = start_answer(*query, {*snapshot, *repository_, history, "san1"}, malformed_);
  ASSERT_TRUE(made);
  expect_golden("start.json", pretty(made->body));
  EXPECT_EQ(malformed_, 1U);
  const auto cut =
      start_answer(*query, {*snapshot, *repository_, history, "san1"}, malformed_, 2'000);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().status, 503U);
}

TEST_F(AnswersTest, history_goes_back_as_far_as_it_is_asked_to) {
  publish();
  History history;
  history.look(*snapshots_->take({}, {123'000'000, 0}));
  const auto told = [&](std::string_view raw, std::uint64_t now_ns) {
    return history_answer(*parse_query(*parse_target(raw), *repository_), history, {now_ns, 0})
        .body;
  };
  const std::string raw = "/api/v1/history?class=Test_Stats&instance=*a_0";
  EXPECT_THAT(told(raw, 86'400'120'000'000), HasSubstr(R"("boot_ns":["120000000"])"));
  EXPECT_THAT(told(raw, 86'400'120'000'001), HasSubstr(R"("boot_ns":[])"));
  EXPECT_THAT(told(raw + "&seconds=1", 1'120'000'000), HasSubstr(R"("boot_ns":["120000000"])"));
  EXPECT_THAT(told(raw + "&seconds=1", 1'120'000'001), HasSubstr(R"("boot_ns":[])"));
}

TEST_F(AnswersTest, health) {
  Health health;
  health.version = "0.1.0";
  health.uptime_s = 12;
  health.pid = 1;
  health.providers = {{"quickmode-collect", 7, 8}};
  health.requests = 17;
  health.event_streams = 3;
  health.failed_logins = 5;
  expect_golden("health.json", pretty(health_answer(health).body));
}

TEST_F(AnswersTest, a_refusal_is_plain_text_whatever_was_asked) {
  EXPECT_EQ(
      refusal_answer({404, "no class \"a\x1b[0m\n\"; see /api/v1/classes"}).body,
      R"({"error":{"status":404,"message":"no class \"a\\x1b[0m\\x0a\"; see /api/v1/classes"}})");
}

}  // namespace
}  // namespace qm::serve

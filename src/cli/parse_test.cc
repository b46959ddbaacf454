// What is parsed: counter paths, conditions, options, HTTP, and the API's JSON.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>

#include "cli/cli.h"
#include "cli/condition.h"
#include "cli/counter_path.h"
#include "cli/http_answer.h"
#include "cli/model.h"
#include "cli/rates.h"

namespace qm::cli {
namespace {

CounterPath path(std::string_view text) {
  const auto parsed = parse_counter_path(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed.value_or(CounterPath{});
}

TEST(CounterPath, TakesWhatGetCounterTakes) {
  EXPECT_EQ(path("C"), (CounterPath{"", "C", "*", "*"}));
  EXPECT_EQ(path("\\C\\x"), (CounterPath{"", "C", "*", "x"}));
  EXPECT_EQ(path("C(i)"), (CounterPath{"", "C", "i", "*"}));
  EXPECT_EQ(path("C(*)\\Active?A"), (CounterPath{"", "C", "*", "Active?A"}));
  EXPECT_EQ(path("\\\\h\\C(i)\\x"), (CounterPath{"h", "C", "i", "x"}));
  EXPECT_EQ(path("\\C(ROOT\\ISCSI_TCP\\a(b)\\c_0)\\*"),
            (CounterPath{"", "C", "ROOT\\ISCSI_TCP\\a(b)\\c_0", "*"}));
}

TEST(CounterPath, SaysWhatIsWrong) {
  for (const std::string_view text : {"", "\\", "\\\\", "\\\\h", "\\\\\\C", "C(", "C()", "C(i",
                                      "C\\", "C(i)\\", "C*", "C\\a\\b"}) {
    EXPECT_FALSE(parse_counter_path(text)) << text;
  }
  EXPECT_EQ(parse_counter_path("C()").error().message,
            "C(): no instance between the parentheses; a counter path looks like "
            "'MSiSCSI_QMIPSECStats(*)\\ActiveSA', in quotes for the shell's sake");
}

TEST(CounterPath, HasALimit) {
  EXPECT_TRUE(parse_counter_path(std::string(kMostPathBytes, 'a')));
  EXPECT_EQ(parse_counter_path(std::string(kMostPathBytes + 1, 'a')).error().code,
            ErrorCode::limit);
}

RC_GTEST_PROP(CounterPath, IsReadAsWritten, (const std::string& instance)) {
  RC_PRE(!instance.empty() && instance.size() < 1000);
  const CounterPath written{"host", "Class", instance, "Counter"};
  const auto read = parse_counter_path(path_text(written));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == written);
}

Instance instance_with(const char* properties) {
  Instance instance;
  instance.raw["properties"] = boost::json::parse(properties);
  return instance;
}

TEST(Condition, ComparesAndJoins) {
  const Instance instance = instance_with(R"({"A": 1, "B": 5, "N": null, "T": "x"})");
  const auto holds = [&](std::string_view text) {
    const auto condition = Condition::parse(text);
    EXPECT_TRUE(condition) << text;
    return condition && condition->holds(instance);
  };
  EXPECT_TRUE(holds(""));
  EXPECT_TRUE(holds("A = 1"));
  EXPECT_TRUE(holds("A=1 and B>4"));
  EXPECT_FALSE(holds("A = 1 AND B > 5"));
  EXPECT_TRUE(holds("B >= 5 AND B <= 5 AND B <> 4 AND B != 6 AND B < 6"));
  EXPECT_FALSE(holds("N = 0"));
  EXPECT_FALSE(holds("T = 0"));
  EXPECT_FALSE(holds("Missing = 0"));
}

TEST(Condition, LeavesTheRestOfWqlAlone) {
  for (const std::string_view text :
       {"A", "A =", "A = x", "A = 1 OR B = 2", "A = 1 AND", "NOT A = 1", "A LIKE 1", "A == 1",
        "A = 99999999999999999999999"}) {
    EXPECT_FALSE(Condition::parse(text)) << text;
  }
}

TEST(Condition, HasALimit) {
  std::string text = "A = 1";
  for (std::size_t i = 1; i < kMostTerms; ++i) text += " AND A = 1";
  EXPECT_TRUE(Condition::parse(text));
  EXPECT_EQ(Condition::parse(text + " AND A = 1").error().code, ErrorCode::limit);
}

Parsed parsed(const std::vector<std::string_view>& arguments) {
  return parse_options(arguments, "/env");
}

TEST(Options, TakeWhatTheCommandsSay) {
  const Parsed show = parsed({"show", "X", "--rates", "--interval", "0.5", "--json"});
  ASSERT_TRUE(show.run);
  EXPECT_EQ(show.options.command, "show");
  EXPECT_EQ(show.options.subject, "X");
  EXPECT_EQ(show.options.interval_ms, 500U);
  EXPECT_EQ(show.options.samples, 0U);
  EXPECT_EQ(show.options.format, Format::json);
  EXPECT_EQ(show.options.runtime_dir, "/env");
  EXPECT_EQ(parsed({"show", "--runtime-dir", "/x"}).options.runtime_dir, "/x");
  EXPECT_EQ(parsed({"--color=never", "sas"}).options.color, ColorChoice::never);
  EXPECT_EQ(parse_options(std::vector<std::string_view>{"sas"}, nullptr).options.runtime_dir,
            "/run/quickmode");
}

TEST(Options, HaveLimits) {
  EXPECT_TRUE(parsed({"show", std::string(kMostArgumentBytes, 'a')}).run);
  EXPECT_EQ(parsed({"show", std::string(kMostArgumentBytes + 1, 'a')}).exit_code, kExitUsage);
  EXPECT_TRUE(parsed({"show", "--interval", "0.01", "--count", "1000000000"}).run);
  EXPECT_TRUE(parsed({"show", "--interval", "86400"}).run);
  for (const std::string_view interval : {"0.009", "86400.1", "nan", "inf", "-1", "x"}) {
    EXPECT_EQ(parsed({"show", "--interval", interval}).exit_code, kExitUsage) << interval;
  }
  for (const std::string_view count : {"0", "1000000001", "-1", "1.5"}) {
    EXPECT_EQ(parsed({"show", "--count", count}).exit_code, kExitUsage) << count;
  }
}

RC_GTEST_PROP(Options, NeverThrow, (const std::vector<std::string>& arguments)) {
  const Parsed result =
      parse_options(std::vector<std::string_view>(arguments.begin(), arguments.end()), nullptr);
  RC_ASSERT(result.run || result.exit_code == 0 || result.exit_code == kExitUsage);
}

Result<Answer> answer_of(std::string_view bytes, std::size_t piece_bytes) {
  HttpAnswer answer;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    if (TRY(answer.feed(piece))) break;
  }
  return answer.finish();
}

TEST(HttpAnswer, IsReadInPiecesOfAnySize) {
  for (const std::string_view bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"}) {
    for (const std::size_t piece : {1U, 3U, 1000U}) {
      const auto answer = answer_of(bytes, piece);
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ(answer->status, 200U);
      EXPECT_EQ(answer->body, "hello");
    }
  }
}

TEST(HttpAnswer, CutOrForeignIsAnError) {
  EXPECT_EQ(answer_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 1000).error().message,
            "quickmode-serve ended its answer half-way");
  EXPECT_EQ(answer_of("HTTP/1.1 200 OK\r\nConte", 1000).error().message,
            "quickmode-serve ended its answer half-way");
  EXPECT_FALSE(answer_of("", 1));
  EXPECT_FALSE(answer_of("SSH-2.0-OpenSSH_9.2\r\n\r\n", 1000));
}

TEST(HttpAnswer, HasLimits) {
  HttpAnswer endless;
  const auto header = endless.feed("HTTP/1.1 200 OK\r\nX: " + std::string(kMostHeaderBytes, 'a'));
  EXPECT_EQ(header.error().code, ErrorCode::limit);
  HttpAnswer long_body;
  const auto body = long_body.feed(
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMostAnswerBytes + 1) + "\r\n\r\n");
  EXPECT_EQ(body.error().code, ErrorCode::limit);
}

class OneAnswer final : public Api {
 public:
  OneAnswer(unsigned status, std::string body) : answer_{status, std::move(body)} {}
  Result<Answer> get(std::string_view) override { return answer_; }

 private:
  Answer answer_;
};

TEST(Api, SaysWhyServeRefused) {
  OneAnswer busy(503, R"({"error": {"status": 503, "message": "too many\u001b requests"}})");
  EXPECT_EQ(get_json(busy, "/x").error().message,
            "quickmode-serve refused with 503: too many\\x1b requests");
  OneAnswer silent(500, "<html>");
  EXPECT_EQ(get_json(silent, "/x").error().message,
            "quickmode-serve refused with 500: no reason given");
}

TEST(Api, JsonHasADepthAndAForm) {
  OneAnswer deep(200, std::string(kMostJsonDepth + 1, '[') + std::string(kMostJsonDepth + 1, ']'));
  EXPECT_EQ(get_json(deep, "/x").error().code, ErrorCode::invalid);
  OneAnswer fits(200, std::string(kMostJsonDepth, '[') + std::string(kMostJsonDepth, ']'));
  EXPECT_TRUE(get_json(fits, "/x"));
  OneAnswer cut(200, "{\"a\": ");
  EXPECT_EQ(get_json(cut, "/x").error().code, ErrorCode::invalid);
}

TEST(Api, TargetsAreEncoded) {
  EXPECT_EQ(percent_encoded("a b/%\n"), "a%20b%2F%25%0A");
  const std::vector<std::string_view> classes{"A", "B&"};
  EXPECT_EQ(snapshot_target(classes), "/api/v1/snapshot?class=A&class=B%26");
}

TEST(Model, SaysWhereAnAnswerIsStrange) {
  const auto message = [](const char* text) {
    const auto instances = instances_from(boost::json::parse(text));
    return instances ? "" : instances.error().message;
  };
  const std::string tail = "; are quickmode and quickmode-serve of the same version?";
  const std::string head = "the answer of quickmode-serve is not what docs/api.md says: ";
  EXPECT_EQ(message("[]"), head + "no list \"instances\"" + tail);
  EXPECT_EQ(message(R"({"instances": [1]})"), head + "instances[0] is not an object" + tail);
  EXPECT_EQ(message(R"({"instances": [{}]})"), head + "instances[0] has no name" + tail);
  EXPECT_EQ(message(R"({"instances": [{"name": "x", "properties": 1}]})"),
            head + "instances[0] has no properties" + tail);
  EXPECT_EQ(message(R"({"instances": [{"name": "x", "properties": {}}]})"), "");
}

ClassInfo one_counter() {
  ClassInfo info;
  info.name = "C";
  Property counter;
  counter.name = "N";
  counter.data_id = 1;
  counter.counter_type = 272696576;  // PERF_COUNTER_BULK_COUNT
  info.properties.push_back(counter);
  return info;
}

Instances sample_at(std::uint64_t boot_s, std::uint64_t wall_s, std::uint64_t value) {
  Instance instance = instance_with("{}");
  instance.name = "x";
  instance.raw["properties"].get_object()["N"] = value;
  instance.boot_ns = boot_s * 1'000'000'000;
  instance.filetime_100ns = wall_s * 10'000'000;
  Instances sample;
  sample.instances.push_back(instance);
  return sample;
}

TEST(Rates, AreGrowthOverSampleTime) {
  const auto rate = [](const Instances& a, const Instances& b) {
    return rates_between(one_counter(), a, b).instances[0].value("N");
  };
  EXPECT_EQ(rate(sample_at(10, 100, 5), sample_at(12, 102, 25)), boost::json::value(10.0));
  EXPECT_TRUE(rate(sample_at(10, 100, 5), sample_at(10, 100, 5)).is_null());   // no time
  EXPECT_TRUE(rate(sample_at(10, 100, 5), sample_at(9, 99, 25)).is_null());    // a clock back
  EXPECT_TRUE(rate(sample_at(10, 100, 5), sample_at(12, 102, 4)).is_null());   // a counter back
  EXPECT_TRUE(rate(sample_at(10, 100, 5), sample_at(12, 200, 25)).is_null());  // a step
  EXPECT_TRUE(rate(Instances{}, sample_at(12, 102, 25)).is_null());            // a new instance
}

}  // namespace
}  // namespace qm::cli

// /metrics by its handler: what is negotiated, what is refused, what it says of serve itself.
#include "serve/metrics.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/asio/io_context.hpp>

#include "metrics/exposition_testing.h"
#include "serve/gzip.h"
#include "wmi/source_testing.h"

namespace qm::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(std::size_t{16} << 20U, '\0');
  std::string in = packed;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::inflateEnd(&stream);
  return out;
}

TEST(Gzip, gives_back_what_it_took) {
  std::string long_text;
  for (std::uint64_t i = 0; long_text.size() < 3 * kGzipSliceBytes; ++i) {
    long_text += std::to_string(i * i);
  }
  for (const std::string& text :
       {std::string(), std::string("a"), long_text.substr(0, kGzipSliceBytes - 1),
        long_text.substr(0, kGzipSliceBytes), long_text.substr(0, kGzipSliceBytes + 1),
        long_text}) {
    Gzip gzip(std::make_shared<const std::string>(text));
    std::size_t slices = 1;
    while (gzip.work()) ++slices;
    EXPECT_EQ(slices,
              std::max<std::size_t>(1, (text.size() + kGzipSliceBytes - 1) / kGzipSliceBytes));
    const Packed packed = std::move(gzip).take();
    for (const std::string& rest : {std::string(), std::string("and more"), long_text}) {
      EXPECT_EQ(gunzip(packed.bytes + gzip_end(packed, rest)), text + rest);
    }
  }
}

class MetricsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    repository_ = wmi::Repository::built_in().value();
    snapshots_.emplace(repository_, source_, nullptr);
    const wmi::ClassEntry& stats = *repository_->find("MSiSCSI_QMIPSECStats");
    const std::uint64_t id = source_.add(stats, "driver \"1\"", 7);
    wmi::BlockBuilder block(stats);
    block.set("ActiveSA", std::uint64_t{4'711});
    source_.publish(id, {}, {{"X\\a_0", "", true, block.block(), block.qualities()}});
    source_.add(*repository_->find("Quickmode_Adapter"), "silent", 8);
    make(kMostAnswerBytes);
  }
  void make(std::size_t most_bytes) {
    page_ = std::make_unique<MetricsPage>(
        io_, repository_, *snapshots_,
        [] {
          Health health;
          health.version = "9.9";
          health.requests = 17;
          health.providers = {{"driver \"1\"", 7, 1}, {"silent", 8, 1}, {"silent", 9, 2}};
          return health;
        },
        most_bytes);
  }
  void publish_many() {
    const wmi::ClassEntry& stats = *repository_->find("MSiSCSI_QMIPSECStats");
    const wmi::BlockBuilder block(stats);
    std::vector<wmi::MadeInstance> instances;
    instances.reserve(500);
    for (int i = 0; i < 500; ++i) {
      instances.push_back({fmt::format("X\\{}_0", i), "", true, block.block(), {}});
    }
    source_.publish(source_.add(stats, "many", 9), {}, std::move(instances));
  }
  Answer ask(std::string_view target, std::string_view accept = "",
             std::string_view accept_encoding = "") {
    Request request;
    request.target = parse_target(target).value();
    request.accept = accept;
    request.accept_encoding = accept_encoding;
    Answer answer{0, "", "", {}};
    page_->handle(request, [&](Answer made) { answer = whole(std::move(made)); });
    io_.restart();
    io_.run();
    return answer;
  }
  // As the connection sends it.
  static Answer whole(Answer answer) {
    if (answer.middle) answer.body += *answer.middle;
    answer.take(std::move(answer.body) + answer.end);
    return answer;
  }
  static std::string field(const Answer& answer, std::string_view name) {
    for (const Field& one : answer.fields) {
      if (one.name == name) return one.value;
    }
    return "";
  }

  boost::asio::io_context io_;
  std::shared_ptr<const wmi::Repository> repository_;
  wmi::FakeSource source_;
  std::optional<wmi::Snapshots> snapshots_;
  std::unique_ptr<MetricsPage> page_;
};

TEST_F(MetricsTest, says_what_providers_published_and_how_serve_does) {
  const Answer answer = ask("/metrics");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(field(answer, "Vary"), "Accept, Accept-Encoding");
  const metrics::ReadPage page = metrics::ExpositionReader(answer.body, false).read();
  EXPECT_THAT(page.errors, IsEmpty());
  EXPECT_EQ(page.value("quickmode_ipsec_active_sas", {{"adapter", "a"}}), "4711");
  EXPECT_EQ(page.value("quickmode_serve_requests_total"), "17");
  EXPECT_EQ(page.value("quickmode_serve_build_info", {{"version", "9.9"}}), "1");
  EXPECT_EQ(page.value("quickmode_provider_registrations", {{"driver", "silent"}}), "3");
  EXPECT_EQ(page.value("quickmode_provider_instances", {{"driver", "driver \"1\""}}), "1");
  EXPECT_EQ(page.count("quickmode_provider_sample_age_seconds"), 1U);  // the silent one has none
  EXPECT_EQ(page.value("quickmode_serve_scrapes_total"), "0");
  EXPECT_THAT(ask("/metrics").body, HasSubstr("quickmode_serve_scrapes_total 1\n"));
}

TEST_F(MetricsTest, open_metrics_where_it_is_asked_for) {
  const Answer answer = ask("/metrics", "application/openmetrics-text; version=1.0.0");
  EXPECT_EQ(answer.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  const metrics::ReadPage page = metrics::ExpositionReader(answer.body, true).read();
  EXPECT_THAT(page.errors, IsEmpty());
  EXPECT_EQ(page.types.at("quickmode_serve_build"), "info");
}

TEST_F(MetricsTest, gzip_where_it_is_asked_for) {
  const Answer answer = ask("/metrics", "", "gzip");
  EXPECT_EQ(field(answer, "Content-Encoding"), "gzip");
  EXPECT_THAT(gunzip(answer.body), StartsWith("# HELP"));
  EXPECT_EQ(field(ask("/metrics", "", "identity"), "Content-Encoding"), "");
}

TEST_F(MetricsTest, until_there_is_something_new_all_are_sent_the_same_bytes) {
  Request request;
  request.target = parse_target("/metrics").value();
  std::vector<Answer> answers;
  const auto ask_again = [&] {
    page_->handle(request, [&](Answer made) { answers.push_back(std::move(made)); });
    io_.restart();
    io_.run();
    return answers.back();
  };
  const Answer first = ask_again();
  ASSERT_TRUE(first.middle);
  EXPECT_EQ(first.middle, ask_again().middle);
  EXPECT_NE(first.end, answers.back().end) << "what serve says of itself is of now";
  request.accept_encoding = "gzip";
  const Answer packed = ask_again();
  EXPECT_EQ(packed.middle, ask_again().middle);
  EXPECT_NE(packed.middle, first.middle);
  EXPECT_THAT(gunzip(*answers.back().middle + answers.back().end), HasSubstr(*first.middle));
  request.accept_encoding = "";
  publish_many();
  const Answer second = ask_again();
  EXPECT_NE(first.middle, second.middle);
  EXPECT_THAT(*second.middle, HasSubstr("\"499\""));
  EXPECT_THAT(*first.middle, Not(HasSubstr("\"499\""))) << "who is being sent a page gets that one";
}

TEST_F(MetricsTest, a_large_page_is_compressed_a_slice_at_a_turn) {
  Request request;
  request.target = parse_target("/metrics").value();
  request.accept_encoding = "gzip";
  std::vector<Answer> answers;
  const auto ask_again = [&] {
    page_->handle(request, [&](Answer made) { answers.push_back(whole(std::move(made))); });
  };
  for (std::size_t i = 0; i < kMostCompressions; ++i) {
    publish_many();  // another page each time
    ask_again();
    ask_again();  // the same one: it is waited for
  }
  EXPECT_THAT(answers, IsEmpty());
  publish_many();
  ask_again();  // one too many: as it is, and at once
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(field(answers[0], "Content-Encoding"), "");
  io_.run();
  ASSERT_EQ(answers.size(), 2 * kMostCompressions + 1);
  EXPECT_EQ(field(answers.back(), "Content-Encoding"), "gzip");
  EXPECT_GT(gunzip(answers.back().body).size(), 2 * kGzipSliceBytes);
}

TEST_F(MetricsTest, a_page_under_way_outlives_nothing) {
  publish_many();
  Request request;
  request.target = parse_target("/metrics").value();
  request.accept_encoding = "gzip";
  bool answered = false;
  page_->handle(request, [&](const Answer&) { answered = true; });
  page_.reset();
  io_.run();
  EXPECT_FALSE(answered);
}

TEST_F(MetricsTest, other_targets_are_refused) {
  EXPECT_EQ(ask("/metrics/more").status, 404U);
  EXPECT_EQ(ask("/metrics?x=1").status, 400U);
  EXPECT_EQ(ask("/metrics/").status, 200U);
}

TEST_F(MetricsTest, a_page_beyond_the_limit_is_refused) {
  make(1'000);
  EXPECT_EQ(ask("/metrics").status, 503U);
}

}  // namespace
}  // namespace qm::serve

#include "serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "metrics/names.h"
#include "metrics/page.h"
#include "serve/accept.h"
#include "serve/gzip.h"

namespace qm::serve {
namespace {

using metrics::Format;
using metrics::Kind;
using metrics::OwnFamily;

constexpr MediaType kForms[] = {{"text/plain", "version=0.0.4"},
                                {"application/openmetrics-text", "version=1.0.0"}};
constexpr unsigned kNanoseconds = 9;

std::string label(std::string_view name, std::string_view value) {
  std::string text = fmt::format("{}=\"", name);
  metrics::append_label_value(text, value);
  return text + "\"";
}

// What providers have published, by class and driver: how much, and how old it is.
void add_parts(std::vector<OwnFamily>& families, const wmi::Snapshot& snapshot) {
  struct Sum {
    std::uint64_t instances = 0;
    std::uint64_t age_ns = 0;
    bool published = false;
  };
  std::map<std::string, Sum> sums;
  for (const auto& part : snapshot.parts) {
    Sum& sum = sums[label("class", part->the_class->name()) + "," + label("driver", part->driver)];
    sum.instances += part->generation.instances.size();
    if (part->generation.number == 0) continue;
    const std::uint64_t sampled_ns = part->generation.times.boot_ns;
    const std::uint64_t taken_ns = snapshot.taken.boot_ns;
    sum.age_ns = std::max(sum.age_ns, taken_ns > sampled_ns ? taken_ns - sampled_ns : 0);
    sum.published = true;
  }
  OwnFamily instances{"quickmode_provider_instances",
                      Kind::gauge,
                      "",
                      "Instances of the class that the driver has published",
                      {}};
  OwnFamily age{"quickmode_provider_sample_age_seconds",
                Kind::gauge,
                "seconds",
                "How long ago these values were sampled",
                {}};
  for (const auto& [labels, sum] : sums) {
    instances.samples.push_back({labels, sum.instances, 0});
    if (sum.published) age.samples.push_back({labels, sum.age_ns, kNanoseconds});
  }
  families.push_back(std::move(instances));
  families.push_back(std::move(age));
}

void add_health(std::vector<OwnFamily>& families, const Health& health) {
  const auto add = [&](std::string name, Kind kind, std::string_view unit, std::string help,
                       std::uint64_t value) {
    families.push_back({std::move(name), kind, unit, std::move(help), {{"", value, 0}}});
  };
  families.push_back({"quickmode_serve_build",
                      Kind::info,
                      "",
                      "Which quickmode-serve this is",
                      {{label("version", health.version), 1, 0}}});
  add("quickmode_serve_uptime_seconds", Kind::gauge, "seconds", "Since this process started",
      health.uptime_s);
  add("quickmode_serve_requests", Kind::counter, "", "Requests answered", health.requests);
  add("quickmode_serve_refused_requests", Kind::counter, "",
      "Requests answered with an error, and connections turned away", health.refused);
  add("quickmode_serve_connections", Kind::gauge, "", "Connections open now", health.connections);
  add("quickmode_serve_event_streams", Kind::gauge, "",
      "Connections that follow /api/v1/events now: open web pages, mostly", health.event_streams);
  add("quickmode_serve_failed_logins", Kind::counter, "",
      "Names and passwords that were wrong; the log says whose and from where",
      health.failed_logins);
  add("quickmode_serve_unreadable_pages", Kind::counter, "",
      "Reads of a provider's page that broke the format's rules", health.unreadable_pages);
  add("quickmode_serve_malformed_values", Kind::counter, "",
      "Values that the JSON API showed as null because they broke the format's rules",
      health.malformed_values);
  std::map<std::string, std::uint64_t> registrations;
  for (const Health::Provider& provider : health.providers) {
    registrations[label("driver", provider.driver)] += provider.registrations;
  }
  OwnFamily family{"quickmode_provider_registrations",
                   Kind::gauge,
                   "",
                   "Classes that the driver has registered",
                   {}};
  for (const auto& [labels, count] : registrations) family.samples.push_back({labels, count, 0});
  families.push_back(std::move(family));
}

}  // namespace

MetricsPage::MetricsPage(boost::asio::io_context& io,
                         std::shared_ptr<const wmi::Repository> repository,
                         wmi::Snapshots& snapshots, HealthSource health, std::size_t most_bytes)
    : io_(io),
      plan_(std::make_shared<const metrics::Plan>(std::move(repository))),
      snapshots_(snapshots),
      health_(std::move(health)),
      most_bytes_(most_bytes) {}

void MetricsPage::use(std::shared_ptr<const wmi::Repository> repository) {
  plan_ = std::make_shared<const metrics::Plan>(std::move(repository));
}

void MetricsPage::handle(const Request& request, Done done) {
  if (request.target.path.size() != 1) {
    return done(refusal_answer({404, "no such path; the metrics are at /metrics"}));
  }
  if (!request.target.parameters.empty()) {
    return done(refusal_answer({400, "/metrics takes no parameters"}));
  }
  const Time began = now();
  const auto snapshot = snapshots_.take({}, began);
  std::vector<OwnFamily> own;
  add_parts(own, *snapshot);
  add_health(own, health_());
  own.push_back({"quickmode_serve_scrapes",
                 Kind::counter,
                 "",
                 "Pages of metrics made before this one",
                 {{"", scrapes_, 0}}});
  own.push_back({"quickmode_serve_scrape_duration_seconds",
                 Kind::gauge,
                 "seconds",
                 "How long the page before this one took to make",
                 {{"", last_ns_, kNanoseconds}}});
  own.push_back({"quickmode_serve_scrape_samples",
                 Kind::gauge,
                 "",
                 "Samples on the page before this one",
                 {{"", last_samples_, 0}}});
  const auto format = static_cast<Format>(best_of(request.accept, kForms));
  auto page = metrics::page_of(*plan_, *snapshot, own, format, most_bytes_);
  if (!page) {
    return done(refusal_answer({503, fmt::format("the page would exceed {} bytes", most_bytes_)}));
  }
  ++scrapes_;
  last_samples_ = page->samples;
  last_ns_ = now().boot_ns - began.boot_ns;
  Answer answer{200,
                metrics::content_type(format),
                std::move(page->text),
                {{"Vary", "Accept, Accept-Encoding"}}};
  if (answer.body.size() < kLeastCompressedBytes || compressions_ == kMostCompressions ||
      !takes_gzip(request.accept_encoding)) {
    return done(std::move(answer));
  }
  compress(std::move(answer), std::move(done));
}

// A slice a turn of the event loop, so that others are served in between.
void MetricsPage::compress(Answer answer, Done done) {
  struct Job {
    Gzip gzip;
    Answer answer;
    Done done;
  };
  ++compressions_;
  std::string text = std::move(answer.body);
  const auto job =
      std::shared_ptr<Job>(new Job{Gzip(std::move(text)), std::move(answer), std::move(done)});
  const auto turn = [this, job, alive = std::weak_ptr<bool>(alive_)](const auto& again) -> void {
    if (alive.expired()) return;
    if (job->gzip.work()) {
      boost::asio::post(io_, [again] { again(again); });
      return;
    }
    --compressions_;
    job->answer.body = std::move(job->gzip).take();
    job->answer.fields.push_back({"Content-Encoding", "gzip"});
    job->done(job->answer.body.empty() ? refusal_answer({503, "the page could not be compressed"})
                                       : std::move(job->answer));
  };
  turn(turn);
}

}  // namespace qm::serve

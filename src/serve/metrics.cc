#include "serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "metrics/names.h"
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

// What the page is made of: while it is the same, so is the page.
using Generations = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Generations generations_of(const wmi::Snapshot& snapshot) {
  Generations all;
  for (const auto& part : snapshot.parts) {
    all.emplace_back(part->registration, part->generation.number);
  }
  return all;
}

}  // namespace

struct MetricsPage::Waiter {
  std::string rest;  // of the page, behind the body
  Answer answer;
  Done done;
};

struct MetricsPage::Body {
  Generations of;
  std::shared_ptr<std::string> text;
  std::uint64_t samples = 0;
  std::unique_ptr<Gzip> gzip;  // while it is under way
  std::vector<Waiter> waiting;
  std::shared_ptr<const Packed> packed;  // once it has been asked for
};

MetricsPage::MetricsPage(boost::asio::io_context& io,
                         std::shared_ptr<const wmi::Repository> repository,
                         wmi::Snapshots& snapshots, HealthSource health, std::size_t most_bytes)
    : io_(io), snapshots_(snapshots), health_(std::move(health)), most_bytes_(most_bytes) {
  use(std::move(repository));
}

MetricsPage::~MetricsPage() = default;

void MetricsPage::use(std::shared_ptr<const wmi::Repository> repository) {
  renderer_ = std::make_unique<metrics::Renderer>(
      std::make_shared<const metrics::Plan>(std::move(repository)));
  last_ = {};
}

// Null: beyond the limit.
std::shared_ptr<MetricsPage::Body> MetricsPage::body_of(const wmi::Snapshot& snapshot,
                                                        Format format) {
  Generations of = generations_of(snapshot);
  std::shared_ptr<Body>& last = last_[static_cast<std::size_t>(format)];
  if (last && last->of == of) return last;
  // Nobody is being sent it any more: it is written over.
  std::string memory;
  if (last && last->text.use_count() == 1) memory = std::move(*last->text);
  last.reset();
  auto page = renderer_->classes(snapshot, format, most_bytes_, std::move(memory));
  if (!page) return nullptr;
  last = std::make_shared<Body>();
  last->of = std::move(of);
  last->text = std::make_shared<std::string>(std::move(page->text));
  last->samples = page->samples;
  return last;
}

std::vector<OwnFamily> MetricsPage::own_families(const wmi::Snapshot& snapshot) const {
  std::vector<OwnFamily> own;
  add_parts(own, snapshot);
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
  return own;
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
  const auto format = static_cast<Format>(best_of(request.accept, kForms));
  const std::shared_ptr<Body> body = body_of(*snapshot, format);
  metrics::Page rest = own_part(own_families(*snapshot), format);
  if (!body || body->text->size() + rest.text.size() > most_bytes_) {
    return done(refusal_answer({503, fmt::format("the page would exceed {} bytes", most_bytes_)}));
  }
  ++scrapes_;
  last_samples_ = body->samples + rest.samples;
  last_ns_ = now().boot_ns - began.boot_ns;
  Answer answer{200, metrics::content_type(format), {}, {{"Vary", "Accept, Accept-Encoding"}}};
  const bool under_way = body->gzip != nullptr || body->packed != nullptr;
  if (body->text->size() + rest.text.size() < kLeastCompressedBytes ||
      (compressions_ == kMostCompressions && !under_way) || !takes_gzip(request.accept_encoding)) {
    answer.middle = body->text;
    answer.end = std::move(rest.text);
    return done(std::move(answer));
  }
  compress(body, {std::move(rest.text), std::move(answer), std::move(done)});
}

void MetricsPage::compress(const std::shared_ptr<Body>& body, Waiter waiter) {
  body->waiting.push_back(std::move(waiter));
  if (body->gzip) return;
  if (!body->packed) {
    ++compressions_;
    body->gzip = std::make_unique<Gzip>(body->text);
  }
  work(body);
}

// A slice a turn of the event loop, so that others are served in between.
void MetricsPage::work(const std::shared_ptr<Body>& body) {
  if (body->gzip && body->gzip->work()) {
    boost::asio::post(io_, [this, body, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) work(body);
    });
    return;
  }
  if (body->gzip) {
    --compressions_;
    body->packed = std::make_shared<const Packed>(std::move(*body->gzip).take());
    body->gzip.reset();
  }
  for (Waiter& one : std::exchange(body->waiting, {})) {
    one.answer.middle = {body->packed, &body->packed->bytes};
    one.answer.end = gzip_end(*body->packed, one.rest);
    one.answer.fields.push_back({"Content-Encoding", "gzip"});
    one.done(one.answer.end.empty() ? refusal_answer({503, "the page could not be compressed"})
                                    : std::move(one.answer));
  }
}

}  // namespace qm::serve

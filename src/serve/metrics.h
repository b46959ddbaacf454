// /metrics, as the HTTP server's handler: Prometheus text or OpenMetrics by Accept, gzip by
// Accept-Encoding, of what providers have published. Nobody is asked for fresh data and nobody is
// waited for: providers publish each second.
//
// Threads: one, the io_context's. Limits: kMostCompressions; those of metrics/page.h.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "metrics/plan.h"
#include "serve/http.h"
#include "wmi/snapshot.h"

namespace qm::serve {

// At a time; each holds a page. Who comes when all are under way gets his page as it is.
inline constexpr std::size_t kMostCompressions = 8;
inline constexpr std::size_t kLeastCompressedBytes = 1'024;

class MetricsPage final : public Handler {
 public:
  using HealthSource = std::function<Health()>;
  // io and snapshots must outlive it.
  MetricsPage(boost::asio::io_context& io, std::shared_ptr<const wmi::Repository> repository,
              wmi::Snapshots& snapshots, HealthSource health,
              std::size_t most_bytes = kMostAnswerBytes);

  void handle(const Request& request, Done done) override;
  // From here on these classes.
  void use(std::shared_ptr<const wmi::Repository> repository);

 private:
  void compress(Answer answer, Done done);

  boost::asio::io_context& io_;
  std::shared_ptr<const metrics::Plan> plan_;
  wmi::Snapshots& snapshots_;
  HealthSource health_;
  std::size_t most_bytes_;
  std::size_t compressions_ = 0;
  std::uint64_t scrapes_ = 0;
  std::uint64_t last_samples_ = 0;
  std::uint64_t last_ns_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace qm::serve

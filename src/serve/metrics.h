// /metrics, as the HTTP server's handler: Prometheus text or OpenMetrics by Accept, gzip by
// Accept-Encoding, of what providers have published. Nobody is asked for fresh data and nobody is
// waited for: providers publish each second. Until they do, all who come are sent the same bytes,
// made and compressed once; what serve says of itself follows for each anew.
//
// Threads: one, the io_context's. Limits: kMostCompressions; those of metrics/page.h. The last page
// of each format is kept: its memory is what the next one is written to.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "metrics/page.h"
#include "serve/http.h"
#include "wmi/snapshot.h"

namespace qm::serve {

// Pages at a time. Who comes when so many are under way gets his page as it is.
inline constexpr std::size_t kMostCompressions = 8;
inline constexpr std::size_t kLeastCompressedBytes = 1'024;

class MetricsPage final : public Handler {
 public:
  using HealthSource = std::function<Health()>;
  // io and snapshots must outlive it.
  MetricsPage(boost::asio::io_context& io, std::shared_ptr<const wmi::Repository> repository,
              wmi::Snapshots& snapshots, HealthSource health,
              std::size_t most_bytes = kMostAnswerBytes);

  ~MetricsPage() override;

  void handle(const Request& request, Done done) override;
  // From here on these classes.
  void use(std::shared_ptr<const wmi::Repository> repository);

 private:
  struct Body;    // the part that all share
  struct Waiter;  // for its compressed form
  std::shared_ptr<Body> body_of(const wmi::Snapshot& snapshot, metrics::Format format);
  std::vector<metrics::OwnFamily> own_families(const wmi::Snapshot& snapshot) const;
  void compress(const std::shared_ptr<Body>& body, Waiter waiter);
  void work(const std::shared_ptr<Body>& body);

  boost::asio::io_context& io_;
  wmi::Snapshots& snapshots_;
  HealthSource health_;
  std::size_t most_bytes_;
  std::unique_ptr<metrics::Renderer> renderer_;
  std::array<std::shared_ptr<Body>, metrics::kFormats> last_;
  std::size_t compressions_ = 0;
  std::uint64_t scrapes_ = 0;
  std::uint64_t last_samples_ = 0;
  std::uint64_t last_ns_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace qm::serve

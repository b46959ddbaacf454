// The page that a scraper reads: every metric of a snapshot, in Prometheus' text format 0.0.4 or
// OpenMetrics 1.0.0. Pure.
//
// Promise: what the JSON API shows as a number stands here as the same number (integers exactly, up
// to 2^64 - 1; a reader that takes them for doubles loses precision above 2^53). What is
// unavailable has no sample, and says why in the class's _quality family. Hostile names are
// escaped. No two samples share name and labels. Threads: any. Limits: kMostPageBytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/plan.h"
#include "wmi/snapshot.h"

namespace qm::metrics {

inline constexpr std::size_t kMostPageBytes = std::size_t{64} << 20U;

// A sample of serve's own, beside those of classes.
struct OwnSample {
  std::string labels;  // `class="x",driver="y"`, escaped; "" for none
  std::uint64_t value = 0;
  unsigned decimals = 0;  // 9: the value is in billionths
};
struct OwnFamily {
  std::string name;  // begins with one of kOwnPrefixes
  Kind kind = Kind::gauge;
  std::string_view unit;
  std::string help;
  std::vector<OwnSample> samples;
};

struct Page {
  std::string text;
  std::uint64_t samples = 0;
};

// Makes page after page of what providers publish. What is the same on each (labels, and the memory
// that it all lies in) is kept from one to the next. Threads: one at a time.
class Renderer {
 public:
  explicit Renderer(std::shared_ptr<const Plan> plan);
  ~Renderer();
  Renderer(Renderer&&) = delete;

  // The samples of classes; what serve says of itself follows, and ends the page. memory: of an
  // earlier page that nobody needs any more. Nothing: beyond most_bytes.
  std::optional<Page> classes(const wmi::Snapshot& snapshot, Format format,
                              std::size_t most_bytes = kMostPageBytes, std::string memory = {});

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

// Serve's own families, and the page's end.
Page own_part(const std::vector<OwnFamily>& own, Format format);

std::string_view content_type(Format format);

}  // namespace qm::metrics

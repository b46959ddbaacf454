// Snapshots that tests and benchmarks of the page are made of.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/page.h"
#include "wmi/source_testing.h"

namespace qm::metrics {

// Providers that have published what a test says; a page of it.
class MadeHost {
 public:
  explicit MadeHost(std::shared_ptr<const wmi::Repository> repository)
      : MadeHost(std::make_shared<const Plan>(std::move(repository))) {}
  explicit MadeHost(std::shared_ptr<const Plan> plan)
      : plan_(std::move(plan)),
        repository_(plan_->repository()),
        snapshots_(repository_, source_, nullptr) {}

  const wmi::ClassEntry& entry(std::string_view name) const { return *repository_->find(name); }
  wmi::BlockBuilder block(std::string_view class_name) const {
    return wmi::BlockBuilder(entry(class_name));
  }
  static wmi::MadeInstance instance(std::string name, const wmi::BlockBuilder& block,
                                    bool active = true) {
    return {std::move(name), "", active, block.block(), block.qualities()};
  }
  void publish(std::string_view class_name, std::vector<wmi::MadeInstance> instances,
               std::string driver = "quickmode-collect") {
    const std::uint64_t id = source_.add(entry(class_name), std::move(driver), 7);
    qm_times times{};
    times.boot_ns = 1'000'000'000;
    source_.publish(id, times, std::move(instances));
  }
  std::shared_ptr<const wmi::Snapshot> snapshot() { return snapshots_.take({}, Time{}); }
  const Plan& plan() const { return *plan_; }
  const std::shared_ptr<const Plan>& shared_plan() const { return plan_; }
  std::optional<Page> page_of(const wmi::Snapshot& snapshot, const std::vector<OwnFamily>& own,
                              Format format, std::size_t most_bytes = kMostPageBytes) {
    auto page = Renderer(plan_).classes(snapshot, format, most_bytes);
    if (!page) return page;
    const Page end = own_part(own, format);
    page->text += end.text;
    page->samples += end.samples;
    return page;
  }
  std::string page(Format format, const std::vector<OwnFamily>& own = {}) {
    const auto page = page_of(*snapshot(), own, format);
    return page ? page->text : "";
  }

 private:
  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<const wmi::Repository> repository_;
  wmi::FakeSource source_;
  wmi::Snapshots snapshots_;
};

}  // namespace qm::metrics

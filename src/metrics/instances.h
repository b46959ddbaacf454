// Which labels name an instance on its samples' lines. Pure.
//
// Promise: two instances of one class never have the same labels. An instance is called by its
// short name ("default") unless another one of its subject, in any class, is called so too: then
// both by their full InstanceName. The same snapshot gives the same labels, and an instance has the
// same label in all classes of its subject. Threads: share const.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/plan.h"
#include "wmi/snapshot.h"

namespace qm::metrics {

class InstanceNames {
 public:
  InstanceNames(const Plan& plan, const wmi::Snapshot& snapshot);

  // What the instance is called under that subject's label. The view is into the argument.
  std::string_view shown(std::string_view subject, std::string_view instance_name) const;

 private:
  // Short name to full name; to "" where several share it. Views into the snapshot.
  using Shared = std::unordered_map<std::string_view, std::string_view>;
  std::map<std::string, Shared, std::less<>> by_subject_;
};

// What follows a series' head on the line of each of a class's instances: `adapter="x",driver="y"}
// `.
class Tails {
 public:
  Tails(const ClassPlan& plan, std::span<const std::shared_ptr<const wmi::Part>> parts,
        const InstanceNames& names);

  // By part and instance, as in the snapshot. kStepBytes behind each may be read (copy_piece).
  std::string_view tail(std::size_t index) const {
    const std::size_t begin = ends_[index];
    return {text_.data() + begin, ends_[index + 1] - begin};
  }
  // The same without the closing brace: more labels may follow.
  std::string_view labels(std::size_t index) const {
    std::string_view all = tail(index);
    all.remove_suffix(2);
    return all;
  }
  std::size_t size() const { return ends_.size() - 1; }

 private:
  bool may_repeat() const;
  void tell_apart();

  std::string text_;  // and kStepBytes more
  std::vector<std::size_t> ends_ = {0};
};

}  // namespace qm::metrics

// Which labels name an instance on its samples' lines. Pure.
//
// Promise: two instances of one class never have the same labels. An instance is called by its
// short name ("default") unless another one of its subject, in any class, is called so too: then
// both by their full InstanceName. The same snapshot gives the same labels, and an instance has the
// same label in all classes of its subject. What providers say has not changed is not looked at
// again. Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "metrics/plan.h"
#include "wmi/snapshot.h"

namespace qm::metrics {

using Parts = std::span<const std::shared_ptr<const wmi::Part>>;

// Which names some parts have: while it is the same, so are they. Of a writer that does not say,
// never the same.
class NamesState {
 public:
  void add(const wmi::Part& part);
  bool same_as(const NamesState& other) const {
    return told_ && other.told_ && keys_ == other.keys_;
  }

 private:
  struct Key {
    std::uint64_t registration, names_since;
    std::size_t instances;
    bool operator==(const Key&) const = default;
  };
  std::vector<Key> keys_;
  bool told_ = true;
};

class InstanceNames {
 public:
  explicit InstanceNames(const Plan& plan) : plan_(plan) {}  // plan must outlive it

  void update(const wmi::Snapshot& snapshot);
  // What the instance is called under that subject's label. The view is into the argument.
  std::string_view shown(std::string_view subject, std::string_view instance_name) const;
  // Another one, once any of the subject's instances may be called differently.
  std::uint64_t version(std::string_view subject) const;

 private:
  struct Subject {
    NamesState state;
    std::uint64_t version = 0;
    std::vector<std::shared_ptr<const wmi::Part>> parts;  // that the views are into
    // Short name to full name; to "" where several share it.
    std::unordered_map<std::string_view, std::string_view> shared;
  };
  static void fill(Subject& subject);

  const Plan& plan_;
  std::map<std::string, Subject, std::less<>> by_subject_;
  std::uint64_t last_version_ = 0;
};

// What follows a series' head on the line of each of a class's instances: `adapter="x",driver="y"}
// `.
class Tails {
 public:
  Tails(const ClassPlan& plan, Parts parts, const InstanceNames& names);

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

// The labels of all instances, made anew only where names have changed.
class InstanceLabels {
 public:
  explicit InstanceLabels(const Plan& plan) : names_(plan) {}

  void update(const wmi::Snapshot& snapshot) { names_.update(snapshot); }
  // Of the class's instances in the snapshot of the last update(); until the next.
  const Tails& of(const ClassPlan& plan, Parts parts);
  void forget(const ClassPlan& plan) { by_class_.erase(&plan); }
  const InstanceNames& names() const { return names_; }

 private:
  struct OfClass {
    NamesState state;
    std::uint64_t version = 0;  // of its subject's names
    std::unique_ptr<const Tails> tails;
  };
  InstanceNames names_;
  std::map<const ClassPlan*, OfClass> by_class_;
};

}  // namespace qm::metrics

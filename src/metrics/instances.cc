#include "metrics/instances.h"

#include <fmt/format.h>

#include <bit>
#include <functional>
#include <utility>

#include "base/output.h"
#include "metrics/names.h"

namespace qm::metrics {

void NamesState::add(const wmi::Part& part) {
  const provider::Generation& generation = part.generation;
  keys_.push_back({part.registration, generation.names_since, generation.instances.size()});
  told_ = told_ && generation.names_since != 0;
}

void InstanceNames::update(const wmi::Snapshot& snapshot) {
  std::map<std::string_view, Subject> now;
  for (const auto& part : snapshot.parts) {
    const ClassPlan* its_plan = plan_.find(*part->the_class);
    if (its_plan == nullptr || its_plan->subject.empty()) continue;
    Subject& subject = now[its_plan->subject];
    subject.state.add(*part);
    subject.parts.push_back(part);
  }
  std::erase_if(by_subject_, [&](const auto& one) { return !now.contains(one.first); });
  for (auto& [name, subject] : now) {
    Subject& known = by_subject_[std::string(name)];
    if (known.version != 0 && known.state.same_as(subject.state)) continue;
    subject.version = ++last_version_;
    fill(subject);
    known = std::move(subject);
  }
}

void InstanceNames::fill(Subject& subject) {
  for (const auto& part : subject.parts) {
    subject.shared.reserve(subject.shared.size() + part->generation.instances.size());
    for (const provider::InstanceData& instance : part->generation.instances) {
      const auto [at, fresh] = subject.shared.try_emplace(short_name(instance.name), instance.name);
      if (!fresh && at->second != instance.name) at->second = {};
    }
  }
}

std::uint64_t InstanceNames::version(std::string_view subject) const {
  const auto found = by_subject_.find(subject);
  return found == by_subject_.end() ? 0 : found->second.version;
}

std::string_view InstanceNames::shown(std::string_view subject,
                                      std::string_view instance_name) const {
  const std::string_view name = short_name(instance_name);
  const auto its_subject = by_subject_.find(subject);
  if (its_subject == by_subject_.end()) return name;
  const auto at = its_subject->second.shared.find(name);
  return at == its_subject->second.shared.end() || at->second == instance_name ? name
                                                                               : instance_name;
}

Tails::Tails(const ClassPlan& plan, Parts parts, const InstanceNames& names) {
  std::size_t count = 0;
  for (const auto& part : parts) count += part->generation.instances.size();
  ends_.reserve(count + 1);
  const std::string head =
      fmt::format("{}=\"", plan.subject.empty() ? "instance_name" : plan.subject.c_str());
  for (const auto& part : parts) {
    std::string driver = "\",driver=\"";
    append_label_value(driver, part->driver);
    driver += "\"} ";
    for (const provider::InstanceData& instance : part->generation.instances) {
      text_ += head;
      append_label_value(text_, plan.subject.empty() ? std::string_view(instance.name)
                                                     : names.shown(plan.subject, instance.name));
      text_ += driver;
      ends_.push_back(text_.size());
    }
  }
  if (may_repeat()) tell_apart();
  text_.append(kStepBytes, '\0');
}

// By their hashes alone, in a table twice their number: nearly always nothing repeats.
bool Tails::may_repeat() const {
  std::vector<std::size_t> seen(std::bit_ceil(2 * size() + 1));
  for (std::size_t i = 0; i < size(); ++i) {
    const std::size_t hash = std::hash<std::string_view>()(tail(i)) | 1U;  // 0: nothing there
    std::size_t at = hash >> 1U & (seen.size() - 1);
    while (seen[at] != 0 && seen[at] != hash) at = (at + 1) & (seen.size() - 1);
    if (seen[at] == hash) return true;
    seen[at] = hash;
  }
  return false;
}

// Providers may lie about who they are: two of one driver's name, one instance twice. One series
// that is there twice would cost the whole page.
void Tails::tell_apart() {
  std::unordered_map<std::string_view, unsigned> times;
  std::string text;
  std::vector<std::size_t> ends = {0};
  for (std::size_t i = 0; i < size(); ++i) {
    text += labels(i);
    if (const unsigned which = ++times[tail(i)]; which > 1) {
      text += fmt::format(",provider=\"{}\"", which);
    }
    text += "} ";
    ends.push_back(text.size());
  }
  text_ = std::move(text);
  ends_ = std::move(ends);
}

const Tails& InstanceLabels::of(const ClassPlan& plan, Parts parts) {
  NamesState state;
  for (const auto& part : parts) state.add(*part);
  const std::uint64_t version = names_.version(plan.subject);
  OfClass& known = by_class_[&plan];
  if (!known.tails || known.version != version || !known.state.same_as(state)) {
    known = {std::move(state), version, std::make_unique<const Tails>(plan, parts, names_)};
  }
  return *known.tails;
}

}  // namespace qm::metrics

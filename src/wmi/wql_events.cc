#include "wmi/wql_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json_writer.h"
#include "base/text.h"
#include "mof/names.h"

namespace qm::wmi::wql {
namespace {

bool same_data(const provider::InstanceData& a, const provider::InstanceData& b) {
  return a.active == b.active && a.caption == b.caption && std::ranges::equal(a.block, b.block) &&
         std::ranges::equal(a.qualities, b.qualities);
}

using Instances = std::map<std::string, Row>;  // by name, folded; the first of several

Instances instances_of(const ClassEntry& one, const Snapshot& snapshot) {
  Instances out;
  for (const auto& part : snapshot.parts_of(one)) {
    for (const provider::InstanceData& instance : part->generation.instances) {
      out.emplace(mof::folded(instance.name), Row{&one, part.get(), &instance, nullptr});
    }
  }
  return out;
}

class Differ {
 public:
  Differ(const Plan& plan, Events& out, std::size_t most) : plan_(plan), out_(out), most_(most) {
    const auto wanted = [&](std::string_view name) {
      const ClassEntry* one = system_classes().find(name);
      return derives(*one, plan.event->name()) ? one : nullptr;
    };
    created_ = wanted(kCreationEvent);
    deleted_ = wanted(kDeletionEvent);
    modified_ = wanted(kModificationEvent);
  }

  void compare(const ClassPlan& one) {
    const Instances before = instances_of(*one.the_class, *out_.before);
    for (const auto& part : out_.after->parts_of(*one.the_class)) {
      for (const provider::InstanceData& instance : part->generation.instances) {
        const std::string name = mof::folded(instance.name);
        if (!seen_.insert(name).second) continue;
        const Row row{one.the_class, part.get(), &instance, nullptr};
        const auto known = before.find(name);
        if (known == before.end()) {
          offer(one, created_, row, {});
        } else if (!same_data(*known->second.instance, instance)) {
          offer(one, modified_, row, known->second);
        }
      }
    }
    for (const auto& part : out_.before->parts_of(*one.the_class)) {
      for (const provider::InstanceData& instance : part->generation.instances) {
        if (!seen_.insert(mof::folded(instance.name)).second) continue;
        offer(one, deleted_, {one.the_class, part.get(), &instance, nullptr}, {});
      }
    }
    seen_.clear();
  }

 private:
  void offer(const ClassPlan& one, const ClassEntry* kind, const Row& target, const Row& previous) {
    if (kind == nullptr) return;
    const auto filetime = static_cast<std::uint64_t>(out_.after->taken.filetime_100ns);
    const std::vector<Value> own = own_values(*plan_.event, filetime);
    Candidate candidate;
    candidate[static_cast<std::size_t>(Side::target)] = target;
    candidate[static_cast<std::size_t>(Side::previous)] = previous;
    candidate[static_cast<std::size_t>(Side::event)] = {plan_.event, nullptr, nullptr, &own};
    if (!one.program.accepts(candidate, plan_.setting)) return;
    if (out_.events.size() >= most_) {
      out_.cut = true;
      return;
    }
    out_.events.push_back({kind, target, previous, filetime});
  }

  const Plan& plan_;
  Events& out_;
  std::size_t most_;
  const ClassEntry* created_ = nullptr;
  const ClassEntry* deleted_ = nullptr;
  const ClassEntry* modified_ = nullptr;
  std::set<std::string> seen_;
};

Candidate candidate_of(const Event& event, const std::vector<Value>& own) {
  Candidate candidate;
  candidate[static_cast<std::size_t>(Side::target)] = event.target;
  candidate[static_cast<std::size_t>(Side::previous)] = event.previous;
  candidate[static_cast<std::size_t>(Side::event)] = {event.the_class, nullptr, nullptr, &own};
  return candidate;
}

// What makes two events alike, as text.
std::string key_of(const Plan& plan, const Event& event) {
  const std::vector<Value> own = own_values(*event.the_class, event.time_created);
  const Candidate candidate = candidate_of(event, own);
  const Scope scope{Scope::Form::event, plan.schema.get(), event.target.the_class, plan.event};
  std::string key;
  for (const PropertyPath& path : plan.grouping->by) {
    Diagnostics ignored;
    const auto access = resolve(path, scope, ignored);
    const Value value = access ? value_of(candidate, *access, plan.setting) : Value{};
    if (const auto* text = std::get_if<std::string>(&value.data)) {
      key += json_quoted(mof::folded(*text));
    } else if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
      key += fmt::format("{}", *number);
    } else if (const auto* negative = std::get_if<std::int64_t>(&value.data)) {
      key += fmt::format("{}", *negative);
    } else if (const auto* real = std::get_if<double>(&value.data)) {
      key += fmt::format("{}", *real);
    } else if (const auto* flag = std::get_if<bool>(&value.data)) {
      key += *flag ? "true" : "false";
    } else {
      key += "null";
    }
    key += ',';
  }
  return key;
}

}  // namespace

std::vector<Value> own_values(const ClassEntry& event, std::uint64_t time_created) {
  std::vector<Value> out(event.properties.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (event.properties[i].property->name == "TIME_CREATED") out[i].data = time_created;
  }
  return out;
}

Events events_between(const Plan& plan, std::shared_ptr<const Snapshot> before,
                      std::shared_ptr<const Snapshot> after, std::size_t most) {
  Events out;
  out.before = std::move(before);
  out.after = std::move(after);
  Differ differ(plan, out, most);
  for (const ClassPlan& one : plan.classes) differ.compare(one);
  return out;
}

ValueObject event_object(const Plan& plan, const Event& event) {
  const std::vector<Value> own = own_values(*event.the_class, event.time_created);
  const Candidate candidate = candidate_of(event, own);
  ValueObject out;
  if (!plan.all_properties) {
    const ClassPlan* one = plan.of(*event.target.the_class);
    if (one == nullptr) return out;
    for (const Column& column : one->columns) {
      out.push_back({column.name, value_of(candidate, column.access, plan.setting)});
    }
    return out;
  }
  out.push_back({"TargetInstance", {object_of(event.target)}});
  if (event.previous.the_class != nullptr) {
    out.push_back({"PreviousInstance", {object_of(event.previous)}});
  }
  out.push_back({"TIME_CREATED", {event.time_created}});
  return out;
}

void Groups::add(const Plan& plan, const Events& events, std::uint64_t now_ms) {
  if (!plan.grouping) return;
  for (const Event& event : events.events) {
    std::string key = key_of(plan, event);
    const auto known = groups_.find(key);
    if (known != groups_.end()) {
      ++known->second.aggregate.events;
    } else if (groups_.size() < most_) {
      groups_.emplace(std::move(key),
                      Open{now_ms + plan.grouping->within_ms, {1, event_object(plan, event)}});
    }
  }
}

std::vector<Groups::Aggregate> Groups::take(const Plan& plan, std::uint64_t now_ms) {
  std::vector<Aggregate> out;
  for (auto at = groups_.begin(); at != groups_.end();) {
    if (at->second.until_ms > now_ms) {
      ++at;
      continue;
    }
    const auto& grouping = *plan.grouping;
    const Value count{at->second.aggregate.events};
    const bool enough =
        !grouping.having || holds(Group::number, *grouping.having, count, Value{grouping.events});
    if (enough) out.push_back(std::move(at->second.aggregate));
    at = groups_.erase(at);
  }
  return out;
}

}  // namespace qm::wmi::wql

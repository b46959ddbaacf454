#include "serve/wql_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_writer.h"
#include "serve/value_json.h"

namespace qm::serve {
namespace {

namespace wql = wmi::wql;

std::string_view kind_word(wql::Kind kind) {
  switch (kind) {
    case wql::Kind::data:
      return "data";
    case wql::Kind::schema:
      return "schema";
    case wql::Kind::associators:
      return "associators";
    case wql::Kind::references:
      return "references";
    case wql::Kind::events:
      return "events";
  }
  return "";
}

std::unexpected<Refusal> too_large(std::size_t most_bytes) {
  return refuse(503, fmt::format("the answer would exceed {} bytes; select fewer properties, or "
                                 "ask for less with WHERE",
                                 most_bytes));
}

void write_head(JsonWriter& json, const WqlQuestion& question) {
  const wql::Plan& plan = *question.plan;
  json.begin_object().member("kind", kind_word(plan.kind));
  json.key("class");
  if (plan.the_class == nullptr) {
    json.value(wql::kMetaClass);
  } else {
    json.value(plan.the_class->name());
  }
  json.member("namespace", plan.setting.name_space).member("refreshed", question.refreshed);
  json.member("taken_boot_ns", std::uint64_t{question.snapshot->taken.boot_ns});
  json.key("columns");
  const bool by_class = plan.kind == wql::Kind::associators || plan.kind == wql::Kind::references;
  if (plan.all_properties || plan.classes.empty() || by_class) {
    json.null();
    return;
  }
  json.begin_array();
  for (const wql::Column& column : plan.classes.front().columns) json.value(column.name);
  json.end_array();
}

class RowWriter {
 public:
  RowWriter(JsonWriter& json, const WqlQuestion& question, std::uint64_t& malformed)
      : json_(json), question_(question), malformed_(malformed) {}

  void write(const wql::Row& row) {
    doubts_.clear();
    json_.begin_object().member("class", row.the_class->name());
    json_.member("path", wql::full_path(wql::path_of(row, question_.plan->setting)));
    json_.key("properties").begin_object();
    const wql::ClassPlan* plan = question_.plan->of(*row.the_class);
    if (question_.plan->all_properties || plan == nullptr) {
      all(row);
    } else {
      selected(row, *plan);
    }
    json_.end_object();
    write_doubts(json_, doubts_);
    json_.end_object();
  }

 private:
  void value(const std::string& name, mof::Type type, const wmi::Value& value) {
    const bool wide = is_64_bit(type) || type == mof::Type::object;
    json_.key(name);
    write_value(json_, value, question_.query.integers_as_text && wide);
  }

  void item(const wql::Row& row, const std::string& name, const wmi::PropertyEntry& entry) {
    const wmi::Item item = wql::item_of(row, entry);
    value(name, entry.property->type, item.value);
    malformed_ += item.malformed;
    const bool active = row.instance != nullptr && row.instance->active;
    if (active && (item.quality.quality != QM_EXACT || item.malformed != 0)) {
      doubts_.push_back({name, item.quality, item.malformed != 0});
    }
  }

  // An instance's own properties; of a class its defaults are none of ours, so what is said of it
  // is what WMI says of every object.
  void all(const wql::Row& row) {
    if (row.is_class()) {
      using enum wql::SystemProperty;
      for (const auto property : {class_name, superclass, dynasty, derivation, property_count}) {
        value(std::string(wql::system_name(property)), wql::system_type(property),
              wql::system_value(row, property, question_.plan->setting));
      }
      return;
    }
    for (const wmi::PropertyEntry& entry : row.the_class->properties) {
      item(row, entry.property->name, entry);
    }
  }

  void selected(const wql::Row& row, const wql::ClassPlan& plan) {
    wql::Candidate candidate;
    candidate[0] = row;
    for (const wql::Column& column : plan.columns) {
      if (column.access.entry != nullptr && column.access.inner.empty()) {
        item(row, column.name, *column.access.entry);
      } else {
        value(column.name, column.access.type,
              wql::value_of(candidate, column.access, question_.plan->setting));
      }
    }
  }

  JsonWriter& json_;
  const WqlQuestion& question_;
  std::uint64_t& malformed_;
  std::vector<Doubt> doubts_;
};

void write_event(JsonWriter& json, std::string_view event_class, std::string_view of,
                 const wmi::ValueObject& properties, bool as_text) {
  json.begin_object().member("class", event_class);
  if (!of.empty()) json.member("instance_class", of);
  json.key("properties");
  write_value(json, {properties}, as_text);
  json.end_object();
}

}  // namespace

Asked<PlanPointer> wql_plan(const Query& query, std::shared_ptr<const wmi::Repository> repository,
                            std::string host) {
  Diagnostics diagnostics;
  wql::Setting setting;
  if (!host.empty()) setting.host = std::move(host);
  setting.name_space = query.name_space;
  auto plan = wql::prepare(query.wql, std::move(repository), std::move(setting), diagnostics);
  if (plan) return std::make_shared<const wql::Plan>(std::move(*plan));
  std::string message =
      diagnostics.all().empty() ? std::string("no query") : diagnostics.all().front().message;
  return std::unexpected(Refusal{400, std::move(message), diagnostics.text()});
}

Asked<Answer> wql_answer(const WqlQuestion& question, std::uint64_t& malformed,
                         std::size_t most_bytes) {
  const wql::Found found = wql::run(*question.plan, question.snapshot);
  JsonWriter json(0);
  write_head(json, question);
  json.member("examined", found.examined).member("cut", found.cut);
  json.key("instances").begin_array();
  RowWriter rows(json, question, malformed);
  for (const wql::Row& row : found.rows) {
    rows.write(row);
    if (json.bytes() > most_bytes) return too_large(most_bytes);
  }
  json.end_array().end_object();
  return Answer{200, "application/json", std::move(json).take()};
}

Asked<std::string> Subscriptions::begin(const WqlQuestion& question, std::uint64_t now_ms) {
  std::erase_if(open_, [now_ms](const auto& one) { return one.second.forget_ms <= now_ms; });
  if (open_.size() >= kMostSubscriptions) {
    return refuse(
        503, fmt::format("{} queries for events are open; no more are taken", kMostSubscriptions));
  }
  std::string cursor = fmt::format("{:x}-{:x}", question.snapshot->taken.boot_ns, ++last_);
  Subscription& one = open_[cursor];
  one.text = question.query.wql;
  one.name_space = question.query.name_space;
  one.plan = question.plan;
  one.before = question.snapshot;
  return cursor;
}

std::uint64_t Subscriptions::held_bytes() const {
  std::set<const wmi::Part*> parts;
  std::uint64_t bytes = 0;
  for (const auto& [cursor, one] : open_) {
    for (const auto& part : one.before->parts) {
      if (!parts.insert(part.get()).second) continue;
      bytes += part->generation.storage.size() + part->generation.quality_storage.size() +
               part->generation.instances.size() * sizeof(provider::InstanceData);
    }
  }
  return bytes;
}

Asked<Answer> Subscriptions::answer(const WqlQuestion& question, std::size_t most_bytes) {
  const std::uint64_t now_ms = question.snapshot->taken.boot_ns / 1'000'000;
  std::string cursor = question.query.cursor;
  if (cursor.empty()) {
    Asked<std::string> begun = begin(question, now_ms);
    if (!begun) return std::unexpected(begun.error());
    cursor = std::move(*begun);
  }
  const auto at = open_.find(cursor);
  if (at == open_.end()) {
    return refuse(410, "no query for events has this cursor any more; begin again without one");
  }
  Subscription& subscription = at->second;
  if (subscription.text != question.query.wql ||
      subscription.name_space != question.query.name_space) {
    return refuse(400, "the cursor is another query's");
  }
  // Classes came or went: rows of before belong to classes that are no more.
  if (subscription.before->repository != question.snapshot->repository) {
    subscription.plan = question.plan;
    subscription.before = question.snapshot;
  }
  const wql::Plan& plan = *subscription.plan;
  subscription.forget_ms = now_ms + std::max(kSubscriptionLifeMs, 3 * plan.within_ms);
  const wql::Events events = wql::events_between(
      plan, std::exchange(subscription.before, question.snapshot), question.snapshot);
  if (held_bytes() > most_held_bytes_) {
    open_.erase(at);
    return refuse(503, "queries for events hold too much data already");
  }
  JsonWriter json(0);
  const bool as_text = question.query.integers_as_text;
  write_head(json, question);
  json.member("within_ms", plan.within_ms).member("cursor", cursor).member("cut", events.cut);
  json.key("events").begin_array();
  if (plan.grouping) {
    subscription.groups.add(plan, events, now_ms);
    for (const wql::Groups::Aggregate& one : subscription.groups.take(plan, now_ms)) {
      write_event(json, wql::kAggregateEvent, "",
                  {{"NumberOfEvents", {one.events}}, {"Representative", {one.representative}}},
                  as_text);
    }
  } else {
    for (const wql::Event& event : events.events) {
      write_event(json, event.the_class->name(), event.target.the_class->name(),
                  wql::event_object(plan, event), as_text);
      if (json.bytes() > most_bytes) return too_large(most_bytes);
    }
  }
  json.end_array().end_object();
  return Answer{200, "application/json", std::move(json).take()};
}

}  // namespace qm::serve

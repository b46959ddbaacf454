#include <fmt/format.h>

#include <deque>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"
#include "serve/answer_parts.h"
#include "serve/answers.h"
#include "serve/value_json.h"
#include "wmi/cooking.h"

namespace qm::serve {
namespace {

// A part's instances, as one class shows them.
class InstanceWriter {
 public:
  InstanceWriter(JsonWriter& json, const Query& query, const wmi::Snapshot& snapshot)
      : json_(json), query_(query), taken_boot_ns_(snapshot.taken.boot_ns) {}

  // With the values that providers published. How many of them broke the format's rules.
  std::uint64_t write(const wmi::Part& part, const provider::InstanceData& instance) {
    begin(part, instance);
    std::vector<Doubt> doubts;
    std::uint64_t malformed = 0;
    for (const wmi::PropertyEntry& entry : part.the_class->properties) {
      const wmi::Item item = wmi::item_of(part, instance, entry);
      property(entry, item.value);
      malformed += item.malformed;
      if (instance.active && (item.quality.quality != QM_EXACT || item.malformed != 0)) {
        doubts.push_back({entry.property->name, item.quality, item.malformed != 0});
      }
    }
    end(doubts);
    return malformed;
  }
  // With those of its cooked twin.
  void write(const wmi::Part& part, const provider::InstanceData& instance,
             const wmi::ClassEntry& twin, const std::vector<wmi::Value>& values) {
    begin(part, instance);
    for (std::size_t i = 0; i < values.size(); ++i) property(twin.properties[i], values[i]);
    end({});
  }

 private:
  void begin(const wmi::Part& part, const provider::InstanceData& instance) {
    const qm_times& times = part.generation.times;
    const std::uint64_t age_ns =
        taken_boot_ns_ > times.boot_ns ? taken_boot_ns_ - times.boot_ns : 0;
    json_.begin_object().member("name", instance.name).member("caption", instance.caption);
    json_.member("driver", part.driver).member("active", instance.active);
    json_.member("age_ms", age_ns / 1'000'000);
    json_.key("sample").begin_object().member("boot_ns", std::uint64_t{times.boot_ns});
    json_.member("filetime_100ns", std::uint64_t{times.filetime_100ns}).end_object();
    json_.key("properties").begin_object();
  }
  void property(const wmi::PropertyEntry& entry, const wmi::Value& value) {
    const bool as_text = query_.integers_as_text && (is_64_bit(entry.property->type) ||
                                                     entry.property->type == mof::Type::object);
    json_.key(entry.property->name);
    write_value(json_, value, as_text);
  }
  void end(const std::vector<Doubt>& doubts) {
    json_.end_object();
    write_doubts(json_, doubts);
    json_.end_object();
  }

  JsonWriter& json_;
  const Query& query_;
  std::uint64_t taken_boot_ns_;
};

}  // namespace

Answer refusal_answer(const Refusal& refusal) {
  JsonWriter json(0);
  json.begin_object().key("error").begin_object();
  json.member("status", std::uint32_t{refusal.status});
  json.member("message", plain_text(refusal.message));
  if (!refusal.report.empty()) json.member("report", refusal.report);
  json.end_object().end_object();
  return {refusal.status, "application/json", std::move(json).take()};
}

Answer health_answer(const Health& health) {
  JsonWriter json(0);
  json.begin_object().member("version", health.version).member("uptime_s", health.uptime_s);
  json.member("pid", health.pid).key("providers").begin_array();
  for (const Health::Provider& provider : health.providers) {
    json.begin_object().member("driver", provider.driver).member("pid", provider.pid);
    json.member("registrations", provider.registrations).end_object();
  }
  json.end_array().member("requests", health.requests).member("refused", health.refused);
  json.member("connections", health.connections);
  json.member("event_streams", health.event_streams);
  json.member("failed_logins", health.failed_logins);
  json.member("unreadable_pages", health.unreadable_pages);
  json.member("malformed_values", health.malformed_values).end_object();
  return {200, "application/json", std::move(json).take()};
}

Asked<void> write_instances(JsonWriter& json, const wmi::ClassEntry& entry,
                            const InstancesPart& part, std::uint64_t& malformed) {
  const auto& [query, snapshot, refreshed, most_bytes] = part;
  InstanceWriter writer(json, query, snapshot);
  json.begin_object().member("class", entry.name()).member("refreshed", refreshed);
  json.member("taken_boot_ns", std::uint64_t{snapshot.taken.boot_ns});
  const wmi::ClassEntry* raw = wmi::raw_class_of(entry, *snapshot.repository);
  const wmi::ClassEntry& made_of = raw == nullptr ? entry : *raw;
  json.member("providers", std::uint64_t{snapshot.parts_of(made_of).size()});
  json.key("instances").begin_array();
  std::deque<std::vector<wmi::Value>> cooked;  // in the order of the raw ones
  if (raw != nullptr) {
    wmi::cook(entry, *raw, snapshot, [&](std::vector<wmi::Value> values) {
      cooked.push_back(std::move(values));
      return true;
    });
  }
  for (const auto& of : snapshot.parts_of(made_of)) {
    for (const provider::InstanceData& instance : of->generation.instances) {
      std::vector<wmi::Value> values;
      if (raw != nullptr) {
        values = std::move(cooked.front());
        cooked.pop_front();
      }
      if (!query.instance_glob.empty() && !glob_match(query.instance_glob, instance.name)) {
        continue;
      }
      if (raw == nullptr) {
        malformed += writer.write(*of, instance);
      } else {
        writer.write(*of, instance, entry, values);
      }
      if (json.bytes() > most_bytes) {
        return refuse(503, fmt::format("the answer would exceed {} bytes; ask for fewer "
                                       "instances with instance=GLOB",
                                       most_bytes));
      }
    }
  }
  json.end_array().end_object();
  return {};
}

Asked<Answer> instances_answer(const Query& query, const wmi::Snapshot& snapshot, bool refreshed,
                               std::uint64_t& malformed, std::size_t most_bytes) {
  JsonWriter json(0);
  const bool several = query.what == Query::What::snapshot;
  if (several) json.begin_object().key("classes").begin_array();
  for (const wmi::ClassEntry* entry : query.classes) {
    const InstancesPart part{query, snapshot, refreshed, most_bytes};
    if (auto done = write_instances(json, *entry, part, malformed); !done) {
      return std::unexpected(done.error());
    }
  }
  if (several) json.end_array().end_object();
  return Answer{200, "application/json", std::move(json).take()};
}

}  // namespace qm::serve

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/json_writer.h"
#include "base/text.h"
#include "serve/answers.h"
#include "wmi/quality.h"

namespace qm::serve {
namespace {

bool is_64_bit(mof::Type type) {
  return type == mof::Type::uint64 || type == mof::Type::sint64;
}

// integers_as_text: of 64-bit properties, for readers whose numbers are doubles.
void write_value(JsonWriter& json, const wmi::Value& value, bool as_text) {
  struct Write {
    JsonWriter& json;
    bool as_text;
    void operator()(std::monostate) const { json.null(); }
    void operator()(bool flag) const { json.value(flag); }
    void operator()(std::int64_t number) const {
      as_text ? json.value(fmt::format("{}", number)) : json.value(number);
    }
    void operator()(std::uint64_t number) const {
      as_text ? json.value(fmt::format("{}", number)) : json.value(number);
    }
    void operator()(double number) const { json.value(number); }
    void operator()(const std::string& text) const { json.value(text); }
    void operator()(const wmi::ValueList& list) const {
      json.begin_array();
      for (const wmi::Value& one : list) write_value(json, one, as_text);
      json.end_array();
    }
    void operator()(const wmi::ValueObject& object) const {
      json.begin_object();
      for (const wmi::NamedValue& one : object) {
        json.key(one.name);
        write_value(json, one.value, as_text);
      }
      json.end_object();
    }
  };
  std::visit(Write{json, as_text}, value.data);
}

struct Doubt {
  const std::string* property;
  provider::ItemQuality quality;
  bool malformed;
};

void write_doubts(JsonWriter& json, const std::vector<Doubt>& doubts) {
  json.key("quality").begin_object();
  for (const Doubt& doubt : doubts) {
    json.key(*doubt.property).begin_object();
    if (doubt.malformed) {
      json.member("quality", "unavailable").member("reason", "malformed");
      json.member("text", "The provider's data breaks the format's rules.");
    } else {
      const char* reason_text = qm_reason_text(static_cast<qm_reason>(doubt.quality.reason));
      json.member("quality", wmi::quality_word(doubt.quality));
      json.member("reason", wmi::reason_word(doubt.quality));
      json.member("text", reason_text == nullptr ? "" : reason_text);
    }
    json.end_object();
  }
  json.end_object();
}

void write_instance(JsonWriter& json, const wmi::Part& part, const provider::InstanceData& instance,
                    const Query& query, std::uint64_t taken_boot_ns, std::uint64_t& malformed) {
  const qm_times& times = part.generation.times;
  const std::uint64_t age_ns = taken_boot_ns > times.boot_ns ? taken_boot_ns - times.boot_ns : 0;
  json.begin_object().member("name", instance.name).member("caption", instance.caption);
  json.member("driver", part.driver).member("active", instance.active);
  json.member("age_ms", age_ns / 1'000'000);
  json.key("sample").begin_object().member("boot_ns", std::uint64_t{times.boot_ns});
  json.member("filetime_100ns", std::uint64_t{times.filetime_100ns}).end_object();
  std::vector<Doubt> doubts;
  json.key("properties").begin_object();
  for (const wmi::PropertyEntry& entry : part.the_class->properties) {
    const wmi::Item item = wmi::item_of(part, instance, entry);
    const bool as_text = query.integers_as_text && (is_64_bit(entry.property->type) ||
                                                    entry.property->type == mof::Type::object);
    json.key(entry.property->name);
    write_value(json, item.value, as_text);
    malformed += item.malformed;
    if (instance.active && (item.quality.quality != QM_EXACT || item.malformed != 0)) {
      doubts.push_back({&entry.property->name, item.quality, item.malformed != 0});
    }
  }
  json.end_object();
  write_doubts(json, doubts);
  json.end_object();
}

}  // namespace

Answer refusal_answer(const Refusal& refusal) {
  JsonWriter json(0);
  json.begin_object().key("error").begin_object();
  json.member("status", std::uint32_t{refusal.status});
  json.member("message", plain_text(refusal.message)).end_object().end_object();
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
  json.member("unreadable_pages", health.unreadable_pages);
  json.member("malformed_values", health.malformed_values).end_object();
  return {200, "application/json", std::move(json).take()};
}

Asked<Answer> instances_answer(const Query& query, const wmi::Snapshot& snapshot, bool refreshed,
                               std::uint64_t& malformed, std::size_t most_bytes) {
  JsonWriter json(0);
  const bool several = query.what == Query::What::snapshot;
  if (several) json.begin_object().key("classes").begin_array();
  for (const wmi::ClassEntry* entry : query.classes) {
    json.begin_object().member("class", entry->name()).member("refreshed", refreshed);
    json.member("taken_boot_ns", std::uint64_t{snapshot.taken.boot_ns});
    json.member("providers", std::uint64_t{snapshot.parts_of(*entry).size()});
    json.key("instances").begin_array();
    for (const auto& part : snapshot.parts_of(*entry)) {
      for (const provider::InstanceData& instance : part->generation.instances) {
        if (!query.instance_glob.empty() && !glob_match(query.instance_glob, instance.name)) {
          continue;
        }
        write_instance(json, *part, instance, query, snapshot.taken.boot_ns, malformed);
        if (json.bytes() > most_bytes) {
          return refuse(503, fmt::format("the answer would exceed {} bytes; ask for fewer "
                                         "instances with instance=GLOB",
                                         most_bytes));
        }
      }
    }
    json.end_array().end_object();
  }
  if (several) json.end_array().end_object();
  return Answer{200, "application/json", std::move(json).take()};
}

}  // namespace qm::serve

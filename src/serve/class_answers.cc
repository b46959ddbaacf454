#include <fmt/format.h>

#include <variant>

#include "base/guid.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "serve/answer_parts.h"
#include "serve/answers.h"
#include "wmi/class_text.h"
#include "wmi/cooking.h"

namespace qm::serve {
namespace {

void write_text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

void write_mof_value(JsonWriter& json, const mof::Value& value) {
  struct Write {
    JsonWriter& json;
    void operator()(const mof::Null&) const { json.null(); }
    void operator()(bool flag) const { json.value(flag); }
    void operator()(std::int64_t number) const { json.value(number); }
    void operator()(std::uint64_t number) const { json.value(number); }
    void operator()(double number) const { json.value(number); }
    void operator()(const mof::Text& text) const { json.value(wmi::one_line(text)); }
    void operator()(const mof::AliasName& alias) const { json.value("$" + alias.name); }
    void operator()(const std::shared_ptr<const mof::Instance>& instance) const {
      json.value("instance of " +
                 (instance ? std::string(instance->class_name) : std::string("?")));
    }
    void operator()(const mof::ValueList& list) const {
      json.begin_array();
      for (const mof::Value& one : list) write_mof_value(json, one);
      json.end_array();
    }
  };
  std::visit(Write{json}, value.data);
}

void write_qualifiers(JsonWriter& json, const mof::Qualifiers& qualifiers) {
  json.key("qualifiers").begin_array();
  for (const mof::Qualifier& qualifier : qualifiers) {
    json.begin_object().member("name", qualifier.name).key("value");
    write_mof_value(json, qualifier.value);
    json.end_object();
  }
  json.end_array();
}

// Values and ValueMap side by side; without a ValueMap the values count from 0 (DSP0004 5.6.3.55).
void write_values(JsonWriter& json, const mof::Qualifiers& qualifiers) {
  const std::vector<std::string> texts = mof::texts_of(qualifiers, "Values");
  const std::vector<std::string> map = mof::texts_of(qualifiers, "ValueMap");
  if (texts.empty() || (!map.empty() && map.size() != texts.size())) return;
  json.key("values").begin_object();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    json.member(map.empty() ? fmt::format("{}", i) : map[i], wmi::one_line(texts[i]));
  }
  json.end_object();
}

void write_semantics(JsonWriter& json, const wmi::Semantics& semantics) {
  json.key("semantics").begin_object();
  json.member("kind", semantics.kind).member("unit", semantics.unit);
  json.member("direction", semantics.direction).member("group", semantics.group);
  json.member("definition", semantics.definition);
  if (semantics.source) {
    json.key("source").begin_object().member("class", semantics.source->class_name);
    write_text_or_null(json, "value", semantics.source->value);
    write_text_or_null(json, "where", semantics.source->where);
    write_text_or_null(json, "owner", semantics.source->owner);
    json.end_object();
  }
  json.end_object();
}

void write_property(JsonWriter& json, const wmi::PropertyEntry& entry, Qualifiers which) {
  const mof::Property& property = *entry.property;
  json.begin_object().member("name", property.name);
  const bool is_class = property.type == mof::Type::object && !property.class_name.empty();
  json.member("type", is_class ? property.class_name.view() : type_name(property.type));
  json.member("array", property.is_array).member("key", entry.key);
  json.member("inherited", entry.inherited);
  write_text_or_null(json, "description",
                     wmi::one_line(mof::text_of(property.qualifiers, "Description").value_or("")));
  if (entry.field != nullptr) {
    json.member("data_id", entry.field->data_id).member("offset", entry.field->offset);
    json.member("bytes", entry.field->bytes);
  }
  if (const auto counter = mof::uint_of(property.qualifiers, "CounterType")) {
    json.member("counter_type", *counter);
  }
  write_values(json, property.qualifiers);
  if (which == Qualifiers::all) write_qualifiers(json, property.qualifiers);
  if (entry.semantics) write_semantics(json, *entry.semantics);
  json.end_object();
}

std::string guid_or_empty(const wmi::ClassEntry& entry) {
  return entry.guid ? guid_text(*entry.guid) : std::string();
}

}  // namespace

void write_class_rows(JsonWriter& json, const wmi::Repository& repository,
                      const wmi::Snapshot& snapshot, bool cooked) {
  json.begin_array();
  const auto write = [&](const wmi::ClassEntry& entry, const wmi::ClassEntry& made_of) {
    json.begin_object().member("name", entry.name());
    write_text_or_null(json, "guid", guid_or_empty(entry));
    write_text_or_null(json, "superclass", entry.definition->superclass);
    write_text_or_null(json, "description", entry.description);
    json.member("abstract", entry.abstract);
    json.member("instances", std::uint64_t{snapshot.instances_of(made_of)});
    json.member("providers", std::uint64_t{snapshot.parts_of(made_of).size()});
    json.end_object();
  };
  for (const wmi::ClassEntry& entry : repository.classes()) write(entry, entry);
  for (const wmi::ClassEntry& entry : repository.cooked().classes()) {
    const wmi::ClassEntry* raw = cooked ? wmi::raw_class_of(entry, repository) : nullptr;
    if (raw != nullptr) write(entry, *raw);
  }
  json.end_array();
}

void write_class(JsonWriter& json, const wmi::ClassEntry& entry, Qualifiers which) {
  json.begin_object().member("name", entry.name());
  write_text_or_null(json, "guid", guid_or_empty(entry));
  write_text_or_null(json, "superclass", entry.definition->superclass);
  json.key("derivation").begin_array();
  for (const std::string& name : entry.derivation) json.value(name);
  json.end_array();
  const std::string& name_space = entry.definition->name_space;
  json.member("namespace", name_space.empty() ? std::string("root\\wmi") : name_space);
  json.member("abstract", entry.abstract);
  write_text_or_null(json, "description", entry.description);
  json.member("block_bytes", entry.layout.bytes);
  if (which == Qualifiers::all) write_qualifiers(json, entry.definition->qualifiers);
  json.key("properties").begin_array();
  for (const wmi::PropertyEntry& property : entry.properties) write_property(json, property, which);
  json.end_array().end_object();
}

Answer classes_answer(const wmi::Repository& repository, const wmi::Snapshot& snapshot,
                      bool cooked) {
  JsonWriter json(0);
  json.begin_object().key("classes");
  write_class_rows(json, repository, snapshot, cooked);
  json.end_object();
  return {200, "application/json", std::move(json).take()};
}

Answer class_answer(const wmi::ClassEntry& entry) {
  JsonWriter json(0);
  write_class(json, entry, Qualifiers::all);
  return {200, "application/json", std::move(json).take()};
}

Answer class_mof_answer(const wmi::ClassEntry& entry) {
  return {200, "text/plain; charset=utf-8", wmi::class_text(*entry.definition)};
}

}  // namespace qm::serve

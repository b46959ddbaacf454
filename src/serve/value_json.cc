#include "serve/value_json.h"

#include <fmt/format.h>

#include <variant>

#include "wmi/quality.h"

namespace qm::serve {

bool is_64_bit(mof::Type type) {
  return type == mof::Type::uint64 || type == mof::Type::sint64;
}

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

void write_doubts(JsonWriter& json, const std::vector<Doubt>& doubts) {
  json.key("quality").begin_object();
  for (const Doubt& doubt : doubts) {
    json.key(doubt.property).begin_object();
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

}  // namespace qm::serve

#include "mof/dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/guid.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "mof/limits.h"
#include "mof/names.h"
#include "mof/symbols.h"

namespace qm::mof {
namespace {

class JsonDump {
 public:
  explicit JsonDump(const Model& model) : model_(model) {}

  std::string run() {
    json_.begin_object();
    json_.key("classes").begin_array();
    for (const Class& one : model_.classes) write_class(one);
    json_.end_array();
    json_.key("instances").begin_array();
    for (const Instance& one : model_.instances) write_instance(one, 0);
    json_.end_array();
    json_.key("qualifier_declarations").begin_array();
    for (const QualifierDeclaration& one : model_.qualifier_declarations) write_declaration(one);
    json_.end_array();
    json_.key("pragmas").begin_array();
    for (const Pragma& one : model_.pragmas) {
      json_.begin_object().member("name", one.name).key("arguments");
      write_texts(one.arguments);
      json_.end_object();
    }
    json_.end_array();
    write_deletions();
    json_.end_object();
    return std::move(json_).take();
  }

 private:
  void write_deletions() {
    if (model_.deletions.empty()) return;
    json_.key("deletions").begin_array();
    for (const Deletion& one : model_.deletions) {
      json_.begin_object().member("class", one.class_name);
      if (!one.name_space.empty()) json_.member("namespace", one.name_space);
      json_.member("must_exist", one.must_exist).end_object();
    }
    json_.end_array();
  }

  void write_flags(const Setting& setting) {
    if (setting.flags) json_.member("class_flags", *setting.flags);
    if (setting.instance_flags) json_.member("instance_flags", *setting.instance_flags);
  }

  void write_texts(const std::vector<std::string>& texts) {
    json_.begin_array();
    for (const std::string& text : texts) json_.value(text);
    json_.end_array();
  }

  void write_value(const Value& value, unsigned depth) {
    const auto* list = std::get_if<ValueList>(&value.data);
    const auto* held = std::get_if<std::shared_ptr<const Instance>>(&value.data);
    if (value.is_null() || depth > kMostValueDepth + 1) {
      json_.null();
    } else if (list != nullptr) {
      json_.begin_array();
      for (const Value& one : *list) write_value(one, depth + 1);
      json_.end_array();
    } else if (held != nullptr) {
      json_.begin_object().key("instance");
      write_instance(**held, depth + 1);
      json_.end_object();
    } else if (const auto* alias = std::get_if<AliasName>(&value.data)) {
      json_.begin_object().member("alias", alias->name).end_object();
    } else if (const auto* flag = std::get_if<bool>(&value.data)) {
      json_.value(*flag);
    } else if (const auto* negative = std::get_if<std::int64_t>(&value.data)) {
      json_.value(*negative);
    } else if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
      json_.value(*number);
    } else if (const auto* real = std::get_if<double>(&value.data)) {
      json_.value(*real);
    } else {
      json_.value(std::get<Text>(value.data));
    }
  }

  void write_qualifiers(const Qualifiers& qualifiers) {
    json_.key("qualifiers").begin_array();
    for (const Qualifier& one : qualifiers) {
      json_.begin_object().member("name", one.name).key("value");
      write_value(one.value, 0);
      json_.key("flavors").begin_array();
      for (const FlavorName& flavor : kFlavorNames) {
        if ((one.flavor & flavor.bit) != 0) json_.value(flavor.name);
      }
      json_.end_array().end_object();
    }
    json_.end_array();
  }

  void write_typed(std::string_view prefix, Type type, std::string_view class_name, bool is_array) {
    const std::string start(prefix);
    json_.member(start + "type", type == Type::none ? "void" : type_name(type));
    if (!class_name.empty()) json_.member(start + "class", class_name);
    json_.member(prefix.empty() ? "array" : "returns_array", is_array);
  }

  void write_property(const Property& property) {
    json_.begin_object().member("name", property.name);
    write_typed("", property.type, property.class_name, property.is_array);
    if (property.array_size) json_.member("array_size", *property.array_size);
    write_qualifiers(property.qualifiers);
    if (property.default_value) {
      json_.key("default");
      write_value(*property.default_value, 0);
    }
    json_.end_object();
  }

  void write_class(const Class& the_class) {
    json_.begin_object().member("name", the_class.name);
    if (!the_class.superclass.empty()) json_.member("superclass", the_class.superclass);
    if (!the_class.name_space.empty()) json_.member("namespace", the_class.name_space);
    write_flags(the_class.setting);
    if (!the_class.alias.empty()) json_.member("alias", the_class.alias);
    if (const auto guid = the_class.guid()) json_.member("guid", guid_text(*guid));
    write_qualifiers(the_class.qualifiers);
    json_.key("properties").begin_array();
    for (const Property& property : the_class.properties) write_property(property);
    json_.end_array();
    json_.key("methods").begin_array();
    for (const Method& method : the_class.methods) {
      json_.begin_object().member("name", method.name);
      write_typed("return_", method.return_type, method.return_class_name, method.returns_array);
      write_qualifiers(method.qualifiers);
      json_.key("parameters").begin_array();
      for (const Property& parameter : method.parameters) write_property(parameter);
      json_.end_array().end_object();
    }
    json_.end_array();
    write_layout(the_class);
    json_.end_object();
  }

  void write_layout(const Class& the_class) {
    const Layout layout = layout_of(model_, the_class);
    if (layout.fields.empty()) return;
    json_.key("layout").begin_object();
    json_.member("bytes", layout.bytes).member("fixed", layout.fixed);
    json_.key("fields").begin_array();
    bool placed = true;
    for (const Field& field : layout.fields) {
      json_.begin_object().member("name", field.property->name).member("id", field.data_id);
      if (placed) json_.member("offset", field.offset);
      placed = placed && field.bytes != 0;
      if (placed) json_.member("bytes", field.bytes).member("count", field.count);
      json_.end_object();
    }
    json_.end_array().end_object();
  }

  void write_instance(const Instance& instance, unsigned depth) {
    json_.begin_object().member("class", instance.class_name);
    if (!instance.name_space.empty()) json_.member("namespace", instance.name_space);
    write_flags(instance.setting);
    if (!instance.alias.empty()) json_.member("alias", instance.alias);
    write_qualifiers(instance.qualifiers);
    json_.key("values").begin_array();
    for (const PropertyValue& one : instance.values) {
      json_.begin_object().member("name", one.name);
      if (one.has_value) {
        json_.key("value");
        write_value(one.value, depth);
      }
      write_qualifiers(one.qualifiers);
      json_.end_object();
    }
    json_.end_array().end_object();
  }

  void write_declaration(const QualifierDeclaration& one) {
    json_.begin_object().member("name", one.name).member("type", type_name(one.type));
    json_.member("array", one.is_array);
    if (one.default_value) {
      json_.key("default");
      write_value(*one.default_value, 0);
    }
    json_.key("scopes");
    write_texts(one.scopes);
    json_.key("flavors");
    write_texts(one.flavors);
    json_.end_object();
  }

  const Model& model_;
  JsonWriter json_;
};

void append_class(std::string& out, const Model& model, const Class& the_class) {
  const auto to = std::back_inserter(out);
  const Layout layout = layout_of(model, the_class);
  fmt::format_to(to, "class {}", the_class.name);
  if (!the_class.superclass.empty()) fmt::format_to(to, " : {}", the_class.superclass);
  if (const auto guid = the_class.guid()) fmt::format_to(to, "  {{{}}}", guid_text(*guid));
  if (!layout.fields.empty()) {
    fmt::format_to(to, "  {}{} bytes", layout.fixed ? "" : "at least ", layout.bytes);
  }
  out += '\n';
  if (!layout.fields.empty()) {
    fmt::format_to(to, "  {:>4}  {:>6}  {:>6}  {:<10}  {}\n", "id", "offset", "bytes", "type",
                   "name");
  }
  bool placed = true;
  for (const Field& field : layout.fields) {
    const std::string offset = placed ? fmt::format("{}", field.offset) : "-";
    placed = placed && field.bytes != 0;
    const auto counter = uint_of(field.property->qualifiers, "CounterType");
    fmt::format_to(to, "  {:>4}  {:>6}  {:>6}  {:<10}  {}{}{}\n", field.data_id, offset,
                   placed ? fmt::format("{}", field.bytes) : "-", type_text(*field.property),
                   field.property->name, counter ? "  " : "",
                   counter ? counter_type_name(*counter) : "");
  }
  for (const Property& property : the_class.properties) {
    if (find(property.qualifiers, "WmiDataId") != nullptr) continue;
    fmt::format_to(to, "  {:>4}  {:>6}  {:>6}  {:<10}  {}{}\n", "", "", "", type_text(property),
                   property.name, flag_of(property.qualifiers, "key") ? "  key" : "");
  }
  for (const Method& method : the_class.methods) {
    fmt::format_to(to, "  {}()\n", method.name);
  }
}

}  // namespace

std::string dump_json(const Model& model) {
  return JsonDump(model).run();
}

std::string dump_text(const Model& model) {
  std::string out;
  for (const Class& one : model.classes) append_class(out, model, one);
  for (const Instance& one : model.instances) {
    fmt::format_to(std::back_inserter(out), "instance of {}{}{}: {} values\n", one.class_name,
                   one.alias.empty() ? "" : " as $", one.alias, one.values.size());
  }
  return out;
}

}  // namespace qm::mof

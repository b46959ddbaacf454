// A Model as the records that mofcomp would write.
#include <limits>

#include "base/text.h"
#include "mof/bmf_record.h"
#include "mof/visit.h"

namespace qm::mof {
namespace {

constexpr std::uint8_t kKnownFlavors = kToInstance | kToSubclass | kDisableOverride | kAmended;

// The type of a value that has no declared one: mofcomp takes the literal's.
std::uint32_t literal_type(const Value& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    if (*number <= std::numeric_limits<std::uint32_t>::max()) return kBmfSint32;
    constexpr auto kMostSigned =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return *number <= kMostSigned ? kBmfSint64 : kBmfUint64;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return *number >= std::numeric_limits<std::int32_t>::min() ? kBmfSint32 : kBmfSint64;
  }
  if (std::holds_alternative<bool>(value.data)) return kBmfBoolean;
  if (std::holds_alternative<double>(value.data)) return kBmfReal64;
  if (std::holds_alternative<Text>(value.data)) return kBmfString;
  if (std::holds_alternative<AliasName>(value.data)) return kBmfAlias;
  if (std::holds_alternative<std::shared_ptr<const Instance>>(value.data)) return kBmfObject;
  if (const auto* list = std::get_if<ValueList>(&value.data)) {
    std::uint32_t type = list->empty() ? std::uint32_t{kBmfString} : literal_type(list->front());
    for (const Value& one : *list) {
      const std::uint32_t other = literal_type(one);
      if (type == kBmfSint32 && (other == kBmfSint64 || other == kBmfUint64)) type = other;
    }
    return kBmfArray | (type & ~kBmfArray);
  }
  return kBmfNull;
}

std::vector<BmfQualifier> qualifiers_of(const Qualifiers& qualifiers, std::string_view but = {}) {
  std::vector<BmfQualifier> records;
  records.reserve(qualifiers.size() + 3);
  for (const Qualifier& one : qualifiers) {
    if (!but.empty() && same_name(one.name, but)) continue;
    records.push_back({one.name, literal_type(one.value), one.value,
                       static_cast<std::uint32_t>(one.flavor & kKnownFlavors)});
  }
  return records;
}

BmfProperty system_text(std::string_view name, std::string_view text) {
  BmfProperty property;
  property.name = name;
  property.type = kBmfString;
  property.has_value = true;
  property.value.data = std::string(text);
  return property;
}

BmfProperty system_number(std::string_view name, std::uint32_t number) {
  BmfProperty property;
  property.name = name;
  property.type = kBmfSint32;
  property.has_value = true;
  property.value.data = std::uint64_t{number};
  return property;
}

BmfQualifier number_qualifier(std::string_view name, std::uint64_t number, std::uint32_t flavor) {
  BmfQualifier qualifier{std::string(name), kBmfSint32, {}, flavor};
  qualifier.value.data = number;
  return qualifier;
}

BmfQualifier type_qualifier(Type type, std::string_view spelling, std::string_view class_name) {
  BmfQualifier qualifier{"CIMTYPE", kBmfString, {}, kToInstance | kToSubclass};
  qualifier.value.data = cim_type(type, spelling, class_name);
  return qualifier;
}

void add_system(BmfObject& object, const Setting& setting, std::string_view the_class,
                std::string_view superclass, std::string_view alias) {
  std::vector<BmfProperty>& properties = object.properties;
  properties.push_back(system_text("__CLASS", the_class));
  const std::string name_space = setting.name_space_spelling;
  properties.push_back(
      system_text("__NAMESPACE", name_space.empty() ? "root\\default" : name_space));
  if (setting.flags) properties.push_back(system_number("__CLASSFLAGS", *setting.flags));
  if (setting.instance_flags) {
    properties.push_back(system_number("__INSTANCEFLAGS", *setting.instance_flags));
  }
  if (!superclass.empty()) properties.push_back(system_text("__SUPERCLASS", superclass));
  if (!alias.empty()) properties.push_back(system_text("__ALIAS", alias));
}

BmfObject instance_record(const Instance& instance, bool is_value);

void set_value(BmfProperty& property, const Value& value) {
  if (value.is_null()) return;
  property.has_value = true;
  if (const auto* held = std::get_if<std::shared_ptr<const Instance>>(&value.data)) {
    property.objects.push_back(instance_record(**held, true));
    return;
  }
  const auto* list = std::get_if<ValueList>(&value.data);
  if ((property.type & ~kBmfArray) == kBmfObject && list != nullptr) {
    for (const Value& one : *list) {
      const auto* item = std::get_if<std::shared_ptr<const Instance>>(&one.data);
      if (item != nullptr) property.objects.push_back(instance_record(**item, true));
    }
    property.has_value = !property.objects.empty();
    return;
  }
  property.value = value;
}

BmfObject instance_record(const Instance& instance, bool is_value) {
  BmfObject object;
  object.is_instance = true;
  object.has_qualifiers = !is_value || !instance.qualifiers.empty();
  object.qualifiers = qualifiers_of(instance.qualifiers);
  for (const PropertyValue& one : instance.values) {
    BmfProperty property;
    property.name = one.name;
    property.type = one.value.is_null() ? std::uint32_t{kBmfString} : literal_type(one.value);
    set_value(property, one.value);
    property.has_qualifiers = true;
    property.qualifiers = qualifiers_of(one.qualifiers);
    object.properties.push_back(std::move(property));
  }
  if (is_value) {
    object.properties.push_back(system_text("__CLASS", instance.class_name));
  } else {
    add_system(object, instance.setting, instance.class_name, "", instance.alias);
  }
  return object;
}

BmfProperty property_record(const Property& property, std::optional<std::size_t> id,
                            std::string_view but) {
  BmfProperty record;
  record.name = property.name;
  record.type = bmf_type(property.type) | (property.is_array ? kBmfArray : 0U);
  if (property.default_value) set_value(record, *property.default_value);
  record.has_qualifiers = true;
  record.qualifiers = qualifiers_of(property.qualifiers, but);
  if (property.array_size) {
    record.qualifiers.push_back(number_qualifier("MAX", *property.array_size, 0));
  }
  if (id && find(property.qualifiers, "ID") == nullptr) {
    record.qualifiers.push_back(number_qualifier("ID", *id, kToInstance | kDisableOverride));
  }
  record.qualifiers.push_back(
      type_qualifier(property.type, property.type_spelling, property.class_name));
  return record;
}

bool says(const Qualifiers& qualifiers, std::string_view name) {
  const Qualifier* qualifier = find(qualifiers, name);
  if (qualifier == nullptr) return false;
  const auto* flag = std::get_if<bool>(&qualifier->value.data);
  return flag == nullptr || *flag;
}

BmfObject parameter_list() {
  BmfObject list;
  list.is_instance = true;
  list.has_qualifiers = false;
  return list;
}

// A method is a property whose value is one or two classes: what goes in, what comes out.
BmfProperty method_record(const Method& method) {
  BmfObject in = parameter_list();
  BmfObject out = parameter_list();
  for (std::size_t i = 0; i < method.parameters.size(); ++i) {
    const Property& one = method.parameters[i];
    const bool is_out = says(one.qualifiers, "out");
    const bool is_in = says(one.qualifiers, "in") || !is_out;
    if (is_in) in.properties.push_back(property_record(one, i, is_out ? "out" : ""));
    if (is_out) out.properties.push_back(property_record(one, i, is_in ? "in" : ""));
  }
  if (method.return_type != Type::none) {
    Property result;
    result.name = "ReturnValue";
    result.type = method.return_type;
    result.is_array = method.returns_array;
    result.type_spelling = method.return_spelling;
    result.class_name = method.return_class_name;
    out.properties.push_back(property_record(result, std::nullopt, ""));
  }
  BmfProperty record;
  record.name = method.name;
  record.type = kBmfMethod;
  record.has_qualifiers = true;
  record.qualifiers = qualifiers_of(method.qualifiers);
  for (BmfObject* list : {&in, &out}) {
    if (list->properties.empty()) continue;
    list->properties.push_back(system_text("__CLASS", "__PARAMETERS"));
    record.objects.push_back(std::move(*list));
  }
  record.has_value = !record.objects.empty();
  return record;
}

BmfObject class_record(const Class& the_class) {
  BmfObject object;
  object.qualifiers = qualifiers_of(the_class.qualifiers);
  for (const Property& one : the_class.properties) {
    object.properties.push_back(property_record(one, std::nullopt, ""));
  }
  add_system(object, the_class.setting, the_class.name, the_class.superclass, the_class.alias);
  for (const Method& one : the_class.methods) object.methods.push_back(method_record(one));
  return object;
}

}  // namespace

std::uint32_t bmf_type(Type type) {
  switch (type) {
    case Type::none:
      return 0;
    case Type::boolean:
      return kBmfBoolean;
    case Type::char16:
      return kBmfChar16;
    case Type::uint8:
      return kBmfUint8;
    case Type::sint8:
      return kBmfSint8;
    case Type::uint16:
      return kBmfUint16;
    case Type::sint16:
      return kBmfSint16;
    case Type::uint32:
      return kBmfUint32;
    case Type::sint32:
      return kBmfSint32;
    case Type::uint64:
      return kBmfUint64;
    case Type::sint64:
      return kBmfSint64;
    case Type::real32:
      return kBmfReal32;
    case Type::real64:
      return kBmfReal64;
    case Type::string:
      return kBmfString;
    case Type::datetime:
      return kBmfDatetime;
    case Type::reference:
      return kBmfReference;
    case Type::object:
      return kBmfObject;
  }
  return 0;
}

std::string cim_type(Type type, std::string_view spelling, std::string_view class_name) {
  std::string text(spelling.empty() ? type_name(type) : spelling);
  if (!class_name.empty()) text += ":" + std::string(class_name);
  return text;
}

std::vector<BmfObject> records_of(const Model& model) {
  std::vector<BmfObject> objects;
  objects.reserve(model.classes.size() + model.instances.size());
  in_text_order(
      model, [&](const Class& one) { objects.push_back(class_record(one)); },
      [&](const Instance& one) { objects.push_back(instance_record(one, false)); });
  return objects;
}

}  // namespace qm::mof

// Records of a binary MOF as a Model.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "mof/bmf.h"
#include "mof/bmf_record.h"
#include "mof/parser.h"

namespace qm::mof {
namespace {

constexpr std::uint32_t kCimTypeFlavor = kToInstance | kToSubclass;
constexpr std::uint32_t kIdFlavor = kToInstance | kDisableOverride;
constexpr std::array kTypes = {Type::boolean, Type::char16,   Type::uint8,     Type::sint8,
                               Type::uint16,  Type::sint16,   Type::uint32,    Type::sint32,
                               Type::uint64,  Type::sint64,   Type::real32,    Type::real64,
                               Type::string,  Type::datetime, Type::reference, Type::object};

class ModelMaker {
 public:
  Model run(std::vector<BmfObject> objects) {
    for (BmfObject& object : objects) {
      if (object.is_instance) {
        Instance made = instance(std::move(object));
        made.setting.order = order_++;
        model_.instances.push_back(std::move(made));
      } else {
        the_class(std::move(object));
      }
    }
    return std::move(model_);
  }

 private:
  struct System {
    std::string the_class;
    std::string superclass;
    std::string name_space;
    std::string alias;
    Setting setting;
  };

  // Takes the system properties out: they stand last and have no qualifiers.
  static System take_system(std::vector<BmfProperty>& properties) {
    System system;
    const auto taken = [&](const BmfProperty& one) {
      if (one.has_qualifiers || !one.name.starts_with("__")) return false;
      const auto* text = std::get_if<Text>(&one.value.data);
      if (one.name == "__CLASSFLAGS" || one.name == "__INSTANCEFLAGS") {
        const auto* number = std::get_if<std::uint64_t>(&one.value.data);
        std::optional<std::uint32_t>& flags =
            one.name == "__CLASSFLAGS" ? system.setting.flags : system.setting.instance_flags;
        if (number != nullptr) flags = static_cast<std::uint32_t>(*number);
        return number != nullptr;
      }
      if (text == nullptr) return false;
      if (one.name == "__CLASS") {
        system.the_class = *text;
      } else if (one.name == "__NAMESPACE") {
        if (*text == "root\\default") return true;  // what no pragma says
        system.setting.name_space_spelling = *text;
        system.name_space = plain_name_space(*text);
      } else if (one.name == "__SUPERCLASS") {
        system.superclass = *text;
      } else if (one.name == "__ALIAS") {
        system.alias = *text;
      } else {
        return false;
      }
      return true;
    };
    std::erase_if(properties, taken);
    return system;
  }

  // What a class and an instance say alike, taken out of the object; the rest of the system
  // properties is returned.
  template <class Declaration>
  static System take_common(BmfObject& object, Declaration& made, Text& name) {
    System system = take_system(object.properties);
    name = system.the_class;
    made.name_space = std::move(system.name_space);
    made.alias = std::move(system.alias);
    made.setting = std::move(system.setting);
    made.qualifiers = qualifiers(std::move(object.qualifiers));
    return system;
  }

  void the_class(BmfObject object) {
    Class made;
    made.superclass = take_common(object, made, made.name).superclass;
    made.setting.order = order_++;
    for (BmfProperty& one : object.properties) made.properties.push_back(property(std::move(one)));
    for (BmfProperty& one : object.methods) made.methods.push_back(method(std::move(one)));
    model_.classes.push_back(std::move(made));
  }

  static Instance instance(BmfObject object) {
    Instance made;
    take_common(object, made, made.class_name);
    for (BmfProperty& one : object.properties) {
      PropertyValue value;
      value.value = value_of(one);
      value.name = one.name;
      value.qualifiers = qualifiers(std::move(one.qualifiers));
      made.values.push_back(std::move(value));
    }
    return made;
  }

  static Value value_of(BmfProperty& property) {
    if (!property.has_value) return {};
    if (property.objects.empty()) return std::move(property.value);
    ValueList list;
    for (BmfObject& object : property.objects) {
      list.push_back({std::make_shared<const Instance>(instance(std::move(object))), {}});
    }
    if ((property.type & kBmfArray) == 0) return std::move(list.front());
    return {std::move(list), {}};
  }

  static Qualifiers qualifiers(std::vector<BmfQualifier> records) {
    Qualifiers made;
    made.reserve(records.size());
    for (BmfQualifier& one : records) {
      made.push_back({one.name, std::move(one.value), static_cast<std::uint8_t>(one.flavor), {}});
    }
    return made;
  }

  // What the compiler added to a property's qualifiers, last first: CIMTYPE, ID, MAX.
  static std::optional<std::uint64_t> take_number(std::vector<BmfQualifier>& qualifiers,
                                                  std::string_view name, std::uint32_t flavor) {
    if (qualifiers.empty()) return std::nullopt;
    const BmfQualifier& last = qualifiers.back();
    const auto* number = std::get_if<std::uint64_t>(&last.value.data);
    if (last.name != name || last.flavor != flavor || last.type != kBmfSint32 ||
        number == nullptr) {
      return std::nullopt;
    }
    const std::uint64_t taken = *number;
    qualifiers.pop_back();
    return taken;
  }

  static void take_type(BmfProperty& record, Property& property) {
    property.is_array = (record.type & kBmfArray) != 0;
    property.type = type_of_bmf(record.type & ~kBmfArray);
    if (record.qualifiers.empty()) return;
    const BmfQualifier& last = record.qualifiers.back();
    const auto* text = std::get_if<Text>(&last.value.data);
    if (last.name != "CIMTYPE" || last.flavor != kCimTypeFlavor || text == nullptr) return;
    const std::size_t colon = text->find(':');
    const std::string word = text->substr(0, colon);
    for (const Type type : kTypes) {
      if (!same_name(word, type_name(type)) || bmf_type(type) != (record.type & ~kBmfArray)) {
        continue;
      }
      property.type = type;
      if (colon != std::string::npos) property.class_name = text->substr(colon + 1);
      if (property.class_name.empty() && word != type_name(type)) property.type_spelling = word;
      record.qualifiers.pop_back();
      return;
    }
  }

  static void take_size(BmfProperty& record, Property& property) {
    if (!property.is_array || record.qualifiers.empty()) return;
    const auto* number = std::get_if<std::uint64_t>(&record.qualifiers.back().value.data);
    if (number == nullptr || *number == 0 || *number > 0x7fffffffU) return;
    if (const auto size = take_number(record.qualifiers, "MAX", 0)) {
      property.array_size = static_cast<std::uint32_t>(*size);
    }
  }

  static Property property(BmfProperty record) {
    Property made;
    take_type(record, made);
    take_size(record, made);
    if (record.has_value) made.default_value = value_of(record);
    made.name = record.name;
    made.qualifiers = qualifiers(std::move(record.qualifiers));
    return made;
  }

  struct Parameter {
    std::uint64_t id = 0;
    Property property;
  };

  static Method method(BmfProperty record) {
    Method made;
    std::vector<Parameter> parameters;
    for (BmfObject& list : record.objects) {
      take_system(list.properties);
      for (BmfProperty& one : list.properties) {
        Property property;
        take_type(one, property);
        const auto id = take_number(one.qualifiers, "ID", kIdFlavor);
        if (!id && one.name == "ReturnValue") {
          made.return_type = property.type;
          made.returns_array = property.is_array;
          made.return_class_name = std::move(property.class_name);
          made.return_spelling = std::move(property.type_spelling);
          continue;
        }
        take_size(one, property);
        if (one.has_value) property.default_value = value_of(one);
        property.name = one.name;
        property.qualifiers = qualifiers(std::move(one.qualifiers));
        // A text may number its parameters itself.
        const std::uint64_t place =
            id ? *id : uint_of(property.qualifiers, "ID").value_or(parameters.size());
        add_parameter(parameters, {place, std::move(property)});
      }
    }
    for (Parameter& one : parameters) made.parameters.push_back(std::move(one.property));
    made.name = record.name;
    made.qualifiers = qualifiers(std::move(record.qualifiers));
    return made;
  }

  // A parameter that is input and output stands in both lists, each time with its own half of the
  // qualifiers.
  static void add_parameter(std::vector<Parameter>& parameters, Parameter added) {
    const auto twin = std::ranges::find_if(parameters, [&](const Parameter& one) {
      return one.id == added.id && one.property.name == added.property.name;
    });
    if (twin == parameters.end()) {
      const auto after = std::ranges::upper_bound(parameters, added.id, {}, &Parameter::id);
      parameters.insert(after, std::move(added));
      return;
    }
    Qualifiers& mine = twin->property.qualifiers;
    const Qualifier* in = find(mine, "in");
    const Qualifier* out = find(added.property.qualifiers, "out");
    if (out == nullptr) return;
    mine.insert(in == nullptr ? mine.begin() : mine.begin() + (in - mine.data()) + 1, *out);
  }

  Model model_;
  std::uint32_t order_ = 0;
};

}  // namespace

Type type_of_bmf(std::uint32_t type) {
  const auto found = std::ranges::find_if(kTypes, [&](Type one) { return bmf_type(one) == type; });
  return found == kTypes.end() ? Type::none : *found;
}

Model model_of(std::vector<BmfObject> objects) {
  return ModelMaker().run(std::move(objects));
}

}  // namespace qm::mof

#include "mof/amendment.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/text.h"
#include "mof/parser.h"

namespace qm::mof {
namespace {

bool is_amended(const Qualifier& one) {
  return (one.flavor & kAmended) != 0;
}
bool is_key(const Qualifier& one) {
  return same_name(one.name, "key");
}

void keep_neutral(Qualifiers& list) {
  list.erase_if(is_amended);
}
void keep_amended(Qualifiers& list) {
  list.erase_if([](const Qualifier& one) { return !is_amended(one) && !is_key(one); });
}
bool says_something(const Qualifiers& list) {
  return std::ranges::any_of(list, is_amended) || std::ranges::any_of(list, is_key);
}

template <class Edit>
void edit_class(Class& one, Edit edit) {
  edit(one.qualifiers);
  for (Property& property : one.properties) edit(property.qualifiers);
  for (Method& method : one.methods) {
    edit(method.qualifiers);
    for (Property& parameter : method.parameters) edit(parameter.qualifiers);
  }
}

// "ms_409" -> 0x409
std::uint64_t locale_number(std::string_view locale) {
  std::uint64_t number = 0;
  const std::size_t at = locale.find('_') + 1;
  std::from_chars(locale.data() + at, locale.data() + locale.size(), number, 16);
  return number;
}

Qualifier flag(std::string_view name) {
  Qualifier one;
  one.name = name;
  one.value.data = true;
  return one;
}

void localize(Class& one, std::string_view locale) {
  edit_class(one, keep_amended);
  one.properties.erase_if([](const Property& each) { return !says_something(each.qualifiers); });
  for (Property& property : one.properties) property.default_value.reset();
  one.methods.erase_if([](const Method& each) {
    const auto parameter = [](const Property& its) { return says_something(its.qualifiers); };
    return !says_something(each.qualifiers) && std::ranges::none_of(each.parameters, parameter);
  });
  one.qualifiers.push_back(flag("AMENDMENT"));
  Qualifier number;
  number.name = "LOCALE";
  number.value.data = locale_number(locale);
  one.qualifiers.push_back(std::move(number));
  std::string spelling = one.setting.name_space_spelling;
  if (spelling.empty()) spelling = "root\\default";
  spelling += "\\" + std::string(locale);
  one.name_space = plain_name_space(spelling);
  one.setting.name_space_spelling = spelling;
}

void add_amended(Qualifiers& to, const Qualifiers& from) {
  std::ranges::copy_if(from, std::back_inserter(to), [&](const Qualifier& one) {
    return is_amended(one) && find(to, one.name) == nullptr;
  });
}

template <class Member>
const Member* same_member(const List<Member>& list, std::string_view name) {
  const auto found =
      std::ranges::find_if(list, [&](const Member& one) { return same_name(one.name, name); });
  return found == list.end() ? nullptr : &*found;
}

void merge_class(Class& one, const Class& localized) {
  add_amended(one.qualifiers, localized.qualifiers);
  for (Property& property : one.properties) {
    const Property* other = same_member(localized.properties, property.name);
    if (other != nullptr) add_amended(property.qualifiers, other->qualifiers);
  }
  for (Method& method : one.methods) {
    const Method* other = same_member(localized.methods, method.name);
    if (other == nullptr) continue;
    add_amended(method.qualifiers, other->qualifiers);
    for (Property& parameter : method.parameters) {
      const Property* twin = same_member(other->parameters, parameter.name);
      if (twin != nullptr) add_amended(parameter.qualifiers, twin->qualifiers);
    }
  }
}

// Instances of __namespace make the namespaces that translations live in.
Instance name_space_of(const Class& one, std::string_view locale) {
  Instance made;
  made.class_name = "__namespace";
  made.name_space = one.name_space;
  made.setting.name_space_spelling = one.setting.name_space_spelling;
  PropertyValue name;
  name.name = "name";
  name.value.data = Text(locale);
  made.values.push_back(std::move(name));
  return made;
}

}  // namespace

Amended split_amendment(const Model& whole, std::string_view locale) {
  Amended halves{whole, {}};
  for (Class& one : halves.neutral.classes) edit_class(one, keep_neutral);
  for (const Class& one : whole.classes) {
    bool translated = false;
    Class copy = one;
    edit_class(copy, [&](const Qualifiers& list) {
      translated = translated || std::ranges::any_of(list, is_amended);
    });
    if (!translated) continue;
    // The class that first needs it has its namespace made right before it.
    const bool is_new = std::ranges::none_of(halves.localized.instances, [&](const Instance& made) {
      return same_name(made.name_space, one.name_space);
    });
    if (is_new) {
      halves.localized.instances.push_back(name_space_of(one, locale));
      halves.localized.instances.back().setting.order = 2 * one.setting.order;
    }
    localize(copy, locale);
    copy.setting.order = 2 * one.setting.order + 1;
    halves.localized.classes.push_back(std::move(copy));
  }
  return halves;
}

Model merge_amendment(const Model& neutral, const Model& localized) {
  Model whole = neutral;
  for (Class& one : whole.classes) {
    if (const Class* other = localized.find_class(one.name)) merge_class(one, *other);
  }
  return whole;
}

}  // namespace qm::mof

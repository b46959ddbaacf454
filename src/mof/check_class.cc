#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/guid.h"
#include "base/text.h"
#include "mof/checker.h"
#include "mof/limits.h"
#include "mof/names.h"

namespace qm::mof {
namespace {

bool is_c_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, fits);
}

bool is_system(std::string_view class_name) {
  return class_name.starts_with("__");
}

// The earlier member of the same name. Most classes have so few that comparing them all is least.
template <class Member>
class Earlier {
 public:
  explicit Earlier(const List<Member>& all) : all_(all) {}
  const Member* same_as(const Member& one) {
    if (all_.size() > kFew) {
      const auto [at, fresh] = names_.emplace(one.name, &one);
      return fresh ? nullptr : at->second;
    }
    const std::uint64_t sort = sort_of(one.name);
    const bool is_new = (seen_ & sort) == 0;
    seen_ |= sort;
    if (is_new) return nullptr;
    for (const Member& each : all_) {
      if (&each == &one) return nullptr;
      if (same_name(each.name, one.name)) return &each;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kFew = 48;
  const List<Member>& all_;
  NameMap<const Member*> names_;
  std::uint64_t seen_ = 0;  // sorts of names
};

// The type of MOF that somebody meant who wrote this one: C's, Windows', or misspelt; "" for none.
std::string_view meant_type(std::string_view word) {
  struct Row {
    std::string_view word;
    std::string_view type;
  };
  static constexpr std::array<Row, 27> kOthers = {
      {{"bool", "boolean"}, {"byte", "uint8"},       {"char", "sint8"},      {"double", "real64"},
       {"dword", "uint32"}, {"float", "real32"},     {"int", "sint32"},      {"int16", "sint16"},
       {"int32", "sint32"}, {"int64", "sint64"},     {"int8", "sint8"},      {"integer", "sint32"},
       {"long", "sint32"},  {"longlong", "sint64"},  {"qword", "uint64"},    {"real", "real64"},
       {"short", "sint16"}, {"uchar", "uint8"},      {"uint", "uint32"},     {"uint128", "uint64"},
       {"ulong", "uint32"}, {"ulonglong", "uint64"}, {"unsigned", "uint32"}, {"ushort", "uint16"},
       {"wchar", "char16"}, {"word", "uint16"},      {"wchar_t", "char16"}}};
  for (const Row& row : kOthers) {
    if (same_name(row.word, word)) return row.type;
  }
  static constexpr std::array<std::string_view, 15> kTypeNames = {
      "boolean", "char16", "datetime", "object", "real32", "real64", "sint16", "sint32",
      "sint64",  "sint8",  "string",   "uint16", "uint32", "uint64", "uint8"};
  return nearest(word, kTypeNames);
}

std::size_t value_count(const Qualifier& qualifier) {
  const auto* list = std::get_if<ValueList>(&qualifier.value.data);
  return list != nullptr ? list->size() : qualifier.value.is_null() ? 0 : 1;
}

}  // namespace

void Checker::check_class(const Class& the_class) {
  const Class* first = find_class(the_class.name);
  if (first != &the_class && same_name(first->name_space, the_class.name_space)) {
    diagnostics_.error("duplicate-class", the_class.span,
                       fmt::format("class '{}' is declared twice", the_class.name));
    diagnostics_.also(first->span, "first here");
    return;
  }
  check_superclass(the_class);
  const std::uint8_t roles = check_qualifiers(the_class.qualifiers, class_kinds(the_class));
  rules_of_class_.swap(rules_of_list_);
  if ((roles & kNameInC) != 0) check_names_for_c(the_class.qualifiers);
  if ((roles & kGuid) != 0) check_guid(the_class);
  check_members(the_class);
}

void Checker::check_superclass(const Class& the_class) {
  if (the_class.superclass.empty() || is_system(the_class.superclass)) return;
  if (superclass_of(the_class) == nullptr) {
    // Driver MOFs derive from classes that only the repository has; once a name is enough.
    if (!missing_.insert(the_class.superclass).second) return;
    diagnostics_.warning(
        "unknown-superclass", the_class.superclass_span,
        fmt::format("superclass '{}' is in none of these files", the_class.superclass),
        similar_class(the_class.superclass,
                      "#include the file that declares it, to have what is "
                      "inherited checked"));
    return;
  }
  const Line line = line_of(the_class);
  if (line.complete || superclass_of(*line.classes.back()) == nullptr) return;
  if (line.classes.size() > kMostLineage) {
    diagnostics_.error(
        "lineage-depth", the_class.span,
        fmt::format("more than {} classes above '{}'", kMostLineage, the_class.name));
    return;
  }
  // Each class of a cycle would say the same; the first in the text speaks for all.
  const Class* again = superclass_of(*line.classes.back());
  if (again != &the_class) return;
  const auto earliest = std::ranges::min_element(line.classes);
  if (*earliest != &the_class) return;
  diagnostics_.error("superclass-cycle", the_class.superclass_span,
                     fmt::format("class '{}' is its own superclass", the_class.name));
}

void Checker::check_members(const Class& the_class) {
  const Class* superclass = superclass_of(the_class);
  Line& above = above_;
  above.classes.clear();
  above.complete = false;
  if (superclass != nullptr && superclass != &the_class) find_line(*superclass, above);
  check_association(the_class, above);
  for (const Class* one : above.classes) {
    check_locked(the_class.qualifiers, rules_of_class_, one->qualifiers);
  }
  std::uint8_t roles = 0;
  for (const Property& property : the_class.properties) __builtin_prefetch(property.name.data());
  Earlier properties(the_class.properties);
  for (const Property& property : the_class.properties) {
    if (const Property* first = properties.same_as(property)) {
      diagnostics_.error("duplicate-property", property.span,
                         fmt::format("property '{}' is declared twice", property.name));
      diagnostics_.also(first->span, "first here");
    }
    roles |= check_property(above, property);
  }
  if ((roles & kKey) != 0) check_keys(the_class, above);
  if ((roles & kDataId) != 0) check_block(the_class);
  roles = 0;
  Earlier methods(the_class.methods);
  for (const Method& method : the_class.methods) {
    if (const Method* first = methods.same_as(method)) {
      diagnostics_.error("duplicate-method", method.span,
                         fmt::format("method '{}' is declared twice", method.name));
      diagnostics_.also(first->span, "first here");
    }
    roles |= check_qualifiers(method.qualifiers, kScopeMethod);
    for (const Property& parameter : method.parameters) {
      check_qualifiers(parameter.qualifiers, kScopeParameter);
      check_class_reference(parameter);
    }
  }
  if ((roles & kMethodId) != 0) check_method_ids(the_class);
}

std::uint8_t Checker::check_property(const Line& above, const Property& property) {
  const std::uint8_t roles = check_qualifiers(
      property.qualifiers, property.type == Type::reference ? kScopeReference : kScopeProperty);
  check_class_reference(property);
  check_override(above, property);
  if ((roles & kValues) != 0) check_values_map(property);
  if (property.default_value) check_value(*property.default_value, property, 0);
  return roles;
}

void Checker::check_override(const Line& above, const Property& property) {
  const Property* inherited = find_property(above, property.name);
  if (inherited == nullptr) return;
  check_locked(property.qualifiers, rules_of_list_, inherited->qualifiers);
  if (inherited->type == property.type && inherited->is_array == property.is_array) return;
  diagnostics_.error("override-type", property.span,
                     fmt::format("'{}' has another type in a superclass", property.name));
  diagnostics_.also(inherited->span, "there");
}

void Checker::check_class_reference(const Property& property) {
  const Text& name = property.class_name;
  if (name.empty() || is_system(name) || find_class(name) != nullptr) return;
  if (property.type == Type::reference) {
    diagnostics_.warning("unknown-class", property.span,
                         fmt::format("'{}' refers to class '{}', which is in none of these files",
                                     property.name, name),
                         similar_class(name, ""));
    return;
  }
  std::string message =
      fmt::format("'{}' has type '{}', which is no class of these files", property.name, name);
  const std::string_view meant = meant_type(name);
  if (!meant.empty()) {
    diagnostics_.error("unknown-class", property.span, std::move(message),
                       fmt::format("did you mean '{}'?", meant));
  } else if (find(property.qualifiers, "WmiDataId") != nullptr) {
    diagnostics_.error("unknown-class", property.span, std::move(message),
                       similar_class(name, "declare the class, or #include the file that does"));
  } else {
    diagnostics_.warning("unknown-class", property.span, std::move(message),
                         similar_class(name, ""));
  }
}

// The roles of all of them.
std::uint8_t Checker::check_qualifiers(const Qualifiers& qualifiers, std::uint8_t places) {
  std::uint8_t roles = 0;
  ++list_number_;
  rules_of_list_.clear();
  // Names lie far apart in their text: all of them are sent for before the first one is looked at.
  for (const Qualifier& one : qualifiers) __builtin_prefetch(one.name.data());
  for (const Qualifier& one : qualifiers) {
    const Rule* rule = rule_of(qualifiers, one);
    rules_of_list_.push_back(rule);
    roles |= check_qualifier(one, rule, places);
  }
  return roles;
}

// What rules the qualifier, or nullptr. Says so when the list has it twice.
const Checker::Rule* Checker::rule_of(const Qualifiers& list, const Qualifier& one) {
  const Rule* rule = rules_.find(one.name);
  if (rule == nullptr) {
    check_repeated(list, one);
    return nullptr;
  }
  std::uint32_t& last_list = last_lists_[static_cast<std::size_t>(rule - rule_list_.data())];
  if (last_list == list_number_) check_repeated(list, one);
  last_list = list_number_;
  return rule;
}

void Checker::check_repeated(const Qualifiers& list, const Qualifier& one) {
  if (list.size() > kMostQualifiers) return;  // out of a binary, which names can't be wrong in
  const Qualifier* first = find(list, one.name);
  if (first == &one) return;
  diagnostics_.error("duplicate-qualifier", one.span,
                     fmt::format("qualifier '{}' is there twice", one.name));
  diagnostics_.also(first->span, "first here");
}

std::uint8_t Checker::check_qualifier(const Qualifier& qualifier, const Rule* rule,
                                      std::uint8_t places) {
  if (rule == nullptr) {
    check_unknown(qualifier);
    return 0;
  }
  if (rule->holds != Holds::anything && !qualifier.value.is_null()) {
    const bool is_number = std::holds_alternative<std::uint64_t>(qualifier.value.data);
    const bool is_text = std::holds_alternative<Text>(qualifier.value.data);
    if (rule->holds == Holds::number ? !is_number : !is_text) {
      diagnostics_.error(
          "bad-qualifier", qualifier.span,
          fmt::format("qualifier '{}' wants {}", qualifier.name,
                      rule->holds == Holds::number ? "a number from 0 up" : "a string"));
      return rule->roles;
    }
  }
  if (rule->declaration == nullptr) {
    check_declared(qualifier);
    return rule->roles;
  }
  check_scope(qualifier, *rule, places);
  check_value(qualifier.value, rule->shape, 0);
  return rule->roles;
}

// Nobody must declare a qualifier, and drivers have their own. But some names are mistakes.
void Checker::check_unknown(const Qualifier& qualifier) {
  if (!unknown_.insert(qualifier.name).second) return;
  const auto same = [&](const FlavorName& one) { return same_name(one.name, qualifier.name); };
  if (std::ranges::any_of(kFlavorNames, same)) {
    diagnostics_.warning("flavor-as-qualifier", qualifier.span,
                         fmt::format("'{}' is a qualifier of its own here", qualifier.name),
                         "no comma stands between flavors: Name(…) : ToInstance ToSubclass");
    return;
  }
  const std::string_view meant = misspelt_qualifier(qualifier.name);
  if (meant.empty()) return check_declared(qualifier);
  diagnostics_.warning("unknown-qualifier", qualifier.span,
                       fmt::format("nobody knows the qualifier '{}'", qualifier.name),
                       fmt::format("did you mean '{}'?", meant));
}

// DSP0004 has every qualifier declared; WMI has none. Who declares some means to declare them all.
void Checker::check_declared(const Qualifier& qualifier) {
  if (model_.qualifier_declarations.empty() || is_known_qualifier(qualifier.name)) return;
  if (!undeclared_.insert(qualifier.name).second) return;
  diagnostics_.warning(
      "undeclared-qualifier", qualifier.span,
      fmt::format("qualifier '{}' is in none of the declarations", qualifier.name));
}

void Checker::check_guid(const Class& the_class) {
  const Qualifier* guid = find(the_class.qualifiers, "guid");
  if (guid == nullptr) return;
  const std::optional<GUID> parsed = the_class.guid();
  if (!parsed) {
    const bool is_text = std::holds_alternative<Text>(guid->value.data);
    if (is_text) {
      diagnostics_.error("bad-guid", guid->span, "this is no GUID",
                         "write it as {12345678-1234-1234-1234-123456789abc}");
    }
    return;
  }
  const auto [at, fresh] = guids_.emplace(guid_text(*parsed), guid->span);
  if (fresh) return;
  diagnostics_.error("duplicate-guid", guid->span,
                     fmt::format("class '{}' has the guid of another class", the_class.name));
  diagnostics_.also(at->second, "which is here");
}

// Qualifiers whose text becomes a name in the C header.
void Checker::check_names_for_c(const Qualifiers& qualifiers) {
  for (const std::string_view name : {"HeaderName", "GuidName1", "GuidName2"}) {
    const auto text = text_of(qualifiers, name);
    if (!text || is_c_name(*text)) continue;
    diagnostics_.error("bad-c-name", find(qualifiers, name)->span,
                       fmt::format("'{}' is no name in C", plain_text(*text, 60)));
  }
}

void Checker::check_values_map(const Property& property) {
  const std::vector<std::string> names = texts_of(property.qualifiers, "DefineValues");
  for (const std::string& name : names) {
    if (is_c_name(name)) continue;
    diagnostics_.error("bad-c-name", find(property.qualifiers, "DefineValues")->span,
                       fmt::format("'{}' is no name in C", plain_text(name, 60)));
    return;
  }
  const Qualifier* map = find(property.qualifiers, "ValueMap");
  const Qualifier* values = find(property.qualifiers, "Values");
  if (map == nullptr || values == nullptr) return;
  const std::size_t mapped = value_count(*map);
  const std::size_t named = value_count(*values);
  if (mapped == named && (names.empty() || names.size() == mapped)) return;
  diagnostics_.warning("values-length", values->span,
                       fmt::format("{} Values, {} ValueMap and {} DefineValues do not pair up",
                                   named, mapped, names.size()));
}

}  // namespace qm::mof

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
  explicit Earlier(const std::vector<Member>& all) : all_(all) {}
  const Member* same_as(const Member& one) {
    if (all_.size() > kFew) {
      const auto [at, fresh] = names_.emplace(one.name, &one);
      return fresh ? nullptr : at->second;
    }
    // Names that differ in length or in their end need no comparison, and nearly all do.
    const std::string_view name = one.name;
    const std::size_t end = name.empty() ? 0 : name.back() & 7;
    const std::uint64_t sort = std::uint64_t{1} << ((name.size() * 8 + end) % 64);
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
  const std::vector<Member>& all_;
  NameMap<const Member*> names_;
  std::uint64_t seen_ = 0;  // sorts of names
};

std::size_t text_count(const Qualifier& qualifier) {
  const auto is_text = [](const Value& one) { return std::holds_alternative<Text>(one.data); };
  if (const auto* list = std::get_if<ValueList>(&qualifier.value.data)) {
    return static_cast<std::size_t>(std::ranges::count_if(*list, is_text));
  }
  return is_text(qualifier.value) ? 1 : 0;
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
  check_qualifiers(the_class.qualifiers, class_scopes(the_class));
  check_names_for_c(the_class.qualifiers);
  check_guid(the_class);
  check_members(the_class);
  check_method_ids(the_class);
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
  Line above;
  if (superclass != nullptr && superclass != &the_class) above = line_of(*superclass);
  check_association(the_class, above);
  for (const Class* one : above.classes) check_locked(the_class.qualifiers, one->qualifiers);
  std::uint8_t roles = 0;
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
  Earlier methods(the_class.methods);
  for (const Method& method : the_class.methods) {
    if (const Method* first = methods.same_as(method)) {
      diagnostics_.error("duplicate-method", method.span,
                         fmt::format("method '{}' is declared twice", method.name));
      diagnostics_.also(first->span, "first here");
    }
    check_qualifiers(method.qualifiers, kScopeMethod);
    for (const Property& parameter : method.parameters) {
      check_qualifiers(parameter.qualifiers, kScopeParameter);
      check_class_reference(parameter);
    }
  }
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
  check_locked(property.qualifiers, inherited->qualifiers);
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
  constexpr std::array<std::string_view, 15> kTypeNames = {
      "boolean", "char16", "datetime", "object", "real32", "real64", "sint16", "sint32",
      "sint64",  "sint8",  "string",   "uint16", "uint32", "uint64", "uint8"};
  std::vector<std::string_view> names(kTypeNames.begin(), kTypeNames.end());
  for (const Class& one : model_.classes) names.push_back(one.name);
  diagnostics_.error(
      "unknown-class", property.span,
      fmt::format("'{}' has type '{}', which is no class of these files", property.name, name),
      did_you_mean(name, names, "declare the class, or #include the file that does"));
}

// The roles of all of them.
std::uint8_t Checker::check_qualifiers(const std::vector<Qualifier>& qualifiers,
                                       std::uint8_t places) {
  std::uint8_t roles = 0;
  Earlier earlier(qualifiers);
  for (const Qualifier& one : qualifiers) {
    if (const Qualifier* first = earlier.same_as(one)) {
      diagnostics_.error("duplicate-qualifier", one.span,
                         fmt::format("qualifier '{}' is there twice", one.name));
      diagnostics_.also(first->span, "first here");
      continue;
    }
    roles |= check_qualifier(one, places);
  }
  return roles;
}

std::uint8_t Checker::check_qualifier(const Qualifier& qualifier, std::uint8_t places) {
  const Rule* rule = rules_.find(qualifier.name);
  if (rule == nullptr) return 0;
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
  if (rule->declaration == nullptr) return rule->roles;
  check_scope(qualifier, *rule, places);
  check_value(qualifier.value, rule->shape, 0);
  return rule->roles;
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
void Checker::check_names_for_c(const std::vector<Qualifier>& qualifiers) {
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
  const std::size_t mapped = text_count(*map);
  const std::size_t named = text_count(*values);
  if (mapped == named && (names.empty() || names.size() == mapped)) return;
  diagnostics_.warning("values-length", values->span,
                       fmt::format("{} Values, {} ValueMap and {} DefineValues do not pair up",
                                   named, mapped, names.size()));
}

}  // namespace qm::mof

// DSP0004's rules of keys, associations and qualifiers, and WMI's of method numbers.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "mof/checker.h"
#include "mof/mof_text.h"

namespace qm::mof {

void Checker::check_keys(const Class& the_class, const Line& above) {
  const auto is_key = [](const Property& one) { return flag_of(one.qualifiers, "key"); };
  const Property* key_above = nullptr;
  for (const Class* one : above.classes) {
    for (const Property& property : one->properties) {
      if (is_key(property)) key_above = &property;
    }
  }
  for (const Property& property : the_class.properties) {
    if (!is_key(property)) continue;
    const bool real = property.type == Type::real32 || property.type == Type::real64;
    if (property.is_array || real || property.type == Type::object) {
      diagnostics_.warning("key-type", property.span,
                           fmt::format("'{}' cannot be a key: it is {}", property.name,
                                       property.is_array ? "an array"
                                       : real            ? "a real number"
                                                         : "an embedded class"));
    }
    // InstanceName is a key in every block's class, whatever the superclass is.
    if (key_above == nullptr || find_property(above, property.name) != nullptr) continue;
    diagnostics_.warning("inherited-key", property.span,
                         fmt::format("'{}' is a key beside '{}', which is inherited", property.name,
                                     key_above->name),
                         "a class with keys passes them on; a subclass adds none");
    if (!key_above->span.none()) diagnostics_.also(key_above->span, "there");
  }
}

void Checker::check_association(const Class& the_class, const Line& above) {
  const auto is_association = [this](const Class* one) {
    return (class_kinds(*one) & kScopeAssociation) != 0;
  };
  const bool marked =
      is_association(&the_class) || std::ranges::any_of(above.classes, is_association);
  const auto is_reference = [](const Property& one) { return one.type == Type::reference; };
  if (!marked) {
    // What is not seen may say that it is one.
    const bool all_seen = the_class.superclass.empty() || above.complete;
    const auto reference = std::ranges::find_if(the_class.properties, is_reference);
    if (reference == the_class.properties.end() || !all_seen ||
        rules_.find("Association") == nullptr) {
      return;
    }
    diagnostics_.warning("reference-outside-association", reference->span,
                         fmt::format("'{}' is a reference, and '{}' is no association",
                                     reference->name, the_class.name),
                         "add [Association] to the class");
    return;
  }
  if (damaged(the_class) || (!the_class.superclass.empty() && !above.complete)) return;
  // Two of different names are enough.
  std::string_view first;
  unsigned count = 0;
  const auto count_references = [&](const Class& one) {
    for (const Property& property : one.properties) {
      if (!is_reference(property) || (count == 1 && same_name(property.name, first))) continue;
      if (count++ == 0) first = property.name;
    }
  };
  count_references(the_class);
  for (const Class* one : above.classes) count_references(*one);
  if (count >= 2) return;
  diagnostics_.warning("association-references", the_class.span,
                       fmt::format("association '{}' has {} of the two references that it needs",
                                   the_class.name, count));
}

// Qualifiers of a class or member, against those of what it stands in for.
void Checker::check_locked(const Qualifiers& own, const std::vector<const Rule*>& rules,
                           const Qualifiers& inherited) {
  std::uint8_t flavors = 0;
  for (const Qualifier& one : inherited) flavors |= one.flavor;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const Qualifier& again = own[i];
    const Rule* rule = rules[i];
    const bool all_locked = rule != nullptr && rule->locked;
    if (!all_locked && (flavors & kDisableOverride) == 0) continue;
    if (rule != nullptr && rule->restricted) continue;
    const Qualifier* one = find(inherited, again.name);
    if (one == nullptr || (one->flavor & (kRestricted | kEnableOverride)) != 0) continue;
    if (!all_locked && (one->flavor & kDisableOverride) == 0) continue;
    if (mof_literal(again.value) == mof_literal(one->value)) continue;
    diagnostics_.warning("locked-qualifier", again.span,
                         fmt::format("'{}' is locked by a superclass (DisableOverride)", one->name),
                         "leave it as it is inherited");
    if (!one->span.none()) diagnostics_.also(one->span, "there");
  }
}

void Checker::check_scope(const Qualifier& one, const Rule& rule, std::uint8_t places) {
  if ((rule.scopes & places) != 0) return;
  const std::string_view name = (places & kScopeClass) != 0       ? "a class of this kind"
                                : (places & kScopeReference) != 0 ? "references"
                                : (places & kScopeProperty) != 0  ? "properties"
                                : (places & kScopeMethod) != 0    ? "methods"
                                                                  : "parameters";
  diagnostics_.warning("qualifier-scope", one.span,
                       fmt::format("qualifier '{}' is not for {}", one.name, name));
  diagnostics_.also(rule.declaration->span, "it is declared here");
}

std::uint8_t scopes_of(const QualifierDeclaration& declaration) {
  struct Row {
    std::string_view word;
    std::uint8_t bit;
  };
  static constexpr Row kRows[] = {{"any", 0xff},
                                  {"class", kScopeClass},
                                  {"association", kScopeAssociation},
                                  {"indication", kScopeIndication},
                                  {"property", kScopeProperty},
                                  {"reference", kScopeReference},
                                  {"method", kScopeMethod},
                                  {"parameter", kScopeParameter}};
  if (declaration.scopes.empty()) return 0xff;
  std::uint8_t scopes = 0;
  for (const std::string& word : declaration.scopes) {
    for (const Row& row : kRows) {
      if (row.word == word) scopes |= row.bit;
    }
  }
  return scopes;
}

// WMI calls a driver's methods by number.
void Checker::check_method_ids(const Class& the_class) {
  std::map<std::uint64_t, const Method*> by_id;
  for (const Method& method : the_class.methods) {
    const Qualifier* qualifier = find(method.qualifiers, "WmiMethodId");
    const auto id = uint_of(method.qualifiers, "WmiMethodId");
    if (!id) continue;
    if (*id == 0) {
      diagnostics_.warning("method-id", qualifier->span, "WmiMethodIds begin with 1");
      continue;
    }
    const auto [at, fresh] = by_id.emplace(*id, &method);
    if (fresh) continue;
    diagnostics_.warning("method-id", qualifier->span,
                         fmt::format("WmiMethodId {} is given twice", *id),
                         "a driver could not tell the two methods apart");
    diagnostics_.also(find(at->second->qualifiers, "WmiMethodId")->span, "first here");
  }
  if (by_id.empty()) return;
  for (const Method& method : the_class.methods) {
    if (find(method.qualifiers, "WmiMethodId") != nullptr) continue;
    diagnostics_.warning(
        "method-id", method.span,
        fmt::format("'{}' has no WmiMethodId, unlike others of the class", method.name));
  }
}

}  // namespace qm::mof

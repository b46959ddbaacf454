#include "mof/checker.h"

#include <algorithm>

#include "base/text.h"
#include "mof/limits.h"
#include "mof/names.h"

namespace qm::mof {
Checker::Checker(const Parsed& parsed, Diagnostics& diagnostics)
    : parsed_(parsed), model_(parsed.model), diagnostics_(diagnostics) {
  for (const Class& one : model_.classes) {
    by_name_.emplace(one.name, &one);  // the first one stays
    const auto note_types = [this](const std::vector<Property>& properties) {
      for (const Property& property : properties) {
        if (property.type == Type::object) embedded_.insert(property.class_name);
      }
    };
    note_types(one.properties);
    for (const Method& method : one.methods) note_types(method.parameters);
  }
  for (const QualifierDeclaration& one : model_.qualifier_declarations) {
    Declared declared;
    declared.declaration = &one;
    declared.scopes = scopes_of(one);
    declared.locked = std::ranges::find(one.flavors, "disableoverride") != one.flavors.end();
    declared.restricted = std::ranges::find(one.flavors, "restricted") != one.flavors.end();
    declared.shape.name = one.name;
    declared.shape.type = one.type;
    declared.shape.is_array = one.is_array;
    declared_.emplace(one.name, std::move(declared));
  }
}

const Class* Checker::find_class(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Checker::Line Checker::line_of(const Class& the_class) const {
  Line line;
  for (const Class* at = &the_class; at != nullptr; at = find_class(at->superclass)) {
    if (line.classes.size() > kMostLineage ||
        std::ranges::find(line.classes, at) != line.classes.end()) {
      return line;
    }
    line.classes.push_back(at);
    if (at->superclass.empty()) {
      line.complete = true;
      return line;
    }
  }
  return line;
}

const Property* Checker::find_property(const Line& line, std::string_view name) const {
  for (const Class* one : line.classes) {
    if (const Property* property = one->property(name)) return property;
  }
  return nullptr;
}

std::string Checker::similar_class(std::string_view name, std::string_view otherwise) const {
  // Beyond these nobody reads it, and each costs a look at all names.
  if (diagnostics_.warning_count() >= Diagnostics::kMostWarnings) return std::string(otherwise);
  std::vector<std::string_view> names;
  names.reserve(model_.classes.size());
  for (const Class& one : model_.classes) names.push_back(one.name);
  return did_you_mean(name, names, otherwise);
}

bool Checker::damaged(const Class& the_class) const {
  const auto index = static_cast<std::size_t>(&the_class - model_.classes.data());
  return parsed_.damaged_classes.contains(index);
}

void Checker::check() {
  for (const QualifierDeclaration& one : model_.qualifier_declarations) {
    const QualifierDeclaration* first = declared_.find(one.name)->second.declaration;
    if (first == &one) continue;
    diagnostics_.error("duplicate-qualifier", one.span,
                       "qualifier '" + one.name + "' is declared twice");
    diagnostics_.also(first->span, "first here");
  }
  for (const Class& one : model_.classes) {
    if (diagnostics_.full()) return;
    check_class(one);
  }
  check_instances();
}

}  // namespace qm::mof

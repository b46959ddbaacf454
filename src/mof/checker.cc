#include "mof/checker.h"

#include <algorithm>

#include "base/text.h"
#include "mof/limits.h"
#include "mof/names.h"

namespace qm::mof {

namespace {

// The scopes that a class's own qualifiers may have.
std::uint8_t class_scopes(const Class& the_class) {
  std::uint8_t kinds = kScopeClass;
  if (flag_of(the_class.qualifiers, "Association")) kinds |= kScopeAssociation;
  if (flag_of(the_class.qualifiers, "Indication")) kinds |= kScopeIndication;
  return kinds;
}

}  // namespace

Checker::Checker(const Parsed& parsed, Diagnostics& diagnostics)
    : parsed_(parsed),
      model_(parsed.model),
      diagnostics_(diagnostics),
      by_name_(model_.classes.size()),
      rules_(known_rules().size() + model_.qualifier_declarations.size()) {
  for (const Class& one : model_.classes) by_name_.add(one.name, one);
  superclasses_.reserve(model_.classes.size());
  member_sorts_.resize(model_.classes.size());
  kinds_.reserve(model_.classes.size());
  for (const Class& one : model_.classes) {
    superclasses_.push_back(one.superclass.empty() ? nullptr : find_class(one.superclass));
    kinds_.push_back(class_scopes(one));
  }
  add_rules();
}

std::uint8_t Checker::class_kinds(const Class& the_class) const {
  return kinds_[static_cast<std::size_t>(&the_class - model_.classes.data())];
}

// Which sorts of names its properties have: most names need not be compared with any of them.
std::uint64_t Checker::member_sorts(const Class& the_class) {
  std::uint64_t& sorts =
      member_sorts_[static_cast<std::size_t>(&the_class - model_.classes.data())];
  if (sorts == 0) {
    for (const Property& property : the_class.properties) sorts |= sort_of(property.name);
  }
  return sorts;
}

bool Checker::is_embedded(const Class& the_class) {
  if (!embedded_) {
    embedded_.emplace();
    const auto note_types = [this](const List<Property>& properties) {
      for (const Property& property : properties) {
        if (property.type == Type::object) embedded_->insert(property.class_name);
      }
    };
    for (const Class& one : model_.classes) {
      note_types(one.properties);
      for (const Method& method : one.methods) note_types(method.parameters);
    }
  }
  return embedded_->contains(the_class.name);
}

// What the data block and the header rest on.
const std::vector<Checker::Rule>& Checker::known_rules() {
  static const std::vector<Rule> rules = [] {
    std::vector<Rule> all;
    for (const std::string_view name :
         {"CounterType", "Max", "MaxLen", "WmiDataId", "WmiMethodId"}) {
      all.emplace_back().name = name;
      all.back().holds = Holds::number;
    }
    for (const std::string_view name : {"cpp_quote", "Description", "guid", "GuidName1",
                                        "GuidName2", "HeaderName", "WmiSizeIs"}) {
      all.emplace_back().name = name;
      all.back().holds = Holds::text;
    }
    for (const std::string_view name : {"DefineValues", "ValueMap", "Values"}) {
      all.emplace_back().name = name;
      all.back().roles = kValues;
    }
    all.emplace_back().name = "Key";
    struct Row {
      std::string_view name;
      std::uint8_t role;
    };
    for (const Row& row : {Row{"Key", kKey}, Row{"WmiDataId", kDataId}, Row{"guid", kGuid},
                           Row{"HeaderName", kNameInC}, Row{"GuidName1", kNameInC},
                           Row{"GuidName2", kNameInC}, Row{"WmiMethodId", kMethodId}}) {
      std::ranges::find(all, row.name, &Rule::name)->roles = row.role;
    }
    return all;
  }();
  return rules;
}

void Checker::add_rules() {
  last_lists_.resize(known_rules().size() + model_.qualifier_declarations.size());
  rule_list_.reserve(known_rules().size() + model_.qualifier_declarations.size());
  rule_list_ = known_rules();
  for (const Rule& rule : rule_list_) rules_.add(rule.name, rule);
  for (const QualifierDeclaration& one : model_.qualifier_declarations) {
    const Rule* known = rules_.find(one.name);
    if (known == nullptr) {
      rule_list_.emplace_back().name = one.name;
      known = &rule_list_.back();
      rules_.add(one.name, *known);
    }
    Rule* rule = &rule_list_[static_cast<std::size_t>(known - rule_list_.data())];
    if (rule->declaration != nullptr) continue;  // the first one stays
    rule->declaration = &one;
    rule->scopes = scopes_of(one);
    rule->locked = std::ranges::find(one.flavors, "disableoverride") != one.flavors.end();
    rule->restricted = std::ranges::find(one.flavors, "restricted") != one.flavors.end();
    rule->shape.name = one.name;
    rule->shape.type = one.type;
    rule->shape.is_array = one.is_array;
  }
}

const Class* Checker::superclass_of(const Class& the_class) const {
  return superclasses_[static_cast<std::size_t>(&the_class - model_.classes.data())];
}

Checker::Line Checker::line_of(const Class& the_class) const {
  Line line;
  find_line(the_class, line);
  return line;
}

void Checker::find_line(const Class& the_class, Line& line) const {
  line.classes.clear();
  line.complete = false;
  for (const Class* at = &the_class; at != nullptr; at = superclass_of(*at)) {
    if (line.classes.size() > kMostLineage ||
        std::ranges::find(line.classes, at) != line.classes.end()) {
      return;
    }
    line.classes.push_back(at);
    if (at->superclass.empty()) {
      line.complete = true;
      return;
    }
  }
}

const Property* Checker::find_property(const Line& line, std::string_view name) {
  const std::uint64_t sort = sort_of(name);
  for (const Class* one : line.classes) {
    if ((member_sorts(*one) & sort) == 0) continue;
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
    const QualifierDeclaration* first = rules_.find(one.name)->declaration;
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

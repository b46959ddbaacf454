#include "mof/visit.h"

#include <string>

namespace qm::mof {
namespace {

void visit_qualifiers(const std::string& of, const Qualifiers& list, Visitor& visitor) {
  for (const Qualifier& one : list) visitor.qualifier(of, one);
}

void visit_class(const Class& one, Visitor& visitor) {
  visitor.the_class(one);
  visit_qualifiers(one.name, one.qualifiers, visitor);
  for (const Property& property : one.properties) {
    visitor.property(one, property);
    visit_qualifiers(one.name + "." + property.name, property.qualifiers, visitor);
  }
  for (const Method& method : one.methods) {
    const std::string name = one.name + "." + method.name + "()";
    visitor.method(one, method);
    visit_qualifiers(name, method.qualifiers, visitor);
    for (const Property& parameter : method.parameters) {
      visitor.parameter(one, method, parameter);
      visit_qualifiers(name + "." + parameter.name, parameter.qualifiers, visitor);
    }
  }
}

void visit_instance(const Instance& one, Visitor& visitor) {
  visitor.instance(one);
  visit_qualifiers(one.class_name, one.qualifiers, visitor);
  for (const PropertyValue& value : one.values) {
    visitor.value(one, value);
    visit_qualifiers(one.class_name + "." + value.name, value.qualifiers, visitor);
  }
}

}  // namespace

void visit(const Model& model, Visitor& visitor) {
  for (const QualifierDeclaration& one : model.qualifier_declarations) {
    visitor.qualifier_declaration(one);
  }
  in_text_order(
      model, [&](const Class& one) { visit_class(one, visitor); },
      [&](const Instance& one) { visit_instance(one, visitor); });
}

}  // namespace qm::mof

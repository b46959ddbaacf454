// A model from end to end, in the order of its text. Pure.
#pragma once

#include <string_view>

#include "mof/model.h"

namespace qm::mof {

// Calls on_class or on_instance for each declaration, in the order in which the text has them.
template <class OnClass, class OnInstance>
void in_text_order(const Model& model, OnClass on_class, OnInstance on_instance) {
  auto one = model.classes.begin();
  auto other = model.instances.begin();
  while (one != model.classes.end() || other != model.instances.end()) {
    const bool is_class =
        other == model.instances.end() ||
        (one != model.classes.end() && one->setting.order <= other->setting.order);
    if (is_class) {
      on_class(*one++);
    } else {
      on_instance(*other++);
    }
  }
}

// What one likes to hear of is overridden. Qualifiers come behind what they are of, whose name
// comes along: "Class", "Class.Property", "Class.Method()", "Class.Method().Parameter".
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void qualifier_declaration(const QualifierDeclaration&) {}
  virtual void the_class(const Class&) {}
  virtual void property(const Class&, const Property&) {}
  virtual void method(const Class&, const Method&) {}
  virtual void parameter(const Class&, const Method&, const Property&) {}
  virtual void qualifier(std::string_view /*of*/, const Qualifier&) {}
  virtual void instance(const Instance&) {}
  virtual void value(const Instance&, const PropertyValue&) {}
};
void visit(const Model& model, Visitor& visitor);

}  // namespace qm::mof

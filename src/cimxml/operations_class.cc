// Classes and qualifiers.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cimxml/class_element.h"
#include "cimxml/engine.h"
#include "cimxml/qualifier_types.h"
#include "xml/writer.h"

namespace qm::cimxml {
namespace {

namespace wql = wmi::wql;

void write_return(Operation& operation, std::string_view xml) {
  operation.out.append("<IRETURNVALUE>");
  operation.out.append(xml);
  operation.out.append("</IRETURNVALUE>");
}

// Below ClassName, or those without a superclass where none is given; with deep, all below.
Outcome<std::vector<const wmi::ClassEntry*>> classes_below(Operation& operation) {
  const bool deep = TRY(operation.arguments.flag("DeepInheritance", false));
  const auto name = TRY(operation.arguments.class_name("ClassName"));
  const wmi::ClassEntry* top = nullptr;
  if (name) top = TRY(operation.find_class(*name));
  std::vector<const wmi::ClassEntry*> out;
  const wql::Schema& schema = *operation.place->schema;
  for (const wmi::ClassEntry* one : schema.classes()) {
    const std::string& parent = one->definition->superclass;
    // A superclass that this namespace does not have leaves its class at the top.
    const bool at_top = parent.empty() || schema.find(parent) == nullptr;
    const bool below = top == nullptr ? deep || at_top
                       : deep         ? one != top && wql::derives(*one, top->name())
                                      : same_name(parent, top->name());
    if (below) out.push_back(one);
  }
  return out;
}

Outcome<ClassOptions> class_options(const Operation& operation, bool local_only) {
  ClassOptions options;
  options.local_only = TRY(operation.arguments.flag("LocalOnly", local_only));
  options.qualifiers = TRY(operation.arguments.flag("IncludeQualifiers", true));
  options.class_origin = TRY(operation.arguments.flag("IncludeClassOrigin", false));
  options.properties = TRY(operation.arguments.list("PropertyList"));
  return options;
}

}  // namespace

Outcome<void> get_class(Operation& operation) {
  const std::string_view name = TRY(operation.arguments.required_class_name("ClassName"));
  const wmi::ClassEntry* one = operation.place->schema->find(name);
  // Of a class that is not there GetClass says CIM_ERR_NOT_FOUND, all others INVALID_CLASS.
  if (one == nullptr) {
    return fault(Code::not_found, fmt::format("there is no class {} in {}", plain_text(name, 256),
                                              operation.place->setting.name_space));
  }
  std::string text;
  append_class_element(text, *one, *operation.engine.repository(),
                       TRY(class_options(operation, true)));
  write_return(operation, text);
  return {};
}

Outcome<void> enumerate_classes(Operation& operation) {
  const auto classes = TRY(classes_below(operation));
  const ClassOptions options = TRY(class_options(operation, true));
  std::string text;
  for (const wmi::ClassEntry* one : classes) {
    append_class_element(text, *one, *operation.engine.repository(), options);
    if (text.size() > operation.engine.most_bytes()) {
      return fault(Code::server_limits_exceeded, "the answer grows too large");
    }
  }
  write_return(operation, text);
  return {};
}

Outcome<void> enumerate_class_names(Operation& operation) {
  std::string text;
  for (const wmi::ClassEntry* one : TRY(classes_below(operation))) {
    text += "<CLASSNAME NAME=\"";
    xml::append_attribute(text, one->name());
    text += "\"/>";
  }
  write_return(operation, text);
  return {};
}

Outcome<void> enumerate_qualifiers(Operation& operation) {
  std::string text;
  const auto& declared = operation.engine.repository()->model().qualifier_declarations;
  for (const mof::QualifierDeclaration& one : declared) append_declaration(text, one);
  for (const QualifierType& one : qualifier_types()) {
    const bool hidden = std::ranges::any_of(
        declared, [&](const auto& other) { return same_name(other.name, one.name); });
    if (!hidden) append_declaration(text, one);
  }
  write_return(operation, text);
  return {};
}

Outcome<void> get_qualifier(Operation& operation) {
  const std::string_view name = TRY(operation.arguments.required_text("QualifierName"));
  std::string text;
  for (const auto& one : operation.engine.repository()->model().qualifier_declarations) {
    if (text.empty() && same_name(one.name, name)) append_declaration(text, one);
  }
  const QualifierType* known = find_qualifier_type(name);
  if (text.empty() && known != nullptr) append_declaration(text, *known);
  if (text.empty()) {
    return fault(Code::not_found,
                 fmt::format("no qualifier {} is declared", plain_text(name, 128)));
  }
  write_return(operation, text);
  return {};
}

}  // namespace qm::cimxml

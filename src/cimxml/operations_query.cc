// Queries and associations.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cimxml/class_element.h"
#include "cimxml/engine.h"
#include "xml/writer.h"

namespace qm::cimxml {
namespace {

namespace wql = wmi::wql;

bool is_query_language(std::string_view name) {
  return std::ranges::any_of(std::to_array<std::string_view>({"WQL", "WMI:WQL", "CQL", "DMTF:CQL"}),
                             [name](std::string_view known) { return same_name(name, known); });
}

// A class among what was found: by its path, or whole.
void write_class(Operation& operation, const wmi::ClassEntry& one, const InstanceOptions& options) {
  std::string text = "<CLASSPATH>";
  text += name_space_element(operation.place->setting.name_space, operation.place->setting.host);
  text += "<CLASSNAME NAME=\"";
  xml::append_attribute(text, one.name());
  text += "\"/></CLASSPATH>";
  if (options.shape == Shape::object_path) {
    operation.out.append("<OBJECTPATH>");
    operation.out.append(text);
    operation.out.append("</OBJECTPATH>");
    return;
  }
  ClassOptions class_options;
  class_options.local_only = false;
  class_options.qualifiers = options.qualifiers;
  class_options.class_origin = options.class_origin;
  class_options.properties = options.properties;
  append_class_element(text, one, *operation.engine.repository(), class_options);
  operation.out.append("<VALUE.OBJECTWITHPATH>");
  operation.out.append(text);
  operation.out.append("</VALUE.OBJECTWITHPATH>");
}

Outcome<void> write_objects(Operation& operation, const wql::Found& found,
                            const InstanceOptions& options) {
  RowWriter rows(operation.engine, *found.schema, operation.place->setting, options);
  operation.out.append("<IRETURNVALUE>");
  for (const wql::Row& row : found.rows) {
    if (row.is_class()) {
      write_class(operation, *row.the_class, options);
    } else {
      TRY(rows.append(operation.out, row));
    }
  }
  operation.out.append("</IRETURNVALUE>");
  return {};
}

}  // namespace

Outcome<std::shared_ptr<const wql::Plan>> query_plan(Operation& operation,
                                                     std::string_view language,
                                                     std::string_view text) {
  if (!is_query_language(language)) {
    return fault(
        Code::query_language_not_supported,
        fmt::format("query language {}: WQL and CQL are understood", plain_text(language, 64)));
  }
  Diagnostics diagnostics;
  auto plan =
      wql::prepare(text, operation.engine.repository(), operation.place->setting, diagnostics);
  if (!plan) return fault(Code::invalid_query, diagnostics.text());
  if (plan->kind == wql::Kind::events) {
    return fault(Code::not_supported,
                 "queries for events need a subscription, which CIM-XML's "
                 "operations have none of");
  }
  return std::make_shared<const wql::Plan>(std::move(*plan));
}

Outcome<void> exec_query(Operation& operation) {
  const std::string_view language = TRY(operation.arguments.required_text("QueryLanguage"));
  const std::string_view text = TRY(operation.arguments.required_text("Query"));
  const auto plan = TRY(query_plan(operation, language, text));
  InstanceOptions options;
  options.shape = Shape::object_with_path;
  options.properties = selected_properties(*plan);
  return write_objects(operation, operation.engine.run(*plan), options);
}

// System properties and items within an embedded object have no PROPERTY of their own.
std::optional<std::vector<std::string>> selected_properties(const wql::Plan& plan) {
  if (plan.all_properties || plan.classes.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const wql::Column& column : plan.classes.front().columns) {
    if (column.access.entry != nullptr) names.push_back(column.access.entry->property->name);
  }
  return names;
}

Outcome<wql::Found> found_links(Operation& operation, bool associators, std::string_view role) {
  const Arguments& given = operation.arguments;
  wql::Plan plan;
  plan.kind = associators ? wql::Kind::associators : wql::Kind::references;
  plan.schema = operation.place->schema;
  plan.setting = operation.place->setting;
  wql::LinkRules& rules = plan.links;
  rules.object = TRY(given.object_name(role));
  rules.object.server = plan.setting.host;
  rules.object.name_space = plan.setting.name_space;
  const auto* the_class = plan.schema->find(rules.object.class_name);
  if (the_class == nullptr) {
    return fault(Code::invalid_parameter,
                 fmt::format("there is no class {} in {}", plain_text(rules.object.class_name, 256),
                             plan.setting.name_space));
  }
  rules.object_class = plan.the_class = the_class;
  const auto take_class = [&](std::string_view name, std::string& into) -> Outcome<void> {
    const auto value = TRY(given.class_name(name));
    if (!value) return {};
    if (plan.schema->find(*value) == nullptr) {
      return fault(Code::invalid_parameter,
                   fmt::format("{}: there is no class {}", name, plain_text(*value, 256)));
    }
    into = *value;
    return {};
  };
  TRY(take_class("AssocClass", rules.association));
  TRY(take_class("ResultClass", rules.result_class));
  rules.role = TRY(given.text("Role")).value_or("");
  rules.result_role = TRY(given.text("ResultRole")).value_or("");
  return operation.engine.run(plan);
}

namespace {

Outcome<void> write_links(Operation& operation, bool associators, Shape shape) {
  const InstanceOptions options = TRY(instance_options(operation, shape));
  return write_objects(operation, TRY(found_links(operation, associators, "ObjectName")), options);
}

}  // namespace

Outcome<void> associators(Operation& operation) {
  return write_links(operation, true, Shape::object_with_path);
}

Outcome<void> associator_names(Operation& operation) {
  return write_links(operation, true, Shape::object_path);
}

Outcome<void> references(Operation& operation) {
  return write_links(operation, false, Shape::object_with_path);
}

Outcome<void> reference_names(Operation& operation) {
  return write_links(operation, false, Shape::object_path);
}

}  // namespace qm::cimxml

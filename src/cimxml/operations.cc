// Instances, and which method is whose.
#include <fmt/format.h>

#include "base/text.h"
#include "cimxml/engine.h"
#include "cimxml/text.h"

namespace qm::cimxml {
namespace {

namespace wql = wmi::wql;

constexpr std::string_view kReturn = "<IRETURNVALUE>";
constexpr std::string_view kEndOfReturn = "</IRETURNVALUE>";

Outcome<void> write_rows(Operation& operation, Output& out, const wql::Found& found,
                         InstanceOptions options) {
  RowWriter rows(operation.engine, *found.schema, operation.place->setting, std::move(options));
  rows.expect(out, found.rows);
  out.append(kReturn);
  for (const wql::Row& row : found.rows) TRY(rows.append(out, row));
  out.append(kEndOfReturn);
  return {};
}

Outcome<void> write_extent(Operation& operation, const wmi::ClassEntry& the_class,
                           const InstanceOptions& options) {
  Engine& engine = operation.engine;
  const auto plan = TRY(engine.extent_of(*operation.place, the_class));
  auto snapshot = engine.take(plan->sources());
  const Engine::WrittenKey key{plan.get(),         options.shape,        options.local_only,
                               options.qualifiers, options.class_origin, options.seen_as};
  if (!options.properties) {
    if (const auto* before = engine.written().find(key, *snapshot)) {
      operation.out.append_shared(before->text);
      return {};
    }
  }
  const wql::Found found = wql::run(*plan, std::move(snapshot));
  Output text(4'096);
  TRY(write_rows(operation, text, found, options));
  if (options.properties || !engine.written().fits(found, text.bytes())) {
    operation.out.append(std::move(text).take());
    return {};
  }
  auto shared = std::make_shared<const std::string>(std::move(text).take());
  operation.out.append_shared(shared);
  engine.written().keep(key, found, std::move(shared));
  return {};
}

// Found holds what the row is made of.
Outcome<wql::Row> find_instance(Operation& operation, wql::Found& found) {
  wql::ObjectPath path = TRY(operation.arguments.instance_name("InstanceName"));
  const wmi::ClassEntry* the_class = TRY(operation.find_class(path.class_name));
  path.server = operation.place->setting.host;
  path.name_space = operation.place->setting.name_space;
  for (const wql::ObjectPath::Key& key : path.keys) {
    const wmi::PropertyEntry* entry = the_class->property(key.name);
    if (!key.name.empty() && (entry == nullptr || !entry->key)) {
      return fault(Code::invalid_parameter,
                   fmt::format("{} is no key of {}", plain_text(key.name, 128), the_class->name()));
    }
  }
  const auto plan = TRY(operation.engine.extent_of(*operation.place, *the_class));
  found.schema = operation.place->schema;
  found.snapshot = operation.engine.take(plan->sources());
  const std::optional<wql::Row> row = wql::find_object(path, *operation.place->schema, found);
  if (!row || row->is_class()) {
    return fault(Code::not_found,
                 fmt::format("there is no instance {}", plain_text(relative_path(path), 512)));
  }
  return *row;
}

struct Entry {
  std::string_view name;
  Run run = nullptr;
  std::vector<std::string_view> parameters;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> table = {
      {"EnumerateInstances",
       enumerate_instances,
       {"ClassName", "LocalOnly", "DeepInheritance", "IncludeQualifiers", "IncludeClassOrigin",
        "PropertyList"}},
      {"EnumerateInstanceNames", enumerate_instance_names, {"ClassName"}},
      {"GetInstance",
       get_instance,
       {"InstanceName", "LocalOnly", "IncludeQualifiers", "IncludeClassOrigin", "PropertyList"}},
      {"GetProperty", get_property, {"InstanceName", "PropertyName"}},
      {"GetClass",
       get_class,
       {"ClassName", "LocalOnly", "IncludeQualifiers", "IncludeClassOrigin", "PropertyList"}},
      {"EnumerateClasses",
       enumerate_classes,
       {"ClassName", "DeepInheritance", "LocalOnly", "IncludeQualifiers", "IncludeClassOrigin"}},
      {"EnumerateClassNames", enumerate_class_names, {"ClassName", "DeepInheritance"}},
      {"EnumerateQualifiers", enumerate_qualifiers, {}},
      {"GetQualifier", get_qualifier, {"QualifierName"}},
      {"ExecQuery", exec_query, {"QueryLanguage", "Query"}},
      {"Associators",
       associators,
       {"ObjectName", "AssocClass", "ResultClass", "Role", "ResultRole", "IncludeQualifiers",
        "IncludeClassOrigin", "PropertyList"}},
      {"AssociatorNames",
       associator_names,
       {"ObjectName", "AssocClass", "ResultClass", "Role", "ResultRole"}},
      {"References",
       references,
       {"ObjectName", "ResultClass", "Role", "IncludeQualifiers", "IncludeClassOrigin",
        "PropertyList"}},
      {"ReferenceNames", reference_names, {"ObjectName", "ResultClass", "Role"}},
  };
  return table;
}

const std::vector<Entry>& pull_entries() {
  static const std::vector<Entry> table = {
      {"OpenEnumerateInstances",
       open_enumerate_instances,
       {"ClassName", "LocalOnly", "DeepInheritance", "IncludeQualifiers", "IncludeClassOrigin",
        "PropertyList", "FilterQueryLanguage", "FilterQuery", "OperationTimeout", "ContinueOnError",
        "MaxObjectCount"}},
      {"OpenEnumerateInstancePaths",
       open_enumerate_instance_paths,
       {"ClassName", "FilterQueryLanguage", "FilterQuery", "OperationTimeout", "ContinueOnError",
        "MaxObjectCount"}},
      {"OpenAssociatorInstances",
       open_associator_instances,
       {"InstanceName", "AssocClass", "ResultClass", "Role", "ResultRole", "IncludeQualifiers",
        "IncludeClassOrigin", "PropertyList", "FilterQueryLanguage", "FilterQuery",
        "OperationTimeout", "ContinueOnError", "MaxObjectCount"}},
      {"OpenAssociatorInstancePaths",
       open_associator_instance_paths,
       {"InstanceName", "AssocClass", "ResultClass", "Role", "ResultRole", "FilterQueryLanguage",
        "FilterQuery", "OperationTimeout", "ContinueOnError", "MaxObjectCount"}},
      {"OpenReferenceInstances",
       open_reference_instances,
       {"InstanceName", "ResultClass", "Role", "IncludeQualifiers", "IncludeClassOrigin",
        "PropertyList", "FilterQueryLanguage", "FilterQuery", "OperationTimeout", "ContinueOnError",
        "MaxObjectCount"}},
      {"OpenReferenceInstancePaths",
       open_reference_instance_paths,
       {"InstanceName", "ResultClass", "Role", "FilterQueryLanguage", "FilterQuery",
        "OperationTimeout", "ContinueOnError", "MaxObjectCount"}},
      {"OpenQueryInstances",
       open_query_instances,
       {"FilterQueryLanguage", "FilterQuery", "ReturnQueryResultClass", "OperationTimeout",
        "ContinueOnError", "MaxObjectCount"}},
      {"PullInstancesWithPath", pull_instances_with_path, {"EnumerationContext", "MaxObjectCount"}},
      {"PullInstancePaths", pull_instance_paths, {"EnumerationContext", "MaxObjectCount"}},
      {"PullInstances", pull_instances, {"EnumerationContext", "MaxObjectCount"}},
      {"CloseEnumeration", close_enumeration, {"EnumerationContext"}},
      {"EnumerationCount", enumeration_count, {"EnumerationContext"}},
  };
  return table;
}

const Entry* find_entry(std::string_view method) {
  for (const auto* table : {&entries(), &pull_entries()}) {
    for (const Entry& one : *table) {
      if (same_name(one.name, method)) return &one;
    }
  }
  return nullptr;
}

}  // namespace

Outcome<InstanceOptions> instance_options(Operation& operation, Shape shape) {
  const Arguments& given = operation.arguments;
  InstanceOptions options;
  options.shape = shape;
  // DSP0200 deprecates LocalOnly of instances; where a client is silent, it gets all.
  options.local_only = TRY(given.flag("LocalOnly", false));
  options.qualifiers = TRY(given.flag("IncludeQualifiers", false));
  options.class_origin = TRY(given.flag("IncludeClassOrigin", false));
  options.properties = TRY(given.list("PropertyList"));
  return options;
}

Outcome<void> enumerate_instances(Operation& operation) {
  const std::string_view name = TRY(operation.arguments.required_class_name("ClassName"));
  const wmi::ClassEntry* the_class = TRY(operation.find_class(name));
  InstanceOptions options = TRY(instance_options(operation, Shape::named_instance));
  if (!TRY(operation.arguments.flag("DeepInheritance", true))) options.seen_as = the_class;
  return write_extent(operation, *the_class, options);
}

Outcome<void> enumerate_instance_names(Operation& operation) {
  const std::string_view name = TRY(operation.arguments.required_class_name("ClassName"));
  const wmi::ClassEntry* the_class = TRY(operation.find_class(name));
  InstanceOptions options;
  options.shape = Shape::name;
  return write_extent(operation, *the_class, options);
}

Outcome<void> get_instance(Operation& operation) {
  wql::Found found;
  InstanceOptions options = TRY(instance_options(operation, Shape::instance));
  found.rows.push_back(TRY(find_instance(operation, found)));
  return write_rows(operation, operation.out, found, std::move(options));
}

Outcome<void> get_property(Operation& operation) {
  wql::Found found;
  const wql::Row row = TRY(find_instance(operation, found));
  const std::string_view name = TRY(operation.arguments.required_text("PropertyName"));
  const wmi::PropertyEntry* entry = row.the_class->property(name);
  if (entry == nullptr) {
    return fault(Code::no_such_property, fmt::format("{} has no property {}", row.the_class->name(),
                                                     plain_text(name, 128)));
  }
  const wmi::Value value = item_of(row, *entry).value;
  std::string text;
  if (entry->property->type == mof::Type::reference) {
    text = reference_element(value);
  } else {
    append_value(text, value, entry->property->class_name);
  }
  operation.out.append(kReturn);
  operation.out.append(text);
  operation.out.append(kEndOfReturn);
  return {};
}

namespace {

// Of a class, or of an instance of one (DSP0200 5.4.1): no class has a method that could be called.
Outcome<void> run_method(const Engine& engine, const Place& place, const Call& call) {
  const xml::Element& path = *call.element->first_child;
  const xml::Element* of = path.child("", "CLASSNAME");
  std::string_view name = of == nullptr ? std::string_view() : attribute_of(*of, "NAME");
  if (const xml::Element* instance = path.child("", "INSTANCENAME")) {
    name = attribute_of(*instance, "CLASSNAME");
  }
  const wmi::ClassEntry* one = place.schema->find(name);
  if (one == nullptr) {
    return fault(Code::invalid_class, fmt::format("there is no class {} in {}",
                                                  plain_text(name, 256), place.setting.name_space));
  }
  for (const wmi::ClassEntry* at = one; at != nullptr;
       at = engine.repository()->find(at->definition->superclass)) {
    for (const mof::Method& method : at->definition->methods) {
      if (same_name(method.name, call.method)) {
        return fault(Code::method_not_available,
                     fmt::format("{}.{} cannot be called: these classes can be read and nothing "
                                 "else",
                                 one->name(), method.name));
      }
    }
  }
  return fault(Code::method_not_found,
               fmt::format("{} has no method {}", one->name(), plain_text(call.method, 128)));
}

}  // namespace

Outcome<void> run_call(Engine& engine, const Call& call, std::string_view client,
                       std::uint64_t now_ms, Output& out) {
  auto place = TRY(engine.place_of(call.name_space));
  if (!call.intrinsic) return run_method(engine, *place, call);
  if (const Entry* found = find_entry(call.method)) {
    Operation operation{engine, call, TRY(Arguments::of(call, found->parameters)), place, now_ms,
                        client, out};
    return found->run(operation);
  }
  return fault(Code::not_supported,
               fmt::format("{} is not supported: these classes can be read and nothing else",
                           plain_text(call.method, 128)));
}

}  // namespace qm::cimxml

// Enumerations in pieces: DSP0200 section 5.4.2.24, pulled enumeration.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cimxml/class_element.h"
#include "cimxml/engine.h"

namespace qm::cimxml {
namespace {

namespace wql = wmi::wql;

constexpr std::uint64_t kMostTimeoutS = wmi::kMostEnumerationLifeMs / 1'000;

// What an enumeration keeps beside its rows.
struct Pulled {
  InstanceOptions options;
};

struct Opening {
  std::uint64_t life_ms = wmi::kEnumerationLifeMs;
  std::uint64_t most = 0;  // objects of the first answer
};

Outcome<Opening> opening_of(const Operation& operation) {
  Opening out;
  if (const auto timeout_s = TRY(operation.arguments.number("OperationTimeout"))) {
    if (*timeout_s == 0 || *timeout_s > kMostTimeoutS) {
      return fault(Code::invalid_operation_timeout,
                   fmt::format("OperationTimeout is 1 to {} seconds", kMostTimeoutS));
    }
    out.life_ms = *timeout_s * 1'000;
  }
  if (TRY(operation.arguments.flag("ContinueOnError", false))) {
    return fault(Code::continuation_on_error_not_supported, "an enumeration ends with its error");
  }
  out.most = TRY(operation.arguments.number("MaxObjectCount")).value_or(0);
  return out;
}

void write_context(Output& out, std::string_view name, bool ended) {
  out.append("<PARAMVALUE NAME=\"EnumerationContext\" PARAMTYPE=\"string\"><VALUE>");
  out.append(name);
  out.append(
      "</VALUE></PARAMVALUE><PARAMVALUE NAME=\"EndOfSequence\" PARAMTYPE=\"boolean\"><VALUE>");
  out.append(ended ? "TRUE" : "FALSE");
  out.append("</VALUE></PARAMVALUE>");
}

// What is left, up to `most`.
Outcome<void> write_piece(Operation& operation, wmi::Enumeration& of, std::uint64_t most) {
  const auto& pulled = *static_cast<const Pulled*>(of.own.get());
  RowWriter rows(operation.engine, *of.found.schema, of.setting, pulled.options);
  const std::size_t end = of.next + std::min<std::uint64_t>({of.left(), most, kMostPulled});
  rows.expect(operation.out, std::span(of.found.rows).subspan(of.next, end - of.next));
  operation.out.append("<IRETURNVALUE>");
  while (of.next < end) {
    TRY(rows.append(operation.out, of.found.rows[of.next]));
    ++of.next;
  }
  operation.out.append("</IRETURNVALUE>");
  return {};
}

Outcome<void> open(Operation& operation, wql::Found found, InstanceOptions options,
                   const Opening& opening) {
  wmi::Enumeration one;
  one.found = std::move(found);
  one.setting = operation.place->setting;
  one.mode = static_cast<std::uint32_t>(options.shape);
  one.life_ms = opening.life_ms;
  one.own = std::make_shared<const Pulled>(Pulled{std::move(options)});
  TRY(write_piece(operation, one, opening.most));
  if (one.left() == 0) {
    write_context(operation.out, "", true);
    return {};
  }
  const auto name =
      operation.engine.enumerations().open(operation.client, std::move(one), operation.now_ms);
  if (!name) return fault(Code::server_limits_exceeded, name.error().message);
  write_context(operation.out, *name, false);
  return {};
}

// FQL (DSP0212) is what WQL has behind WHERE.
Outcome<std::string> filter_of(const Operation& operation) {
  const auto language = TRY(operation.arguments.text("FilterQueryLanguage"));
  const auto filter = TRY(operation.arguments.text("FilterQuery"));
  if (!language && !filter) return std::string();
  if (!language || !filter) {
    return fault(Code::invalid_parameter,
                 "FilterQuery and FilterQueryLanguage are given together or not at all");
  }
  if (!same_name(*language, "DMTF:FQL")) {
    return fault(
        Code::query_language_not_supported,
        fmt::format("filter language {}: DMTF:FQL is understood", plain_text(*language, 64)));
  }
  if (xml::trimmed(*filter).empty()) return fault(Code::invalid_query, "the filter is empty");
  return std::string(*filter);
}

Outcome<wql::Found> filtered(Operation& operation, const wmi::ClassEntry& the_class) {
  const std::string filter = TRY(filter_of(operation));
  if (filter.empty()) {
    return operation.engine.run(*TRY(operation.engine.extent_of(*operation.place, the_class)));
  }
  const auto plan = TRY(query_plan(
      operation, "WQL", fmt::format("SELECT * FROM {} WHERE {}", the_class.name(), filter)));
  if (plan->kind != wql::Kind::data)
    return fault(Code::invalid_query, "the filter is no condition");
  return operation.engine.run(*plan);
}

Outcome<void> open_class(Operation& operation, Shape shape) {
  const std::string_view name = TRY(operation.arguments.required_class_name("ClassName"));
  const wmi::ClassEntry* the_class = TRY(operation.find_class(name));
  const Opening opening = TRY(opening_of(operation));
  InstanceOptions options = TRY(instance_options(operation, shape));
  if (!TRY(operation.arguments.flag("DeepInheritance", true))) options.seen_as = the_class;
  return open(operation, TRY(filtered(operation, *the_class)), std::move(options), opening);
}

Outcome<void> open_links(Operation& operation, bool associators, Shape shape) {
  const Opening opening = TRY(opening_of(operation));
  if (!TRY(filter_of(operation)).empty()) {
    return fault(Code::filtered_enumeration_not_supported,
                 "what is associated is filtered by ResultClass and roles");
  }
  InstanceOptions options = TRY(instance_options(operation, shape));
  return open(operation, TRY(found_links(operation, associators, "InstanceName")),
              std::move(options), opening);
}

Outcome<wmi::Enumeration*> find_context(const Operation& operation, std::string_view name) {
  wmi::Enumeration* const one =
      operation.engine.enumerations().find(operation.client, name, operation.now_ms);
  if (one != nullptr && same_name(one->setting.name_space, operation.place->setting.name_space)) {
    return one;
  }
  return fault(Code::invalid_enumeration_context,
               "there is no such enumeration: it ended, was closed, or was not asked for in time");
}

Outcome<void> pull(Operation& operation, Shape shape) {
  const std::string name(TRY(operation.arguments.required_text("EnumerationContext")));
  const auto most = TRY(operation.arguments.number("MaxObjectCount"));
  if (!most) return fault(Code::invalid_parameter, "parameter MaxObjectCount: it is missing");
  wmi::Enumeration* const one = TRY(find_context(operation, name));
  if (one->mode != static_cast<std::uint32_t>(shape)) {
    return fault(Code::invalid_enumeration_context,
                 "that enumeration is fetched by another pull operation");
  }
  TRY(write_piece(operation, *one, *most));
  const bool ended = one->left() == 0;
  if (ended) operation.engine.enumerations().close(operation.client, name, operation.now_ms);
  write_context(operation.out, ended ? "" : name, ended);
  return {};
}

}  // namespace

Outcome<void> open_enumerate_instances(Operation& operation) {
  return open_class(operation, Shape::instance_with_path);
}

Outcome<void> open_enumerate_instance_paths(Operation& operation) {
  return open_class(operation, Shape::path);
}

Outcome<void> open_associator_instances(Operation& operation) {
  return open_links(operation, true, Shape::instance_with_path);
}

Outcome<void> open_associator_instance_paths(Operation& operation) {
  return open_links(operation, true, Shape::path);
}

Outcome<void> open_reference_instances(Operation& operation) {
  return open_links(operation, false, Shape::instance_with_path);
}

Outcome<void> open_reference_instance_paths(Operation& operation) {
  return open_links(operation, false, Shape::path);
}

Outcome<void> open_query_instances(Operation& operation) {
  const std::string_view language = TRY(operation.arguments.required_text("FilterQueryLanguage"));
  const std::string_view text = TRY(operation.arguments.required_text("FilterQuery"));
  const Opening opening = TRY(opening_of(operation));
  const bool with_class = TRY(operation.arguments.flag("ReturnQueryResultClass", false));
  const auto plan = TRY(query_plan(operation, language, text));
  if (plan->kind != wql::Kind::data) {
    return fault(Code::invalid_query, "instances are what this operation returns: SELECT … FROM …");
  }
  InstanceOptions options;
  options.shape = Shape::instance;
  options.properties = selected_properties(*plan);
  ClassOptions class_options;
  class_options.local_only = false;
  class_options.properties = options.properties;
  TRY(open(operation, operation.engine.run(*plan), std::move(options), opening));
  if (!with_class || plan->the_class == nullptr) return {};
  std::string text_of_class;
  append_class_element(text_of_class, *plan->the_class, *operation.engine.repository(),
                       class_options);
  operation.out.append("<PARAMVALUE NAME=\"QueryResultClass\">");
  operation.out.append(text_of_class);
  operation.out.append("</PARAMVALUE>");
  return {};
}

Outcome<void> pull_instances_with_path(Operation& operation) {
  return pull(operation, Shape::instance_with_path);
}

Outcome<void> pull_instance_paths(Operation& operation) {
  return pull(operation, Shape::path);
}

Outcome<void> pull_instances(Operation& operation) {
  return pull(operation, Shape::instance);
}

Outcome<void> close_enumeration(Operation& operation) {
  const std::string_view name = TRY(operation.arguments.required_text("EnumerationContext"));
  TRY(find_context(operation, name));
  operation.engine.enumerations().close(operation.client, name, operation.now_ms);
  return {};
}

Outcome<void> enumeration_count(Operation& operation) {
  const std::string_view name = TRY(operation.arguments.required_text("EnumerationContext"));
  const wmi::Enumeration* const one = TRY(find_context(operation, name));
  operation.out.append(fmt::format("<IRETURNVALUE><VALUE>{}</VALUE></IRETURNVALUE>", one->left()));
  return {};
}

}  // namespace qm::cimxml

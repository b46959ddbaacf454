#include "wsman/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mof/names.h"
#include "wsman/names.h"
#include "wsman/object.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

namespace wql = wmi::wql;

constexpr std::array<std::string_view, 4> kDialects = {kWqlDialect, kSelectorDialect,
                                                       kAssociationDialect, kCqlDialect};

std::unexpected<Fault> cannot(std::string reason) {
  return fault(FaultKind::cannot_process_filter, std::move(reason));
}

// A string of WQL, which reads the value back as it is.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::unexpected<Fault> no_such_dialect(std::string_view dialect, bool subscribes) {
  auto out =
      fault(subscribes ? FaultKind::filtering_unavailable : FaultKind::filter_dialect_unavailable,
            fmt::format("there is no filter dialect \"{}\" here; write WQL, with the "
                        "dialect {}",
                        plain_text(dialect, 200), kWqlDialect));
  xml::Writer detail(out.error().more_detail);
  for (const std::string_view one : kDialects) {
    if (subscribes && one != kWqlDialect) continue;
    detail.element(subscribes ? "e:SupportedDialect" : "n:SupportedDialect", one);
  }
  return out;
}

// Every selector is a property that must have that value.
Answered<Filter> selector_query(const xml::Element& filter, const Resource& resource,
                                const wql::Schema& schema) {
  const xml::Element* set = filter.child(kManagement, "SelectorSet");
  const wmi::ClassEntry* one = schema.find(resource.class_name);
  if (set == nullptr || one == nullptr) {
    return cannot("a Selector filter holds a SelectorSet, and the ResourceURI a class");
  }
  auto selectors = selectors_of(*set);
  if (!selectors) return std::unexpected(std::move(selectors).error());
  std::string query = fmt::format("SELECT * FROM {}", one->name());
  bool first = true;
  for (const Selector& selector : *selectors) {
    if (same_name(selector.name, "__cimnamespace")) continue;
    const wmi::PropertyEntry* entry = one->property(selector.name);
    if (entry == nullptr) {
      return cannot(
          fmt::format("{} has no property {}", one->name(), plain_text(selector.name, 100)));
    }
    query += fmt::format("{} {} = {}", first ? " WHERE" : " AND", entry->property->name,
                         quoted(selector.value));
    first = false;
  }
  return Filter{std::move(query), false};
}

// " Name=Value" for a child of the filter that names a class or a property.
Answered<std::string> term_of(const xml::Element& of, std::string_view child,
                              std::string_view term) {
  const xml::Element* one = of.child(kCimBinding, child);
  if (one == nullptr || xml::trimmed(one->text).empty()) return std::string();
  const std::string_view name = xml::trimmed(one->text);
  if (!mof::is_identifier(name)) {
    return cannot(fmt::format("{} is \"{}\", which is no name", child, plain_text(name, 100)));
  }
  return fmt::format(" {}={}", term, name);
}

// DSP0227 8.2: AssociatedInstances and AssociationInstances are what WQL calls ASSOCIATORS OF and
// REFERENCES OF.
Answered<Filter> association_query(const xml::Element& filter, const wql::Schema& schema) {
  struct Term {
    std::string_view child, term;
  };
  static constexpr Term kAssociated[] = {{"AssociationClassName", "AssocClass"},
                                         {"ResultClassName", "ResultClass"},
                                         {"Role", "Role"},
                                         {"ResultRole", "ResultRole"}};
  static constexpr Term kAssociation[] = {{"ResultClassName", "ResultClass"}, {"Role", "Role"}};
  const xml::Element* associated = filter.child(kCimBinding, "AssociatedInstances");
  const xml::Element* of =
      associated != nullptr ? associated : filter.child(kCimBinding, "AssociationInstances");
  const xml::Element* object = of == nullptr ? nullptr : of->child(kCimBinding, "Object");
  if (object == nullptr) {
    return cannot(
        "an association filter holds AssociatedInstances or AssociationInstances, and "
        "that an Object");
  }
  // The reference itself, or its parts (DSP0227 8.2.2 shows both).
  const xml::Element* inner = object->child(kAddressing, "EndpointReference");
  const auto reference = reference_of(inner == nullptr ? *object : *inner);
  if (!reference) return cannot("the Object of an association filter is an endpoint reference");
  const auto path = path_of(*reference, schema);
  if (!path) return cannot(path.error().reason);
  std::string terms;
  for (const Term& one : associated != nullptr ? std::span<const Term>(kAssociated)
                                               : std::span<const Term>(kAssociation)) {
    const auto term = term_of(*of, one.child, one.term);
    if (!term) return std::unexpected(term.error());
    terms += *term;
  }
  std::vector<std::string> properties;
  for (const xml::Element* one = of->first_child; one != nullptr; one = one->next) {
    if (!one->is(kCimBinding, "IncludeResultProperty")) continue;
    if (properties.size() == kMostResultProperties) {
      return cannot(fmt::format("more than {} of IncludeResultProperty", kMostResultProperties));
    }
    properties.emplace_back(xml::trimmed(one->text));
  }
  return Filter{
      fmt::format("{} OF {{{}}}{}{}", associated != nullptr ? "ASSOCIATORS" : "REFERENCES",
                  wql::relative_path(*path), terms.empty() ? "" : " WHERE", terms),
      false, std::move(properties)};
}

}  // namespace

Answered<std::optional<Filter>> filter_of(const xml::Element& of, const Resource& resource,
                                          const wql::Schema& schema) {
  const bool subscribes = of.is(kEventing, "Subscribe");
  const xml::Element* standard = of.child(subscribes ? kEventing : kEnumeration, "Filter");
  const xml::Element* management = of.child(kManagement, "Filter");
  if (standard != nullptr && management != nullptr) {
    return cannot("two filters: leave out one of wsen:Filter and wsman:Filter");
  }
  const xml::Element* filter = standard != nullptr ? standard : management;
  if (filter == nullptr) return std::nullopt;
  const std::string_view dialect = xml::trimmed(filter->attribute("", "Dialect").value_or(""));
  Answered<Filter> made;
  if (dialect == kWqlDialect || (dialect == kCqlDialect && !subscribes)) {
    made = Filter{std::string(filter->text), true};
  } else if (dialect == kSelectorDialect && !subscribes) {
    made = selector_query(*filter, resource, schema);
  } else if (dialect == kAssociationDialect && !subscribes) {
    made = association_query(*filter, schema);
  } else {
    return no_such_dialect(dialect.empty() ? "XPath 1.0" : dialect, subscribes);
  }
  if (!made) return std::unexpected(std::move(made).error());
  return std::move(*made);
}

Answered<std::shared_ptr<const wql::Plan>> plan_of(
    const Filter& filter, const std::shared_ptr<const wmi::Repository>& repository,
    const wql::Setting& setting) {
  Diagnostics diagnostics;
  auto plan = wql::prepare(filter.query, repository, setting, diagnostics);
  if (plan) return std::make_shared<const wql::Plan>(std::move(*plan));
  auto out =
      cannot(diagnostics.all().empty() ? "the query is wrong" : diagnostics.all().front().message);
  if (filter.own) out.error().report = diagnostics.text().substr(0, kMostReportBytes);
  return out;
}

}  // namespace qm::wsman

#include "wmi/wql_links.h"

#include <algorithm>

#include "base/text.h"
#include "wmi/wql_rows.h"

namespace qm::wmi::wql {
namespace {

bool matches(const std::string& wanted, std::string_view name) {
  return wanted.empty() || same_name(wanted, name);
}

bool is_reference(const PropertyEntry& entry) {
  return entry.property->type == mof::Type::reference;
}

bool qualified(const ClassEntry& one, const std::string& qualifier) {
  return qualifier.empty() || mof::find(one.definition->qualifiers, qualifier) != nullptr;
}

class Links {
 public:
  Links(const Plan& plan, Found& found)
      : plan_(plan),
        rules_(plan.links),
        found_(found),
        associators_(plan.kind == Kind::associators) {}

  void run() {
    const bool of_class = rules_.object.keys.empty() && !rules_.object.singleton;
    for (const ClassEntry* one : plan_.schema->classes()) {
      if (!fits_association(*one)) continue;
      if (of_class || rules_.schema_only) {
        classes_of(*one);
      } else {
        instances_of(*one);
      }
    }
  }

 private:
  bool fits_association(const ClassEntry& one) const {
    if (std::ranges::none_of(one.properties, is_reference)) return false;
    const std::string& wanted = associators_ ? rules_.association : rules_.result_class;
    const std::string& qualifier =
        associators_ ? rules_.required_association_qualifier : rules_.required_qualifier;
    return (wanted.empty() || derives(one, wanted)) && qualified(one, qualifier);
  }

  bool fits_result(const ClassEntry& one) const {
    return (rules_.result_class.empty() || derives(one, rules_.result_class)) &&
           qualified(one, rules_.required_qualifier);
  }

  // Each once.
  void add(const Row& row) {
    const Row added = rules_.classes_only ? Row{row.the_class, nullptr, nullptr, nullptr} : row;
    const bool there = std::ranges::any_of(found_.rows, [&](const Row& known) {
      return known.the_class == added.the_class && known.instance == added.instance &&
             known.made == added.made;
    });
    if (!there) found_.rows.push_back(added);
  }

  // By what the classes declare.
  void classes_of(const ClassEntry& association) {
    for (const PropertyEntry& end : association.properties) {
      const bool here = is_reference(end) && matches(rules_.role, end.property->name) &&
                        derives(*rules_.object_class, end.property->class_name);
      if (!here) continue;
      if (!associators_) {
        add({&association, nullptr, nullptr, nullptr});
        return;
      }
      for (const PropertyEntry& other : association.properties) {
        if (&other == &end || !is_reference(other)) continue;
        if (!matches(rules_.result_role, other.property->name)) continue;
        const ClassEntry* result = plan_.schema->find(other.property->class_name);
        if (result != nullptr && fits_result(*result)) add({result, nullptr, nullptr, nullptr});
      }
    }
  }

  std::optional<ObjectPath> end_of(const Row& row, const PropertyEntry& entry) const {
    const Value value = item_of(row, entry).value;
    const auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr) return std::nullopt;
    auto path = parse_path(*text);
    return path ? std::optional(std::move(*path)) : std::nullopt;
  }

  void instances_of(const ClassEntry& association) {
    std::vector<ObjectPath> others;
    make_rows(association, plan_.setting, found_, [&](const Row& row) {
      bool linked = false;
      for (const PropertyEntry& end : association.properties) {
        if (!is_reference(end) || !matches(rules_.role, end.property->name)) continue;
        const auto path = end_of(row, end);
        if (!path || !same_object(*path, rules_.object)) continue;
        linked = true;
        if (associators_) gather(row, end, others);
      }
      if (linked && !associators_) add(row);
      return linked && !associators_;
    });
    // Only now: finding an object may make rows of its own.
    for (const ObjectPath& other : others) {
      const auto row = find_object(other, *plan_.schema, found_);
      if (row && fits_result(*row->the_class)) add(*row);
    }
  }

  void gather(const Row& row, const PropertyEntry& end, std::vector<ObjectPath>& others) const {
    for (const PropertyEntry& other : row.the_class->properties) {
      if (&other == &end || !is_reference(other)) continue;
      if (!matches(rules_.result_role, other.property->name)) continue;
      if (auto path = end_of(row, other)) others.push_back(std::move(*path));
    }
  }

  const Plan& plan_;
  const LinkRules& rules_;
  Found& found_;
  bool associators_;
};

}  // namespace

void run_links(const Plan& plan, Found& found) {
  Links(plan, found).run();
}

}  // namespace qm::wmi::wql

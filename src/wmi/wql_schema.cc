#include "wmi/wql_schema.h"

#include <algorithm>

#include "base/text.h"
#include "wmi/interop.h"
#include "wmi/wql_path.h"
#include "wmi/wql_row.h"

namespace qm::wmi::wql {
namespace {

using mof::Type;

mof::Property property(std::string name, Type type, bool key = false) {
  mof::Property out;
  out.name = std::move(name);
  out.type = type;
  if (key) out.qualifiers.push_back({"key", {true, {}}, 0, {}});
  return out;
}

mof::Class made(std::string_view name, std::string_view superclass,
                mof::List<mof::Property> properties = {}) {
  mof::Class out;
  out.name = name;
  out.superclass = superclass;
  out.properties = std::move(properties);
  return out;
}

// As wbemcore has them; abstract where no query returns them.
mof::Model system_model() {
  mof::Model model;
  mof::Property descriptor = property("SECURITY_DESCRIPTOR", Type::uint8);
  descriptor.is_array = true;
  model.classes.push_back(made("__SystemClass", ""));
  model.classes.push_back(
      made(kNamespaceClass, "__SystemClass", {property("Name", Type::string, true)}));
  model.classes.push_back(made("__IndicationRelated", "__SystemClass"));
  model.classes.push_back(made(kEventClass, "__IndicationRelated",
                               {std::move(descriptor), property("TIME_CREATED", Type::uint64)}));
  model.classes.push_back(
      made(kOperationEvent, kEventClass, {property("TargetInstance", Type::object)}));
  model.classes.push_back(made(kCreationEvent, kOperationEvent));
  model.classes.push_back(made(kDeletionEvent, kOperationEvent));
  model.classes.push_back(
      made(kModificationEvent, kOperationEvent, {property("PreviousInstance", Type::object)}));
  model.classes.push_back(
      made(kAggregateEvent, "__IndicationRelated",
           {property("NumberOfEvents", Type::uint32), property("Representative", Type::object)}));
  return model;
}

}  // namespace

const Repository& system_classes() {
  static const std::shared_ptr<const Repository> classes =
      Repository::of(system_model()).value_or(nullptr);
  QM_ASSERT(classes != nullptr);
  return *classes;
}

std::string name_space_of(const ClassEntry& one) {
  const std::string& name = one.definition->name_space;
  return name.empty() ? "root\\wmi" : plain_name_space(name);
}

std::vector<std::string> name_spaces(const Repository& repository) {
  std::vector<std::string> out{"root", "root\\wmi", "root\\cimv2", std::string(kInteropNamespace)};
  for (const ClassEntry& one : repository.classes()) {
    std::string name = name_space_of(one);
    while (!name.empty()) {
      if (std::ranges::none_of(out, [&](const auto& known) { return same_name(known, name); })) {
        out.push_back(name);
      }
      const std::size_t end = name.rfind('\\');
      name.resize(end == std::string::npos ? 0 : end);
    }
  }
  std::ranges::sort(out);
  return out;
}

const Repository& repository_of(const ClassEntry& one, const Repository& otherwise) {
  for (const Repository* known : {&system_classes(), &interop_classes(), &otherwise.cooked()}) {
    if (known->find(one.name()) == &one) return *known;
  }
  return otherwise;
}

Schema::Schema(std::shared_ptr<const Repository> repository, std::string name_space)
    : repository_(std::move(repository)), name_space_(std::move(name_space)) {
  for (const std::string& known : name_spaces(*repository_)) {
    if (!same_name(known, name_space_)) continue;
    has_name_space_ = true;
    name_space_ = known;
  }
  if (!has_name_space_) return;
  // Where the raw ones are, as with WMI's own AutoCook, and where WMI's clients look for them.
  has_cooked_ = same_name(name_space_, "root\\wmi") || same_name(name_space_, "root\\cimv2");
  for (const ClassEntry& one : repository_->classes()) {
    if (same_name(name_space_of(one), name_space_)) classes_.push_back(&one);
  }
  if (same_name(name_space_, kInteropNamespace)) {
    for (const ClassEntry& one : interop_classes().classes()) classes_.push_back(&one);
  }
  if (has_cooked_) {
    for (const ClassEntry& one : repository_->cooked().classes()) {
      if (find(one.name()) == &one) classes_.push_back(&one);
    }
  }
  for (const ClassEntry& one : system_classes().classes()) classes_.push_back(&one);
}

const ClassEntry* Schema::find(std::string_view name) const {
  const ClassEntry* one = repository_->find(name);
  if (one != nullptr && same_name(name_space_of(*one), name_space_)) return one;
  if (!has_name_space_) return nullptr;
  const bool interop = same_name(name_space_, kInteropNamespace);
  one = interop       ? interop_classes().find(name)
        : has_cooked_ ? repository_->cooked().find(name)
                      : nullptr;
  return one != nullptr ? one : system_classes().find(name);
}

std::vector<const ClassEntry*> Schema::family(const ClassEntry& one) const {
  std::vector<const ClassEntry*> out{&one};
  for (const ClassEntry* other : classes_) {
    if (other != &one && derives(*other, one.name())) out.push_back(other);
  }
  return out;
}

std::vector<std::string> Schema::children() const {
  std::vector<std::string> out;
  for (const std::string& known : name_spaces(*repository_)) {
    const std::size_t end = known.rfind('\\');
    if (end == std::string::npos || !same_name(known.substr(0, end), name_space_)) continue;
    out.push_back(known.substr(end + 1));
  }
  return out;
}

}  // namespace qm::wmi::wql

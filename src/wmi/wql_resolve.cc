#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "base/text.h"
#include "wmi/wql_program.h"

namespace qm::wmi::wql {
namespace {

class Resolver {
 public:
  Resolver(const PropertyPath& path, const Scope& scope, Diagnostics& diagnostics)
      : names_(path.names), scope_(scope), diagnostics_(diagnostics) {}

  std::optional<Access> run() {
    if (scope_.form == Scope::Form::event) return of_event();
    if (scope_.form == Scope::Form::schema) return of_class();
    // Class.Property is the same, where no property is called as the class is.
    const bool qualified = names_.size() > 1 && same_name(names_[0].text, scope_.the_class->name());
    if (qualified && scope_.the_class->property(names_[0].text) == nullptr) ++at_;
    return of_row(*scope_.the_class, Side::target);
  }

 private:
  const Name& now() const { return names_[at_]; }
  bool last() const { return at_ + 1 == names_.size(); }

  std::optional<Access> wrong(std::string message, std::string hint) {
    diagnostics_.error("unknown-property", now().span, std::move(message), std::move(hint));
    return std::nullopt;
  }

  std::optional<Access> of_event() {
    const bool previous = same_name(now().text, "PreviousInstance") &&
                          scope_.event->property("PreviousInstance") != nullptr;
    if (!previous && !same_name(now().text, "TargetInstance")) {
      return of_row(*scope_.event, Side::event);
    }
    const Side side = previous ? Side::previous : Side::target;
    if (last()) {
      Access access;
      access.side = side;
      access.type = mof::Type::object;
      return access;
    }
    ++at_;
    return of_row(*scope_.the_class, side);
  }

  std::optional<Access> of_class() {
    const auto system = system_property(now().text);
    if (!system || !last()) {
      return wrong(fmt::format("{} is no property of a class", now().text),
                   near(system_names(),
                        "a query for classes knows __CLASS, __this ISA and the "
                        "other system properties"));
    }
    return of_system(*system, Side::target);
  }

  static Access of_system(SystemProperty system, Side side) {
    Access access;
    access.side = side;
    access.system = system;
    access.type = system_type(system);
    access.is_array = system == SystemProperty::derivation;
    return access;
  }

  std::optional<Access> of_row(const ClassEntry& one, Side side) {
    if (const auto system = system_property(now().text); system && last()) {
      return of_system(*system, side);
    }
    const PropertyEntry* entry = one.property(now().text);
    if (entry == nullptr) return unknown(one);
    Access access;
    access.side = side;
    access.entry = entry;
    access.type = entry->property->type;
    access.is_array = entry->property->is_array;
    if (last()) return access;
    return inside(std::move(access));
  }

  // Items of an embedded object.
  std::optional<Access> inside(Access access) {
    const auto* items = access.entry->plan.embedded.get();
    for (++at_; at_ < names_.size(); ++at_) {
      if (items == nullptr || access.is_array) {
        return wrong(fmt::format("{} has no properties", names_[at_ - 1].text), "");
      }
      const auto found = std::ranges::find_if(
          *items, [&](const ItemPlan& item) { return same_name(item.name, now().text); });
      if (found == items->end()) {
        std::vector<std::string> known;
        known.reserve(items->size());
        for (const ItemPlan& item : *items) known.push_back(item.name);
        return wrong(fmt::format("{} has no property {}", names_[at_ - 1].text, now().text),
                     near(known, ""));
      }
      access.inner.push_back(found->name);
      access.type = found->type;
      access.is_array = found->is_array;
      items = found->embedded.get();
    }
    return access;
  }

  std::optional<Access> unknown(const ClassEntry& one) {
    std::string otherwise;
    for (const ClassEntry* heir : scope_.schema->family(one)) {
      if (heir->property(now().text) == nullptr) continue;
      otherwise = fmt::format("{} has one: SELECT … FROM {}", heir->name(), heir->name());
      break;
    }
    std::vector<std::string> known;
    known.reserve(one.properties.size());
    for (const PropertyEntry& entry : one.properties) known.push_back(entry.property->name);
    if (now().text.starts_with('_')) std::ranges::copy(system_names(), std::back_inserter(known));
    return wrong(fmt::format("{} has no property {}", one.name(), now().text),
                 otherwise.empty() ? near(known, "") : otherwise);
  }

  std::string near(const std::vector<std::string>& known, std::string otherwise) const {
    std::string found = did_you_mean(now().text, known);
    return found.empty() ? std::move(otherwise) : found.substr(1);
  }

  const std::vector<Name>& names_;
  const Scope& scope_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Access> resolve(const PropertyPath& path, const Scope& scope,
                              Diagnostics& diagnostics) {
  return Resolver(path, scope, diagnostics).run();
}

}  // namespace qm::wmi::wql

#include "wmi/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "mof/bmf.h"
#include "mof/diff.h"
#include "mof/limits.h"
#include "mof/mof.h"
#include "mof/names.h"

namespace qm::wmi {
namespace {

bool is_name(std::string_view text) {
  return text.size() <= mof::kMostIdentifierBytes && mof::is_identifier(text);
}

bool fit(const mof::Qualifiers& list) {
  return list.size() <= mof::kMostQualifiers &&
         std::ranges::all_of(list, [](const mof::Qualifier& one) { return is_name(one.name); });
}

bool fit(const mof::List<mof::Property>& list) {
  return list.size() <= mof::kMostProperties &&
         std::ranges::all_of(list, [](const mof::Property& one) {
           return is_name(one.name) && (one.class_name.empty() || is_name(one.class_name)) &&
                  fit(one.qualifiers);
         });
}

// Bytes may hold what no text could: names that would reach terminals and labels, thousands of
// qualifiers, which are compared with each other.
bool fits(const mof::Class& one) {
  return is_name(one.name) && (one.superclass.empty() || is_name(one.superclass)) &&
         fit(one.qualifiers) && fit(one.properties) && one.methods.size() <= mof::kMostMethods &&
         std::ranges::all_of(one.methods, [](const mof::Method& method) {
           return is_name(method.name) && fit(method.qualifiers) && fit(method.parameters);
         });
}

std::string_view name_of(Bringer bringer) {
  switch (bringer) {
    case Bringer::file:
      return "a file";
    case Bringer::provider:
      return "a provider";
    case Bringer::compiler:
      return "mofcomp";
  }
  return "";
}

// The first that makes a difference to what lies in a block; "" when none does.
std::string difference(const mof::Class& there, const mof::Class& wanted) {
  mof::Model older;
  mof::Model newer;
  older.classes.push_back(there);
  newer.classes.push_back(wanted);
  for (const mof::Change& change : mof::compare(older, newer)) {
    if (change.breaks) return fmt::format("{}: {}", change.where, change.what);
  }
  return "";
}

void append(mof::Model& to, const mof::Model& from) {
  std::ranges::copy(from.classes, std::back_inserter(to.classes));
  std::ranges::copy(from.instances, std::back_inserter(to.instances));
}

// What an addition says of counters holds for its own classes.
void drop_foreign_semantics(mof::Model& model) {
  std::erase_if(model.instances, [&](const mof::Instance& one) {
    if (!same_name(one.class_name, kSemanticsClass) &&
        !same_name(one.class_name, kClassSemanticsClass)) {
      return false;
    }
    const mof::PropertyValue* of = one.value("Class");
    const auto* name = of == nullptr ? nullptr : std::get_if<mof::Text>(&of->value.data);
    return name == nullptr || model.find_class(*name) == nullptr;
  });
}

}  // namespace

Catalog::Catalog(std::shared_ptr<const Repository> built_in, std::size_t most_additions)
    : built_in_(std::move(built_in)), current_(built_in_), most_additions_(most_additions) {}

bool Catalog::used(const mof::Class& one) const {
  const auto guid = one.guid();
  return guid && in_use_ && in_use_(*guid);
}

Catalog::Owner Catalog::owner_of(std::string_view class_name) const {
  for (const Addition& addition : additions_) {
    if (const mof::Class* found = addition.model.find_class(class_name)) return {found, &addition};
  }
  const ClassEntry* entry = built_in_->find(class_name);
  return {entry == nullptr ? nullptr : entry->definition, nullptr};
}

// Whether the class is to be taken in; an error when it must not be.
Result<bool> Catalog::is_new(const mof::Class& one, Bringer bringer, Added& told) const {
  const std::uint32_t flags = one.setting.flags.value_or(0);
  const Owner owner = owner_of(one.name);
  if (owner.definition == nullptr) {
    if ((flags & mof::kUpdateOnly) != 0) {
      return fail(ErrorCode::state,
                  fmt::format("there is no class {} to update (classflags updateonly)", one.name));
    }
    told.added.push_back(one.name);
    return true;
  }
  if ((flags & mof::kCreateOnly) != 0) {
    return fail(ErrorCode::state,
                fmt::format("class {} is already there (classflags createonly)", one.name));
  }
  const bool own = owner.addition != nullptr && owner.addition->bringer == Bringer::compiler;
  const std::string differs = difference(*owner.definition, one);
  if (own && bringer == Bringer::compiler) {
    if (!differs.empty() && used(*owner.definition)) {
      return fail(ErrorCode::state, fmt::format("a provider serves class {}, so that its blocks "
                                                "must stay as they are; {}",
                                                one.name, differs));
    }
    told.replaced.push_back(one.name);
    return true;
  }
  if (differs.empty()) {
    told.unchanged.push_back(one.name);
    return false;
  }
  return fail(ErrorCode::state,
              fmt::format("another class {} is there, {}; {}", one.name,
                          owner.addition == nullptr
                              ? std::string("built in")
                              : fmt::format("from {}", name_of(owner.addition->bringer)),
                          differs));
}

Result<Added> Catalog::add(Bringer bringer, std::string_view where, Bytes binary_mof) {
  if (binary_mof.size() > kMostAdditionBytes) {
    return fail(ErrorCode::limit,
                fmt::format("a binary MOF of more than {} KiB", kMostAdditionBytes >> 10U));
  }
  mof::Model model = TRY(mof::read_bmf(binary_mof)).model;
  Added told;
  std::vector<mof::Class> taken;
  for (mof::Class& one : model.classes) {
    if (!fits(one)) {
      return fail(ErrorCode::invalid,
                  fmt::format("class {} holds what no class text could", plain_text(one.name, 80)));
    }
    // The repository knows no namespaces.
    if (std::ranges::any_of(taken,
                            [&](const auto& each) { return same_name(each.name, one.name); })) {
      return fail(ErrorCode::invalid, fmt::format("class {} is in it twice", one.name));
    }
    if (TRY(is_new(one, bringer, told))) taken.push_back(std::move(one));
  }
  model.classes = std::move(taken);
  drop_foreign_semantics(model);
  if (model.classes.empty()) return told;

  std::vector<Addition> additions = additions_;
  for (const std::string& name : told.replaced) {
    for (Addition& one : additions) {
      if (one.bringer != Bringer::compiler) continue;
      std::erase_if(one.model.classes,
                    [&](const mof::Class& old) { return same_name(old.name, name); });
      drop_foreign_semantics(one.model);
    }
  }
  std::erase_if(additions, [](const Addition& one) { return one.model.classes.empty(); });
  additions.push_back({bringer, plain_text(where, 200), std::move(model)});
  TRY(adopt(std::move(additions)));
  return told;
}

Result<void> Catalog::remove(std::string_view class_name) {
  const Owner owner = owner_of(class_name);
  if (owner.definition == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("there is no class {}", plain_text(class_name)));
  }
  if (owner.addition == nullptr || owner.addition->bringer != Bringer::compiler) {
    return fail(ErrorCode::denied,
                fmt::format("class {} is not mofcomp's to delete: it is {}", owner.definition->name,
                            owner.addition == nullptr
                                ? std::string("built in")
                                : fmt::format("from {}", name_of(owner.addition->bringer))));
  }
  if (used(*owner.definition)) {
    return fail(ErrorCode::state,
                fmt::format("a provider serves class {} now", owner.definition->name));
  }
  std::vector<Addition> additions = additions_;
  for (Addition& one : additions) {
    std::erase_if(one.model.classes,
                  [&](const mof::Class& each) { return same_name(each.name, class_name); });
    drop_foreign_semantics(one.model);
  }
  std::erase_if(additions, [](const Addition& one) { return one.model.classes.empty(); });
  return adopt(std::move(additions));
}

void Catalog::keep_provided() {
  const auto unused = [&](const Addition& one) {
    return one.bringer == Bringer::provider &&
           std::ranges::none_of(one.model.classes,
                                [&](const mof::Class& each) { return used(each); });
  };
  if (std::ranges::none_of(additions_, unused)) return;
  std::vector<Addition> additions = additions_;
  std::erase_if(additions, unused);
  // Without a superclass that went with it another addition may not stand; then all stay.
  [[maybe_unused]] const Result<void> adopted = adopt(std::move(additions));
}

Result<void> Catalog::adopt(std::vector<Addition> additions) {
  if (additions.size() > most_additions_) {
    return fail(ErrorCode::limit, fmt::format("classes from more than {} places", most_additions_));
  }
  std::size_t classes = 0;
  std::size_t instances = 0;
  mof::Model all = built_in_->model();
  for (const Addition& one : additions) {
    classes += one.model.classes.size();
    instances += one.model.instances.size();
    if (classes > kMostOutsideClasses || instances > kMostOutsideInstances) {
      return fail(ErrorCode::limit, fmt::format("more than {} classes or {} instances from outside",
                                                kMostOutsideClasses, kMostOutsideInstances));
    }
    append(all, one.model);
  }
  Diagnostics diagnostics;
  mof::check_model(all, diagnostics);
  for (const Diagnostic& one : diagnostics.all()) {
    if (one.severity == Severity::error) return fail(ErrorCode::invalid, one.message);
  }
  current_ = TRY(Repository::of(std::move(all)));
  additions_ = std::move(additions);
  ++changes_;
  return {};
}

}  // namespace qm::wmi

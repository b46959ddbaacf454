#include "wmi/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/guid.h"
#include "base/text.h"
#include "mof/limits.h"
#include "mof/names.h"
#include "wmi/cooking.h"

namespace qm::wmi {
namespace {

// Win32_Perf's properties, which WMI itself fills for a provider's class.
Origin perf_origin(std::string_view name) {
  struct Row {
    std::string_view name;
    Origin origin;
  };
  static constexpr Row kRows[] = {
      {"Caption", Origin::caption},
      {"Name", Origin::caption},
      {"Description", Origin::class_description},
      {"Frequency_PerfTime", Origin::frequency_perf_time},
      {"Frequency_Sys100NS", Origin::frequency_100ns},
      {"Frequency_Object", Origin::frequency_100ns},
      {"Timestamp_PerfTime", Origin::timestamp_perf_time},
      {"Timestamp_Sys100NS", Origin::timestamp_100ns},
      {"Timestamp_Object", Origin::timestamp_100ns},
  };
  for (const Row& row : kRows) {
    if (same_name(row.name, name)) return row.origin;
  }
  return Origin::none;
}

// Alignment of a structure under /Zp8; a class embedded in it counts as its most aligned member.
std::uint32_t alignment_of(const std::vector<ItemPlan>& plan) {
  std::uint32_t alignment = 1;
  for (const ItemPlan& item : plan) {
    const std::uint32_t one =
        item.embedded ? alignment_of(*item.embedded) : mof::type_alignment(item.type);
    alignment = std::max(alignment, one);
  }
  return alignment;
}

std::optional<std::string> text_value(const mof::Instance& instance, std::string_view name) {
  const mof::PropertyValue* value = instance.value(name);
  if (value == nullptr) return std::nullopt;
  const auto* text = std::get_if<mof::Text>(&value->value.data);
  return text == nullptr ? std::nullopt : std::optional(one_line(*text));
}

Semantics semantics_of(const mof::Instance& row) {
  const auto text = [&](std::string_view name) { return text_value(row, name).value_or(""); };
  Semantics semantics{text("Kind"),       text("Unit"),   text("Direction"), text("Group"),
                      text("Definition"), text("Metric"), text("Labels"),    std::nullopt};
  if (auto source = text_value(row, "Source")) {
    semantics.source = Semantics::Source{std::move(*source), text("SourceValue"),
                                         text("SourceWhere"), text("Owner")};
  }
  return semantics;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
      gap = true;
      continue;
    }
    if (gap && !out.empty()) out += ' ';
    gap = false;
    out += c;
  }
  // A backslash escape for an invisible character takes at most 10 bytes for its 1.
  return plain_text(out, out.size() * 10);
}

std::uint32_t ClassEntry::data_items() const {
  return layout.fields.empty() ? 0 : layout.fields.back().data_id;
}

const PropertyEntry* ClassEntry::property(std::string_view name) const {
  for (const PropertyEntry& entry : properties) {
    if (same_name(entry.property->name, name)) return &entry;
  }
  return nullptr;
}

Result<std::shared_ptr<const Repository>> Repository::of(mof::Model model) {
  std::shared_ptr<Repository> repository(new Repository(std::move(model)));
  TRY(repository->index());
  return repository;
}

ClassEntry Repository::entry_of(const mof::Class& definition) const {
  ClassEntry entry;
  entry.definition = &definition;
  entry.guid = definition.guid();
  entry.abstract = mof::flag_of(definition.qualifiers, "abstract");
  entry.description = one_line(definition.description());
  entry.layout = mof::layout_of(model_, definition);
  std::vector<ItemPlan> plan = plan_of(model_, definition);
  entry.alignment_bytes = alignment_of(plan);

  const std::vector<const mof::Class*> lineage = model_.lineage(definition.name);
  for (const mof::Class* at : lineage) {
    if (!at->superclass.empty()) entry.derivation.push_back(at->superclass);
  }
  entry.performance = std::ranges::any_of(entry.derivation, [](const std::string& name) {
    return same_name(name, "Win32_Perf") || same_name(name, "Win32_PerfRawData");
  });

  for (const mof::Class* at : lineage) {
    for (const mof::Property& property : at->properties) {
      if (entry.property(property.name) != nullptr) continue;  // overridden below
      PropertyEntry row;
      row.property = &property;
      row.inherited = at != lineage.front();
      row.key = mof::flag_of(property.qualifiers, "key");
      if (row.inherited) {
        if (entry.performance) row.origin = perf_origin(property.name);
      } else if (same_name(property.name, "InstanceName")) {
        row.origin = Origin::instance_name;
      } else if (same_name(property.name, "Active")) {
        row.origin = Origin::active;
      }
      entry.properties.push_back(std::move(row));
    }
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    for (PropertyEntry& row : entry.properties) {
      if (row.property != entry.layout.fields[i].property) continue;
      row.origin = Origin::data;
      row.plan = std::move(plan[i]);
      break;
    }
  }
  return entry;
}

Result<void> Repository::index() {
  if (model_.classes.size() > kMostClasses) {
    return fail(ErrorCode::limit, fmt::format("{} classes; at most {} can be served",
                                              model_.classes.size(), kMostClasses));
  }
  classes_.reserve(model_.classes.size());
  for (const mof::Class& definition : model_.classes) classes_.push_back(entry_of(definition));
  std::ranges::sort(classes_, {},
                    [](const ClassEntry& entry) { return mof::folded(entry.name()); });
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    ClassEntry& entry = classes_[i];
    by_name_.emplace(mof::folded(entry.name()), i);
    // Only now: the layout's fields stay where they are from here on.
    for (PropertyEntry& row : entry.properties) {
      for (const mof::Field& field : entry.layout.fields) {
        if (field.property == row.property) row.field = &field;
      }
    }
    const ClassEntry* other = entry.guid ? find(*entry.guid) : nullptr;
    if (other != nullptr && other != &entry) {
      return fail(ErrorCode::invalid,
                  fmt::format("classes {} and {} have one GUID {}", other->name(), entry.name(),
                              guid_text(*entry.guid)));
    }
  }
  add_semantics();
  return {};
}

void Repository::add_semantics() {
  for (const mof::Instance& row : model_.instances) {
    const bool of_class = same_name(row.class_name, kClassSemanticsClass);
    if (!of_class && !same_name(row.class_name, kSemanticsClass)) continue;
    const auto at = by_name_.find(mof::folded(text_value(row, "Class").value_or("")));
    if (at == by_name_.end()) continue;
    ClassEntry& the_class = classes_[at->second];
    if (of_class) {
      const auto text = [&](std::string_view name) { return text_value(row, name).value_or(""); };
      the_class.semantics = ClassSemantics{text("Prefix"), text("Subject"), text("Info")};
      continue;
    }
    const std::string property = text_value(row, "Property").value_or("");
    for (PropertyEntry& entry : the_class.properties) {
      if (same_name(entry.property->name, property)) entry.semantics = semantics_of(row);
    }
  }
}

const ClassEntry* Repository::find(std::string_view name) const {
  const auto at = by_name_.find(mof::folded(name));
  return at == by_name_.end() ? nullptr : &classes_[at->second];
}

const ClassEntry* Repository::find(const GUID& guid) const {
  for (const ClassEntry& entry : classes_) {
    if (entry.guid && equal(*entry.guid, guid)) return &entry;
  }
  return nullptr;
}

const Repository& Repository::cooked() const {
  std::call_once(cooked_once_, [this] {
    auto made = of(cooked_model(*this));
    // Too many classes, together with what they are twins of, is no reason to serve none.
    cooked_ = made ? std::move(*made) : of({}).value_or(nullptr);
  });
  QM_ASSERT(cooked_ != nullptr);
  return *cooked_;
}

Result<void> Repository::check(const provider::ClassInfo& info) const {
  const ClassEntry* entry = find(info.guid);
  if (entry == nullptr) {
    return fail(ErrorCode::not_found,
                fmt::format("no class with GUID {} is known here", guid_text(info.guid)));
  }
  const std::string& name = entry->name();
  if (!entry->layout.fixed) {
    return fail(ErrorCode::unsupported,
                name + " has items of variable length, which a page cannot hold");
  }
  const std::uint32_t bytes = entry->layout.bytes;
  const std::uint32_t alignment = entry->alignment_bytes;
  const std::uint32_t padded_bytes = (bytes + alignment - 1) / alignment * alignment;
  if (info.block_bytes != bytes && info.block_bytes != padded_bytes) {
    return fail(ErrorCode::invalid, fmt::format("{} has blocks of {} bytes, not {}: build the "
                                                "provider with the header of this class",
                                                name, bytes, info.block_bytes));
  }
  if (info.data_items != entry->data_items()) {
    return fail(ErrorCode::invalid, fmt::format("{} has {} data items, not {}", name,
                                                entry->data_items(), info.data_items));
  }
  const std::uint64_t instance_bytes = std::uint64_t{info.block_bytes} + 2ULL * info.data_items;
  if (instance_bytes * info.most_instances > kMostRegistrationBytes) {
    return fail(ErrorCode::limit,
                fmt::format("{} instances of {} are too much for one registration; at most {}",
                            info.most_instances, name, kMostRegistrationBytes / instance_bytes));
  }
  return {};
}

}  // namespace qm::wmi

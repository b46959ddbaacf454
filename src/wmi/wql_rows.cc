#include "wmi/wql_rows.h"

#include <algorithm>

#include "base/text.h"
#include "wmi/cooking.h"
#include "wmi/interop.h"

namespace qm::wmi::wql {
namespace {

Value value_from(const mof::Value& value) {
  struct Convert {
    Value operator()(const mof::Null&) const { return {}; }
    Value operator()(bool flag) const { return {flag}; }
    Value operator()(std::int64_t number) const { return {number}; }
    Value operator()(std::uint64_t number) const { return {number}; }
    Value operator()(double number) const { return {number}; }
    Value operator()(const mof::Text& text) const { return {one_line(text)}; }
    Value operator()(const mof::AliasName&) const { return {}; }
    Value operator()(const std::shared_ptr<const mof::Instance>&) const { return {}; }
    Value operator()(const mof::ValueList& list) const {
      ValueList out;
      for (const mof::Value& one : list) out.push_back(value_from(one));
      return {std::move(out)};
    }
  };
  return std::visit(Convert{}, value.data);
}

std::vector<Value> values_of(const mof::Instance& instance, const ClassEntry& one) {
  std::vector<Value> out;
  out.reserve(one.properties.size());
  for (const PropertyEntry& entry : one.properties) {
    const mof::PropertyValue* given = instance.value(entry.property->name);
    const auto& otherwise = entry.property->default_value;
    out.push_back(given != nullptr ? value_from(given->value)
                  : otherwise      ? value_from(*otherwise)
                                   : Value{});
  }
  return out;
}

const PropertyEntry* sole_key(const ClassEntry& one) {
  const PropertyEntry* key = nullptr;
  for (const PropertyEntry& entry : one.properties) {
    if (!entry.key) continue;
    if (key != nullptr) return nullptr;
    key = &entry;
  }
  return key;
}

// "" without one.
std::string first_text(const mof::Qualifiers& qualifiers, std::string_view name) {
  const std::vector<std::string> texts = mof::texts_of(qualifiers, name);
  return texts.empty() ? std::string() : texts.front();
}

class Maker {
 public:
  Maker(const ClassEntry& one, const Setting& setting, Found& found, const Keep& keep)
      : one_(one), setting_(setting), found_(found), keep_(keep) {}

  void run() {
    if (&one_ == system_classes().find(kNamespaceClass)) return name_spaces();
    const Repository& repository = found_.schema->repository();
    if (&repository_of(one_, repository) == &interop_classes()) {
      for (std::vector<Value>& row : interop_rows(one_, setting_, repository)) {
        if (!add(std::move(row))) return;
      }
      return;
    }
    if (const ClassEntry* raw = raw_class_of(one_, repository)) {
      if (!found_.snapshot) return;
      return cook(one_, *raw, *found_.snapshot,
                  [this](std::vector<Value> values) { return add(std::move(values)); });
    }
    for (const mof::Instance& instance : found_.schema->repository().model().instances) {
      if (!same_name(instance.class_name, one_.name())) continue;
      if (!add(values_of(instance, one_))) return;
    }
    if (const auto view = view_of(one_, *found_.schema)) viewed(*view);
  }

 private:
  // False: no more may be made.
  bool add(std::vector<Value> values) {
    if (found_.made.size() >= found_.most_made) {
      found_.cut = true;
      return false;
    }
    ++found_.examined;
    found_.made.push_back(std::move(values));
    if (!keep_(Row{&one_, nullptr, nullptr, &found_.made.back()})) found_.made.pop_back();
    return true;
  }

  void name_spaces() {
    for (const std::string& name : found_.schema->children()) {
      if (!add({Value{name}})) return;
    }
  }

  Value reference(const PropertyEntry& entry, Value source) const {
    const ClassEntry* to = found_.schema->find(entry.property->class_name);
    const PropertyEntry* key = to == nullptr ? nullptr : sole_key(*to);
    if (key == nullptr) return {};
    ObjectPath path{setting_.host, setting_.name_space, to->name(), {}, false};
    path.keys.push_back({key->property->name, std::move(source)});
    return {full_path(path)};
  }

  void viewed(const View& view) {
    for (const auto& part : found_.snapshot->parts_of(*view.source)) {
      for (const provider::InstanceData& instance : part->generation.instances) {
        std::vector<Value> values(one_.properties.size());
        bool linked = true;
        for (std::size_t i = 0; i < values.size() && linked; ++i) {
          if (view.properties[i] == nullptr) continue;
          Value source = item_of(*part, instance, *view.properties[i]).value;
          const bool refers = one_.properties[i].property->type == mof::Type::reference;
          if (refers) {
            const auto* text = std::get_if<std::string>(&source.data);
            linked = text != nullptr && !text->empty();  // an SA of nobody is in no association
            if (linked) values[i] = reference(one_.properties[i], std::move(source));
          } else {
            values[i] = std::move(source);
          }
        }
        if (linked && !add(std::move(values))) return;
      }
    }
  }

  const ClassEntry& one_;
  const Setting& setting_;
  Found& found_;
  const Keep& keep_;
};

}  // namespace

std::optional<View> view_of(const ClassEntry& one, const Schema& schema) {
  const std::string text = first_text(one.definition->qualifiers, "ViewSources");
  if (text.empty()) return std::nullopt;
  Diagnostics ignored;
  const auto query = parse(text, ignored);
  if (!query) return std::nullopt;
  View view;
  view.source = schema.find(query->class_name.text);
  if (view.source == nullptr) return std::nullopt;
  for (const PropertyEntry& entry : one.properties) {
    const std::string source = first_text(entry.property->qualifiers, "PropertySources");
    view.properties.push_back(source.empty() ? nullptr : view.source->property(source));
  }
  return view;
}

void make_rows(const ClassEntry& one, const Setting& setting, Found& found, const Keep& keep) {
  Maker(one, setting, found, keep).run();
}

bool same_object(const ObjectPath& a, const ObjectPath& b) {
  if (!same_name(a.class_name, b.class_name) || a.keys.size() != b.keys.size()) return false;
  return std::ranges::all_of(a.keys, [&](const ObjectPath::Key& key) {
    return std::ranges::any_of(b.keys, [&](const ObjectPath::Key& other) {
      const bool named = key.name.empty() || other.name.empty() || same_name(key.name, other.name);
      if (!named) return false;
      const auto* text = std::get_if<std::string>(&key.value.data);
      const auto* other_text = std::get_if<std::string>(&other.value.data);
      if (text != nullptr && other_text != nullptr) return compare_text(*text, *other_text) == 0;
      return key.value == other.value;
    });
  });
}

std::optional<Row> find_object(const ObjectPath& path, const Schema& schema, Found& found) {
  const ClassEntry* one = schema.find(path.class_name);
  if (one == nullptr) return std::nullopt;
  if (path.keys.empty() && !path.singleton) return Row{one, nullptr, nullptr, nullptr};
  const PropertyEntry* key = sole_key(*one);
  const bool by_name =
      key != nullptr && key->origin == Origin::instance_name && path.keys.size() == 1 &&
      (path.keys[0].name.empty() || same_name(path.keys[0].name, key->property->name));
  const auto* name = by_name ? std::get_if<std::string>(&path.keys[0].value.data) : nullptr;
  if (name != nullptr) {
    for (const auto& part : found.snapshot->parts_of(*one)) {
      const auto& instances = part->generation.instances;
      std::vector<std::uint32_t> at;
      if (part->index) at = part->index->find(part->generation, *name);
      found.examined += at.size();
      if (!at.empty()) return Row{one, part.get(), &instances[at.front()], nullptr};
    }
  }
  std::optional<Row> out;
  const Setting setting{path.server, path.name_space};
  make_rows(*one, setting, found, [&](const Row& row) {
    if (out || !same_object(path_of(row, setting), path)) return false;
    out = row;
    return true;
  });
  return out;
}

}  // namespace qm::wmi::wql

#include "cimxml/class_element.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cimxml/qualifier_types.h"
#include "cimxml/text.h"
#include "wmi/wql_schema.h"
#include "xml/writer.h"

namespace qm::cimxml {
namespace {

void attribute(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format(" {}=\"", name);
  xml::append_attribute(out, value);
  out += '"';
}

class ClassWriter {
 public:
  ClassWriter(std::string& out, const wmi::ClassEntry& entry, const wmi::Repository& repository,
              const ClassOptions& options)
      : out_(out), entry_(entry), repository_(repository), options_(options) {
    const wmi::Repository& own = wmi::wql::repository_of(entry, repository);
    lineage_ = own.model().lineage(entry.name());
  }

  void write() {
    out_ += "<CLASS";
    attribute(out_, "NAME", entry_.name());
    if (!entry_.definition->superclass.empty()) {
      attribute(out_, "SUPERCLASS", entry_.definition->superclass);
    }
    out_ += '>';
    if (options_.qualifiers) class_qualifiers();
    for (const wmi::PropertyEntry& one : entry_.properties) {
      const bool left_out = options_.local_only && one.inherited;
      if (!left_out && is_listed(options_.properties, one.property->name)) property(one);
    }
    methods();
    out_ += "</CLASS>";
  }

 private:
  // A superclass's qualifier comes along where its flavor says so and none hides it.
  void class_qualifiers() {
    std::vector<std::string_view> written;
    for (const mof::Class* at : lineage_) {
      const bool own = at == lineage_.front();
      if (!own && options_.local_only) return;
      for (const mof::Qualifier& one : at->qualifiers) {
        if (!own && (one.flavor & mof::kToSubclass) == 0) continue;
        const bool hidden = std::ranges::any_of(
            written, [&](std::string_view name) { return same_name(name, one.name); });
        if (hidden) continue;
        written.push_back(one.name);
        append_qualifier(out_, one, !own);
      }
    }
  }

  void origin(std::string_view of, bool propagated) {
    if (options_.class_origin) attribute(out_, "CLASSORIGIN", of);
    if (propagated) out_ += " PROPAGATED=\"true\"";
  }

  void property(const wmi::PropertyEntry& one) {
    const mof::Property& of = *one.property;
    const bool refers = of.type == mof::Type::reference;
    const std::string_view element = refers        ? "PROPERTY.REFERENCE"
                                     : of.is_array ? "PROPERTY.ARRAY"
                                                   : "PROPERTY";
    out_ += fmt::format("<{}", element);
    attribute(out_, "NAME", of.name);
    if (refers) {
      if (!of.class_name.empty()) attribute(out_, "REFERENCECLASS", of.class_name);
    } else {
      attribute(out_, "TYPE", type_of(of.type));
      if (of.array_size) attribute(out_, "ARRAYSIZE", fmt::format("{}", *of.array_size));
    }
    origin(origin_of(entry_, one, repository_), one.inherited);
    if (of.type == mof::Type::object) attribute(out_, "EmbeddedObject", "instance");
    out_ += '>';
    if (options_.qualifiers) {
      for (const mof::Qualifier& qualifier : of.qualifiers) {
        append_qualifier(out_, qualifier, one.inherited);
      }
      if (of.type == mof::Type::object && !of.class_name.empty() &&
          mof::find(of.qualifiers, "EmbeddedInstance") == nullptr) {
        append_qualifier(out_, {"EmbeddedInstance", {of.class_name, {}}, mof::kToSubclass, {}},
                         one.inherited);
      }
    }
    if (of.default_value && !refers) append_value(out_, *of.default_value);
    out_ += fmt::format("</{}>", element);
  }

  void methods() {
    std::vector<std::string_view> written;
    for (const mof::Class* at : lineage_) {
      const bool own = at == lineage_.front();
      if (!own && options_.local_only) return;
      for (const mof::Method& one : at->methods) {
        const bool hidden = std::ranges::any_of(
            written, [&](std::string_view name) { return same_name(name, one.name); });
        if (hidden) continue;
        written.push_back(one.name);
        method(one, at->name, !own);
      }
    }
  }

  void method(const mof::Method& one, std::string_view of, bool propagated) {
    out_ += "<METHOD";
    attribute(out_, "NAME", one.name);
    if (one.return_type != mof::Type::none) attribute(out_, "TYPE", type_of(one.return_type));
    origin(of, propagated);
    out_ += '>';
    if (options_.qualifiers) {
      for (const mof::Qualifier& qualifier : one.qualifiers) {
        append_qualifier(out_, qualifier, propagated);
      }
    }
    for (const mof::Property& parameter : one.parameters) write_parameter(parameter, propagated);
    out_ += "</METHOD>";
  }

  void write_parameter(const mof::Property& parameter, bool propagated) {
    const bool refers = parameter.type == mof::Type::reference;
    const std::string_view element =
        refers ? (parameter.is_array ? "PARAMETER.REFARRAY" : "PARAMETER.REFERENCE")
               : (parameter.is_array ? "PARAMETER.ARRAY" : "PARAMETER");
    out_ += fmt::format("<{}", element);
    attribute(out_, "NAME", parameter.name);
    if (!refers) {
      attribute(out_, "TYPE", type_of(parameter.type));
    } else if (!parameter.class_name.empty()) {
      attribute(out_, "REFERENCECLASS", parameter.class_name);
    }
    if (parameter.array_size) {
      attribute(out_, "ARRAYSIZE", fmt::format("{}", *parameter.array_size));
    }
    out_ += '>';
    if (options_.qualifiers) {
      for (const mof::Qualifier& qualifier : parameter.qualifiers) {
        append_qualifier(out_, qualifier, propagated);
      }
    }
    out_ += fmt::format("</{}>", element);
  }

  std::string& out_;
  const wmi::ClassEntry& entry_;
  const wmi::Repository& repository_;
  const ClassOptions& options_;
  std::vector<const mof::Class*> lineage_;
};

}  // namespace

void append_class_element(std::string& out, const wmi::ClassEntry& entry,
                          const wmi::Repository& repository, const ClassOptions& options) {
  ClassWriter(out, entry, repository, options).write();
}

void append_qualifier(std::string& out, const mof::Qualifier& qualifier, bool propagated) {
  out += "<QUALIFIER";
  attribute(out, "NAME", qualifier.name);
  attribute(out, "TYPE", type_of(type_of(qualifier)));
  if (propagated) out += " PROPAGATED=\"true\"";
  // Where a text says nothing of its flavors, the declaration's hold.
  std::uint8_t flavor = qualifier.flavor;
  const QualifierType* declared = find_qualifier_type(qualifier.name);
  if (flavor == 0 && declared != nullptr) flavor = declared->flavor;
  if ((flavor & mof::kDisableOverride) != 0) out += " OVERRIDABLE=\"false\"";
  if ((flavor & mof::kToSubclass) == 0) out += " TOSUBCLASS=\"false\"";
  if ((flavor & mof::kToInstance) != 0) out += " TOINSTANCE=\"true\"";
  if ((flavor & (mof::kAmended | mof::kTranslatable)) != 0) out += " TRANSLATABLE=\"true\"";
  out += '>';
  append_value(out, qualifier.value);
  out += "</QUALIFIER>";
}

std::string_view origin_of(const wmi::ClassEntry& entry, const wmi::PropertyEntry& property,
                           const wmi::Repository& repository) {
  if (!property.inherited) return entry.name();
  const wmi::Repository& own = wmi::wql::repository_of(entry, repository);
  for (const mof::Class* at : own.model().lineage(entry.name())) {
    for (const mof::Property& one : at->properties) {
      if (&one == property.property) return at->name;
    }
  }
  return entry.derivation.empty() ? std::string_view(entry.name()) : entry.derivation.back();
}

bool is_listed(const std::optional<std::vector<std::string>>& properties, std::string_view name) {
  return !properties || std::ranges::any_of(*properties, [name](const std::string& one) {
    return same_name(one, name);
  });
}

}  // namespace qm::cimxml

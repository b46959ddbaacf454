#include "cimxml/qualifier_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "cimxml/text.h"
#include "xml/writer.h"

namespace qm::cimxml {
namespace {

using mof::Type;

constexpr std::uint8_t kKeyFlavor = mof::kToSubclass | mof::kToInstance | mof::kDisableOverride;
constexpr std::uint8_t kTextFlavor = mof::kToSubclass | mof::kAmended;
constexpr std::uint8_t kRestrictedFlavor = 0;

constexpr auto kTypes = std::to_array<QualifierType>({
    {"Abstract", Type::boolean, false, "CLASS ASSOCIATION INDICATION", kRestrictedFlavor},
    {"Aggregate", Type::boolean, false, "REFERENCE", mof::kToSubclass | mof::kDisableOverride},
    {"Aggregation", Type::boolean, false, "ASSOCIATION", mof::kToSubclass | mof::kDisableOverride},
    {"Association", Type::boolean, false, "ASSOCIATION", mof::kToSubclass | mof::kDisableOverride},
    {"CIMTYPE", Type::string, false, "PROPERTY PARAMETER", mof::kToSubclass | mof::kToInstance},
    {"Counter", Type::boolean, false, "PROPERTY METHOD PARAMETER"},
    {"CounterType", Type::uint32, false, "PROPERTY"},
    {"DefaultScale", Type::sint32, false, "PROPERTY"},
    {"Description", Type::string, false, "ANY", kTextFlavor},
    {"DisplayName", Type::string, false, "ANY", kTextFlavor},
    {"Dynamic", Type::boolean, false, "CLASS ASSOCIATION PROPERTY", mof::kToInstance},
    {"EmbeddedInstance", Type::string, false, "PROPERTY METHOD PARAMETER"},
    {"EmbeddedObject", Type::boolean, false, "PROPERTY METHOD PARAMETER"},
    {"Gauge", Type::boolean, false, "PROPERTY METHOD PARAMETER"},
    {"HiPerf", Type::boolean, false, "CLASS", kRestrictedFlavor},
    {"In", Type::boolean, false, "PARAMETER", mof::kToSubclass | mof::kDisableOverride},
    {"Indication", Type::boolean, false, "CLASS INDICATION",
     mof::kToSubclass | mof::kDisableOverride},
    {"Key", Type::boolean, false, "PROPERTY REFERENCE", kKeyFlavor},
    {"MappingStrings", Type::string, true, "ANY"},
    {"Max", Type::uint32, false, "REFERENCE"},
    {"MaxLen", Type::uint32, false, "PROPERTY METHOD PARAMETER"},
    {"MaxValue", Type::sint64, false, "PROPERTY METHOD PARAMETER"},
    {"Min", Type::uint32, false, "REFERENCE"},
    {"MinValue", Type::sint64, false, "PROPERTY METHOD PARAMETER"},
    {"Out", Type::boolean, false, "PARAMETER", mof::kToSubclass | mof::kDisableOverride},
    {"Override", Type::string, false, "PROPERTY METHOD REFERENCE", kRestrictedFlavor},
    {"PerfDetail", Type::uint32, false, "CLASS PROPERTY"},
    {"PropertySources", Type::string, true, "PROPERTY REFERENCE", kRestrictedFlavor},
    {"Provider", Type::string, false, "ANY", mof::kToInstance},
    {"Read", Type::boolean, false, "PROPERTY"},
    {"Required", Type::boolean, false, "PROPERTY METHOD PARAMETER REFERENCE",
     mof::kToSubclass | mof::kDisableOverride},
    {"Singleton", Type::boolean, false, "CLASS", mof::kToSubclass | mof::kToInstance},
    {"Static", Type::boolean, false, "PROPERTY METHOD", mof::kToSubclass | mof::kDisableOverride},
    {"Terminal", Type::boolean, false, "CLASS ASSOCIATION INDICATION", kRestrictedFlavor},
    {"Units", Type::string, false, "PROPERTY METHOD PARAMETER", kTextFlavor},
    {"UUID", Type::string, false, "CLASS ASSOCIATION", kRestrictedFlavor},
    {"ValueMap", Type::string, true, "PROPERTY METHOD PARAMETER"},
    {"Values", Type::string, true, "PROPERTY METHOD PARAMETER", kTextFlavor},
    {"Version", Type::string, false, "CLASS ASSOCIATION INDICATION", mof::kAmended},
    {"ViewSources", Type::string, true, "CLASS ASSOCIATION", kRestrictedFlavor},
    {"WMI", Type::boolean, false, "CLASS", kRestrictedFlavor},
    {"WmiDataId", Type::sint32, false, "PROPERTY"},
    {"WmiMethodId", Type::sint32, false, "METHOD"},
    {"WmiSizeIs", Type::string, false, "PROPERTY"},
    {"Write", Type::boolean, false, "PROPERTY"},
    {"cpp_quote", Type::string, false, "CLASS PROPERTY", kRestrictedFlavor},
    {"guid", Type::string, false, "CLASS", kRestrictedFlavor},
});

void append_head(std::string& out, std::string_view name, Type type, bool is_array,
                 std::uint8_t flavor) {
  out += "<QUALIFIER.DECLARATION NAME=\"";
  xml::append_attribute(out, name);
  out += fmt::format("\" TYPE=\"{}\" ISARRAY=\"{}\"", type_of(type), is_array);
  const auto flag = [&](std::string_view attribute, bool set) {
    out += fmt::format(" {}=\"{}\"", attribute, set);
  };
  flag("OVERRIDABLE", (flavor & mof::kDisableOverride) == 0);
  flag("TOSUBCLASS", (flavor & mof::kToSubclass) != 0);
  flag("TOINSTANCE", (flavor & mof::kToInstance) != 0);
  flag("TRANSLATABLE", (flavor & (mof::kAmended | mof::kTranslatable)) != 0);
  out += "><SCOPE";
}

constexpr std::string_view kScopes[] = {"CLASS",  "ASSOCIATION", "REFERENCE", "PROPERTY",
                                        "METHOD", "PARAMETER",   "INDICATION"};

Type type_of_value(const mof::Value& value) {
  if (const auto* list = std::get_if<mof::ValueList>(&value.data)) {
    return list->empty() ? Type::string : type_of_value(list->front());
  }
  if (std::holds_alternative<bool>(value.data)) return Type::boolean;
  if (std::holds_alternative<double>(value.data)) return Type::real64;
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    return *number <= std::numeric_limits<std::int32_t>::max()    ? Type::sint32
           : *number <= std::numeric_limits<std::uint32_t>::max() ? Type::uint32
                                                                  : Type::uint64;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
    return *number >= std::numeric_limits<std::int32_t>::min() ? Type::sint32 : Type::sint64;
  }
  return Type::string;
}

bool is_integer(Type type) {
  return type >= Type::uint8 && type <= Type::sint64;
}

}  // namespace

std::span<const QualifierType> qualifier_types() {
  return kTypes;
}

const QualifierType* find_qualifier_type(std::string_view name) {
  const auto at = std::ranges::find_if(
      kTypes, [name](const QualifierType& one) { return same_name(one.name, name); });
  return at == kTypes.end() ? nullptr : &*at;
}

mof::Type type_of(const mof::Qualifier& qualifier) {
  const Type type = type_of_value(qualifier.value);
  const QualifierType* declared = find_qualifier_type(qualifier.name);
  if (declared == nullptr) return type;
  // WMI's texts use some names otherwise than DSP0004: Counter("Name") of cooked classes.
  const bool alike = declared->type == type || (is_integer(declared->type) && is_integer(type));
  return alike ? declared->type : type;
}

void append_declaration(std::string& out, const QualifierType& type) {
  append_head(out, type.name, type.type, type.is_array, type.flavor);
  for (const std::string_view scope : kScopes) {
    const bool in = type.scopes == "ANY" || type.scopes.find(scope) != std::string_view::npos;
    if (in) out += fmt::format(" {}=\"true\"", scope);
  }
  out += "/>";
  if (type.type == Type::boolean) out += "<VALUE>FALSE</VALUE>";
  out += "</QUALIFIER.DECLARATION>";
}

void append_declaration(std::string& out, const mof::QualifierDeclaration& declaration) {
  std::uint8_t flavor = mof::kToSubclass;
  for (const std::string& word : declaration.flavors) {
    if (word == "restricted") flavor &= static_cast<std::uint8_t>(~mof::kToSubclass);
    if (word == "toinstance") flavor |= mof::kToInstance;
    if (word == "disableoverride") flavor |= mof::kDisableOverride;
    if (word == "translatable" || word == "amended") flavor |= mof::kAmended;
  }
  append_head(out, declaration.name, declaration.type, declaration.is_array, flavor);
  for (const std::string_view scope : kScopes) {
    const bool in = std::ranges::any_of(declaration.scopes, [&](const std::string& word) {
      return word == "any" || same_name(word, scope);
    });
    if (in) out += fmt::format(" {}=\"true\"", scope);
  }
  out += "/>";
  if (declaration.default_value) append_value(out, *declaration.default_value);
  out += "</QUALIFIER.DECLARATION>";
}

}  // namespace qm::cimxml

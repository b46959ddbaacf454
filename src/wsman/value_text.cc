// Values that are not written straight from a block's bytes.
#include <fmt/format.h>

#include <cmath>

#include "wsman/instance_text.h"
#include "wsman/names.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

namespace wql = wmi::wql;

void append_tag(std::string& out, std::string_view prefix, std::string_view name) {
  out.append("<").append(prefix).append(":").append(name);
}

void append_end(std::string& out, std::string_view prefix, std::string_view name) {
  out.append("</").append(prefix).append(":").append(name).append(">");
}

// CIM's 25 characters (block.cc saw to it) as xs:dateTime or xs:duration; what is starred has no
// such form and stays (DSP0230 6.2: cim:cimDateTime is one of these).
void append_datetime(std::string& out, std::string_view cim) {
  const auto digits = [&](std::size_t at, std::size_t count) { return cim.substr(at, count); };
  const bool starred = cim.size() != 25 || cim.contains('*');
  if (starred) {
    out.append("<cim:CIM_DateTime>");
    xml::append_text(out, cim);
    out.append("</cim:CIM_DateTime>");
    return;
  }
  if (cim[21] == ':') {
    out.append(fmt::format("<cim:Interval>P{}DT{}H{}M{}.{}S</cim:Interval>", digits(0, 8),
                           digits(8, 2), digits(10, 2), digits(12, 2), digits(15, 6)));
    return;
  }
  out.append(fmt::format("<cim:Datetime>{}-{}-{}T{}:{}:{}.{}", digits(0, 4), digits(4, 2),
                         digits(6, 2), digits(8, 2), digits(10, 2), digits(12, 2), digits(15, 6)));
  const unsigned minutes = static_cast<unsigned>(cim[22] - '0') * 100 +
                           static_cast<unsigned>(cim[23] - '0') * 10 +
                           static_cast<unsigned>(cim[24] - '0');
  out.append(minutes == 0 ? "Z"
                          : fmt::format("{}{:02}:{:02}", cim[21], minutes / 60, minutes % 60));
  out.append("</cim:Datetime>");
}

std::string real_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
  return fmt::format("{}", value);
}

void append_text_value(std::string& out, const std::string& text, mof::Type type,
                       const ValueSetting& setting) {
  if (type == mof::Type::datetime) return append_datetime(out, text);
  if (type == mof::Type::reference) {
    if (const auto path = wql::parse_path(text)) return append_reference(out, *path, setting);
  }
  xml::append_text(out, text);
}

std::string inner_prefix(unsigned depth) {
  return fmt::format("i{}", depth + 1);
}

// The rest of a start tag, of an object of that class.
void append_type(std::string& out, const std::string& prefix, const wmi::ClassEntry& of,
                 const ValueSetting& setting) {
  out.append(fmt::format(" xmlns:{}=\"", prefix));
  xml::append_attribute(out, class_uri(setting.form, setting.name_space, of.name()));
  out.append(fmt::format("\" xsi:type=\"{}:{}_Type\">", prefix, of.name()));
}

void append_members(std::string& out, const wmi::ValueObject& object, const wmi::ClassEntry* of,
                    const std::string& prefix, const ValueSetting& setting, unsigned depth) {
  for (const wmi::NamedValue& member : object) {
    const wmi::PropertyEntry* entry = of == nullptr ? nullptr : of->property(member.name);
    const ValueType type = entry == nullptr ? ValueType{} : type_of(*entry, setting);
    append_value(out, prefix, member.name, member.value, type, setting, depth);
  }
}

void append_one(std::string& out, std::string_view prefix, std::string_view name,
                const wmi::Value& value, ValueType type, const ValueSetting& setting,
                unsigned depth) {
  append_tag(out, prefix, name);
  const auto* object = std::get_if<wmi::ValueObject>(&value.data);
  if (value.is_null() || (object != nullptr && depth >= kMostObjectDepth)) {
    out.append(" xsi:nil=\"true\"/>");
    return;
  }
  if (object != nullptr) {
    const std::string inner =
        type.object_class == nullptr ? std::string(prefix) : inner_prefix(depth);
    if (type.object_class == nullptr) {
      out.append(">");
    } else {
      append_type(out, inner, *type.object_class, setting);
    }
    append_members(out, *object, type.object_class, inner, setting, depth + 1);
    return append_end(out, prefix, name);
  }
  out.append(">");
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    append_text_value(out, *text, type.type, setting);
  } else if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    out.append(fmt::format("{}", *number));
  } else if (const auto* negative = std::get_if<std::int64_t>(&value.data)) {
    out.append(fmt::format("{}", *negative));
  } else if (const auto* flag = std::get_if<bool>(&value.data)) {
    out.append(*flag ? "true" : "false");
  } else if (const auto* real = std::get_if<double>(&value.data)) {
    out.append(real_text(*real));
  }
  append_end(out, prefix, name);
}

}  // namespace

ValueType type_of(const wmi::PropertyEntry& entry, const ValueSetting& setting) {
  const mof::Property& property = *entry.property;
  if (property.type != mof::Type::object) return {property.type, nullptr};
  return {property.type, setting.repository->find(property.class_name)};
}

void append_value(std::string& out, std::string_view prefix, std::string_view name,
                  const wmi::Value& value, ValueType type, const ValueSetting& setting,
                  unsigned depth) {
  const auto* list = std::get_if<wmi::ValueList>(&value.data);
  if (list == nullptr) return append_one(out, prefix, name, value, type, setting, depth);
  for (const wmi::Value& element : *list) {
    append_one(out, prefix, name, element, type, setting, depth);
  }
}

void append_row(std::string& out, std::string_view prefix, std::string_view name,
                const wql::Row& row, const ValueSetting& setting) {
  const std::string inner = inner_prefix(0);
  append_tag(out, prefix, name);
  append_type(out, inner, *row.the_class, setting);
  append_members(out, wql::object_of(row), row.the_class, inner, setting, 1);
  append_end(out, prefix, name);
}

void append_fragment(std::string& out, const wql::Candidate& candidate,
                     const wmi::ClassEntry& the_class, const std::vector<wql::Column>& columns,
                     const wql::Setting& wql_setting, const ValueSetting& setting) {
  out.append("<w:XmlFragment xmlns:p=\"");
  xml::append_attribute(out, class_uri(setting.form, setting.name_space, the_class.name()));
  out.append("\">");
  for (const wql::Column& column : columns) {
    const wql::Access& access = column.access;
    const wql::Row& row = candidate.at(static_cast<std::size_t>(access.side));
    const bool whole = access.type == mof::Type::object && access.entry == nullptr &&
                       access.inner.empty() && row.the_class != nullptr;
    if (whole) {
      append_row(out, "p", column.name, row, setting);
      continue;
    }
    ValueType type{access.type, nullptr};
    if (access.entry != nullptr && access.inner.empty()) type = type_of(*access.entry, setting);
    append_value(out, "p", column.name, wql::value_of(candidate, access, wql_setting), type,
                 setting);
  }
  out.append("</w:XmlFragment>");
}

void append_properties(std::string& out, const wql::Row& row, const std::vector<std::string>& names,
                       const ValueSetting& setting) {
  out.append("<w:XmlFragment xmlns:p=\"");
  xml::append_attribute(out, class_uri(setting.form, setting.name_space, row.the_class->name()));
  out.append("\">");
  for (const std::string& name : names) {
    const wmi::PropertyEntry* entry = row.the_class->property(name);
    if (entry == nullptr) continue;
    append_value(out, "p", entry->property->name, wql::item_of(row, *entry).value,
                 type_of(*entry, setting), setting);
  }
  out.append("</w:XmlFragment>");
}

void append_reference(std::string& out, const wql::ObjectPath& path, const ValueSetting& setting) {
  const std::string& name_space = path.name_space.empty() ? setting.name_space : path.name_space;
  std::string slashed = name_space;
  for (char& c : slashed) c = c == '\\' ? '/' : c;
  xml::Writer xml(out);
  xml.element("a:Address", kAnonymous).open("a:ReferenceParameters");
  xml.element("w:ResourceURI", class_uri(setting.form, name_space, path.class_name));
  xml.open("w:SelectorSet");
  xml.open("w:Selector").attribute("Name", "__cimnamespace").text(slashed).close();
  for (const wql::ObjectPath::Key& key : path.keys) {
    xml.open("w:Selector").attribute("Name", key.name);
    const auto* text = std::get_if<std::string>(&key.value.data);
    if (text != nullptr) {
      const bool refers = text->starts_with("\\\\");
      const auto other = refers ? wql::parse_path(*text) : Result<wql::ObjectPath>{};
      if (refers && other && !other->keys.empty()) {
        std::string inner;
        append_reference(inner, *other, setting);
        xml.open("a:EndpointReference").raw(inner).close();
      } else {
        xml.text(*text);
      }
    } else if (const auto* number = std::get_if<std::uint64_t>(&key.value.data)) {
      xml.text(fmt::format("{}", *number));
    } else if (const auto* negative = std::get_if<std::int64_t>(&key.value.data)) {
      xml.text(fmt::format("{}", *negative));
    } else if (const auto* flag = std::get_if<bool>(&key.value.data)) {
      xml.text(*flag ? "true" : "false");
    }
    xml.close();
  }
  xml.close().close();
}

}  // namespace qm::wsman

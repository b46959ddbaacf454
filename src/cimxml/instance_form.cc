#include "cimxml/instance_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "cimxml/class_element.h"
#include "cimxml/text.h"
#include "xml/writer.h"

namespace qm::cimxml {
namespace {

using mof::Type;
using wmi::Origin;
using wmi::wql::ObjectPath;
using wmi::wql::Row;

bool has_path(Shape shape) {
  return shape != Shape::instance;
}

bool has_properties(Shape shape) {
  return shape != Shape::name && shape != Shape::path && shape != Shape::object_path;
}

bool has_name_space(Shape shape) {
  return has_path(shape) && shape != Shape::name && shape != Shape::named_instance;
}

std::string_view wrapper_of(Shape shape) {
  switch (shape) {
    case Shape::named_instance:
      return "VALUE.NAMEDINSTANCE";
    case Shape::instance_with_path:
      return "VALUE.INSTANCEWITHPATH";
    case Shape::object_with_path:
      return "VALUE.OBJECTWITHPATH";
    case Shape::object_path:
      return "OBJECTPATH";
    case Shape::instance:
    case Shape::name:
    case Shape::path:
      return "";
  }
  return "";
}

std::string_view key_type(Type type) {
  switch (type) {
    case Type::boolean:
      return "boolean";
    case Type::char16:
    case Type::string:
    case Type::datetime:
    case Type::object:
    case Type::reference:
    case Type::none:
      return "string";
    default:
      return "numeric";
  }
}

std::string key_value_element(const wmi::Value& value) {
  const bool text = std::holds_alternative<std::string>(value.data);
  const bool flag = std::holds_alternative<bool>(value.data);
  std::string out = fmt::format("<KEYVALUE VALUETYPE=\"{}\">", text   ? "string"
                                                               : flag ? "boolean"
                                                                      : "numeric");
  append_scalar(out, value);
  return out + "</KEYVALUE>";
}

}  // namespace

std::string name_space_element(std::string_view name_space, std::string_view host) {
  std::string out = "<LOCALNAMESPACEPATH>";
  while (!name_space.empty()) {
    const std::size_t end = name_space.find_first_of("\\/");
    out += fmt::format("<NAMESPACE NAME=\"{}\"/>", xml::attribute_text(name_space.substr(0, end)));
    name_space = end == std::string_view::npos ? std::string_view{} : name_space.substr(end + 1);
  }
  out += "</LOCALNAMESPACEPATH>";
  if (host.empty()) return out;
  std::string text;
  xml::append_text(text, host);
  return fmt::format("<NAMESPACEPATH><HOST>{}</HOST>{}</NAMESPACEPATH>", text, out);
}

std::string instance_name_element(const ObjectPath& path) {
  std::string out =
      fmt::format("<INSTANCENAME CLASSNAME=\"{}\">", xml::attribute_text(path.class_name));
  for (const ObjectPath::Key& key : path.keys) {
    out += fmt::format("<KEYBINDING NAME=\"{}\">", xml::attribute_text(key.name));
    out += key_value_element(key.value);
    out += "</KEYBINDING>";
  }
  return out + "</INSTANCENAME>";
}

std::string reference_element(const wmi::Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) return "";
  const auto path = wmi::wql::parse_path(*text);
  if (!path) return "";
  const std::string name = instance_name_element(*path);
  if (path->name_space.empty()) return "<VALUE.REFERENCE>" + name + "</VALUE.REFERENCE>";
  const bool local = path->server.empty() || path->server == ".";
  const std::string_view element = local ? "LOCALINSTANCEPATH" : "INSTANCEPATH";
  return fmt::format("<VALUE.REFERENCE><{0}>{1}{2}</{0}></VALUE.REFERENCE>", element,
                     name_space_element(path->name_space, local ? "" : path->server), name);
}

InstanceForm::InstanceForm(const wmi::ClassEntry& the_class, const wmi::Repository& repository,
                           const wmi::wql::Setting& setting, const InstanceOptions& options)
    : class_(the_class) {
  const std::string_view wrapper = wrapper_of(options.shape);
  if (!wrapper.empty()) head_ = fmt::format("<{}>", wrapper);
  const bool full = has_name_space(options.shape);
  if (full) head_ += "<INSTANCEPATH>" + name_space_element(setting.name_space, setting.host);
  const std::string name = xml::attribute_text(the_class.name());
  if (has_path(options.shape)) {
    head_ += fmt::format("<INSTANCENAME CLASSNAME=\"{}\">", name);
    middle_ = "</INSTANCENAME>";
    if (full) middle_ += "</INSTANCEPATH>";
    for (const wmi::PropertyEntry& one : the_class.properties) {
      if (one.key) add_key(one);
    }
  }
  if (has_properties(options.shape)) {
    middle_ += fmt::format("<INSTANCE CLASSNAME=\"{}\">", name);
    tail_ = "</INSTANCE>";
    for (const wmi::PropertyEntry& one : the_class.properties) {
      const bool hidden =
          (options.local_only && one.inherited) ||
          (options.seen_as != nullptr && options.seen_as->property(one.property->name) == nullptr);
      if (!hidden && is_listed(options.properties, one.property->name)) {
        add_property(one, repository, options);
      }
    }
  }
  if (!wrapper.empty()) tail_ += fmt::format("</{}>", wrapper);
}

void InstanceForm::add_key(const wmi::PropertyEntry& entry) {
  Piece piece;
  piece.entry = &entry;
  piece.kind = entry.origin == Origin::instance_name ? Kind::name : Kind::other;
  piece.open = fmt::format("<KEYBINDING NAME=\"{}\">", xml::attribute_text(entry.property->name));
  if (entry.property->type != Type::reference) {
    piece.open += fmt::format("<KEYVALUE VALUETYPE=\"{}\">", key_type(entry.property->type));
    piece.close = "</KEYVALUE></KEYBINDING>";
  } else {
    piece.close = "</KEYBINDING>";
  }
  keys_.push_back(std::move(piece));
}

void InstanceForm::add_property(const wmi::PropertyEntry& entry, const wmi::Repository& repository,
                                const InstanceOptions& options) {
  const mof::Property& of = *entry.property;
  const bool refers = of.type == Type::reference;
  Piece piece;
  piece.entry = &entry;
  const std::string_view element = refers        ? "PROPERTY.REFERENCE"
                                   : of.is_array ? "PROPERTY.ARRAY"
                                                 : "PROPERTY";
  piece.open = fmt::format("<{} NAME=\"{}\"", element, xml::attribute_text(of.name));
  if (refers && !of.class_name.empty()) {
    piece.open += fmt::format(" REFERENCECLASS=\"{}\"", xml::attribute_text(of.class_name));
  } else if (!refers) {
    piece.open += fmt::format(" TYPE=\"{}\"", type_of(of.type));
    if (of.array_size) piece.open += fmt::format(" ARRAYSIZE=\"{}\"", *of.array_size);
  }
  if (options.class_origin) {
    const std::string origin = xml::attribute_text(origin_of(class_, entry, repository));
    piece.open += fmt::format(" CLASSORIGIN=\"{}\"", origin);
    if (entry.inherited) piece.open += " PROPAGATED=\"true\"";
  }
  if (of.type == Type::object) piece.open += " EmbeddedObject=\"instance\"";
  piece.open += '>';
  if (options.qualifiers) {
    for (const mof::Qualifier& one : of.qualifiers) {
      append_qualifier(piece.open, one, entry.inherited);
    }
  }
  piece.close = refers        ? "</PROPERTY.REFERENCE>"
                : of.is_array ? "</PROPERTY.ARRAY>"
                              : "</PROPERTY>";
  if (entry.origin == Origin::instance_name) piece.kind = Kind::name;
  if (entry.origin == Origin::active) piece.kind = Kind::active;
  if (entry.origin == Origin::data && !of.is_array) {
    piece.offset_bytes = entry.plan.offset;
    piece.item = entry.plan.data_id - 1;
    static constexpr std::pair<Type, Kind> kKinds[] = {
        {Type::uint8, Kind::u8},   {Type::uint16, Kind::u16}, {Type::uint32, Kind::u32},
        {Type::uint64, Kind::u64}, {Type::sint8, Kind::s8},   {Type::sint16, Kind::s16},
        {Type::sint32, Kind::s32}, {Type::sint64, Kind::s64}, {Type::boolean, Kind::flag}};
    for (const auto& [type, kind] : kKinds) {
      if (type == of.type && entry.plan.element_bytes != 0) piece.kind = kind;
    }
  }
  properties_.push_back(std::move(piece));
}

void InstanceForm::append(Output& out, const Row& row) const {
  out.raw(head_);
  for (const Piece& piece : keys_) append_key(out, row, piece);
  out.raw(middle_);
  for (const Piece& piece : properties_) append_property(out, row, piece);
  out.raw(tail_);
}

void InstanceForm::append_key(Output& out, const Row& row, const Piece& piece) const {
  out.raw(piece.open);
  if (piece.kind == Kind::name && row.instance != nullptr) {
    out.escaped(row.instance->name);
  } else {
    const wmi::Value value = item_of(row, *piece.entry).value;
    std::string text;
    if (piece.entry->property->type == Type::reference) {
      text = reference_element(value);
    } else {
      append_scalar(text, value);
    }
    out.raw(text);
  }
  out.raw(piece.close);
}

namespace {

constexpr std::string_view kValue = "<VALUE>";
constexpr std::string_view kEndOfValue = "</VALUE>";

template <class Stored>
void append_number(Output& out, const std::byte* at) {
  Stored stored;
  std::memcpy(&stored, at, sizeof stored);
  if constexpr (sizeof stored == 1) {
    out.number(static_cast<int>(stored));  // else a character
  } else {
    out.number(stored);
  }
}

}  // namespace

// False: another way must be gone. Room was made.
bool InstanceForm::append_from_block(Output& out, const Row& row, const Piece& piece) {
  const provider::InstanceData& instance = *row.instance;
  const std::uint32_t bytes = piece.entry->plan.element_bytes;
  if (piece.offset_bytes + std::uint64_t{bytes} > instance.block.size()) return false;
  const bool available =
      instance.active && (piece.item >= instance.qualities.size() ||
                          instance.qualities[piece.item].quality != QM_UNAVAILABLE);
  if (!available) return true;
  const std::byte* const at = instance.block.data() + piece.offset_bytes;
  out.copy(kValue);
  switch (piece.kind) {
    case Kind::u64:
      append_number<std::uint64_t>(out, at);
      break;
    case Kind::u32:
      append_number<std::uint32_t>(out, at);
      break;
    case Kind::u16:
      append_number<std::uint16_t>(out, at);
      break;
    case Kind::u8:
      append_number<std::uint8_t>(out, at);
      break;
    case Kind::s64:
      append_number<std::int64_t>(out, at);
      break;
    case Kind::s32:
      append_number<std::int32_t>(out, at);
      break;
    case Kind::s16:
      append_number<std::int16_t>(out, at);
      break;
    case Kind::s8:
      append_number<std::int8_t>(out, at);
      break;
    default:
      out.copy(*at != std::byte{0} ? "TRUE" : "FALSE");
  }
  out.copy(kEndOfValue);
  return true;
}

void InstanceForm::append_property(Output& out, const Row& row, const Piece& piece) const {
  constexpr std::size_t kMostValueBytes =
      kValue.size() + Output::kMostDigits + kEndOfValue.size() + 32;  // and the closing tag
  out.room(piece.open.size() + kMostValueBytes);
  out.copy(piece.open);
  if (piece.kind == Kind::other || row.instance == nullptr) {
    append_other(out, row, piece);
  } else if (piece.kind == Kind::name) {
    out.copy(kValue);
    out.escaped(row.instance->name);
    out.raw(kEndOfValue);
  } else if (piece.kind == Kind::active) {
    out.copy(row.instance->active ? "<VALUE>TRUE</VALUE>" : "<VALUE>FALSE</VALUE>");
  } else if (!append_from_block(out, row, piece)) {
    append_other(out, row, piece);
  }
  out.raw(piece.close);
}

void InstanceForm::append_other(Output& out, const Row& row, const Piece& piece) const {
  const wmi::Value value = item_of(row, *piece.entry).value;
  if (value.is_null()) return;
  if (piece.entry->property->type == Type::reference) return out.raw(reference_element(value));
  if (const auto* number = std::get_if<std::uint64_t>(&value.data)) {
    out.room(kValue.size() + Output::kMostDigits + kEndOfValue.size());
    out.copy(kValue);
    out.number(*number);
    return out.raw(kEndOfValue);
  }
  std::string text;
  append_value(text, value, piece.entry->property->class_name);
  out.raw(text);
}

}  // namespace qm::cimxml

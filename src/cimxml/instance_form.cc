#include "cimxml/instance_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

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
  weld();
  constexpr std::size_t kTypicalValueBytes = 48;
  expected_bytes_ = head_.size() + middle_.size() + tail_.size();
  for (const auto* pieces : {&keys_, &properties_}) {
    for (const Piece& piece : *pieces) {
      expected_bytes_ +=
          piece.open.size() + piece.value.size() + piece.close.size() + kTypicalValueBytes;
    }
  }
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
  if (!of.is_array) plan(piece);
  properties_.push_back(std::move(piece));
}

void InstanceForm::plan(Piece& piece) const {
  const wmi::PropertyEntry& entry = *piece.entry;
  const auto constant = [&](const wmi::Value& value) {
    piece.kind = Kind::constant;
    append_value(piece.value, value);
  };
  const provider::InstanceData any;
  wmi::Part part;
  part.the_class = &class_;
  switch (entry.origin) {
    case Origin::instance_name:
      piece.kind = Kind::name;
      return;
    case Origin::active:
      piece.kind = Kind::active;
      return;
    case Origin::caption:
      piece.kind = Kind::caption;
      return;
    case Origin::timestamp_perf_time:
      piece.kind = Kind::perf_time;
      return;
    case Origin::timestamp_100ns:
      piece.kind = Kind::filetime;
      return;
    case Origin::none:
    case Origin::class_description:
    case Origin::frequency_perf_time:
    case Origin::frequency_100ns:
      return constant(wmi::item_of(part, any, entry).value);
    case Origin::data:
      break;
  }
  static constexpr std::pair<Type, Kind> kKinds[] = {
      {Type::uint8, Kind::u8},   {Type::uint16, Kind::u16}, {Type::uint32, Kind::u32},
      {Type::uint64, Kind::u64}, {Type::sint8, Kind::s8},   {Type::sint16, Kind::s16},
      {Type::sint32, Kind::s32}, {Type::sint64, Kind::s64}, {Type::boolean, Kind::flag}};
  for (const auto& [type, kind] : kKinds) {
    if (type == entry.property->type && entry.plan.element_bytes != 0) piece.kind = kind;
  }
}

namespace {

constexpr std::string_view kValue = "<VALUE>";
constexpr std::string_view kEndOfValue = "</VALUE>";

template <class Stored>
char* put_stored(char* to, const std::byte* at) {
  Stored stored;
  std::memcpy(&stored, at, sizeof stored);
  if constexpr (std::is_unsigned_v<Stored>) {
    return write_integer(to, stored);
  } else {
    const std::int64_t number{stored};
    if (number >= 0) return write_integer(to, static_cast<std::uint64_t>(number));
    *to++ = '-';
    return write_integer(to, ~static_cast<std::uint64_t>(number) + 1);
  }
}

char* put(char* to, std::string_view text) {
  return std::ranges::copy(text, to).out;
}

void append_escaped(Output& out, std::string_view text) {
  // Looked at to the end, so that many are looked at at once.
  bool plain = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    plain &= byte >= 0x20 && byte < 0x7f && byte != '<' && byte != '>' && byte != '&';
  }
  if (plain) return out.append(text);
  std::string made;
  xml::append_text(made, text);
  out.append(made);
}

}  // namespace

void InstanceForm::weld() {
  std::string text = head_;
  const auto step = [&](const Piece& piece, bool is_key) {
    const wmi::ItemPlan& plan = piece.entry->plan;
    steps_.push_back({std::move(text), piece.kind, piece.entry, plan.offset,
                      plan.offset + plan.element_bytes, plan.data_id - 1, is_key});
    text.clear();
  };
  for (const Piece& piece : keys_) {
    text += piece.open;
    step(piece, true);
    text += piece.close;
  }
  text += middle_;
  for (const Piece& piece : properties_) {
    text += piece.open;
    if (piece.kind == Kind::constant) {
      text += piece.value;
    } else if (piece.kind == Kind::other) {
      step(piece, false);
    } else {
      text += kValue;
      step(piece, false);
      text += kEndOfValue;
    }
    text += piece.close;
  }
  last_ = text + tail_;
}

void InstanceForm::append(Output& out, const Row& row) const {
  if (row.instance == nullptr) return append_made(out, row);
  constexpr std::size_t kRoomBytes = 64;  // for a number, and what is around it
  std::size_t skip = 0;
  for (const Step& step : steps_) {
    char* at = out.room(step.text.size() + kRoomBytes);
    at = put(at, std::string_view(step.text).substr(skip));
    skip = 0;
    if (step.kind >= Kind::name) {
      out.commit(at);
      append_step(out, row, step);
    } else if (put_number(at, row, step)) {
      out.commit(at);
    } else {
      out.commit(at - kValue.size());
      skip = kEndOfValue.size();
    }
  }
  out.append(std::string_view(last_).substr(skip));
}

void InstanceForm::append_made(Output& out, const Row& row) const {
  out.append(head_);
  for (const Piece& piece : keys_) {
    out.append(piece.open);
    append_key(out, row, *piece.entry);
    out.append(piece.close);
  }
  out.append(middle_);
  for (const Piece& piece : properties_) {
    out.append(piece.open);
    append_other(out, row, *piece.entry);
    out.append(piece.close);
  }
  out.append(tail_);
}

void InstanceForm::append_key(Output& out, const Row& row, const wmi::PropertyEntry& entry) {
  const wmi::Value value = item_of(row, entry).value;
  if (entry.property->type == Type::reference) return out.append(reference_element(value));
  std::string text;
  append_scalar(text, value);
  out.append(text);
}

void InstanceForm::append_other(Output& out, const Row& row, const wmi::PropertyEntry& entry) {
  const wmi::Value value = item_of(row, entry).value;
  if (value.is_null()) return;
  if (entry.property->type == Type::reference) return out.append(reference_element(value));
  std::string text;
  append_value(text, value, entry.property->class_name);
  out.append(text);
}

void InstanceForm::append_step(Output& out, const Row& row, const Step& step) {
  const qm_times& times = row.part->generation.times;
  switch (step.kind) {
    case Kind::name:
      return append_escaped(out, row.instance->name);
    case Kind::caption:
      return append_escaped(out, row.instance->caption);
    case Kind::active:
      return out.append(row.instance->active ? "TRUE" : "FALSE");
    case Kind::perf_time:
      return out.append_integer(std::uint64_t{times.boot_ns});
    case Kind::filetime:
      return out.append_integer(std::uint64_t{times.filetime_100ns});
    default:
      return step.is_key ? append_key(out, row, *step.entry) : append_other(out, row, *step.entry);
  }
}

// Room was made for a number.
bool InstanceForm::put_number(char*& to, const Row& row, const Step& step) {
  const provider::InstanceData& instance = *row.instance;
  if (!instance.active || step.end_bytes > instance.block.size()) return false;
  const bool known = step.item >= instance.qualities.size() ||
                     instance.qualities[step.item].quality != QM_UNAVAILABLE;
  if (!known) return false;
  const std::byte* const at = instance.block.data() + step.offset_bytes;
  switch (step.kind) {
    case Kind::u64:
      to = put_stored<std::uint64_t>(to, at);
      break;
    case Kind::u32:
      to = put_stored<std::uint32_t>(to, at);
      break;
    case Kind::u16:
      to = put_stored<std::uint16_t>(to, at);
      break;
    case Kind::u8:
      to = put_stored<std::uint8_t>(to, at);
      break;
    case Kind::s64:
      to = put_stored<std::int64_t>(to, at);
      break;
    case Kind::s32:
      to = put_stored<std::int32_t>(to, at);
      break;
    case Kind::s16:
      to = put_stored<std::int16_t>(to, at);
      break;
    case Kind::s8:
      to = put_stored<std::int8_t>(to, at);
      break;
    default:
      to = put(to, *at != std::byte{0} ? "TRUE" : "FALSE");
  }
  return true;
}

}  // namespace qm::cimxml

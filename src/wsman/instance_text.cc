#include "wsman/instance_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "wmi/block_integers.h"
#include "xml/writer.h"

namespace qm::wsman {
namespace {

namespace wql = wmi::wql;

// Most pieces are an element's two tags, shorter than this: copied whole, they cost two wide moves
// and no branch on their length.
constexpr std::size_t kShortBytes = 64;
constexpr std::size_t kUsualTextBytes = 24;

bool less_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

bool is_integer(mof::Type type) {
  using enum mof::Type;
  return type == uint8 || type == sint8 || type == uint16 || type == sint16 || type == uint32 ||
         type == sint32 || type == uint64 || type == sint64;
}

// Names are plain text already: nothing but these five is not copied as it stands.
bool needs_escape(std::string_view text) {
  return text.find_first_of("<>&") != std::string_view::npos;
}

void append_plain(Output& out, std::string_view text) {
  if (!needs_escape(text)) return out.append(text);
  std::string escaped;
  xml::append_text(escaped, text);
  out.append(escaped);
}

}  // namespace

InstanceText::Piece InstanceText::piece(std::string text) {
  const std::size_t bytes = text.size();
  text.resize(std::max(bytes, kShortBytes));
  return {std::move(text), bytes};
}

void InstanceText::put(Output& out, const Piece& piece) {
  char* const at = out.room(std::max(piece.bytes, kShortBytes));
  if (piece.bytes <= kShortBytes) [[likely]] {
    std::memcpy(at, piece.padded.data(), kShortBytes);
  } else {
    std::memcpy(at, piece.padded.data(), piece.bytes);
  }
  out.commit(at + piece.bytes);
}

InstanceText::Kind InstanceText::kind_of(const wmi::PropertyEntry& entry) {
  using wmi::Origin;
  switch (entry.origin) {
    case Origin::instance_name:
      return Kind::name;
    case Origin::active:
      return Kind::flag;
    case Origin::caption:
      return Kind::caption;
    case Origin::class_description:
    case Origin::frequency_perf_time:
    case Origin::frequency_100ns:
    case Origin::none:
      return Kind::constant;
    case Origin::timestamp_perf_time:
      return Kind::boot;
    case Origin::timestamp_100ns:
      return Kind::filetime;
    case Origin::data:
      return is_integer(entry.plan.type) && !entry.plan.is_array ? Kind::integer : Kind::any;
  }
  return Kind::any;
}

InstanceText::InstanceText(const wmi::ClassEntry& shown, ValueSetting setting)
    : shown_(shown), setting_(std::move(setting)) {
  std::string begin = fmt::format("<p:{} xmlns:p=\"", shown.name());
  xml::append_attribute(begin, class_uri(setting_.form, setting_.name_space, shown.name()));
  begin += fmt::format("\" xsi:type=\"p:{}_Type\">", shown.name());
  begin_ = piece(std::move(begin));
  end_ = piece(fmt::format("</p:{}>", shown.name()));
  usual_bytes_ = begin_.bytes + end_.bytes;
  for (const wmi::PropertyEntry& entry : shown.properties) {
    Property one;
    const std::string& name = entry.property->name;
    one.entry = &entry;
    one.kind = kind_of(entry);
    one.open = piece(fmt::format("<p:{}>", name));
    one.close = piece(fmt::format("</p:{}>", name));
    one.nil = piece(fmt::format("<p:{} xsi:nil=\"true\"/>", name));
    if (one.kind == Kind::constant) {
      // What is the same for all instances does not look at a part's data.
      wmi::Part part;
      part.the_class = &shown;
      append_value(one.constant, "p", name, wmi::item_of(part, {}, entry).value,
                   type_of(entry, setting_), setting_);
    }
    usual_bytes_ += one.constant.empty() ? one.open.bytes + one.close.bytes + kUsualTextBytes
                                         : one.constant.size();
    properties_.push_back(std::move(one));
  }
  std::ranges::sort(properties_, less_without_case, [](const Property& one) -> std::string_view {
    return one.entry->property->name;
  });
}

void InstanceText::append(Output& out, const wql::Row& row) const {
  const bool fast = row.instance != nullptr && row.the_class == &shown_;
  put(out, begin_);
  for (const Property& property : properties_) {
    if (fast && property.kind != Kind::any) [[likely]] {
      append_fast(out, row, property);
    } else {
      append_any(out, row, property);
    }
  }
  put(out, end_);
}

void InstanceText::append_fast(Output& out, const wql::Row& row, const Property& property) const {
  if (property.kind == Kind::constant) return out.append(property.constant);
  if (property.kind == Kind::integer) {
    std::uint64_t magnitude = 0;
    bool negative = false;
    const wmi::ItemPlan& item = property.entry->plan;
    if (!wmi::is_available(*row.instance, item) ||
        !wmi::load_integer(row.instance->block, item, magnitude, negative)) {
      return put(out, property.nil);
    }
    put(out, property.open);
    if (negative) out.append("-");
    out.append_integer(magnitude);
    return put(out, property.close);
  }
  put(out, property.open);
  const qm_times& times = row.part->generation.times;
  switch (property.kind) {
    case Kind::flag:
      out.append(row.instance->active ? "true" : "false");
      break;
    case Kind::name:
      append_plain(out, row.instance->name);
      break;
    case Kind::caption:
      append_plain(out, row.instance->caption);
      break;
    case Kind::boot:
      out.append_integer(times.boot_ns);
      break;
    default:
      out.append_integer(times.filetime_100ns);
      break;
  }
  put(out, property.close);
}

void InstanceText::append_any(Output& out, const wql::Row& row, const Property& property) const {
  const wmi::PropertyEntry* entry = property.entry;
  const std::string& name = entry->property->name;
  if (row.the_class != &shown_) entry = row.the_class->property(name);
  std::string text;
  if (entry == nullptr) {
    append_value(text, "p", name, {}, {}, setting_);
  } else {
    append_value(text, "p", name, wql::item_of(row, *entry).value, type_of(*entry, setting_),
                 setting_);
  }
  out.append(text);
}

}  // namespace qm::wsman

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

// Most pieces are two tags, shorter than this: copied whole, they cost a few wide moves and no
// call.
constexpr std::size_t kShortBytes = 64;
constexpr std::size_t kPadBytes = 2 * kShortBytes;
constexpr std::size_t kMostEscapedBytes = 5;  // of a byte: &amp;

bool less_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

bool is_integer(mof::Type type) {
  using enum mof::Type;
  return type == uint8 || type == sint8 || type == uint16 || type == sint16 || type == uint32 ||
         type == sint32 || type == uint64 || type == sint64;
}

// Names are plain text already: nothing but these three is not copied as it stands.
bool is_markup(char c) {
  return c == '<' || c == '>' || c == '&';
}

char* put_text(char* at, std::string_view text) {
  if (std::ranges::none_of(text, is_markup)) [[likely]] {
    return std::ranges::copy(text, at).out;
  }
  std::string escaped;
  xml::append_text(escaped, text);
  return std::ranges::copy(escaped, at).out;
}

}  // namespace

InstanceText::Piece InstanceText::piece(std::string_view text) {
  const Piece out{static_cast<std::uint32_t>(arena_.size()),
                  static_cast<std::uint32_t>(text.size())};
  arena_.append(text);
  return out;
}

inline char* InstanceText::put(char* at, Piece piece) const {
  const char* from = arena_.data() + piece.at;
  if (piece.bytes <= kShortBytes) {
    std::memcpy(at, from, kShortBytes);
  } else if (piece.bytes <= kPadBytes) {
    std::memcpy(at, from, kPadBytes);
  } else {
    std::memcpy(at, from, piece.bytes);
  }
  return at + piece.bytes;
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
  begin_ = fmt::format("<p:{} xmlns:p=\"", shown.name());
  xml::append_attribute(begin_, class_uri(setting_.form, setting_.name_space, shown.name()));
  begin_ += fmt::format("\" xsi:type=\"p:{}_Type\">", shown.name());
  end_ = fmt::format("</p:{}>", shown.name());
  for (const wmi::PropertyEntry& entry : shown.properties) properties_.push_back(&entry);
  std::ranges::sort(
      properties_, less_without_case,
      [](const wmi::PropertyEntry* one) -> std::string_view { return one->property->name; });
  make_steps();
}

// What is the same for all instances does not look at a part's data.
std::string InstanceText::constant_text(const wmi::PropertyEntry& entry) const {
  wmi::Part part;
  part.the_class = &shown_;
  std::string out;
  append_value(out, "p", entry.property->name, wmi::item_of(part, {}, entry).value,
               type_of(entry, setting_), setting_);
  return out;
}

void InstanceText::make_steps() {
  std::string between = begin_;
  std::string close;  // of the step before
  for (const wmi::PropertyEntry* entry : properties_) {
    const Kind kind = kind_of(*entry);
    if (kind == Kind::constant) {
      between += constant_text(*entry);
      continue;
    }
    const std::string& name = entry->property->name;
    const bool any = kind == Kind::any;  // it brings its own tags
    const std::string open = any ? "" : fmt::format("<p:{}>", name);
    const std::string nil = any ? "" : fmt::format("<p:{} xsi:nil=\"true\"/>", name);
    Step step;
    step.entry = entry;
    step.kind = kind;
    step.lead[0][0] = piece(between + open);
    step.lead[0][1] = piece(between + nil);
    step.lead[1][0] = piece(fmt::format("{}{}{}", close, between, open));
    step.lead[1][1] = piece(fmt::format("{}{}{}", close, between, nil));
    most_fixed_bytes_ += std::max(step.lead[1][0].bytes, step.lead[1][1].bytes) + kMostNumberBytes;
    steps_.push_back(step);
    close = any ? "" : fmt::format("</p:{}>", name);
    between.clear();
  }
  tail_[0] = piece(between + end_);
  tail_[1] = piece(close + between + end_);
  most_fixed_bytes_ += tail_[1].bytes + kPadBytes;
  arena_.append(kPadBytes, ' ');
}

std::size_t InstanceText::most_bytes(const wql::Row& row) const {
  return most_fixed_bytes_ +
         kMostEscapedBytes * (row.instance->name.size() + 2 * row.instance->caption.size());
}

void InstanceText::append(Output& out, const wql::Row& row) const {
  if (row.instance != nullptr && row.the_class == &shown_) return append_fast(out, row);
  out.append(begin_);
  for (const wmi::PropertyEntry* entry : properties_) append_any(out, row, *entry);
  out.append(end_);
}

void InstanceText::append_fast(Output& out, const wql::Row& row) const {
  const std::size_t most = most_bytes(row);
  char* at = out.room(most);
  unsigned had_value = 0;
  for (const Step& step : steps_) {
    if (step.kind == Kind::any) {
      out.commit(put(at, step.lead[had_value][0]));
      append_any(out, row, *step.entry);
      at = out.room(most);
      had_value = 0;
      continue;
    }
    char* const value = put(at, step.lead[had_value][0]);
    char* end = value;
    if (put_value(end, row, step)) [[likely]] {
      at = end;
      had_value = 1;
    } else {
      at = put(at, step.lead[had_value][1]);
      had_value = 0;
    }
  }
  out.commit(put(at, tail_[had_value]));
}

bool InstanceText::put_value(char*& at, const wql::Row& row, const Step& step) {
  const provider::InstanceData& instance = *row.instance;
  switch (step.kind) {
    case Kind::integer: {
      const wmi::ItemPlan& item = step.entry->plan;
      std::uint64_t magnitude = 0;
      bool negative = false;
      if (!wmi::is_available(instance, item) ||
          !wmi::load_integer(instance.block, item, magnitude, negative)) {
        return false;
      }
      if (negative) *at++ = '-';
      at = write_integer(at, magnitude);
      return true;
    }
    case Kind::flag:
      at = put_text(at, instance.active ? "true" : "false");
      return true;
    case Kind::name:
      at = put_text(at, instance.name);
      return true;
    case Kind::caption:
      at = put_text(at, instance.caption);
      return true;
    case Kind::boot:
      at = write_integer(at, row.part->generation.times.boot_ns);
      return true;
    case Kind::filetime:
      at = write_integer(at, row.part->generation.times.filetime_100ns);
      return true;
    case Kind::constant:
    case Kind::any:
      break;
  }
  return false;
}

void InstanceText::append_any(Output& out, const wql::Row& row,
                              const wmi::PropertyEntry& entry) const {
  const std::string& name = entry.property->name;
  const wmi::PropertyEntry* own = row.the_class == &shown_ ? &entry : row.the_class->property(name);
  std::string text;
  if (own == nullptr) {
    append_value(text, "p", name, {}, {}, setting_);
  } else {
    append_value(text, "p", name, wql::item_of(row, *own).value, type_of(*own, setting_), setting_);
  }
  out.append(text);
}

}  // namespace qm::wsman

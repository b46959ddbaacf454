#include "wmi/block.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "mof/limits.h"

namespace qm::wmi {
namespace {

using Plan = std::vector<ItemPlan>;

// Plans of embedded classes, each made once however often it is held.
class Planner {
 public:
  explicit Planner(const mof::Model& model) : model_(model) {}

  Plan plan(const mof::Class& the_class, unsigned depth) {
    Plan plan;
    for (const mof::Field& field : mof::layout_of(model_, the_class).fields) {
      ItemPlan item;
      item.name = field.property->name;
      item.type = field.property->type;
      item.data_id = field.data_id;
      item.offset = field.offset;
      item.element_bytes = field.count == 0 ? 0 : field.bytes / field.count;
      item.count = field.count;
      item.is_array = field.property->is_array;
      if (item.type == mof::Type::object) item.embedded = embedded(*field.property, depth);
      plan.push_back(std::move(item));
    }
    return plan;
  }

 private:
  std::shared_ptr<const Plan> embedded(const mof::Property& property, unsigned depth) {
    const mof::Class* inner = model_.find_class(property.class_name);
    if (inner == nullptr || depth >= mof::kMostEmbedDepth) return nullptr;
    const auto known = plans_.find(inner);
    if (known != plans_.end()) return known->second;
    plans_[inner] = nullptr;  // met again below means that it holds itself
    auto made = std::make_shared<const Plan>(plan(*inner, depth + 1));
    plans_[inner] = made;
    return made;
  }

  const mof::Model& model_;
  std::map<const mof::Class*, std::shared_ptr<const Plan>> plans_;
};

template <class Stored, class Shown>
Value number_at(Bytes element) {
  Stored stored{};
  if (!read_at(element, 0, stored)) return {};
  return {static_cast<Shown>(stored)};
}

std::u16string units_of(Bytes bytes) {
  std::u16string units(bytes.size() / 2, u'\0');
  std::memcpy(units.data(), bytes.data(), units.size() * 2);
  return units;
}

// NULL when the count is odd or runs past the item. Terminators that the writer counted are cut.
Value string_at(Bytes element) {
  std::uint16_t count_bytes = 0;
  Bytes text;
  if (!read_at(element, 0, count_bytes) || count_bytes % 2 != 0 ||
      !slice(element, 2, count_bytes, text)) {
    return {};
  }
  std::u16string units = units_of(text);
  while (!units.empty() && units.back() == u'\0') units.pop_back();
  return {plain_text(utf8(units), kMostItemTextBytes)};
}

// DSP0004 5.2.4: yyyymmddhhmmss.mmmmmmsutc, or ddddddddhhmmss.mmmmmm:000; * for what is not known.
bool is_datetime(std::string_view text) {
  constexpr std::size_t kPoint = 14;
  constexpr std::size_t kSign = 21;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = (c >= '0' && c <= '9') || c == '*';
    const bool fits = i == kPoint  ? c == '.'
                      : i == kSign ? c == '+' || c == '-' || c == ':'
                                   : digit;
    if (!fits) return false;
  }
  return text.size() == 25;
}

// NULL without being malformed when it was never set: all zero.
DecodedItem datetime_at(Bytes element) {
  if (std::ranges::all_of(element, [](std::byte b) { return b == std::byte{0}; })) return {};
  DecodedItem item;
  if (std::string text = utf8(units_of(element)); is_datetime(text)) {
    item.value.data.emplace<std::string>(std::move(text));
  } else {
    item.malformed = 1;
  }
  return item;
}

Value boolean_at(Bytes element) {
  std::uint8_t stored = 0;
  if (!read_at(element, 0, stored)) return {};
  return {stored != 0};
}

Value char16_at(Bytes element) {
  std::uint16_t unit = 0;
  if (!read_at(element, 0, unit)) return {};
  return {plain_text(utf8(std::u16string(1, static_cast<char16_t>(unit))))};
}

DecodedItem or_malformed(Value value) {
  const bool bad = value.is_null();
  return {std::move(value), bad ? 1U : 0U};
}

DecodedItem element_at(Bytes element, const ItemPlan& plan);

DecodedItem object_at(Bytes element, const ItemPlan& plan) {
  if (!plan.embedded) return {};
  DecodedItem out;
  ValueObject object;
  object.reserve(plan.embedded->size());
  for (const ItemPlan& inner : *plan.embedded) {
    DecodedItem item = decode_item(element, inner);
    out.malformed += item.malformed;
    object.push_back({inner.name, std::move(item.value)});
  }
  out.value.data = std::move(object);
  return out;
}

DecodedItem element_at(Bytes element, const ItemPlan& plan) {
  using mof::Type;
  switch (plan.type) {
    case Type::boolean:
      return or_malformed(boolean_at(element));
    case Type::char16:
      return or_malformed(char16_at(element));
    case Type::uint8:
      return or_malformed(number_at<std::uint8_t, std::uint64_t>(element));
    case Type::sint8:
      return or_malformed(number_at<std::int8_t, std::int64_t>(element));
    case Type::uint16:
      return or_malformed(number_at<std::uint16_t, std::uint64_t>(element));
    case Type::sint16:
      return or_malformed(number_at<std::int16_t, std::int64_t>(element));
    case Type::uint32:
      return or_malformed(number_at<std::uint32_t, std::uint64_t>(element));
    case Type::sint32:
      return or_malformed(number_at<std::int32_t, std::int64_t>(element));
    case Type::uint64:
      return or_malformed(number_at<std::uint64_t, std::uint64_t>(element));
    case Type::sint64:
      return or_malformed(number_at<std::int64_t, std::int64_t>(element));
    case Type::real32:
      return or_malformed(number_at<float, double>(element));
    case Type::real64:
      return or_malformed(number_at<double, double>(element));
    case Type::string:
      return or_malformed(string_at(element));
    case Type::datetime:
      return datetime_at(element);
    case Type::object:
      return object_at(element, plan);
    case Type::reference:
    case Type::none:
      return {};
  }
  return {};
}

}  // namespace

std::vector<ItemPlan> plan_of(const mof::Model& model, const mof::Class& the_class) {
  return Planner(model).plan(the_class, 0);
}

DecodedItem decode_item(Bytes block, const ItemPlan& plan) {
  if (plan.element_bytes == 0) return {};
  if (!plan.is_array) {
    Bytes element;
    if (!slice(block, plan.offset, plan.element_bytes, element)) return {{}, 1};
    return element_at(element, plan);
  }
  DecodedItem out;
  ValueList list;
  for (std::uint32_t i = 0; i < plan.count; ++i) {
    const std::size_t offset = plan.offset + std::size_t{i} * plan.element_bytes;
    Bytes element;
    // An array that does not lie in the block whole is none of it.
    if (!slice(block, offset, plan.element_bytes, element)) return {{}, 1};
    DecodedItem item = element_at(element, plan);
    out.malformed += item.malformed;
    list.push_back(std::move(item.value));
  }
  out.value.data = std::move(list);
  return out;
}

}  // namespace qm::wmi
